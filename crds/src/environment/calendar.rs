//! Where appointments are mirrored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where appointments are mirrored: `google`, or nowhere (`builtin`, the default).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!(has(self.google) && has(self.builtin))",
    "message": "a calendar is either google or builtin: remove one of them",
}]))]
pub struct Calendar {
    /// Mirrored to Google Calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub google: Option<GoogleCalendar>,
    /// Kept in the database alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builtin: Option<BuiltinCalendar>,
}

/// A calendar at Google.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoogleCalendar {
    /// The calendar's id: often an e-mail address. The service account needs the right to change it.
    #[schemars(length(min = 1, max = 254), regex(pattern = r"^[^ ]+$"))]
    pub calendar_id: String,
    /// Seconds between two looks at the calendars, beside what Google pushes. 60 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 240))]
    pub poll_seconds: Option<u32>,
}

/// The calendar in the database: it has no settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuiltinCalendar {}

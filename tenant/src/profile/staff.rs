//! Who does the services.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::forms;
use crate::hours::{Closure, WeeklyHours};

/// A person who does services. One person does one booking at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Staff {
    /// Stable id, unique among staff.
    #[schemars(length(min = 1, max = 40), regex(pattern = forms::ID))]
    pub id: String,
    /// Name customers know.
    #[schemars(length(min = 1, max = 60))]
    pub name: String,
    /// Own working hours; those of the business when left out. Both must be open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WeeklyHours>,
    /// Days off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub vacations: Vec<Closure>,
    /// Most bookings of this person that begin on one local day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_per_day: Option<u32>,
    /// A calendar of their own at the calendar's provider, beside the one of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 254), regex(pattern = forms::CALENDAR))]
    pub calendar_id: Option<String>,
}

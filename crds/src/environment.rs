//! One environment of a client: where and with what it runs.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The environments a client can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentName {
    /// For trying things.
    Development,
    /// For showing them.
    Staging,
    /// For customers.
    Production,
}

impl EnvironmentName {
    /// Every environment there can be.
    pub const ALL: [Self; 3] = [Self::Development, Self::Staging, Self::Production];

    /// The name as it stands in the resource and in a namespace's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// The environment of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|environment| environment.as_str() == name)
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where and with what a client runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// Which environment this is.
    pub name: EnvironmentName,
    /// Which build of the server runs; the platform's default when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// What the server may use of the machine.
    #[serde(default)]
    pub resources: Resources,
    /// The WhatsApp number customers write to.
    pub whatsapp: Whatsapp,
    /// The language model that reads and writes.
    #[serde(default)]
    pub model: Model,
    /// Where appointments are mirrored.
    #[serde(default)]
    pub calendar: Calendar,
    /// Where appointments are kept. It cannot be changed while the environment exists.
    #[serde(default)]
    pub database: Database,
}

/// Which build of the server runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// Tag within the repository the platform's settings name.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9._-]*$"))]
    pub tag: String,
}

/// What the server may use of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "quantity(self.requests.memory).compareTo(quantity(self.limits.memory)) <= 0",
    "message": "requests.memory must not be above limits.memory: raise the limit or lower the request",
}]))]
pub struct Resources {
    /// What is set aside for it.
    #[serde(default)]
    pub requests: Requests,
    /// What it may use at most.
    #[serde(default)]
    pub limits: Limits,
}

/// What is set aside for the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Requests {
    /// Processor, `10m` is a hundredth of one.
    #[schemars(length(min = 1, max = 6), regex(pattern = r"^[1-9][0-9]{0,4}m?$"))]
    pub cpu: String,
    /// Memory, `32Mi`.
    #[schemars(length(min = 3, max = 8), regex(pattern = r"^[1-9][0-9]{0,5}(Ki|Mi|Gi)$"))]
    pub memory: String,
}

impl Default for Requests {
    fn default() -> Self {
        Self { cpu: "10m".to_owned(), memory: "32Mi".to_owned() }
    }
}

/// What the server may use at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Memory, `64Mi`.
    #[schemars(length(min = 3, max = 8), regex(pattern = r"^[1-9][0-9]{0,5}(Ki|Mi|Gi)$"))]
    pub memory: String,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: "64Mi".to_owned() }
    }
}

/// The WhatsApp number customers write to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Whatsapp {
    /// Meta's id of the number (not the number itself): digits only.
    #[schemars(length(min = 5, max = 20), regex(pattern = r"^[0-9]{5,20}$"))]
    pub phone_number_id: String,
}

/// The language model that reads and writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Model {
    /// Name of the model at its provider.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    pub name: String,
}

impl Default for Model {
    fn default() -> Self {
        Self { name: "gemini-3.8-flash".to_owned() }
    }
}

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
}

/// The calendar in the database: it has no settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuiltinCalendar {}

/// Where appointments are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "self == oldSelf",
    "message": "the database of an environment cannot be changed: its appointments are in it",
}]))]
pub struct Database {
    /// A file on the tenant's own volume.
    #[serde(default)]
    pub sqlite: Sqlite,
}

/// A database in a file on the tenant's own volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Sqlite {
    /// Size of the volume, `1Gi`.
    #[schemars(length(min = 3, max = 6), regex(pattern = r"^[1-9][0-9]{0,3}(Mi|Gi)$"))]
    pub size: String,
}

impl Default for Sqlite {
    fn default() -> Self {
        Self { size: "1Gi".to_owned() }
    }
}

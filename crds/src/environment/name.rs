//! Which environments there can be.

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

//! How far a roll-out has come: what must survive the operator.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mcp_crds::EnvironmentName;
use serde::{Deserialize, Serialize};

use super::{
    Revision,
    base::{Base, short_hash},
};

/// The revision each kind of environment is to have.
pub type Targets = BTreeMap<EnvironmentName, Revision>;

/// Name of all targets together: what one change makes of a domain.
pub fn release_of(targets: &Targets) -> String {
    short_hash(targets.values())
}

/// How far the roll-out of one domain has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct State {
    /// What new environments get: the targets of the last roll-out that came to its end.
    pub stable: Targets,
    /// The release the fields below are about.
    pub release: String,
    /// Waves begun for it.
    pub waves: u32,
    /// The wave under way.
    pub wave: Option<Wave>,
    /// Why nothing goes on.
    pub halt: Option<Halt>,
    /// How often this release was halted.
    pub halts: u32,
}

/// Environments that change at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// Since when.
    pub since: Timestamp,
    /// Its environments by namespace.
    pub members: BTreeMap<String, Member>,
}

/// An environment of a wave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// What it had; none where that cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Revision>,
    /// What it gets.
    pub to: Revision,
    /// The generation its client had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// The conditions that held before and have to hold again. Without any nobody waits for it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub owed: BTreeSet<String>,
}

/// A roll-out that did not go well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// Since when.
    pub since: Timestamp,
    /// The environments that did not come back, with what is the matter with each.
    pub failed: BTreeMap<String, String>,
    /// The wave's environments that went back to what they had.
    pub back: BTreeSet<String>,
}

impl State {
    /// What a person writes to have a halted release tried again: it names this halt and no later one.
    pub fn resume_token(&self) -> Option<String> {
        self.halt.as_ref().map(|_| format!("{}-{}", self.release, self.halts))
    }
}

/// What is kept of a domain: the state, and every base that may still be rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// How far it has come.
    pub state: State,
    /// The bases by revision.
    pub bases: BTreeMap<Revision, Base>,
}

//! What one environment is rendered from.

use std::sync::Arc;

use mcp_crds::{EnvironmentName, McpPlanSpec};

use super::{Base, Revision};
use crate::{render::Platform, settings::Settings};

/// Whether an environment is brought to what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is.
    Taken,
    /// It was delivered from something that cannot be rendered any more, and is left as it stands until its turn, unless
    /// its client changes.
    Waits,
}

/// What one environment is rendered from, besides its client.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its name.
    pub revision: Revision,
    /// What the platform gives.
    pub base: Arc<Base>,
    /// The settings of that revision.
    pub platform: Arc<Platform>,
    /// Whether it is delivered.
    pub turn: Turn,
}

impl Given {
    /// From a base that is rendered now.
    pub fn new(revision: Revision, base: Base, settings: &Settings, turn: Turn) -> Self {
        let platform = Arc::new(base.platform(settings));
        Self { revision, base: Arc::new(base), platform, turn }
    }

    /// What the settings and the plan of this moment give, where nobody has to wait: without a cluster.
    pub fn now(environment: EnvironmentName, platform: &Platform, plan: Option<&McpPlanSpec>) -> Self {
        let base = Base::of(environment, platform, plan);
        Self::new(base.revision(), base, &platform.settings, Turn::Taken)
    }
}

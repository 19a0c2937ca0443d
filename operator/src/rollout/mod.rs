//! Roll-outs in waves: what the platform gives (its settings, a plan, the form of the manifests) changes for some
//! environments at a time, and only as long as they come back as ready as they were. Otherwise it halts, and the wave
//! goes back to what it had. What a client changes itself never waits.
//!
//! Clients of one plan, and those without a plan, roll out together: a [domain](table::Domain). Everything an
//! environment may get is a [`base`]; which one it has stands in an annotation of its namespace; who may take the next
//! one is [decided](decide) without a cluster; how far a roll-out has come is [kept](keep) in a ConfigMap.

pub mod base;
pub mod decide;
pub mod follow;
pub mod given;
pub mod keep;
mod policy;
mod seen;
pub mod state;
pub mod table;
mod tell;

pub use base::{Base, Revision};
pub use given::{Given, Turn};
pub use policy::{Policy, WaveSize};
pub use seen::standing;
pub use table::Rollouts;

//! The reconcile of one client: a module per step.

pub mod claims;
pub mod cleanup;
pub mod credentials;
pub mod deliver;
pub mod dereference;
pub mod environment;
pub mod namespace;
pub mod outcome;
pub mod plan;
pub mod reason;
pub mod reconcile;
pub mod report;
pub mod retire;
pub mod validate;
pub mod workload;

//! The reconcile of one client: a module per step.

pub mod claims;
pub mod cleanup;
pub mod credentials;
pub mod database;
pub mod deliver;
pub mod dereference;
pub mod effective;
pub mod environment;
pub mod fields;
pub mod holdings;
pub mod namespace;
pub mod outcome;
pub mod plan;
pub mod reason;
pub mod reconcile;
pub mod removal;
pub mod report;
pub mod retire;
pub mod unreadable;
pub mod validate;
pub mod workload;

//! The operator: makes and keeps what an `McpClient` asks for.
//!
//! A reconcile is five steps, and the middle two touch no cluster: **dereference** what the spec points at,
//! **validate** it into types that cannot be wrong, **render** the manifests, **deliver** those that differ from what
//! was delivered last, and **report** in the status. [`client`] has a module for each.

pub mod api;
pub mod args;
pub mod asleep;
pub mod client;
pub mod clock;
pub mod commands;
pub mod context;
pub mod controller;
pub mod external;
pub mod guard;
pub mod hosts;
pub mod installed;
pub mod keys;
pub mod kinds;
pub mod labels;
pub mod leader;
pub mod manifests;
pub mod memory;
pub mod metrics;
pub mod names;
pub mod plans;
pub mod probe;
pub mod probes;
pub mod quantity;
pub mod render;
pub mod requests;
pub mod rollout;
pub mod run;
pub mod running;
pub mod settings;
pub mod shared;
pub mod stores;
pub mod telemetry;
pub mod watches;

/// Who writes, as the API server records it in `managedFields`; also the value of `app.kubernetes.io/managed-by`.
pub const MANAGER: &str = "mcp-operator";

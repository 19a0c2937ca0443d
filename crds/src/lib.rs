//! The custom resources of `mcp-platform.dev`: types, schema and the rules an API server checks at admission.
//!
//! Types only: nothing here talks to a cluster. [`definition`] prints what is installed.

pub mod client;
pub mod definition;
pub mod delivery;
pub mod environment;
pub mod plan;
mod sentences;
pub mod status;

pub use client::{DeletionPolicy, McpClient, McpClientSpec, SecretReference};
pub use definition::{definition, definition_yaml, plan_definition};
pub use delivery::Delivery;
pub use environment::{Environment, EnvironmentName};
pub use plan::{McpPlan, McpPlanSpec, McpPlanStatus, Rollout};
pub use status::{Effective, EnvironmentStatus, McpClientStatus};

/// The API group of every kind of the platform; also the prefix of its labels and annotations.
pub const GROUP: &str = "mcp-platform.dev";

//! `McpPlan`: what an agency's clients get and may have.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::environment::{EnvironmentName, Image};

/// Defaults and limits for the clients that name this plan. A client beyond a limit is told so and left as it is.
///
/// Waves of roll-outs will have a field of their own (`rollout`); until then a change reaches every client at once.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "mcp-platform.dev",
    version = "v1alpha1",
    kind = "McpPlan",
    shortname = "mcpp",
    category = "mcp-platform",
    status = "McpPlanStatus",
    derive = "PartialEq",
    doc = "Defaults and limits for the clients that name this plan.",
    printcolumn = r#"{"name": "Memory", "type": "string", "jsonPath": ".spec.limits.memory"}"#,
    printcolumn = r#"{"name": "Replicas", "type": "integer", "jsonPath": ".spec.limits.replicas"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct McpPlanSpec {
    /// Which build runs in environments that name none.
    #[serde(default)]
    pub images: PlanImages,
    /// The most a client may ask for.
    #[serde(default)]
    pub limits: PlanLimits,
    /// Models a client may name, fallbacks included. Every model when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 32),
        inner(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9][a-z0-9._-]*$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub models: Vec<String>,
    /// What a client may use beyond the basics. Everything when left out; nothing when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "set"))]
    pub features: Option<Vec<Feature>>,
    /// Hosts a route may have: a name, or `*.` and a domain for all directly below it. Every host when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 32),
        inner(length(min = 3, max = 253), regex(pattern = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub hosts: Vec<String>,
}

/// Which build runs in environments that name none; the platform's default where none is here either.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanImages {
    /// In environments for trying things.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub development: Option<Image>,
    /// In environments for showing things.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staging: Option<Image>,
    /// In environments for customers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production: Option<Image>,
}

impl PlanImages {
    /// The build for an environment.
    pub fn of(&self, environment: EnvironmentName) -> Option<&Image> {
        match environment {
            EnvironmentName::Development => self.development.as_ref(),
            EnvironmentName::Staging => self.staging.as_ref(),
            EnvironmentName::Production => self.production.as_ref(),
        }
    }
}

/// The most a client may ask for; no limit where a field is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanLimits {
    /// Environments of a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3))]
    pub environments: Option<u32>,
    /// Replicas of an environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 5))]
    pub replicas: Option<u8>,
    /// Memory limit of a server, `128Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 8), regex(pattern = r"^[1-9][0-9]{0,5}(Ki|Mi|Gi)$"))]
    pub memory: Option<String>,
    /// Size of the volume of a SQLite database, `2Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 6), regex(pattern = r"^[1-9][0-9]{0,3}(Mi|Gi)$"))]
    pub volume: Option<String>,
    /// Tokens of the language model in a day. It is also what an environment gets that names no budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub tokens_per_day: Option<u64>,
}

/// What a client may use beyond the basics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Feature {
    /// A calendar at Google.
    GoogleCalendar,
    /// A PostgreSQL database.
    Postgres,
    /// A route from outside of the cluster.
    Route,
}

/// What the operator reports of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpPlanStatus {
    /// `metadata.generation` of the spec this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Deletable` is False while clients name the plan; its message names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

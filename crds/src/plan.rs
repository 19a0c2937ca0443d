//! `McpPlan`: what an agency's clients get and may have.

use k8s_openapi::apimachinery::pkg::{apis::meta::v1::Condition, util::intstr::IntOrString};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::environment::{EnvironmentName, Image, Resources};

/// Defaults and limits for the clients that name this plan. A client beyond a limit is told so and left as it is; what
/// the plan gives reaches its clients in waves.
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
    printcolumn = r#"{"name": "Rolled", "type": "string", "jsonPath": ".status.rolled", "description": "Environments that have what the plan gives, of those it has."}"#,
    printcolumn = r#"{"name": "Halted", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"RolloutHalted\")].status"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct McpPlanSpec {
    /// Which build runs in environments that name none.
    #[serde(default)]
    pub images: PlanImages,
    /// What an environment gets where its client says nothing.
    #[serde(default)]
    pub defaults: PlanDefaults,
    /// How the cluster runs the pods of this plan's clients.
    #[serde(default)]
    pub pods: PlanPods,
    /// How a change of the plan, of the platform's settings or of the operator itself reaches the clients.
    #[serde(default)]
    pub rollout: Rollout,
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
    /// Hosts a route may have: a name, or `*.` and a domain for all directly below it. When empty, every host the
    /// platform's settings (`routes.hosts` of its chart) give the client's agency; the plan only narrows those.
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

/// What an environment gets where its client says nothing; the platform's own default where the plan says nothing either.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanDefaults {
    /// What each server may use of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// The language model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<PlanModel>,
    /// Tokens of the language model in a day. `limits.tokensPerDay` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub tokens_per_day: Option<u64>,
}

/// The language model of clients that name none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanModel {
    /// Name of the model at its provider.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    pub name: String,
    /// Models asked in its place, in this order, of clients that name neither a model nor fallbacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 4),
        inner(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9][a-z0-9._-]*$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub fallback: Vec<String>,
}

/// How the cluster runs the pods of a plan's clients. The platform's administrators make what is named here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanPods {
    /// The `PriorityClass` of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub priority_class_name: Option<String>,
    /// The `RuntimeClass` of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub runtime_class_name: Option<String>,
    /// The Secret, of type `kubernetes.io/dockerconfigjson` and in the client's namespace, nodes pull the image with. It
    /// is copied to the tenant if it is labelled `mcp-platform.dev/pull-secret: "true"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub image_pull_secret: Option<String>,
}

/// How a change reaches clients: some environments at a time, and only as long as they come back. What a client
/// changes itself never waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "string(self.waveSize).matches('^([1-9][0-9]{0,2}|1000|([1-9][0-9]?|100)%)$')",
    "message": "write the size of a wave as a number of environments, like 5, or as a part of them, like 10%",
    "fieldPath": ".waveSize",
}]))]
pub struct Rollout {
    /// How many environments change at once: a number, `5`, or a part of all, `10%` (at least one). Canaries, which are
    /// clients labelled `mcp-platform.dev/canary: "true"`, come first, then development, staging and production.
    pub wave_size: IntOrString,
    /// Seconds an environment may take to be as ready as it was before. When they are over, the roll-out halts and the
    /// wave goes back to what it had.
    #[schemars(range(min = 5, max = 86_400))]
    pub deadline_seconds: u32,
    /// Seconds the environments of a wave must have been ready before the next one begins.
    #[schemars(range(min = 0, max = 86_400))]
    pub settle_seconds: u32,
    /// Begins no further wave; the one under way comes to its end.
    pub paused: bool,
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            wave_size: IntOrString::String("10%".to_owned()),
            deadline_seconds: 600,
            settle_seconds: 30,
            paused: false,
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
    /// Tokens of the language model in a day. It is also what an environment gets where neither client nor plan has a budget.
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
    /// What is being rolled out, or was last: a hash over all that the platform and the plan give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub release: Option<String>,
    /// Environments that have it, of those the plan has: `5/20`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub rolled: Option<String>,
    /// `RolloutProgressing` and `RolloutHalted` say how far a change has come and what to do next. `Deletable` is False while clients name the plan; its message names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

//! What the operator reports about a client.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::environment::EnvironmentName;

/// What the operator found and did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpClientStatus {
    /// `metadata.generation` of the spec this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Environments that are ready, of those asked for: `1/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub environments_ready: Option<String>,
    /// `Ready` sums up the environments; its message names the next human action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// One entry per environment of the spec, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub environments: Vec<EnvironmentStatus>,
}

/// What the operator found and did for one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentStatus {
    /// Which environment this is about.
    pub name: EnvironmentName,
    /// The tenant's namespace.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// Base of the tenant's addresses. With the longest host (253) and path (120) an address still fits.
    #[schemars(length(max = 512))]
    pub url: String,
    /// Where Meta delivers messages.
    #[schemars(length(max = 512))]
    pub webhook_url: String,
    /// Where agents connect.
    #[schemars(length(max = 512))]
    pub mcp_url: String,
    /// What runs: the digest once a pod runs, the image asked for until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub image: Option<String>,
    /// The version of the server that runs, as it says itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub version: Option<String>,
    /// The digest a registry knows that image by: what was tried here runs elsewhere when it stands in `image.digest` there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub image_digest: Option<String>,
    /// Which revision of what the platform and the plan give the environment has: a hash, named in the plan's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub revision: Option<String>,
    /// What holds for the server, after the client, its plan and the platform, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Effective>,
    /// One condition for each thing that must hold; `docs/conditions.md` explains them and their reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// What holds for a server where the client may have left it to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Effective {
    /// The image asked for.
    #[schemars(length(max = 512))]
    pub image: String,
    /// The language model, and those asked in its place.
    #[schemars(length(max = 5), inner(length(max = 64)))]
    pub models: Vec<String>,
    /// Processor and memory set aside, and the most memory it may use: `10m, 32Mi, 64Mi`.
    #[schemars(length(max = 64))]
    pub resources: String,
    /// Tokens of the language model in a day; no budget when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<u64>,
    /// What of this the plan gave: `image`, `models`, `resources`, `tokensPerDay`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(max = 32)))]
    pub from_plan: Vec<String>,
}

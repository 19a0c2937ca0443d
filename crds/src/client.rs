//! `McpClient`: one business.

use kube::CustomResource;
use mcp_tenant::Profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{delivery::Delivery, environment::Environment, status::McpClientStatus};

/// Longest name of a client, so that `{name}-{environment}` is still a namespace's name.
pub const MAX_NAME: usize = 51;

/// What is said of two environments that would answer for one address.
pub(crate) const ROUTES_MEET: &str = "two environments have the same host and path, or one's path lies below the other's: \
                                      give each environment a path of its own, or leave path out";

/// What one business asks for. The resource lives in its agency's namespace.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "mcp-platform.dev",
    version = "v1alpha1",
    kind = "McpClient",
    namespaced,
    shortname = "mcpc",
    category = "mcp-platform",
    status = "McpClientStatus",
    derive = "PartialEq",
    doc = "One business: its profile, its credentials and the environments it runs in.",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name": "Environments", "type": "string", "jsonPath": ".status.environmentsReady", "description": "Environments that are ready, of those asked for."}"#,
    printcolumn = r#"{"name": "Plan", "type": "string", "jsonPath": ".spec.plan", "priority": 1}"#,
    printcolumn = r#"{"name": "Message", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message", "priority": 1, "description": "What is the matter, and what to do next."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "self.environments.all(e, self.environments.exists_one(f, f.whatsapp.phoneNumberId == e.whatsapp.phoneNumberId))",
    "message": "two environments use the same WhatsApp number: give each environment a phoneNumberId of its own",
    "fieldPath": ".environments",
}, {
    "rule": "self.environments.all(e, !has(e.route) || !has(e.route.path) || self.environments.all(f, !has(f.route) || !has(f.route.path) || f.name == e.name || f.route.host != e.route.host || !(e.route.path + '/').startsWith(f.route.path + '/')))",
    "message": ROUTES_MEET,
    "fieldPath": ".environments",
}]))]
pub struct McpClientSpec {
    /// Name of the business for people who run the platform.
    #[schemars(length(min = 1, max = 80))]
    pub display_name: String,
    /// The business as data: what the server reads. `mcp-server check` reads it without a cluster.
    pub profile: Profile,
    /// The Secret, in the client's own namespace, that holds the credentials a human supplies. It must be labelled
    /// `mcp-platform.dev/credentials: "true"`.
    pub credentials_secret_ref: SecretReference,
    /// Where the client runs; each environment has its own namespace, `{client}-{environment}`.
    #[schemars(length(min = 1, max = 3), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub environments: Vec<Environment>,
    /// Stops the servers of every environment and keeps their data, e.g. for a season. Whoever comes by a route is answered
    /// 503 with the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hibernate: Option<Hibernation>,
    /// The `McpPlan` whose defaults and limits hold for this client. None when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub plan: Option<String>,
    /// How the workload reaches the cluster.
    #[serde(default)]
    pub delivery: Delivery,
    /// What becomes of the data when the client, or an environment of it, is deleted: `Retain` keeps it. `Delete`
    /// destroys it where the annotation `mcp-platform.dev/confirm-delete` names the namespace.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

/// Why a client hibernates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hibernation {
    /// What whoever comes reads, in the words of the business: `Closed until March`.
    #[schemars(length(min = 1, max = 300))]
    pub reason: String,
}

/// A Secret by name, in the namespace of the resource that refers to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretReference {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: String,
}

/// What becomes of namespaces and volumes that are no longer asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// They stay, labelled as detached.
    #[default]
    Retain,
    /// They are deleted, if the annotation `mcp-platform.dev/confirm-delete` names the namespace.
    Delete,
}

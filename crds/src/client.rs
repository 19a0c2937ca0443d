//! `McpClient`: one business.

use kube::CustomResource;
use mcp_tenant::Profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{environment::Environment, status::McpClientStatus};

/// Longest name of a client, so that `{name}-{environment}` is still a namespace's name.
pub const MAX_NAME: usize = 51;

/// What one business asks for. The resource lives in its agency's namespace.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "mcp-platform.dev",
    version = "v1alpha1",
    kind = "McpClient",
    namespaced,
    shortname = "mcpc",
    status = "McpClientStatus",
    derive = "PartialEq",
    doc = "One business: its profile, its credentials and the environments it runs in.",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason"}"#,
    printcolumn = r#"{"name": "Environments", "type": "string", "jsonPath": ".status.environmentsReady", "description": "Environments that are ready, of those asked for."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "self.environments.all(e, self.environments.exists_one(f, f.whatsapp.phoneNumberId == e.whatsapp.phoneNumberId))",
    "message": "two environments use the same WhatsApp number: give each environment a phoneNumberId of its own",
    "fieldPath": ".environments",
}]))]
pub struct McpClientSpec {
    /// Name of the business for people who run the platform.
    #[schemars(length(min = 1, max = 80))]
    pub display_name: String,
    /// The business as data: what the server reads.
    pub profile: Profile,
    /// The Secret, in the client's own namespace, that holds the credentials a human supplies. It must be labelled
    /// `mcp-platform.dev/credentials: "true"`.
    pub credentials_secret_ref: SecretReference,
    /// Where the client runs; each environment has its own namespace, `{client}-{environment}`.
    #[schemars(length(min = 1, max = 3), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub environments: Vec<Environment>,
    /// What becomes of the data when the client, or an environment of it, is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
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

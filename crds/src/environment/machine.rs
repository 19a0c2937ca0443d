//! What runs, and what it may use of the machine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which build of the server runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// Tag within the repository the platform's settings name, e.g. `stable`.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9._-]*$"))]
    pub tag: String,
    /// The one build of that tag that runs, whatever the tag is moved to. To promote what was tried in staging, take it from
    /// `status.environments[].imageDigest` there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 71, max = 71), regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: Option<String>,
}

impl Image {
    /// As it stands after the repository and a colon: the tag, with the digest where one is named.
    pub fn reference(&self) -> String {
        let Self { tag, digest } = self;
        digest.as_ref().map_or_else(|| tag.clone(), |digest| format!("{tag}@{digest}"))
    }
}

/// What the server may use of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "quantity(self.requests.memory).compareTo(quantity(self.limits.memory)) <= 0",
    "message": "requests.memory must not be above limits.memory: raise the limit or lower the request",
}]))]
pub struct Resources {
    /// What is set aside for it.
    #[serde(default)]
    pub requests: Requests,
    /// What it may use at most.
    #[serde(default)]
    pub limits: Limits,
}

/// What is set aside for the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Requests {
    /// Processor, `10m` is a hundredth of one.
    #[schemars(length(min = 1, max = 6), regex(pattern = r"^[1-9][0-9]{0,4}m?$"))]
    pub cpu: String,
    /// Memory, `32Mi`.
    #[schemars(length(min = 3, max = 8), regex(pattern = r"^[1-9][0-9]{0,5}(Ki|Mi|Gi)$"))]
    pub memory: String,
}

impl Default for Requests {
    fn default() -> Self {
        Self { cpu: "10m".to_owned(), memory: "32Mi".to_owned() }
    }
}

/// What the server may use at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Memory, `64Mi`.
    #[schemars(length(min = 3, max = 8), regex(pattern = r"^[1-9][0-9]{0,5}(Ki|Mi|Gi)$"))]
    pub memory: String,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: "64Mi".to_owned() }
    }
}

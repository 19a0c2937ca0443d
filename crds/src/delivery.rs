//! How rendered manifests reach the cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a client's workload reaches the cluster: `direct` (the default) or by Argo CD.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.argoCD)",
    "message": "delivery.argoCD is not carried out yet: remove it; the operator then applies everything itself",
    "fieldPath": ".argoCD",
}]))]
pub struct Delivery {
    /// The operator applies everything itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct: Option<DirectDelivery>,
    /// The operator hands the workload to Argo CD as one Application per environment. Refused for now.
    #[serde(default, rename = "argoCD", skip_serializing_if = "Option::is_none")]
    pub argo_cd: Option<ArgoCdDelivery>,
}

/// The operator applies everything itself: it has no settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DirectDelivery {}

/// Argo CD applies the workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArgoCdDelivery {
    /// The `AppProject` of the Applications. One per agency when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub project: Option<String>,
}

//! How many servers of a tenant may be taken down on purpose at once.

use k8s_openapi::{
    api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec},
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use crate::{client::validate::Tenant, labels};

/// One at a time, where there is more than one. A single server has none: a budget would only keep its node from ever
/// being drained.
pub fn build(tenant: &Tenant) -> Option<PodDisruptionBudget> {
    if tenant.replicas < 2 || tenant.suspended {
        return None;
    }
    Some(PodDisruptionBudget {
        metadata: tenant.meta(tenant.owner.name().to_owned()),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(LabelSelector {
                match_labels: Some(labels::selector(&tenant.owner)),
                ..LabelSelector::default()
            }),
            // A server that does not work anyway is no reason to keep a node.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    })
}

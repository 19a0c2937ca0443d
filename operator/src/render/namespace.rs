//! The tenant's namespace: its owner, its number and route, and the strictest Pod Security Standard.

use k8s_openapi::{api::core::v1::Namespace, apimachinery::pkg::apis::meta::v1::ObjectMeta};

use crate::{client::validate::Tenant, labels};

/// The namespace of a tenant.
pub fn build(tenant: &Tenant) -> Namespace {
    let mut labels = labels::common(&tenant.owner, tenant.environment);
    labels.extend(
        ["enforce", "audit", "warn"]
            .map(|mode| (format!("pod-security.kubernetes.io/{mode}"), "restricted".to_owned())),
    );
    let mut annotations = labels::map([(labels::NUMBER, &tenant.phone_number_id)]);
    annotations.extend(tenant.route.as_ref().map(|route| (labels::ROUTE.to_owned(), route.claim())));
    Namespace {
        metadata: ObjectMeta {
            name: Some(tenant.namespace.as_str().to_owned()),
            labels: Some(labels),
            annotations: Some(annotations),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}

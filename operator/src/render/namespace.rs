//! The tenant's namespace: its owner, its number and route, and the strictest Pod Security Standard.

use std::collections::BTreeSet;

use k8s_openapi::{api::core::v1::Namespace, apimachinery::pkg::apis::meta::v1::ObjectMeta};

use crate::{
    client::validate::{Database, Tenant},
    labels,
};

/// The annotation with the addresses a namespace answers for, the one asked for and those that are still served.
pub fn holding(mut namespace: Namespace, claims: &BTreeSet<String>) -> Namespace {
    if !claims.is_empty() {
        let list = claims.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        namespace.metadata.annotations.get_or_insert_default().insert(labels::ROUTE.to_owned(), list);
    }
    namespace
}

/// The namespace of a tenant.
pub fn build(tenant: &Tenant) -> Namespace {
    let mut labels = labels::common(&tenant.owner, tenant.environment);
    labels.extend(
        ["enforce", "audit", "warn"]
            .map(|mode| (format!("pod-security.kubernetes.io/{mode}"), "restricted".to_owned())),
    );
    let mut annotations =
        labels::map([(labels::NUMBER, &tenant.phone_number_id), (labels::REVISION, &tenant.given.revision)]);
    if tenant.database == Database::Provisioned {
        annotations.insert(labels::DATABASE.to_owned(), "provisioned".to_owned());
    }
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

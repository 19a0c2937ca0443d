//! The operator's rights in a tenant's namespace: the one fixed `ClusterRole`, bound to itself.

use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject};
use mcp_crds::EnvironmentName;

use crate::{MANAGER, names::ClientKey, settings::Settings};

/// The binding that lets the operator work in the namespace of an environment.
pub fn build(owner: &ClientKey, environment: EnvironmentName, settings: &Settings) -> RoleBinding {
    RoleBinding {
        metadata: super::meta(owner, environment, MANAGER.to_owned()),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "ClusterRole".to_owned(),
            name: settings.tenant_cluster_role.clone(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            namespace: Some(settings.operator_namespace.clone()),
            name: settings.operator_service_account.clone(),
            ..Subject::default()
        }]),
    }
}

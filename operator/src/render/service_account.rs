//! The identity a tenant's pods run under: without rights, and without a token to steal.

use k8s_openapi::api::core::v1::ServiceAccount;

use crate::client::validate::Tenant;

/// The `ServiceAccount` of a tenant.
pub fn build(tenant: &Tenant) -> ServiceAccount {
    ServiceAccount {
        metadata: tenant.meta(tenant.owner.name().to_owned()),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

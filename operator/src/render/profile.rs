//! The profile as a file. It is mounted as a directory, so that an edit arrives in the running pod.

use k8s_openapi::api::core::v1::ConfigMap;

use crate::{
    client::validate::{ProfileText, Tenant},
    labels,
    render::Platform,
};

/// File with the profile.
pub const PROFILE_FILE: &str = "profile.yaml";
/// File with additional certificate authorities.
pub const EXTRA_CA_FILE: &str = "ca.crt";

/// The ConfigMap a tenant's server reads.
pub fn build(tenant: &Tenant, text: &ProfileText, platform: &Platform) -> ConfigMap {
    let mut data = labels::map([(PROFILE_FILE, &text.0)]);
    data.extend(platform.extra_ca.as_ref().map(|pem| (EXTRA_CA_FILE.to_owned(), pem.clone())));
    ConfigMap {
        metadata: tenant.meta(tenant.owner.profile_config_map()),
        data: Some(data),
        ..ConfigMap::default()
    }
}

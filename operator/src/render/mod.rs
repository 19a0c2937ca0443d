//! The third step: from a validated tenant to manifests. Pure, with one builder per kind.

pub mod deployment;
pub mod ingress;
pub mod namespace;
pub mod profile;
pub mod role_binding;
pub mod secrets;
pub mod service;
pub mod service_account;
pub mod volume_claim;

#[cfg(test)]
pub(crate) mod tests;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use mcp_crds::EnvironmentName;

use crate::{
    client::{credentials::Credentials, validate::Tenant},
    labels,
    manifests::{Foundation, Manifests, Prepared},
    names::ClientKey,
    settings::Settings,
};

/// What comes from outside of the client: the platform's settings and the certificate authorities they name.
#[derive(Clone, Debug)]
pub struct Platform {
    /// The settings.
    pub settings: Settings,
    /// PEM text of [`Settings::extra_ca_file`].
    pub extra_ca: Option<String>,
}

/// What the Deployment needs to know of things that are not rendered here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// A hash over the Secrets as they will be; none while there are no complete credentials at all.
    pub secrets_hash: Option<String>,
    /// Whether a profile is there or will be.
    pub has_profile: bool,
}

/// What must stand before anything else.
pub fn foundation(tenant: &Tenant, platform: &Platform) -> Foundation<Prepared> {
    Foundation {
        namespace: namespace::build(tenant),
        role_binding: role_binding::build(&tenant.owner, tenant.environment, &platform.settings),
    }
}

/// Everything in the namespace. A part that cannot be made now is left out; the delivery leaves what is there.
pub fn manifests(
    tenant: &Tenant,
    platform: &Platform,
    credentials: Option<&Credentials>,
    inventory: &Inventory,
) -> Manifests<Prepared> {
    Manifests {
        service_account: service_account::build(tenant),
        credentials: credentials.map(|credentials| secrets::credentials(tenant, credentials)),
        profile: tenant.profile.as_ref().ok().map(|text| profile::build(tenant, text, platform)),
        data: volume_claim::build(tenant),
        route: tenant.route.as_ref().map(|route| ingress::build(tenant, route)),
        service: service::build(tenant),
        deployment: inventory
            .secrets_hash
            .as_deref()
            .filter(|_| inventory.has_profile)
            .map(|hash| deployment::build(tenant, platform, hash)),
    }
}

/// Metadata of an object in the namespace of an environment.
fn meta(owner: &ClientKey, environment: EnvironmentName, name: String) -> ObjectMeta {
    ObjectMeta {
        name: Some(name),
        namespace: Some(owner.namespace(environment).as_str().to_owned()),
        labels: Some(labels::common(owner, environment)),
        ..ObjectMeta::default()
    }
}

impl Tenant {
    fn meta(&self, name: String) -> ObjectMeta {
        meta(&self.owner, self.environment, name)
    }
}

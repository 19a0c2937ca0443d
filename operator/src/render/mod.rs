//! The third step: from a validated tenant to manifests. Pure, with one builder per kind.

pub mod asleep;
pub mod deployment;
pub mod disruption_budget;
pub mod http_route;
pub mod ingress;
pub mod limit_range;
pub mod namespace;
pub mod network_policies;
pub mod pod_monitor;
pub mod profile;
pub mod quota;
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
    installed::Installed,
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
    /// Which kinds of other projects the cluster has.
    pub installed: Installed,
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
    pull: Option<&Credentials>,
    inventory: &Inventory,
) -> Manifests<Prepared> {
    let installed = inventory.installed;
    let route = tenant.route.as_ref();
    let gateway = route.and_then(|route| Some((route, route.gateway.as_ref()?)));
    Manifests {
        openings: network_policies::openings(tenant, platform),
        default_deny: network_policies::default_deny(tenant, platform),
        limit_range: limit_range::build(tenant),
        quota: quota::build(tenant, &platform.settings),
        service_account: service_account::build(tenant),
        credentials: credentials.map(|credentials| secrets::credentials(tenant, credentials)),
        pull_secret: pull.map(|pull| secrets::pull(tenant, pull)),
        profile: tenant.profile.as_ref().ok().map(|text| profile::build(tenant, text, platform)),
        data: volume_claim::build(tenant),
        route: route.filter(|_| gateway.is_none()).map(|route| ingress::build(tenant, route)),
        http_route: gateway
            .filter(|_| installed.http_route)
            .map(|(route, gateway)| http_route::build(tenant, route, gateway)),
        service: service::build(tenant),
        asleep: asleep::build(tenant, platform),
        deployment: inventory
            .secrets_hash
            .as_deref()
            .filter(|_| inventory.has_profile)
            .map(|hash| deployment::build(tenant, platform, hash)),
        disruption_budget: disruption_budget::build(tenant),
        pod_monitor: installed.pod_monitor.then(|| pod_monitor::build(tenant, &platform.settings)),
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

//! How much a tenant's namespace may hold. The operator makes everything in it; a quota bounds what a mistake, or
//! somebody with rights there, can add.

use k8s_openapi::{
    api::core::v1::{ResourceQuota, ResourceQuotaSpec},
    apimachinery::pkg::api::resource::Quantity,
};

use crate::{
    client::validate::{Database, Tenant},
    quantity,
    settings::Settings,
};

/// Most pods of a tenant at once: every server twice, for one that ends still counts while the next one starts, and one
/// more for a rollout or a copy of the data. The migration runs inside of a server's pod before the server does, and adds
/// nothing.
fn pods(tenant: &Tenant) -> u32 {
    2 * u32::from(tenant.replicas) + 1
}

/// The quota of a tenant's namespace.
///
/// Memory and processors have a generous bound of the platform, and only a tenant that needs more has one of its own: a
/// bound that followed every edit would be in the way of a rollout from large pods to small ones, where the old ones still
/// count and the new ones are refused. What a single pod may take is the limit range's.
pub fn build(tenant: &Tenant, settings: &Settings) -> ResourceQuota {
    let pods = pods(tenant);
    let (requests, limits) = (&tenant.resources.requests, &tenant.resources.limits);
    let (claims, storage) = match &tenant.database {
        Database::Sqlite { size } => ("1", size.as_str()),
        Database::Postgres { .. } | Database::Provisioned => ("0", "0"),
    };
    let hard = [
        ("pods", pods.to_string()),
        ("requests.cpu", quantity::times_or(&requests.cpu, pods, &settings.namespace_cpu)),
        ("requests.memory", quantity::times_or(&requests.memory, pods, &settings.namespace_memory)),
        ("limits.memory", quantity::times_or(&limits.memory, pods, &settings.namespace_memory)),
        ("persistentvolumeclaims", claims.to_owned()),
        ("requests.storage", storage.to_owned()),
        // A tenant is reached through the platform's door and no other.
        ("services.loadbalancers", "0".to_owned()),
        // The Service by which cert-manager answers a challenge has a node port, unless its issuer says otherwise.
        ("services.nodeports", if tenant.has_own_certificate() { "1" } else { "0" }.to_owned()),
    ];
    ResourceQuota {
        metadata: tenant.meta(tenant.owner.name().to_owned()),
        spec: Some(ResourceQuotaSpec {
            hard: Some(hard.map(|(what, amount)| (what.to_owned(), Quantity(amount))).into()),
            ..ResourceQuotaSpec::default()
        }),
        ..ResourceQuota::default()
    }
}

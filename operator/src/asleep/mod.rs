//! What answers in place of a tenant that sleeps. No pod of it runs; its Service leads here, to the operator's own process,
//! by an `EndpointSlice` ([`crate::render::asleep`]), and whoever comes by its route or by its name in the cluster gets a 503
//! with the reason. Meta and well-behaved programs come again.

mod answer;
mod listener;
mod words;

pub use listener::serve;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    client::{claims, validate::Tenant},
    names::TenantNamespace,
};

/// A tenant that sleeps.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sleeper {
    /// Host and path it is known by outside of the cluster.
    claim: Option<String>,
    /// What its owner wants to be said.
    reason: Option<String>,
}

/// The tenants that sleep.
#[derive(Debug, Default)]
pub struct Sleepers(Mutex<HashMap<TenantNamespace, Sleeper>>);

impl Sleepers {
    fn lock(&self) -> MutexGuard<'_, HashMap<TenantNamespace, Sleeper>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in whether a tenant sleeps.
    pub fn note(&self, tenant: &Tenant) {
        if tenant.suspended {
            let claim = tenant.route.as_ref().map(crate::client::validate::Route::claim);
            let sleeper = Sleeper { claim, reason: tenant.hibernation.clone() };
            self.lock().insert(tenant.namespace.clone(), sleeper);
        } else {
            self.forget(&tenant.namespace);
        }
    }

    /// Forgets a tenant.
    pub fn forget(&self, namespace: &TenantNamespace) {
        self.lock().remove(namespace);
    }

    /// What the owner of the tenant at this address wants to be said. `host` is as it stands in the request.
    fn reason(&self, host: &str, path: &str) -> Option<String> {
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
        let path = path.strip_prefix(crate::client::validate::PROTECTED_RESOURCE).unwrap_or(path);
        let address = format!("{host}{path}");
        // `{client}.{namespace}.svc` and what may follow it.
        let inside = host.split('.').nth(1).unwrap_or_default();
        let sleepers = self.lock();
        let sleeper = sleepers.iter().find(|(namespace, sleeper)| {
            sleeper.claim.as_deref().is_some_and(|claim| {
                // Its own address or one below it, never one above.
                address.len() >= claim.len() && claims::overlap(claim, &address)
            }) || namespace.as_str() == inside
        });
        sleeper.and_then(|(_, sleeper)| sleeper.reason.clone())
    }
}

#[cfg(test)]
mod tests;

//! What was applied and what was seen since, so that a reconcile that has nothing to do asks the API server nothing,
//! and one that has something to do sends only that.
//!
//! Memory is a shortcut, never the truth: an operator that starts anew applies everything once.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{client::outcome::Outcome, names::TenantNamespace};

/// An object of a tenant: its namespace, or something in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectId {
    /// The kind, `Service`.
    pub kind: String,
    /// The name within the tenant's namespace.
    pub name: String,
}

/// Which state of an object was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    uid: String,
    /// Grows with every change, where the API server's numbers can be compared.
    order: Option<u64>,
    text: String,
}

impl Version {
    /// The version of an object. A Deployment's resource version changes with every step of a rollout, which is no
    /// edit; its generation and labels say what is.
    pub fn of(kind: &str, meta: &ObjectMeta) -> Self {
        let uid = meta.uid.clone().unwrap_or_default();
        if kind == "Deployment" {
            let generation = meta.generation.unwrap_or_default();
            let order = u64::try_from(generation).ok();
            return Self { uid, order, text: format!("{generation} {:?}", meta.labels) };
        }
        let text = meta.resource_version.clone().unwrap_or_default();
        Self { uid, order: text.parse().ok(), text }
    }

    fn is_older_than(&self, other: &Self) -> bool {
        self.uid == other.uid
            && matches!((self.order, other.order), (Some(mine), Some(others)) if mine < others)
    }
}

/// What a pass started from. Two passes over equal inputs render the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// UID and generation of the client.
    pub client: (Option<String>, Option<i64>),
    /// The credentials Secret as the watch shows it; none while there is no Secret of that name.
    pub credentials: Option<String>,
    /// The Secret with the address of the database, likewise.
    pub database: Option<String>,
    /// UID and generation of the client's plan.
    pub plan: Option<(Option<String>, Option<i64>)>,
}

#[derive(Debug)]
struct AppliedObject {
    hash: [u8; 32],
    version: Version,
}

#[derive(Debug, Default)]
struct EnvironmentMemory {
    applied: HashMap<ObjectId, AppliedObject>,
    seen: HashMap<ObjectId, Option<Version>>,
    absent: HashSet<ObjectId>,
    settled: Option<(Inputs, Outcome)>,
    /// When it was last found to be other than it was applied, counted in doubts of all tenants.
    doubted: u64,
}

/// What was applied and seen, by tenant.
#[derive(Debug, Default)]
pub struct Memory {
    environments: Mutex<HashMap<TenantNamespace, EnvironmentMemory>>,
    doubts: AtomicU64,
}

/// When a pass began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Begun(u64);

impl Memory {
    fn lock(&self) -> MutexGuard<'_, HashMap<TenantNamespace, EnvironmentMemory>> {
        self.environments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the object stands as it was applied with this hash, as far as is known.
    pub fn stands(&self, tenant: &TenantNamespace, id: &ObjectId, hash: &[u8; 32]) -> bool {
        self.lock()
            .get(tenant)
            .and_then(|environment| environment.applied.get(id))
            .is_some_and(|applied| applied.hash == *hash)
    }

    /// Records that an object was applied and what the API server answered. False where a later version was seen
    /// already: it does not stand as it was applied, and nobody will be told of that again.
    pub fn record(&self, tenant: &TenantNamespace, id: ObjectId, hash: [u8; 32], version: Version) -> bool {
        let mut environments = self.lock();
        let environment = environments.entry(tenant.clone()).or_default();
        // Somebody may have changed the object between the answer and this line, and the watch may have been faster.
        let overtaken = match environment.seen.get(&id) {
            Some(Some(seen)) => version.is_older_than(seen),
            Some(None) | None => false,
        };
        if overtaken {
            environment.applied.remove(&id);
        } else {
            environment.seen.insert(id.clone(), Some(version.clone()));
            environment.absent.remove(&id);
            environment.applied.insert(id, AppliedObject { hash, version });
        }
        !overtaken
    }

    /// Whether the object was removed, and nobody made it again since.
    pub fn is_absent(&self, tenant: &TenantNamespace, id: &ObjectId) -> bool {
        self.lock().get(tenant).is_some_and(|environment| environment.absent.contains(id))
    }

    /// Records that an object was removed, or was not there.
    pub fn record_absent(&self, tenant: &TenantNamespace, id: ObjectId) {
        let mut environments = self.lock();
        let environment = environments.entry(tenant.clone()).or_default();
        environment.applied.remove(&id);
        environment.absent.insert(id);
    }

    /// Takes in what a watch saw: a version, or none for an object that is gone. Returns whether an applied object no
    /// longer stands as it was applied.
    pub fn observe(&self, tenant: &TenantNamespace, id: &ObjectId, seen: Option<Version>) -> bool {
        let mut environments = self.lock();
        let environment = environments.entry(tenant.clone()).or_default();
        let reappeared = seen.is_some() && environment.absent.remove(id);
        let drifted = reappeared
            || match (environment.applied.get(id), &seen) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(applied), Some(seen)) => {
                    applied.version != *seen && !seen.is_older_than(&applied.version)
                }
            };
        environment.seen.insert(id.clone(), seen);
        if drifted {
            environment.applied.remove(id);
            environment.settled = None;
            environment.doubted = self.doubt();
        }
        drifted
    }

    /// The applied objects of a kind, for finding out which of them a fresh list no longer has.
    pub fn applied_of_kind(&self, tenant: &TenantNamespace, kind: &str) -> Vec<ObjectId> {
        self.lock().get(tenant).map_or_else(Vec::new, |environment| {
            environment.applied.keys().filter(|id| id.kind == kind).cloned().collect()
        })
    }

    fn doubt(&self) -> u64 {
        self.doubts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A pass begins.
    pub fn begin(&self, tenant: &TenantNamespace) -> Begun {
        self.lock().entry(tenant.clone()).or_default();
        Begun(self.doubts.load(Ordering::Relaxed))
    }

    /// Remembers that a pass over these inputs came to an end, with what it found. Not where something was changed or
    /// forgotten since it began: the pass may have been past it, and the next one must not take its word.
    pub fn settle(&self, tenant: &TenantNamespace, begun: Begun, inputs: Inputs, outcome: Outcome) {
        let mut environments = self.lock();
        if let Some(environment) = environments.get_mut(tenant)
            && environment.doubted <= begun.0
        {
            environment.settled = Some((inputs, outcome));
        }
    }

    /// What the last pass found, if it started from the same inputs and nothing was changed since.
    pub fn settled(&self, tenant: &TenantNamespace, inputs: &Inputs) -> Option<Outcome> {
        let environments = self.lock();
        let (known, outcome) = environments.get(tenant)?.settled.as_ref()?;
        (known == inputs).then(|| outcome.clone())
    }

    /// Forgets a tenant.
    pub fn forget(&self, tenant: &TenantNamespace) {
        let doubted = self.doubt();
        if let Some(environment) = self.lock().get_mut(tenant) {
            *environment = EnvironmentMemory { doubted, ..EnvironmentMemory::default() };
        }
    }

    /// Forgets a tenant that is no more.
    pub fn remove(&self, tenant: &TenantNamespace) {
        self.lock().remove(tenant);
    }
}

#[cfg(test)]
mod tests {
    use mcp_crds::EnvironmentName;

    use super::*;
    use crate::names::ClientKey;

    fn tenant() -> TenantNamespace {
        ClientKey::new("agency", "ze").unwrap().namespace(EnvironmentName::Production)
    }

    fn service() -> ObjectId {
        ObjectId { kind: "Service".to_owned(), name: "ze".to_owned() }
    }

    fn version(kind: &str, resource_version: &str, generation: i64) -> Version {
        Version::of(
            kind,
            &ObjectMeta {
                resource_version: Some(resource_version.to_owned()),
                generation: Some(generation),
                ..ObjectMeta::default()
            },
        )
    }

    #[test]
    fn an_edit_by_somebody_else_is_drift_and_an_echo_of_our_own_write_is_not() {
        let memory = Memory::default();
        assert!(memory.record(&tenant(), service(), [1; 32], version("Service", "10", 0)));
        assert!(!memory.observe(&tenant(), &service(), Some(version("Service", "10", 0))));
        assert!(!memory.observe(&tenant(), &service(), Some(version("Service", "9", 0))), "an old event");
        assert!(memory.stands(&tenant(), &service(), &[1; 32]));
        assert!(memory.observe(&tenant(), &service(), Some(version("Service", "11", 0))));
        assert!(!memory.stands(&tenant(), &service(), &[1; 32]));
    }

    #[test]
    fn an_edit_that_the_watch_saw_before_our_write_was_recorded_is_drift() {
        let memory = Memory::default();
        memory.observe(&tenant(), &service(), Some(version("Service", "12", 0)));
        assert!(!memory.record(&tenant(), service(), [1; 32], version("Service", "11", 0)));
        assert!(!memory.stands(&tenant(), &service(), &[1; 32]));
    }

    #[test]
    fn a_pass_that_began_before_an_edit_does_not_hide_it() {
        let memory = Memory::default();
        let inputs = || Inputs { client: (None, Some(1)), credentials: None, database: None, plan: None };
        let outcome = || Outcome::untouched(crate::client::outcome::Reason::Progressing, "");
        let begun = memory.begin(&tenant());
        memory.record(&tenant(), service(), [1; 32], version("Service", "10", 0));
        assert!(memory.observe(&tenant(), &service(), Some(version("Service", "11", 0))), "meanwhile");
        memory.settle(&tenant(), begun, inputs(), outcome());
        assert!(memory.settled(&tenant(), &inputs()).is_none());
        let begun = memory.begin(&tenant());
        memory.record(&tenant(), service(), [1; 32], version("Service", "12", 0));
        memory.settle(&tenant(), begun, inputs(), outcome());
        assert!(memory.settled(&tenant(), &inputs()).is_some());
        let begun = memory.begin(&tenant());
        memory.forget(&tenant());
        memory.settle(&tenant(), begun, inputs(), outcome());
        assert!(memory.settled(&tenant(), &inputs()).is_none());
    }

    #[test]
    fn a_deleted_object_is_drift() {
        let memory = Memory::default();
        assert!(memory.record(&tenant(), service(), [1; 32], version("Service", "10", 0)));
        assert!(memory.observe(&tenant(), &service(), None));
    }

    #[test]
    fn the_progress_of_a_rollout_is_not_an_edit_of_the_deployment() {
        let memory = Memory::default();
        let id = ObjectId { kind: "Deployment".to_owned(), name: "ze".to_owned() };
        assert!(memory.record(&tenant(), id.clone(), [1; 32], version("Deployment", "10", 1)));
        assert!(!memory.observe(&tenant(), &id, Some(version("Deployment", "15", 1))));
        assert!(memory.observe(&tenant(), &id, Some(version("Deployment", "16", 2))));
    }

    #[test]
    fn what_was_removed_stays_removed_until_a_watch_shows_it_again() {
        let memory = Memory::default();
        assert!(!memory.is_absent(&tenant(), &service()));
        memory.record_absent(&tenant(), service());
        assert!(memory.is_absent(&tenant(), &service()));
        assert!(memory.observe(&tenant(), &service(), Some(version("Service", "10", 0))), "it is back");
        assert!(!memory.is_absent(&tenant(), &service()));
    }
}

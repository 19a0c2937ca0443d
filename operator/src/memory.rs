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

use crate::{
    client::outcome::Outcome,
    installed::Installed,
    names::TenantNamespace,
    rollout::{Revision, Turn},
};

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
    /// The version of an object. Where others write a status, the resource version changes without an edit; then the
    /// generation, labels and annotations say what is one. A Deployment's annotations are not only ours.
    pub fn of(kind: &str, meta: &ObjectMeta) -> Self {
        let uid = meta.uid.clone().unwrap_or_default();
        let resource_version = meta.resource_version.clone().unwrap_or_default();
        let generation = meta.generation.unwrap_or_default();
        let (order, text) = match kind {
            "Deployment" => (u64::try_from(generation).ok(), format!("{generation} {:?}", meta.labels)),
            "NetworkPolicy" | "PodDisruptionBudget" | "Ingress" | "HTTPRoute" | "PodMonitor" => (
                u64::try_from(generation).ok(),
                format!("{generation} {:?} {:?}", meta.labels, meta.annotations),
            ),
            _ if Self::is_told_by_managers(kind) => (resource_version.parse().ok(), managers(meta)),
            _ => (resource_version.parse().ok(), resource_version),
        };
        Self { uid, order, text }
    }

    /// Whether a kind has a status and no generation: then it is the same for as long as nobody is recorded to have
    /// changed anything but the status.
    pub fn is_told_by_managers(kind: &str) -> bool {
        kind == "ResourceQuota"
    }

    fn is_same(&self, other: &Self) -> bool {
        self.uid == other.uid && self.text == other.text
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
    /// What nodes pull the image with, likewise.
    pub pull: Option<String>,
    /// What the platform gives, by its name, and whether it is delivered.
    pub revision: Option<(Revision, Turn)>,
    /// Which kinds of other projects there are.
    pub installed: Installed,
}

/// Who changed something beside the status, and when.
fn managers(meta: &ObjectMeta) -> String {
    let entries = meta.managed_fields.iter().flatten().filter(|entry| entry.subresource.is_none());
    let told = entries.map(|entry| format!("{:?} {:?} {:?}", entry.manager, entry.operation, entry.time));
    told.collect::<Vec<_>>().join("; ")
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

/// What stands of the kinds that are watched in the whole cluster.
#[derive(Debug, Default)]
struct Shown {
    /// Kinds of which everything was shown.
    listed: HashSet<String>,
    /// What there is, by namespace.
    objects: HashSet<(String, ObjectId)>,
}

/// What was applied and seen, by tenant.
#[derive(Debug, Default)]
pub struct Memory {
    environments: Mutex<HashMap<TenantNamespace, EnvironmentMemory>>,
    shown: Mutex<Shown>,
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
            Some(Some(seen)) => version.is_older_than(seen) && !version.is_same(seen),
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

    /// Whether the object was removed, or was not there, and nobody made it since.
    pub fn is_absent(&self, tenant: &TenantNamespace, id: &ObjectId) -> bool {
        self.lock().get(tenant).is_some_and(|environment| environment.absent.contains(id))
    }

    /// Whether that is so, or a watch of the whole cluster shows nothing of the operator's that has the name.
    pub fn is_nowhere(&self, tenant: &TenantNamespace, id: &ObjectId) -> bool {
        let environments = self.lock();
        let environment = environments.get(tenant);
        if environment.is_some_and(|environment| environment.absent.contains(id)) {
            return true;
        }
        // What was applied a moment ago is not shown yet.
        let applied = environment.is_some_and(|environment| environment.applied.contains_key(id));
        let shown = self.shown();
        !applied
            && shown.listed.contains(&id.kind)
            && !shown.objects.contains(&(tenant.as_str().to_owned(), id.clone()))
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A watch of the whole cluster shows an object, or that it is gone.
    pub fn show(&self, namespace: &str, id: &ObjectId, present: bool) {
        let object = (namespace.to_owned(), id.clone());
        let mut shown = self.shown();
        if present {
            shown.objects.insert(object);
        } else {
            shown.objects.remove(&object);
        }
    }

    /// A watch of the whole cluster has shown all there is of a kind. Returns the tenants where something that was applied
    /// is not among it: it went before the watch began.
    pub fn listed(&self, kind: &str) -> Vec<TenantNamespace> {
        let mut environments = self.lock();
        let mut shown = self.shown();
        shown.listed.insert(kind.to_owned());
        let mut lost = Vec::new();
        for (tenant, environment) in environments.iter_mut() {
            let before = environment.applied.len();
            environment.applied.retain(|id, _| {
                id.kind != kind || shown.objects.contains(&(tenant.as_str().to_owned(), id.clone()))
            });
            if environment.applied.len() < before {
                environment.settled = None;
                environment.doubted = self.doubt();
                lost.push(tenant.clone());
            }
        }
        lost
    }

    /// The definition of a kind is gone, and with it everything of that kind.
    pub fn forget_kind(&self, kind: &str) {
        let mut shown = self.shown();
        shown.listed.remove(kind);
        shown.objects.retain(|(_, id)| id.kind != kind);
        drop(shown);
        let doubted = self.doubt();
        for environment in self.lock().values_mut() {
            environment.applied.retain(|id, _| id.kind != kind);
            environment.seen.retain(|id, _| id.kind != kind);
            environment.absent.retain(|id| id.kind != kind);
            environment.settled = None;
            environment.doubted = doubted;
        }
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
                    !applied.version.is_same(seen) && !seen.is_older_than(&applied.version)
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
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
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
        let inputs = || Inputs {
            client: (None, Some(1)),
            credentials: None,
            database: None,
            pull: None,
            revision: None,
            installed: Installed::default(),
        };
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
    fn the_use_of_a_quota_is_not_an_edit_of_it() {
        let entry = |manager: &str, subresource: Option<&str>| ManagedFieldsEntry {
            manager: Some(manager.to_owned()),
            subresource: subresource.map(str::to_owned),
            ..ManagedFieldsEntry::default()
        };
        let version = |resource_version: &str, entries: Vec<ManagedFieldsEntry>| {
            let meta = ObjectMeta {
                resource_version: Some(resource_version.to_owned()),
                managed_fields: Some(entries),
                ..ObjectMeta::default()
            };
            Version::of("ResourceQuota", &meta)
        };
        let (memory, id) =
            (Memory::default(), ObjectId { kind: "ResourceQuota".to_owned(), name: "ze".to_owned() });
        let mine = || entry("mcp-operator", None);
        let used = version("11", vec![mine(), entry("kube-controller-manager", Some("status"))]);
        assert!(!memory.observe(&tenant(), &id, Some(used.clone())), "the watch was faster");
        assert!(memory.record(&tenant(), id.clone(), [1; 32], version("10", vec![mine()])));
        assert!(!memory.observe(&tenant(), &id, Some(used)));
        assert!(memory.observe(&tenant(), &id, Some(version("12", vec![mine(), entry("kubectl", None)]))));
    }

    #[test]
    fn what_a_watch_of_everything_does_not_show_is_absent_unless_it_was_just_applied() {
        let memory = Memory::default();
        assert!(!memory.is_nowhere(&tenant(), &service()), "nobody has looked");
        memory.listed("Service");
        assert!(memory.is_nowhere(&tenant(), &service()));
        assert!(!memory.is_absent(&tenant(), &service()), "somebody else's would not be shown");
        assert!(memory.record(&tenant(), service(), [1; 32], version("Service", "10", 0)));
        assert!(!memory.is_nowhere(&tenant(), &service()), "it was applied a moment ago");
        memory.forget(&tenant());
        memory.show(tenant().as_str(), &service(), true);
        assert!(!memory.is_nowhere(&tenant(), &service()), "it is shown");
    }

    #[test]
    fn what_went_before_a_watch_began_is_found_missing_in_its_list() {
        let memory = Memory::default();
        assert!(memory.record(&tenant(), service(), [1; 32], version("Service", "10", 0)));
        assert_eq!(memory.listed("Ingress"), Vec::new(), "another kind");
        assert_eq!(memory.listed("Service"), [tenant()]);
        assert!(!memory.stands(&tenant(), &service(), &[1; 32]));
        assert!(memory.record(&tenant(), service(), [1; 32], version("Service", "11", 0)));
        memory.show(tenant().as_str(), &service(), true);
        assert_eq!(memory.listed("Service"), Vec::new());
    }

    #[test]
    fn what_goes_with_its_definition_is_applied_again_when_that_is_back() {
        let memory = Memory::default();
        assert!(memory.record(&tenant(), service(), [1; 32], version("Service", "10", 0)));
        memory.forget_kind("Service");
        assert!(!memory.stands(&tenant(), &service(), &[1; 32]));
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

//! Watches inside tenants' namespaces. The operator has no right to watch workloads or Secrets of the whole cluster, so
//! each tenant's namespace has its own watches, begun when the operator has its rights there and ended when the
//! tenant is gone.

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount},
    discovery::v1::EndpointSlice,
};
use kube::{
    Api, Client, Resource, ResourceExt,
    core::DynamicResourceScope,
    runtime::{
        reflector::{Store, store::Writer},
        watcher,
    },
};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use crate::{
    kinds::{Kind, Metadata},
    labels,
    memory::{Memory, ObjectId, Version},
    names::{ClientKey, TenantNamespace},
    render,
    running::Running,
    stores::{Seen, Tell, Trigger, follow},
};

/// Longest a reconcile waits for the first list of a tenant's workload.
const FIRST_LIST: Duration = Duration::from_secs(5);

/// What the watches show of a tenant's workload.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// The Deployment.
    pub deployment: Option<Arc<Running>>,
    /// Its pods, those that are ending included.
    pub pods: Vec<Arc<Running>>,
}

struct Tenant {
    deployments: Store<Running>,
    pods: Store<Running>,
    /// Dropping the set ends the watches.
    tasks: JoinSet<()>,
    /// Whether what answers while it sleeps is watched as well.
    asleep: bool,
}

/// The watches of every tenant.
pub struct TenantWatches {
    client: Client,
    memory: Arc<Memory>,
    trigger: Trigger,
    tenants: Mutex<HashMap<TenantNamespace, Tenant>>,
}

/// Starts the watches of one tenant.
struct Starter<'a> {
    watches: &'a TenantWatches,
    namespace: &'a TenantNamespace,
    owner: &'a ClientKey,
    tasks: JoinSet<()>,
}

impl TenantWatches {
    /// No watches yet.
    pub fn new(client: Client, memory: Arc<Memory>, trigger: Trigger) -> Self {
        Self { client, memory, trigger, tenants: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantNamespace, Tenant>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch a tenant unless it is watched already.
    pub fn begin(&self, namespace: &TenantNamespace, owner: &ClientKey) {
        self.lock().entry(namespace.clone()).or_insert_with(|| {
            let mut starter = Starter { watches: self, namespace, owner, tasks: JoinSet::new() };
            let deployments = starter.watch_running(Kind::of::<Deployment>());
            let pods = starter.watch_running(Kind::of::<Pod>());
            for kind in [
                Kind::of::<Secret>(),
                Kind::of::<ConfigMap>(),
                Kind::of::<PersistentVolumeClaim>(),
                Kind::of::<Service>(),
                Kind::of::<ServiceAccount>(),
            ] {
                starter.watch::<Metadata>(kind, managed(), false);
            }
            Tenant { deployments, pods, tasks: starter.tasks, asleep: false }
        });
    }

    /// Begins to watch what answers in place of a tenant that sleeps. Few do, and the cluster keeps a slice with the same
    /// labels for everybody: this watch is on the one name.
    pub fn begin_asleep(&self, namespace: &TenantNamespace, owner: &ClientKey) {
        let mut tenants = self.lock();
        let Some(tenant) = tenants.get_mut(namespace).filter(|tenant| !tenant.asleep) else { return };
        tenant.asleep = true;
        let mut starter =
            Starter { watches: self, namespace, owner, tasks: std::mem::take(&mut tenant.tasks) };
        let only = format!("metadata.name={}", render::asleep::name(owner));
        let config = watcher::Config::default().fields(&only);
        starter.watch::<Metadata>(Kind::of::<EndpointSlice>(), config, false);
        tenant.tasks = starter.tasks;
    }

    /// Stops watching a tenant.
    pub fn end(&self, namespace: &TenantNamespace) {
        self.lock().remove(namespace);
    }

    /// What is known of a tenant's workload; none while nothing was listed yet.
    pub async fn workload(&self, namespace: &TenantNamespace) -> Option<Workload> {
        let (deployments, pods) = {
            let tenants = self.lock();
            let tenant = tenants.get(namespace)?;
            (tenant.deployments.clone(), tenant.pods.clone())
        };
        let listed = async {
            deployments.wait_until_ready().await.ok()?;
            pods.wait_until_ready().await.ok()
        };
        tokio::time::timeout(FIRST_LIST, listed).await.ok()??;
        Some(Workload { deployment: deployments.state().into_iter().next(), pods: pods.state() })
    }
}

/// What the operator made.
fn managed() -> watcher::Config {
    watcher::Config::default().labels(&labels::managed_selector())
}

impl Starter<'_> {
    /// Watches a kind whose status is shown: every change of it asks for a reconcile.
    fn watch_running(&mut self, kind: Kind) -> Store<Running> {
        self.watch(kind, managed(), true)
    }

    /// Watches a kind. Every change of a `live` kind asks for a reconcile; of another kind only one that undoes what was
    /// applied.
    fn watch<K>(&mut self, kind: Kind, config: watcher::Config, live: bool) -> Store<K>
    where
        K: Resource<DynamicType = Kind, Scope = DynamicResourceScope>,
        K: Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    {
        let writer = Writer::new(kind);
        let reader = writer.as_reader();
        let api = Api::<K>::namespaced_with(self.watches.client.clone(), self.namespace.as_str(), &kind);
        let (memory, trigger) = (Arc::clone(&self.watches.memory), self.watches.trigger.clone());
        let (namespace, owner) = (self.namespace.clone(), self.owner.clone());
        let tell: Tell<'static, K> = Box::new(move |seen| {
            let id = |object: &K| ObjectId { kind: kind.name().to_owned(), name: object.name_any() };
            let drifted = match seen {
                Seen::Present(object) => {
                    let id = id(object);
                    let version = Version::of(&id.kind, object.meta());
                    memory.observe(&namespace, &id, Some(version))
                }
                Seen::Gone(object) => memory.observe(&namespace, &id(object), None),
                Seen::Forbidden => {
                    // The binding that gives the operator its rights is gone, and with it all certainty.
                    memory.forget(&namespace);
                    true
                }
                Seen::Listed => false,
            };
            if drifted {
                tracing::debug!(namespace = %namespace, kind = kind.name(), "changed since it was applied");
            }
            if live || drifted {
                trigger.client(&owner);
            }
        });
        self.tasks.spawn(follow(api, kind, config, writer, tell));
        reader
    }
}

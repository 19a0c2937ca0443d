//! Watches over the whole cluster, one per kind for all tenants: of kinds that are neither Secrets nor workloads. A watch
//! in every tenant's namespace, as [`crate::watches`] has, would cost a connection and a task for each.

use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Client, Resource, ResourceExt,
    runtime::{
        reflector::{Store, store::Writer},
        watcher,
    },
};
use tokio::task::JoinSet;

use crate::{
    installed::Installed,
    kinds::{Kind, Metadata},
    labels,
    memory::{Memory, ObjectId, Version},
    names::ClientKey,
    stores::{Guarded, Seen, Tell, Trigger, follow},
};

/// What the watches over the whole cluster share.
pub struct Shared {
    client: Client,
    memory: Arc<Memory>,
    trigger: Trigger,
    clients: Store<Guarded>,
    namespaces: Store<Metadata>,
    installed: Mutex<Installed>,
}

impl Shared {
    /// Nothing is watched yet.
    pub fn new(
        client: Client,
        memory: Arc<Memory>,
        trigger: Trigger,
        clients: Store<Guarded>,
        namespaces: Store<Metadata>,
    ) -> Self {
        Self { client, memory, trigger, clients, namespaces, installed: Mutex::default() }
    }

    /// Which kinds of other projects the cluster has.
    pub fn installed(&self) -> Installed {
        *self.installed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches what the operator made of a kind, until the task is dropped. A change that undoes what was applied asks for
    /// a reconcile.
    pub async fn watch(self: Arc<Self>, kind: Kind, writer: Writer<Metadata>) {
        let config = watcher::Config::default().labels(&labels::managed_selector());
        let tell: Tell<'_, Metadata> = Box::new(|seen| match seen {
            Seen::Present(object) => self.saw(kind.name(), object, true),
            Seen::Gone(object) => self.saw(kind.name(), object, false),
            Seen::Listed => self.listed(kind.name()),
            Seen::Forbidden => {}
        });
        follow(kind.all(&self.client), kind, config, writer, tell).await;
    }

    fn listed(&self, kind: &str) {
        for tenant in self.memory.listed(kind) {
            let known = self.namespaces.get(&Kind::of::<Namespace>().named(tenant.as_str()));
            if let Some((owner, _)) = known.and_then(|namespace| labels::tenant_of(namespace.meta())) {
                self.trigger.client(&owner);
            }
        }
    }

    fn saw(&self, kind: &str, object: &Metadata, present: bool) {
        let id = ObjectId { kind: kind.to_owned(), name: object.name_any() };
        let namespace = object.namespace().unwrap_or_default();
        self.memory.show(&namespace, &id, present);
        let Some((owner, environment)) = self.tenant_of(&namespace, object.meta()) else { return };
        let version = present.then(|| Version::of(kind, object.meta()));
        if self.memory.observe(&owner.namespace(environment), &id, version) {
            tracing::debug!(%namespace, %kind, name = %id.name, "changed since it was applied");
            self.trigger.client(&owner);
        }
    }

    /// Whose a namespace is: by the labels of the object in it, or by its own where those are somebody's edit.
    fn tenant_of(
        &self,
        namespace: &str,
        meta: &kube::api::ObjectMeta,
    ) -> Option<(ClientKey, mcp_crds::EnvironmentName)> {
        let mine =
            |(owner, environment): &(ClientKey, _)| owner.namespace(*environment).as_str() == namespace;
        labels::owner_of(meta).filter(mine).or_else(|| {
            let known = self.namespaces.get(&Kind::of::<Namespace>().named(namespace))?;
            labels::owner_of(known.meta()).filter(mine)
        })
    }

    /// Watches a kind for as long as its definition is there, until the task is dropped. `which` is where
    /// [`Installed`] has it.
    pub async fn watch_if_installed(
        self: Arc<Self>,
        kind: Kind,
        which: fn(&mut Installed) -> &mut bool,
        definitions: Writer<Metadata>,
    ) {
        let name = format!("{}.{}", kind.0.plural, kind.0.group);
        let definition = Kind::of::<CustomResourceDefinition>();
        let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
        let mut watching = JoinSet::new();
        let tell: Tell<'_, Metadata> = Box::new(|seen| {
            let there = match seen {
                Seen::Present(definition) => definition.metadata.deletion_timestamp.is_none(),
                Seen::Gone(_) => false,
                Seen::Listed => {
                    if watching.is_empty() {
                        // Of a kind that is not there, nothing is there.
                        self.listed(kind.name());
                    }
                    return;
                }
                Seen::Forbidden => return,
            };
            if there != watching.is_empty() {
                return;
            }
            tracing::info!(definition = %name, there, "the definition came or went");
            self.memory.forget_kind(kind.name());
            if there {
                let (_, writer) = kind.store();
                watching.spawn(Arc::clone(&self).watch(kind, writer));
            } else {
                watching = JoinSet::new();
                self.listed(kind.name());
            }
            *which(&mut self.installed.lock().unwrap_or_else(PoisonError::into_inner)) = there;
            self.look_at_all();
        });
        follow(definition.all(&self.client), definition, config, definitions, tell).await;
    }

    /// Asks for a reconcile of every client: what is rendered for some is another now.
    fn look_at_all(&self) {
        for client in self.clients.state() {
            if let Ok(key) = ClientKey::new(&client.namespace().unwrap_or_default(), &client.name_any()) {
                self.trigger.client(&key);
            }
        }
    }
}

//! The operator's picture of the cluster, kept by watches: clients, the namespaces made for them, and the metadata of
//! the Secrets beside them.

use std::{collections::HashMap, fmt::Debug};

use futures::{StreamExt, channel::mpsc};
use k8s_openapi::{
    api::core::v1::{Namespace, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Client, Resource, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        WatchStreamExt,
        reflector::{ObjectRef, Store, store::Writer},
        watcher,
    },
};
use mcp_crds::{McpClient, McpPlan};
use serde::de::DeserializeOwned;

use crate::{labels, memory::Version, names::ClientKey};

/// A client, or what could be read of one that does not fit its type.
pub type Guarded = DeserializeGuard<McpClient>;
/// A plan, or what could be read of one.
pub type GuardedPlan = DeserializeGuard<McpPlan>;

/// Asks for a reconcile.
#[derive(Clone, Debug)]
pub struct Trigger(mpsc::UnboundedSender<ObjectRef<Guarded>>);

impl Trigger {
    /// A trigger and the requests it makes.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<ObjectRef<Guarded>>) {
        let (sender, receiver) = mpsc::unbounded();
        (Self(sender), receiver)
    }

    /// Asks for a reconcile of a client.
    pub fn client(&self, key: &ClientKey) {
        // A receiver that is gone means the process is ending.
        let _ = self.0.unbounded_send(ObjectRef::new(key.name()).within(key.agency()));
    }
}

/// What a watch saw of an object.
#[derive(Debug)]
pub enum Seen<'a, K> {
    /// It is there, new or changed.
    Present(&'a K),
    /// It is gone; this is how it last was.
    Gone(&'a K),
    /// All that is there was shown.
    Listed,
    /// The watch itself was refused for want of rights.
    Forbidden,
}

/// Watches objects into a store until the task is dropped, and tells of every change, deletions that happened between
/// two watches included.
pub async fn follow<K>(
    api: Api<K>,
    config: watcher::Config,
    mut writer: Writer<K>,
    mut tell: impl FnMut(Seen<'_, K>),
) where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let mut events = watcher(api, config)
        .modify(|object| slim(object.meta_mut(), &K::kind(&())))
        .default_backoff()
        .boxed();
    let reader = writer.as_reader();
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                tracing::warn!(kind = %K::kind(&()), %error, "a watch broke off and will be taken up again");
                if is_forbidden(&error) {
                    tell(Seen::Forbidden);
                }
                continue;
            }
        };
        let before = if matches!(event, watcher::Event::InitDone) { reader.state() } else { Vec::new() };
        writer.apply_watcher_event(&event);
        match &event {
            watcher::Event::Apply(object) | watcher::Event::InitApply(object) => tell(Seen::Present(object)),
            watcher::Event::Delete(object) => tell(Seen::Gone(object)),
            watcher::Event::Init => {}
            watcher::Event::InitDone => {
                let lost = before
                    .iter()
                    .filter(|object| reader.get(&ObjectRef::from_obj(object.as_ref())).is_none());
                lost.for_each(|object| tell(Seen::Gone(object)));
                tell(Seen::Listed);
            }
        }
    }
}

/// Leaves out who manages which field, and of what has no generation keeps who changed it when.
fn slim(meta: &mut ObjectMeta, kind: &str) {
    if Version::is_told_by_managers(kind) {
        for entry in meta.managed_fields.iter_mut().flatten() {
            entry.fields_v1 = None;
        }
    } else {
        meta.managed_fields = None;
    }
}

fn is_forbidden(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status.is_forbidden(),
        _ => false,
    }
}

/// The stores every reconcile reads.
#[derive(Debug)]
pub struct Stores {
    /// Every client of the cluster.
    pub clients: Store<Guarded>,
    /// Every namespace the operator made.
    pub namespaces: Store<PartialObjectMeta<Namespace>>,
    /// Every plan.
    pub plans: Store<GuardedPlan>,
    secrets: HashMap<String, Store<PartialObjectMeta<Secret>>>,
}

impl Stores {
    /// The stores with the Secrets of each agency.
    pub fn new(
        clients: Store<Guarded>,
        namespaces: Store<PartialObjectMeta<Namespace>>,
        plans: Store<GuardedPlan>,
        secrets: HashMap<String, Store<PartialObjectMeta<Secret>>>,
    ) -> Self {
        Self { clients, namespaces, plans, secrets }
    }

    /// The clients that name a plan.
    pub fn clients_of_plan(clients: &Store<Guarded>, plan: &str) -> Vec<ClientKey> {
        clients
            .state()
            .iter()
            .filter_map(|guarded| guarded.0.as_ref().ok())
            .filter(|client| client.spec.plan.as_deref() == Some(plan))
            .filter_map(|client| ClientKey::new(&client.namespace()?, &client.name_any()).ok())
            .collect()
    }

    /// Whether clients in this namespace are served.
    pub fn serves(&self, agency: &str) -> bool {
        self.secrets.contains_key(agency)
    }

    /// Which state of a Secret the watch shows; none when there is no such Secret.
    pub fn credentials_version(&self, agency: &str, name: &str) -> Option<String> {
        let secret = self.secrets.get(agency)?.get(&ObjectRef::new(name).within(agency))?;
        Some(format!(
            "{} {}",
            secret.uid().unwrap_or_default(),
            secret.resource_version().unwrap_or_default()
        ))
    }

    /// The clients of an agency.
    pub fn clients_of_agency(clients: &Store<Guarded>, agency: &str) -> Vec<ClientKey> {
        let mine = |guarded: &Guarded| guarded.namespace().as_deref() == Some(agency);
        clients
            .state()
            .iter()
            .filter(|guarded| mine(guarded))
            .filter_map(|guarded| ClientKey::new(agency, &guarded.name_any()).ok())
            .collect()
    }

    /// The clients of an agency that refer to a Secret.
    pub fn clients_of_secret(clients: &Store<Guarded>, agency: &str, secret: &str) -> Vec<ClientKey> {
        clients
            .state()
            .iter()
            .filter_map(|guarded| guarded.0.as_ref().ok())
            .filter(|client| client.namespace().as_deref() == Some(agency))
            .filter(|client| refers_to(client, secret))
            .filter_map(|client| ClientKey::new(agency, &client.name_any()).ok())
            .collect()
    }
}

fn refers_to(client: &McpClient, secret: &str) -> bool {
    client.spec.credentials_secret_ref.name == secret
        || client.spec.environments.iter().any(|environment| {
            let database =
                environment.database.postgres.as_ref().and_then(|postgres| postgres.secret_ref.as_ref());
            environment
                .credentials_secret_ref
                .iter()
                .chain(database)
                .any(|reference| reference.name == secret)
        })
}

/// The watch on the Secrets of one agency. Metadata only: no value is sent. Secrets without the label are watched as
/// well, so that one that lacks it is told from one that is not there.
pub async fn follow_credentials(
    client: Client,
    agency: String,
    writer: Writer<PartialObjectMeta<Secret>>,
    clients: Store<Guarded>,
    trigger: Trigger,
) {
    let api = Api::<PartialObjectMeta<Secret>>::namespaced(client, &agency);
    follow(api, watcher::Config::default(), writer, |seen| {
        let (Seen::Present(secret) | Seen::Gone(secret)) = seen else { return };
        let of_plans = secret.labels().get(labels::PULL_SECRET).is_some_and(|value| value == "true");
        let keys = if of_plans {
            // A plan names it: whoever looks and has nothing to do with it asks nothing.
            Stores::clients_of_agency(&clients, &agency)
        } else {
            Stores::clients_of_secret(&clients, &agency, &secret.name_any())
        };
        for key in keys {
            trigger.client(&key);
        }
    })
    .await;
}

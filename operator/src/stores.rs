//! The operator's picture of the cluster, kept by watches: clients, the namespaces made for them, and the metadata of
//! the Secrets beside them.

use std::{collections::HashMap, fmt::Debug, hash::Hash};

use futures::{StreamExt, TryStreamExt, channel::mpsc};
use k8s_openapi::{api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Client, Resource, ResourceExt,
    runtime::{
        Controller, WatchStreamExt,
        reflector::{self, ObjectRef, Store, reflector, store::Writer},
        watcher,
    },
};
use mcp_crds::{McpClient, McpPlan};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::{
    guard::DeserializeGuard,
    kinds::{Kind, Metadata},
    labels,
    memory::Version,
    names::ClientKey,
};

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

/// Whoever is told what a watch saw.
pub type Tell<'a, K> = Box<dyn FnMut(Seen<'_, K>) + Send + 'a>;

/// Watches objects of a kind into a store until the task is dropped, and tells of every change, deletions that happened
/// between two watches included.
pub async fn follow<K>(
    api: Api<K>,
    kind: K::DynamicType,
    config: watcher::Config,
    mut writer: Writer<K>,
    mut tell: Tell<'_, K>,
) where
    K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    K::DynamicType: Clone + Debug + Eq + Hash,
{
    let name = K::kind(&kind).into_owned();
    let mut events =
        watcher(api, config).modify(|object| slim(object.meta_mut(), &name)).default_backoff().boxed();
    let reader = writer.as_reader();
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                tracing::warn!(kind = %name, %error, "a watch broke off and will be taken up again");
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
                let lost = before.iter().filter(|object| {
                    reader.get(&ObjectRef::from_obj_with(object.as_ref(), kind.clone())).is_none()
                });
                lost.for_each(|object| tell(Seen::Gone(object)));
                tell(Seen::Listed);
            }
        }
    }
}

/// Waits until everything was listed once. Any number may wait, each for as long as it likes; a [`Store`] tells only the
/// last of those who ask it.
#[derive(Clone, Debug)]
pub struct Listed(watch::Receiver<bool>);

impl Listed {
    /// What is told that everything was listed, and what waits for it.
    pub fn new(listed: bool) -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(listed);
        (sender, Self(receiver))
    }

    /// Whether it was.
    pub fn is_so(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits. False when nobody will list any more.
    pub async fn wait(&mut self) -> bool {
        self.0.wait_for(|listed| *listed).await.is_ok()
    }
}

/// A controller over all objects of a type, and when it has seen all there are.
pub fn controller<K>(client: Client) -> (Controller<DeserializeGuard<K>>, Listed)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let (sender, listed) = Listed::new(false);
    let events = watcher(Api::all(client), watcher::Config::default());
    let events = reflector(writer, events).inspect_ok(move |event| {
        if matches!(event, watcher::Event::InitDone) {
            sender.send_replace(true);
        }
    });
    (Controller::for_stream(events.applied_objects(), store), listed)
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
    pub namespaces: Store<Metadata>,
    /// Every plan.
    pub plans: Store<GuardedPlan>,
    secrets: HashMap<String, Store<Metadata>>,
}

impl Stores {
    /// The stores with the Secrets of each agency.
    pub fn new(
        clients: Store<Guarded>,
        namespaces: Store<Metadata>,
        plans: Store<GuardedPlan>,
        secrets: HashMap<String, Store<Metadata>>,
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
        let secret = self.secrets.get(agency)?.get(&Kind::of::<Secret>().named(name).within(agency))?;
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
    writer: Writer<Metadata>,
    clients: Store<Guarded>,
    trigger: Trigger,
) {
    let kind = Kind::of::<Secret>();
    let tell: Tell<'_, Metadata> = Box::new(|seen| {
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
    });
    follow(kind.namespaced(&client, &agency), kind, watcher::Config::default(), writer, tell).await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A store tells only the last of those who wait for it.
    #[tokio::test(start_paused = true)]
    async fn everybody_who_waits_is_told_that_all_was_listed() {
        let (sender, listed) = Listed::new(false);
        let waits = |mut listed: Listed| tokio::spawn(async move { listed.wait().await });
        let (first, second) = (waits(listed.clone()), waits(listed));
        tokio::time::sleep(Duration::from_secs(1)).await;
        sender.send_replace(true);
        let told = tokio::time::timeout(Duration::from_secs(1), async {
            first.await.unwrap() && second.await.unwrap()
        });
        assert!(told.await.unwrap());
    }
}

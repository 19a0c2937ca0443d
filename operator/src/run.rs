//! Starts and stops the parts of a running operator.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Config, Resource, ResourceExt,
    api::ListParams,
    client::ClientBuilder,
    core::PartialObjectMeta,
    runtime::{
        Controller,
        events::{Recorder, Reporter},
        reflector::{self, Store, store::Writer},
        watcher,
    },
};
use mcp_crds::McpClient;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    MANAGER,
    clock::SystemClock,
    context::{Context, Failures},
    controller, labels,
    memory::{Memory, ObjectId, Version},
    metrics::Metrics,
    plans,
    probes::Probes,
    render::Platform,
    requests::CountLayer,
    settings::Settings,
    stores::{Guarded, GuardedPlan, Seen, Stores, Trigger, follow, follow_credentials},
    watches::TenantWatches,
};

/// Why the operator cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no cluster to talk to.
    #[error("find the cluster: {0}; run inside of one, or set KUBECONFIG")]
    Configuration(String),
    /// The additional certificate authorities are not there.
    #[error("read EXTRA_CA_FILE {path}: {source}")]
    ExtraCa {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The probes' address is taken or not ours.
    #[error("listen for probes: {0}; choose another address with LISTEN_PROBES")]
    Probes(std::io::Error),
}

/// How long a watch may take for its first list before the operator starts without it.
const FIRST_LISTS: Duration = Duration::from_secs(15);

/// A client for the cluster the process runs in, or the one of `KUBECONFIG`. Its requests are counted.
pub async fn client_from_environment(metrics: &Arc<Metrics>) -> Result<Client, RunError> {
    let config = Config::infer().await.map_err(|error| RunError::Configuration(error.to_string()))?;
    client(config, metrics)
}

/// A client whose requests are counted.
pub fn client(config: Config, metrics: &Arc<Metrics>) -> Result<Client, RunError> {
    let builder =
        ClientBuilder::try_from(config).map_err(|error| RunError::Configuration(error.to_string()))?;
    Ok(builder.with_layer(&CountLayer(Arc::clone(metrics))).build())
}

/// Cancels `stop` on SIGTERM or Ctrl+C.
pub async fn stop_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping");
    stop.cancel();
}

/// Runs the operator until `stop`.
///
/// Only one may run in a cluster: there is no leader election, the chart's Deployment has one replica and is recreated,
/// never rolled.
pub async fn run(
    client: Client,
    settings: Settings,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) -> Result<(), RunError> {
    let extra_ca = match &settings.extra_ca_file {
        Some(path) => Some(
            tokio::fs::read_to_string(path)
                .await
                .map_err(|source| RunError::ExtraCa { path: path.display().to_string(), source })?,
        ),
        None => None,
    };
    let ready = Arc::new(AtomicBool::new(false));
    let probes = Probes { metrics: Arc::clone(&metrics), ready: Arc::clone(&ready) };
    let listening = tokio::spawn(probes.serve(settings.listen_probes, stop.clone()));
    let working = work(client, Platform { settings, extra_ca }, metrics, ready, stop.clone());
    tokio::pin!(working);
    tokio::select! {
        () = &mut working => Ok(()),
        listened = listening => {
            stop.cancel();
            working.await;
            match listened {
                Ok(Err(error)) => Err(RunError::Probes(error)),
                Ok(Ok(())) | Err(_) => Ok(()),
            }
        }
    }
}

async fn work(
    client: Client,
    platform: Platform,
    metrics: Arc<Metrics>,
    ready: Arc<AtomicBool>,
    stop: CancellationToken,
) {
    tokio::select! {
        () = wait_for_definition(&client) => {}
        () = stop.cancelled() => return,
    }
    let memory = Arc::new(Memory::default());
    let (trigger, triggers) = Trigger::new();
    let watches = Arc::new(TenantWatches::new(client.clone(), Arc::clone(&memory), trigger.clone()));
    let controller = Controller::new(Api::<Guarded>::all(client.clone()), watcher::Config::default());
    let clients = controller.store();

    let mut follows = JoinSet::new();
    let (namespaces, writer) = reflector::store();
    follows.spawn(follow_namespaces(
        client.clone(),
        writer,
        Arc::clone(&memory),
        Arc::clone(&watches),
        trigger.clone(),
    ));
    let followed = Controller::new(Api::<GuardedPlan>::all(client.clone()), watcher::Config::default());
    let plans = followed.store();
    follows.spawn(plans::follow(
        followed,
        plans::Plans {
            client: client.clone(),
            clients: clients.clone(),
            trigger: trigger.clone(),
            clock: Arc::new(SystemClock),
        },
    ));
    let mut secrets = HashMap::new();
    for agency in &platform.settings.agency_namespaces {
        let (reader, writer) = reflector::store();
        let follow =
            follow_credentials(client.clone(), agency.clone(), writer, clients.clone(), trigger.clone());
        follows.spawn(follow);
        secrets.insert(agency.clone(), reader);
    }
    listed("namespaces", &namespaces).await;
    listed("plans", &plans).await;
    for (agency, store) in &secrets {
        listed(agency, store).await;
    }
    ready.store(true, Ordering::Relaxed);
    tracing::info!(agencies = ?platform.settings.agency_namespaces, "running");

    let reporter = Reporter { controller: MANAGER.to_owned(), instance: None };
    let context = Arc::new(Context {
        recorder: Recorder::new(client.clone(), reporter),
        client,
        platform,
        stores: Stores::new(clients, namespaces, plans, secrets),
        watches,
        memory,
        clock: Arc::new(SystemClock),
        metrics,
        failures: Failures::default(),
    });
    controller::run(controller, triggers, context, stop).await;
}

/// The definition may be installed a moment after the operator was.
async fn wait_for_definition(client: &Client) {
    let api = Api::<PartialObjectMeta<McpClient>>::all(client.clone());
    while let Err(error) = api.list(&ListParams::default().limit(1)).await {
        tracing::warn!(%error, "McpClients cannot be listed yet; is the definition installed?");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn follow_namespaces(
    client: Client,
    writer: Writer<PartialObjectMeta<Namespace>>,
    memory: Arc<Memory>,
    watches: Arc<TenantWatches>,
    trigger: Trigger,
) {
    let api = Api::<PartialObjectMeta<Namespace>>::all(client);
    let config = watcher::Config::default().labels(&labels::managed_selector());
    follow(api, config, writer, |seen| {
        let (gone, namespace) = match seen {
            Seen::Present(namespace) => (false, namespace),
            Seen::Gone(namespace) => (true, namespace),
            Seen::Forbidden => return,
        };
        let Some((owner, environment)) = labels::owner_of(namespace.meta()) else { return };
        let tenant = owner.namespace(environment);
        if tenant.as_str() != namespace.name_any() {
            return;
        }
        if gone {
            // Nothing that was in it stands any more.
            watches.end(&tenant);
            memory.forget(&tenant);
        } else {
            let id = ObjectId { kind: Namespace::kind(&()).into_owned(), name: namespace.name_any() };
            memory.observe(&tenant, &id, Some(Version::of(&id.kind, namespace.meta())));
        }
        trigger.client(&owner);
    })
    .await;
}

async fn listed<K>(what: &str, store: &Store<K>)
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    if tokio::time::timeout(FIRST_LISTS, store.wait_until_ready()).await.is_err() {
        tracing::warn!(%what, "not listed in time; the operator starts without it and catches up");
    }
}

//! Starts and stops the parts of a running operator.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use k8s_openapi::{
    api::{
        core::v1::{ConfigMap, LimitRange, Namespace, ResourceQuota, Secret},
        networking::v1::{Ingress, NetworkPolicy},
        policy::v1::PodDisruptionBudget,
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Config, Resource, ResourceExt,
    api::ListParams,
    client::ClientBuilder,
    runtime::{
        events::{Recorder, Reporter},
        reflector::{self, Store, store::Writer},
        watcher,
    },
};
use mcp_crds::{McpClient, McpPlan};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    MANAGER,
    asleep::{self, Sleepers},
    client::{
        database::{self, Databases},
        holdings::Holdings,
    },
    clock::{Clock, SystemClock},
    context::{Context, Failures},
    controller,
    external::{HTTPRoute, PodMonitor},
    installed::Installed,
    kinds::{self, Kind, Metadata},
    labels,
    leader::{Candidate, Ended, InCluster, Timing},
    memory::{Memory, ObjectId, Version},
    metrics::Metrics,
    plans,
    probe::{ask::Http, board::Board, rounds},
    probes::Probes,
    render::Platform,
    requests::CountLayer,
    rollout::{Rollouts, follow::Rolling, keep},
    settings::Settings,
    shared::Shared,
    stores::{self, Seen, Stores, Tell, Trigger, follow, follow_credentials},
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
    /// Another process leads, or nobody can be told.
    #[error(
        "stop leading: {0}; the process ends so that nothing more is written, and begins anew as a candidate"
    )]
    Lost(String),
    /// The probes' address is taken or not ours.
    #[error("listen for probes: {0}; choose another address with LISTEN_PROBES")]
    Probes(std::io::Error),
    /// The address for tenants that sleep is taken or not ours.
    #[error("listen for tenants that sleep: {0}; choose another address with LISTEN_ASLEEP")]
    Asleep(std::io::Error),
}

/// How long a watch may take for its first list before that is said; without an agency's Secrets the operator starts.
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

/// Runs the operator until `stop`, or until it may not lead any more.
///
/// Any number may run in a cluster: one holds the lease and acts, the others stand by and hold no state.
pub async fn run(
    client: Client,
    settings: Settings,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) -> Result<(), RunError> {
    run_by(client, settings, metrics, Arc::new(SystemClock), stop).await
}

/// Likewise, by another clock than the machine's.
pub async fn run_by(
    client: Client,
    mut settings: Settings,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> Result<(), RunError> {
    settings.database_port = database::port(&settings).await;
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
    let sleepers = Arc::<Sleepers>::default();
    let answering = tokio::spawn(asleep::serve(Arc::clone(&sleepers), settings.listen_asleep, stop.clone()));
    let platform = Platform { settings, extra_ca };
    let working = lead(client, platform, metrics, clock, sleepers, ready, stop.clone());
    tokio::pin!(working);
    let failed = tokio::select! {
        ended = &mut working => return ended,
        listened = listening => listened.ok().and_then(Result::err).map(RunError::Probes),
        answered = answering => answered.ok().and_then(Result::err).map(RunError::Asleep),
    };
    stop.cancel();
    let ended = working.await;
    failed.map_or(ended, Err)
}

/// Waits for the lease, works while it is held, and gives it back when nothing is being written any more.
async fn lead(
    client: Client,
    platform: Platform,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    sleepers: Arc<Sleepers>,
    ready: Arc<AtomicBool>,
    stop: CancellationToken,
) -> Result<(), RunError> {
    let leases = Api::namespaced(client.clone(), &platform.settings.operator_namespace);
    let identity = platform.settings.identity();
    let mut candidate =
        Candidate::new(InCluster::new(leases), Arc::clone(&clock), identity.clone(), Timing::default());
    // Standing by is a way of being ready: a roll-out goes on while another one leads.
    ready.store(true, Ordering::Relaxed);
    if !candidate.campaign(&stop).await {
        return Ok(());
    }
    ready.store(false, Ordering::Relaxed);
    metrics.leading.set(1);
    tracing::info!(%identity, "leading");
    let ended = {
        let mut working =
            pin!(work(client, platform, Arc::clone(&metrics), clock, sleepers, ready, stop.clone()));
        let holding = CancellationToken::new();
        let mut held = pin!(candidate.hold(&holding));
        tokio::select! {
            () = &mut working => Ended::Stopped,
            // What is being written at this moment is not waited for: the lease of another one may begin.
            ended = &mut held => ended,
        }
    };
    metrics.leading.set(0);
    match ended {
        Ended::Stopped => {
            candidate.resign().await;
            Ok(())
        }
        Ended::Lost(why) => Err(RunError::Lost(why)),
    }
}

#[expect(clippy::too_many_lines, reason = "the parts, one after the other, as they are wired")]
async fn work(
    client: Client,
    platform: Platform,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    sleepers: Arc<Sleepers>,
    ready: Arc<AtomicBool>,
    stop: CancellationToken,
) {
    tokio::select! {
        () = wait_for_definition(&client) => {}
        () = stop.cancelled() => return,
    }
    let memory = Arc::new(Memory::default());
    let holdings = Arc::new(Holdings::default());
    let (trigger, triggers) = Trigger::new();
    let watches = Arc::new(TenantWatches::new(client.clone(), Arc::clone(&memory), trigger.clone()));
    let (controller, clients_listed) = stores::controller::<McpClient>(client.clone());
    let clients = controller.store();
    metrics.of(clients.clone());

    let servers = Arc::new(Board::new(platform.settings.probe_interval));
    let mut follows = JoinSet::new();
    follows.spawn(rounds::run(
        Arc::clone(&servers),
        Arc::new(Http::new(Arc::clone(&clock))),
        trigger.clone(),
        Arc::clone(&metrics),
        stop.clone(),
    ));
    let (namespaces, writer) = Kind::of::<Namespace>().store();
    follows.spawn(follow_namespaces(
        client.clone(),
        writer,
        Arc::clone(&memory),
        Arc::clone(&holdings),
        Arc::clone(&watches),
        Arc::clone(&servers),
        trigger.clone(),
    ));
    let (followed, mut plans_listed) = stores::controller::<McpPlan>(client.clone());
    let plans = followed.store();
    follows.spawn(plans::follow(
        followed,
        plans::Plans {
            client: client.clone(),
            clients: clients.clone(),
            trigger: trigger.clone(),
            clock: Arc::clone(&clock),
        },
    ));
    let mut secrets = HashMap::new();
    for agency in &platform.settings.agency_namespaces {
        let (reader, writer) = Kind::of::<Secret>().store();
        let follow =
            follow_credentials(client.clone(), agency.clone(), writer, clients.clone(), trigger.clone());
        follows.spawn(follow);
        secrets.insert(agency.clone(), reader);
    }
    let (kept, writer) = reflector::store();
    let own = Api::<ConfigMap>::namespaced(client.clone(), &platform.settings.operator_namespace);
    let config = watcher::Config::default().labels(&keep::selector());
    follows.spawn(follow(own, (), config, writer, Box::new(|_| ())));
    let shared = Shared::new(
        client.clone(),
        Arc::clone(&memory),
        trigger.clone(),
        clients.clone(),
        namespaces.clone(),
    );
    let shared = Arc::new(shared);
    // Everything is asked for at once, and then waited for: a start takes as long as the slowest list.
    let lists = watch_the_cluster(&shared, &mut follows);
    // Who is rolled out how far must be known before anybody is looked at: the operator waits for it.
    let known = async {
        plans_listed.wait().await
            && namespaces.wait_until_ready().await.is_ok()
            && kept.wait_until_ready().await.is_ok()
    };
    tokio::select! {
        known = known => if !known { return },
        () = stop.cancelled() => return,
    }
    for (what, store) in secrets.iter().chain(lists.iter().map(|(what, store)| (what, store))) {
        listed(what, store).await;
    }
    ready.store(true, Ordering::Relaxed);
    tracing::info!(agencies = ?platform.settings.agency_namespaces, "running");

    let config_maps = kept.state();
    let rollouts = Arc::new(Rollouts::new(
        platform.clone(),
        keep::read(config_maps.iter().map(AsRef::as_ref)),
        clock.now(),
    ));
    let reporter = Reporter { controller: MANAGER.to_owned(), instance: None };
    let rolling = Rolling {
        client: client.clone(),
        rollouts: Arc::clone(&rollouts),
        clients: clients.clone(),
        namespaces: namespaces.clone(),
        plans: plans.clone(),
        kept,
        trigger,
        clock: Arc::clone(&clock),
    };
    follows.spawn(rolling.follow());
    let context = Arc::new(Context {
        recorder: Recorder::new(client.clone(), reporter),
        client,
        platform,
        stores: Stores::new(clients, namespaces, plans, secrets),
        watches,
        servers,
        rollouts,
        shared,
        memory,
        holdings,
        sleepers,
        databases: Databases::default(),
        clock,
        metrics,
        failures: Failures::default(),
    });
    controller::run(controller, clients_listed, triggers, context, stop).await;
}

/// Begins to watch what there is one of per tenant. Returns what is to be listed, and where it is when it was.
fn watch_the_cluster(shared: &Arc<Shared>, follows: &mut JoinSet<()>) -> Vec<(String, Store<Metadata>)> {
    let mut lists = Vec::new();
    for kind in [
        Kind::of::<NetworkPolicy>(),
        Kind::of::<LimitRange>(),
        Kind::of::<ResourceQuota>(),
        Kind::of::<PodDisruptionBudget>(),
        Kind::of::<Ingress>(),
    ] {
        let (reader, writer) = kind.store();
        follows.spawn(Arc::clone(shared).watch(kind, writer));
        lists.push((kind.name().to_owned(), reader));
    }
    let others = [Kind::of::<HTTPRoute>(), Kind::of::<PodMonitor>()];
    let which: [fn(&mut Installed) -> &mut bool; 2] =
        [|installed| &mut installed.http_route, |installed| &mut installed.pod_monitor];
    for (kind, which) in others.into_iter().zip(which) {
        let (reader, writer) = Kind::of::<CustomResourceDefinition>().store();
        follows.spawn(Arc::clone(shared).watch_if_installed(kind, which, writer));
        lists.push((format!("definition of {}", kind.name()), reader));
    }
    lists
}

/// The definition may be installed a moment after the operator was.
async fn wait_for_definition(client: &Client) {
    let api = kinds::CLIENT.all(client);
    while let Err(error) = api.list(&ListParams::default().limit(1)).await {
        tracing::warn!(%error, "McpClients cannot be listed yet; is the definition installed?");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn follow_namespaces(
    client: Client,
    writer: Writer<Metadata>,
    memory: Arc<Memory>,
    holdings: Arc<Holdings>,
    watches: Arc<TenantWatches>,
    servers: Arc<Board>,
    trigger: Trigger,
) {
    let kind = Kind::of::<Namespace>();
    let config = watcher::Config::default().labels(&labels::managed_selector());
    let tell: Tell<'_, Metadata> = Box::new(|seen| {
        let (gone, namespace) = match seen {
            Seen::Present(namespace) => (false, namespace),
            Seen::Gone(namespace) => (true, namespace),
            Seen::Listed | Seen::Forbidden => return,
        };
        let Some((owner, environment)) = labels::tenant_of(namespace.meta()) else { return };
        let tenant = owner.namespace(environment);
        if gone {
            // Nothing that was in it stands any more.
            watches.end(&tenant);
            servers.end(&tenant);
            memory.forget(&tenant);
            holdings.release(&tenant);
        } else {
            let id = ObjectId { kind: kind.name().to_owned(), name: namespace.name_any() };
            memory.observe(&tenant, &id, Some(Version::of(&id.kind, namespace.meta())));
        }
        trigger.client(&owner);
    });
    follow(kind.all(&client), kind, config, writer, tell).await;
}

/// Waits until a store was filled, but not for ever.
async fn listed(what: &str, store: &Store<Metadata>) {
    if tokio::time::timeout(FIRST_LISTS, store.wait_until_ready()).await.is_err() {
        tracing::warn!(%what, "not listed in time");
    }
}

//! Puts the parts together and runs them until SIGTERM.

use std::{sync::Arc, time::Duration};

use axum::{Router, middleware::from_fn_with_state};
use mcp_store::Store;
use tokio::{net::TcpListener, signal::unix};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    assistant::{Assistant, TURN_DEADLINE, TurnLoop, gemini::Google},
    booking::{Desk, Scheduler, SlotRefs},
    calendar::{
        calendars::Calendars,
        mirror::MirrorLoop,
        service::{CalendarService, Parts},
    },
    clock::{SharedClock, SystemClock},
    clock_watch::ClockWatch,
    database::Database,
    http_client,
    ids::RandomIds,
    look::{
        self,
        watch::{CalendarLook, ModelLook, NumberLook, Watch},
    },
    mcp::{self, Gate, TenantTools, authenticate},
    metrics::Metrics,
    notices::{self, Approved},
    owner::{approvals::ApprovalLoop, proposals::OnWhatsApp},
    profile_file,
    settings::Settings,
    status::{Dependency, StatusBoard},
    telemetry,
    token::Keys,
    traces::Traces,
    wake::Wake,
    watchdog::{self, Watchdog},
    web::{
        self,
        body::BodyReader,
        connections::Limits,
        internal::{self, Internal},
        programs::{Room, enter},
        public,
        rest::{self, Rest, waiting::Waiting},
        webhook::Webhook,
    },
    whatsapp::{
        graph::Graph,
        intake::Intake,
        pace::Pace,
        receipt::Receipts,
        sender::{SenderLoop, UNKNOWN_WAIT},
        signature::Verifier,
    },
};

/// Why the server did not start or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The profile.
    #[error(transparent)]
    Profile(#[from] profile_file::ProfileError),
    /// The database.
    #[error(transparent)]
    Open(#[from] mcp_store::OpenError),
    /// The database, later.
    #[error(transparent)]
    Store(#[from] mcp_store::StoreError),
    /// TLS.
    #[error(transparent)]
    Client(#[from] http_client::ClientError),
    /// The signing key.
    #[error(transparent)]
    Token(#[from] crate::token::TokenError),
    /// Google's key.
    #[error(transparent)]
    Google(#[from] crate::calendar::token::KeyError),
    /// The watchdog has no thread.
    #[error("start the watchdog")]
    Watchdog(#[source] std::io::Error),
    /// A listener.
    #[error("listen on {0}")]
    Listen(std::net::SocketAddr, #[source] std::io::Error),
    /// A listener, later.
    #[error("serve")]
    Serve(#[source] std::io::Error),
}

/// How long requests in progress may take after SIGTERM.
const CLOSE: Duration = Duration::from_secs(5);
/// How long work in progress may take after that.
const GRACE: Duration = Duration::from_secs(20);

/// Exit code of a process that was told twice.
const AT_ONCE: i32 = 130;

/// Runs the tenant until SIGTERM or SIGINT.
pub async fn run(settings: Settings) -> Result<(), ServeError> {
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    start(settings, Arc::new(SystemClock), stop).await
}

/// Runs the tenant until stopped.
#[expect(
    clippy::too_many_lines,
    reason = "one part after the other, in the order in which they need each other"
)]
pub async fn start(
    settings: Settings,
    clock: SharedClock,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let tasks = TaskTracker::new();
    let (profile, file, watching) =
        profile_file::watch(settings.profile_path.clone(), Arc::clone(&clock), stop.clone()).await?;
    let keys = Arc::new(Keys::from_pem(&settings.signing_key)?);
    let http = http_client::client(settings.extra_ca_file.as_deref())?;
    let database = Database::open(&settings.database_url, &settings.tenant).await?;
    let store: Arc<dyn Store> = database.store();
    store.recover(clock.now(), UNKNOWN_WAIT).await?;
    let (wake, board, metrics) =
        (Arc::new(Wake::default()), Arc::new(StatusBoard::new(clock.now())), Arc::new(Metrics::default()));

    let exported =
        settings.traces.clone().map(|to| Traces::exported(&http, to, keys.secret(), &settings.tenant));
    let (traces, bringing) =
        exported.map_or_else(Default::default, |(traces, bringing)| (traces, Some(bringing)));

    let watchdog = Watchdog::default();
    watchdog.start().map_err(ServeError::Watchdog)?;
    watchdog::ask(&watchdog, &store, &tasks, &stop);

    let desk = |outside| Desk {
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        ids: Arc::new(RandomIds),
        profile: profile.clone(),
        refs: SlotRefs::new(keys.secret()),
        outside,
        templates: settings.whatsapp.templates.clone(),
    };
    // What is asked is about the mirror that was just read: no calendar is read for it again.
    let asking = OnWhatsApp { desk: Arc::new(desk(None)), wake: Arc::clone(&wake) };
    let parts = || Parts {
        http: http.clone(),
        secret: keys.secret(),
        store: Arc::clone(&store),
        profile: profile.clone(),
        clock: Arc::clone(&clock),
        ids: Arc::new(RandomIds),
        wake: Arc::clone(&wake),
        board: Arc::clone(&board),
        owner: Arc::new(asking.clone()),
        reoffer: Arc::new(asking.clone()),
    };
    let google = CalendarService::of(&settings, parts)?;
    let outside = google.as_ref().map(CalendarService::outside);
    let desk = Arc::new(desk(outside.clone()));
    let (intake, writing) = Intake::start(
        Arc::clone(&store),
        Arc::clone(&clock),
        Arc::clone(&wake),
        Arc::clone(&board),
        watchdog.watch("the loop of deliveries"),
        stop.clone(),
    );

    let gate = Arc::new(Gate {
        keys,
        public_url: settings.public_url.clone(),
        clock: Arc::clone(&clock),
        metrics: Arc::clone(&metrics),
    });
    let answers = Arc::new(Waiting::default());
    let rest = Rest {
        scheduler: Scheduler::new(&desk, &wake, &metrics),
        intake: intake.clone(),
        waiting: Arc::clone(&answers),
    };
    let room = Room::new(Arc::clone(&metrics));
    let mcp = programs(rest, gate, room, &settings, &stop);
    let webhook = Arc::new(Webhook {
        bodies: BodyReader::default(),
        verifier: Verifier::new(&settings.whatsapp.app_secrets),
        verify_token: settings.whatsapp.verify_token.clone(),
        phone_number_id: settings.whatsapp.phone_number_id.clone(),
        business_account_id: settings.whatsapp.business_account_id.clone(),
        profile: profile.clone(),
        intake,
        clock: Arc::clone(&clock),
        metrics: Arc::clone(&metrics),
        traces: traces.clone(),
    });
    let internal = Arc::new(Internal {
        store: Arc::clone(&store),
        profile: profile.clone(),
        file,
        board: Arc::clone(&board),
        metrics: Arc::clone(&metrics),
        client: settings.tenant.client.clone(),
        environment: settings.tenant.environment.clone(),
        clock: Arc::clone(&clock),
        started: clock.now(),
        currency: settings.gemini.prices.currency.as_str().to_owned(),
    });
    let mcp = mcp.merge(google.as_ref().map(CalendarService::router).unwrap_or_default());
    let public = public::router(webhook, mcp, &settings.base_path);

    let approved = Approved::of(&settings.whatsapp.templates);
    notices::spawn(&tasks, &desk, &wake, approved, &stop);
    tasks.spawn(ApprovalLoop::new(Arc::clone(&desk), Arc::clone(&wake)).run(stop.clone()));
    let graph = Graph::new(http.clone(), settings.whatsapp.clone());
    let pace = Arc::new(Pace::new(settings.whatsapp.messages_per_second));

    tasks.spawn(expire_keys(Arc::clone(&store), Arc::clone(&clock), stop.clone()));
    if let Some(bringing) = bringing {
        tasks.spawn(bringing.run(stop.clone()));
    }
    tasks.spawn(watching);
    let clock_watch =
        ClockWatch { store: Arc::clone(&store), clock: Arc::clone(&clock), wake: Arc::clone(&wake) };
    tasks.spawn(clock_watch.run(stop.clone()));
    tasks.spawn(writing);
    tasks.spawn(
        TurnLoop {
            store: Arc::clone(&store),
            assistant: Arc::new(Assistant::new(desk, &http, &settings, Arc::clone(&board))),
            clock: Arc::clone(&clock),
            wake: Arc::clone(&wake),
            metrics: Arc::clone(&metrics),
            traces: traces.clone(),
            receipts: Receipts::new(graph.clone(), Arc::clone(&pace)),
            pulse: Arc::new(watchdog.watch("the loop of turns")),
            deadline: TURN_DEADLINE,
        }
        .run(stop.clone()),
    );
    tasks.spawn(
        SenderLoop {
            store: Arc::clone(&store),
            graph: graph.clone(),
            templates: settings.whatsapp.templates.clone(),
            pace,
            clock: Arc::clone(&clock),
            wake: Arc::clone(&wake),
            metrics,
            board: Arc::clone(&board),
            traces,
            waiting: answers,
            unrecorded: Arc::default(),
            pulse: Arc::new(watchdog.watch("the loop of sends")),
        }
        .run(stop.clone()),
    );
    let calendars = google.as_ref().map(|google| Arc::clone(&google.calendars));
    look_at(&settings, &http, graph, calendars, (&board, &clock), &tasks, &stop);
    if let (Some(google), Some(calendar)) = (google, outside) {
        google.spawn(&tasks, &stop);
        tasks.spawn(MirrorLoop { store, calendar, profile, clock, wake }.run(stop.clone()));
    }

    let served = listen(&settings, public, internal::router(internal), &stop).await;
    stop.cancel();
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!("work in progress did not end in time; it is taken up at the next start");
    }
    database.close().await;
    served
}

/// Says what this tenant does without, and looks at the rest as long as the process runs.
fn look_at(
    settings: &Settings,
    http: &reqwest::Client,
    graph: Graph,
    calendars: Option<Arc<Calendars>>,
    (board, clock): (&Arc<StatusBoard>, &SharedClock),
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    let watch = Watch {
        board: Arc::clone(board),
        clock: Arc::clone(clock),
        ids: Arc::new(RandomIds),
        every: settings.dependency_check,
    };
    if let Err(seen) = look::address::own(&settings.public_url) {
        board.looked(Dependency::Webhook, clock.now(), seen);
    }
    watch.spawn(NumberLook::new(graph, &settings.public_url), tasks, stop);
    let gemini = &settings.gemini;
    let google = Google::new(http.clone(), gemini.base.clone(), gemini.api_key.clone());
    watch.spawn(ModelLook { google, chain: gemini.chain() }, tasks, stop);
    match calendars {
        Some(calendars) => watch.spawn(CalendarLook(calendars), tasks, stop),
        None => board.looked(Dependency::Calendar, clock.now(), look::calendar::none()),
    }
}

/// The doors of agents and programs, over one scheduler, behind one gate, and in one room.
fn programs(
    rest: Rest,
    gate: Arc<Gate>,
    room: Arc<Room>,
    settings: &Settings,
    stop: &CancellationToken,
) -> Router {
    let tools = TenantTools::new(rest.scheduler.clone());
    mcp::router(tools, &settings.allowed_hosts, stop.clone())
        .merge(rest::router(rest))
        .route_layer(from_fn_with_state(room, enter))
        // Before anything of a request is read. On these routes only: unknown paths stay unknown, not forbidden.
        .route_layer(from_fn_with_state(gate, authenticate))
}

/// Forgets keys of effects that are older than they are kept for: they name what customers said.
async fn expire_keys(store: Arc<dyn Store>, clock: SharedClock, stop: CancellationToken) {
    const PAUSE: Duration = Duration::from_hours(1);
    loop {
        if let Err(error) = store.expire_keys(clock.now()).await {
            tracing::warn!(error = telemetry::chain(&error), "keys that are over could not be removed");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Serves both listeners until stopped.
async fn listen(
    settings: &Settings,
    public: Router,
    internal: Router,
    stop: &CancellationToken,
) -> Result<(), ServeError> {
    let bind = |at| async move { TcpListener::bind(at).await.map_err(|error| ServeError::Listen(at, error)) };
    let (public_listener, internal_listener) =
        (bind(settings.listen_public).await?, bind(settings.listen_internal).await?);
    tracing::info!(public = %settings.listen_public, internal = %settings.listen_internal, "serving");
    let listeners = async {
        tokio::try_join!(
            web::serve(public_listener, public, Limits::PUBLIC, stop.clone()),
            web::serve(internal_listener, internal, Limits::INTERNAL, stop.clone()),
        )
    };
    tokio::select! {
        served = listeners => served.map(|_| ()).map_err(ServeError::Serve),
        // A peer that never finishes its request must not keep the process.
        () = async { stop.cancelled().await; tokio::time::sleep(CLOSE).await } => Ok(()),
    }
}

/// SIGTERM and SIGINT end the process when what is in flight is done; a second one ends it at once.
pub(crate) async fn stop_on_signal(stop: CancellationToken) {
    let signal = |kind| unix::signal(kind).ok();
    let (Some(mut term), Some(mut int)) =
        (signal(unix::SignalKind::terminate()), signal(unix::SignalKind::interrupt()))
    else {
        tracing::warn!("signals cannot be handled; the process ends only by force");
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::info!("stopping when what is in flight is done; a second signal stops at once");
    stop.cancel();
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::warn!("stopped at once; what was in flight is taken up at the next start");
    std::process::exit(AT_ONCE);
}

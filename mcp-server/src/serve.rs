//! Puts the parts together and runs them until SIGTERM.

use std::{sync::Arc, time::Duration};

use axum::Router;
use mcp_store::Store;
use tokio::{net::TcpListener, signal::unix};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    assistant::{Assistant, TurnLoop, gemini::Gemini},
    booking::{Desk, SlotRefs},
    calendar::{OutsideCalendar, google::GoogleCalendar, mirror::MirrorLoop, token::TokenSource},
    clock::{SharedClock, SystemClock},
    database::Database,
    http_client,
    ids::RandomIds,
    mcp::{self, Gate, TenantTools},
    metrics::Metrics,
    profile_file,
    settings::Settings,
    status::StatusBoard,
    token::Keys,
    wake::Wake,
    web::{
        self,
        body::BodyReader,
        internal::{self, Internal},
        public,
        webhook::Webhook,
    },
    whatsapp::{
        graph::Graph,
        intake::Intake,
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

/// Runs the tenant until SIGTERM or SIGINT.
pub async fn run(settings: Settings) -> Result<(), ServeError> {
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    start(settings, Arc::new(SystemClock), stop).await
}

/// Runs the tenant until stopped.
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
        (Arc::new(Wake::default()), Arc::new(StatusBoard::default()), Arc::new(Metrics::default()));

    let outside: Option<Arc<dyn OutsideCalendar>> = match settings.google.clone() {
        None => None,
        Some(google) => {
            let tokens = TokenSource::new(http.clone(), google.clone(), Arc::clone(&clock))?;
            Some(Arc::new(GoogleCalendar::new(http.clone(), google, tokens)))
        }
    };
    let desk = Arc::new(Desk {
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        ids: Arc::new(RandomIds),
        profile: profile.clone(),
        refs: SlotRefs::new(keys.secret()),
        outside: outside.clone(),
    });
    let (intake, writing) =
        Intake::start(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&wake), stop.clone());

    let gate = Arc::new(Gate { keys, public_url: settings.public_url.clone(), clock: Arc::clone(&clock) });
    let tools = TenantTools::new(Arc::clone(&desk), Arc::clone(&wake), Arc::clone(&metrics));
    let mcp = mcp::router(tools, gate, &settings.allowed_hosts, stop.clone());
    let webhook = Arc::new(Webhook {
        bodies: BodyReader::default(),
        verifier: Verifier::new(&settings.whatsapp.app_secrets),
        verify_token: settings.whatsapp.verify_token.clone(),
        phone_number_id: settings.whatsapp.phone_number_id.clone(),
        intake,
        clock: Arc::clone(&clock),
        metrics: Arc::clone(&metrics),
    });
    let internal = Arc::new(Internal {
        store: Arc::clone(&store),
        profile: profile.clone(),
        file,
        board: Arc::clone(&board),
        metrics: Arc::clone(&metrics),
        client: settings.tenant.client.clone(),
        environment: settings.tenant.environment.clone(),
        started: clock.now(),
    });
    let public = public::router(webhook, mcp, &settings.base_path);

    tasks.spawn(watching);
    tasks.spawn(writing);
    tasks.spawn(
        TurnLoop {
            store: Arc::clone(&store),
            assistant: Arc::new(Assistant {
                desk,
                gemini: Gemini::new(http.clone(), settings.gemini.clone()),
                board: Arc::clone(&board),
            }),
            clock: Arc::clone(&clock),
            wake: Arc::clone(&wake),
            metrics: Arc::clone(&metrics),
        }
        .run(stop.clone()),
    );
    tasks.spawn(
        SenderLoop {
            store: Arc::clone(&store),
            graph: Graph::new(http, settings.whatsapp.clone()),
            clock: Arc::clone(&clock),
            wake: Arc::clone(&wake),
            metrics,
            board: Arc::clone(&board),
        }
        .run(stop.clone()),
    );
    if let Some(calendar) = outside {
        tasks.spawn(MirrorLoop { store, calendar, profile, clock, wake, board }.run(stop.clone()));
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
            web::serve(public_listener, public, stop.clone()),
            web::serve(internal_listener, internal, stop.clone()),
        )
    };
    tokio::select! {
        served = listeners => served.map(|_| ()).map_err(ServeError::Serve),
        // A peer that never finishes its request must not keep the process.
        () = async { stop.cancelled().await; tokio::time::sleep(CLOSE).await } => Ok(()),
    }
}

async fn stop_on_signal(stop: CancellationToken) {
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
    tracing::info!("stopping");
    stop.cancel();
}

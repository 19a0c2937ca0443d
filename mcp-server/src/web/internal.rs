//! What the cluster sees: probes, metrics and status. In no Service.

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use jiff::Timestamp;
use mcp_store::{OpenError, Store, StoreError};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::{
    clock::SharedClock,
    metrics::Metrics,
    profile_file::{FileState, ProfileWatch},
    queues::Queues,
    status::StatusBoard,
    telemetry,
};

/// What the internal listener reads.
pub struct Internal {
    /// The tenant's database.
    pub store: Arc<dyn Store>,
    /// The business.
    pub profile: ProfileWatch,
    /// Its file.
    pub file: watch::Receiver<FileState>,
    /// Dependencies.
    pub board: Arc<StatusBoard>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The client's name.
    pub client: String,
    /// The environment's name.
    pub environment: String,
    /// Time.
    pub clock: SharedClock,
    /// When the process started.
    pub started: Timestamp,
}

/// The internal router.
pub fn router(internal: Arc<Internal>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .with_state(internal)
}

/// How long the database may take to answer a probe. The kubelet waits two seconds for the answer and its reason.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The database, its migrations, and that it can be written; never third parties. The profile was read at the start, and
/// the last good one stays.
async fn readyz(State(internal): State<Arc<Internal>>) -> (StatusCode, String) {
    match internal.usable().await {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

impl Internal {
    /// Whether the database answers, is one this program can work with and can be written; else why not. Not the cause
    /// where it does not answer: it may name the database's address, and is in the logs of whoever met it.
    async fn usable(&self) -> Result<(), String> {
        let looking = async {
            self.store.check_schema().await.map_err(|error| match error {
                OpenError::NotMigrated(_) | OpenError::TooNew(_) => error.to_string(),
                _ => "the database does not answer".to_owned(),
            })?;
            self.board.database(&*self.store).await.map_err(|error| error.to_string())
        };
        let late = |_| Err("the database does not answer in time".to_owned());
        tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(late)
    }

    async fn queues(&self) -> Result<Queues, StoreError> {
        let reading = Queues::read(&*self.store, self.clock.now());
        let late = |_| StoreError::database("no answer in time");
        tokio::time::timeout(PATIENCE, reading).await.map_err(late)?
    }
}

async fn metrics(State(internal): State<Arc<Internal>>) -> ([(&'static str, &'static str); 1], String) {
    // Without the database the counters of the process are still worth a look.
    if let Ok(queues) = internal.queues().await {
        internal.metrics.waiting(&queues);
    }
    (
        [("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")],
        internal.metrics.render(),
    )
}

async fn status(State(internal): State<Arc<Internal>>) -> Json<Value> {
    let (queues, usable) = (internal.queues().await, internal.usable().await);
    let loaded = Arc::clone(&internal.profile.borrow());
    let file = internal.file.borrow().clone();
    let dependencies = internal.board.snapshot();
    let mut next: Vec<String> = Vec::new();
    next.extend(file.refused.iter().map(|why| format!("mend the profile: {why}")));
    if let Err(error) = &queues {
        next.push(format!("look after the database: {}", telemetry::chain(error)));
    }
    let failing = dependencies.iter().filter(|(_, known)| !known.ok);
    next.extend(failing.filter_map(|(name, known)| Some(format!("{name:?}: {}", known.message.as_ref()?))));
    next.extend(usable.as_ref().err().map(|why| format!("look after the database: {why}")));
    let works = queues.is_ok() && usable.is_ok();
    let database = json!({"ok": works, "at": internal.clock.now(), "message": usable.err()});
    let queues = queues.unwrap_or_default();
    next.extend(queues.next());
    let outbox: Map<String, Value> =
        queues.outbox.iter().map(|(state, n)| (state.as_str().to_owned(), json!(n))).collect();
    let dead: Map<String, Value> =
        queues.dead.iter().map(|(source, n)| ((*source).to_owned(), json!(n))).collect();
    Json(json!({
        "client": internal.client,
        "environment": internal.environment,
        "version": env!("CARGO_PKG_VERSION"),
        "started": internal.started,
        "profile": {
            "hash": loaded.hash,
            "refused": file.refused,
            "ignoredFields": loaded.ignored,
            "warnings": loaded.warnings,
        },
        "database": database,
        "dependencies": dependencies,
        "outbox": outbox,
        "deadLetters": dead,
        "ownerMessagesWaiting": queues.owner,
        "lateSeconds": {"turns": queues.turns_late, "outbox": queues.outbox_late},
        "next": next,
    }))
}

//! What the cluster sees: probes, metrics and status. In no Service.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use jiff::Timestamp;
use mcp_store::Store;
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

/// Database and profile; never third parties. A server runs only on a database whose migrations it knows and with a
/// profile it could read, so the database is all there is left to ask.
async fn readyz(State(internal): State<Arc<Internal>>) -> (StatusCode, &'static str) {
    match internal.store.ping().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}

async fn metrics(State(internal): State<Arc<Internal>>) -> ([(&'static str, &'static str); 1], String) {
    // Without the database the counters of the process are still worth a look.
    if let Ok(queues) = Queues::read(&*internal.store, internal.clock.now()).await {
        internal.metrics.waiting(&queues);
    }
    (
        [("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")],
        internal.metrics.render(),
    )
}

async fn status(State(internal): State<Arc<Internal>>) -> Json<Value> {
    let queues = Queues::read(&*internal.store, internal.clock.now()).await;
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
    let database = match &queues {
        Ok(_) => json!({"ok": true, "at": internal.clock.now()}),
        Err(_) => json!({"ok": false, "at": internal.clock.now()}),
    };
    let queues = queues.unwrap_or_default();
    if queues.dead_letters() > 0 {
        next.push("run `mcp-server outbox list` and replay or discard each".to_owned());
    }
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
        "lateSeconds": {"turns": queues.turns_late, "outbox": queues.outbox_late},
        "next": next,
    }))
}

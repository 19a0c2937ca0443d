//! What the cluster sees: probes, metrics and status. In no Service.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use jiff::Timestamp;
use mcp_store::Store;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    metrics::Metrics,
    profile_file::{FileState, ProfileWatch},
    status::StatusBoard,
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

/// Database and profile; never third parties.
async fn readyz(State(internal): State<Arc<Internal>>) -> (StatusCode, &'static str) {
    match internal.store.ping().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}

async fn metrics(State(internal): State<Arc<Internal>>) -> ([(&'static str, &'static str); 1], String) {
    (
        [("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")],
        internal.metrics.render(),
    )
}

async fn status(State(internal): State<Arc<Internal>>) -> Json<Value> {
    let outbox: serde_json::Map<String, Value> = internal
        .store
        .outbox_counts()
        .await
        .unwrap_or_default()
        .into_iter()
        .map(|(state, n)| (state.as_str().to_owned(), json!(n)))
        .collect();
    let loaded = Arc::clone(&internal.profile.borrow());
    let file = internal.file.borrow().clone();
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
        "dependencies": internal.board.snapshot(),
        "outbox": outbox,
    }))
}

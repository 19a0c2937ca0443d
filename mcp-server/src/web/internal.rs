//! What the cluster sees: probes, metrics and status. In no Service.

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use jiff::Timestamp;
use mcp_store::{OpenError, Store, StoreError};
use mcp_tenant::slots::Calendar;
use tokio::sync::watch;

use crate::{
    clock::SharedClock,
    metrics::Metrics,
    profile_file::{FileState, ProfileWatch},
    queues::Queues,
    status::{
        Dependency, Known, Reason, StatusBoard,
        document::{DatabaseStatus, Dependencies, Late, ProfileStatus, Status, UsageStatus},
    },
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
    /// What prices are in; empty where there are none.
    pub currency: String,
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

async fn status(State(internal): State<Arc<Internal>>) -> Json<Status> {
    Json(internal.status().await)
}

impl Internal {
    async fn status(&self) -> Status {
        let (queues, usable, usage) = tokio::join!(self.queues(), self.usable(), self.usage());
        let loaded = Arc::clone(&self.profile.borrow());
        let file = self.file.borrow().clone();
        let of = |dependency| self.board.of(dependency);
        let mut next: Vec<String> = Vec::new();
        next.extend(file.refused.iter().map(|why| format!("mend the profile: {why}")));
        next.extend(usable.as_ref().err().map(|why| format!("look after the database: {why}")));
        if let (Ok(()), Err(error)) = (&usable, &queues) {
            next.push(format!("look after the database: {}", telemetry::chain(error)));
        }
        let unread = queues.as_ref().err().map(|_| "it cannot be read in time".to_owned());
        let trouble = usable.err().or(unread);
        let reason = if trouble.is_none() { Reason::Works } else { Reason::Unusable };
        next.extend(Dependency::ALL.into_iter().filter_map(|dependency| advice(dependency, &of(dependency))));
        let queues = queues.unwrap_or_default();
        next.extend(queues.next());
        Status {
            client: self.client.clone(),
            environment: self.environment.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.started,
            now: self.clock.now(),
            profile: ProfileStatus {
                hash: loaded.hash.clone(),
                refused: file.refused,
                ignored_fields: loaded.ignored.clone(),
                warnings: loaded.warnings.iter().map(ToString::to_string).collect(),
            },
            database: DatabaseStatus {
                state: reason.state(),
                reason,
                checked_at: self.clock.now(),
                message: trouble,
            },
            dependencies: Dependencies {
                whatsapp: of(Dependency::WhatsApp),
                webhook: of(Dependency::Webhook),
                gemini: of(Dependency::Gemini),
                calendar: of(Dependency::Calendar),
            },
            usage,
            outbox: queues.outbox.iter().map(|(state, n)| (state.as_str().to_owned(), *n)).collect(),
            dead_letters: queues.dead.iter().map(|(source, n)| ((*source).to_owned(), *n)).collect(),
            owner_messages_waiting: queues.owner,
            late_seconds: Late { turns: queues.turns_late, outbox: queues.outbox_late },
            next,
        }
    }

    /// What the business's present day has used up, where the database answers.
    async fn usage(&self) -> Option<UsageStatus> {
        let loaded = Arc::clone(&self.profile.borrow());
        let day = Calendar::new(&loaded.profile).ok()?.local(self.clock.now()).date();
        let used = tokio::time::timeout(PATIENCE, self.store.usage(day)).await.ok()?.ok()?;
        Some(UsageStatus::of(day, &used, self.currency.as_str()))
    }
}

fn advice(dependency: Dependency, known: &Known) -> Option<String> {
    let said = known.message.as_deref().unwrap_or_else(|| known.reason.as_str());
    let next = known.next.as_deref()?;
    Some(format!("{}: {said}; {next}", dependency.as_str()))
}

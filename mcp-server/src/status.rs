//! What the process knows of itself and of each dependency, for `/status`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use mcp_store::{Store, StoreError};
use serde::Serialize;

use crate::breaker::{self, Breaker};

/// A third party the tenant needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dependency {
    /// The channel.
    WhatsApp,
    /// Where the channel delivers to.
    Webhook,
    /// The model.
    Gemini,
    /// The outside calendar.
    Calendar,
}

/// The last that is known of a dependency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Whether the last use succeeded.
    pub ok: bool,
    /// When it was last used.
    pub at: Timestamp,
    /// When it last succeeded.
    pub last_ok: Option<Timestamp>,
    /// What went wrong and what a person can do.
    pub message: Option<String>,
    /// How its breaker stands, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<breaker::State>,
}

/// One place to report to and to read from.
#[derive(Debug, Default)]
pub struct StatusBoard {
    known: Mutex<BTreeMap<Dependency, Known>>,
    breakers: Mutex<BTreeMap<Dependency, Arc<Breaker>>>,
    /// Whether the last write to the database failed.
    unwritable: AtomicBool,
    /// Whether deliveries were refused, and statuses with them, since somebody asked.
    missed: AtomicBool,
}

impl StatusBoard {
    /// Records how a use ended; a change is logged once, repeats are not.
    pub fn report(&self, dependency: Dependency, at: Timestamp, outcome: Result<(), String>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(&dependency);
        let ok = outcome.is_ok();
        let message = outcome.err();
        if before.map(|b| b.ok) != Some(ok) {
            match &message {
                None => tracing::info!(?dependency, "dependency works"),
                Some(why) => tracing::warn!(?dependency, why, "dependency fails"),
            }
        }
        let last_ok = if ok { Some(at) } else { before.and_then(|b| b.last_ok) };
        known.insert(dependency, Known { ok, at, last_ok, message, breaker: None });
    }

    /// Records whether the database took a write.
    pub fn wrote(&self, ok: bool) {
        self.unwritable.store(!ok, Ordering::Relaxed);
    }

    /// Records that deliveries could not be kept: there may have been statuses among them.
    pub fn missed_deliveries(&self) {
        self.missed.store(true, Ordering::SeqCst);
    }

    /// Whether deliveries were missed since the last time this was asked.
    pub fn take_missed(&self) -> bool {
        self.missed.swap(false, Ordering::SeqCst)
    }

    /// Why the database cannot be used now, if it cannot. Only where a write failed it is tried whether one would
    /// succeed by now: nobody else may come to find out while the process is not ready.
    pub async fn database(&self, store: &dyn Store) -> Result<(), StoreError> {
        store.ping().await?;
        if self.unwritable.load(Ordering::Relaxed) {
            store.can_write().await?;
            self.wrote(true);
        }
        Ok(())
    }

    /// Shows a dependency's breaker from now on.
    pub fn show_breaker(&self, dependency: Dependency, breaker: Arc<Breaker>) {
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner).insert(dependency, breaker);
    }

    /// All that is known.
    pub fn snapshot(&self) -> BTreeMap<Dependency, Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (dependency, breaker) in &*self.breakers.lock().unwrap_or_else(PoisonError::into_inner) {
            if let Some(known) = known.get_mut(dependency) {
                known.breaker = Some(breaker.state());
            }
        }
        known
    }
}

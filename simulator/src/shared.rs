//! What every handler needs.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    hold::Holds,
    ids::Ids,
    schema::{Schemas, first_error},
    state::{ModelCall, State, Vendor, Violation},
};

/// One simulator's parts.
pub(crate) struct Shared {
    pub clock: Clock,
    pub ids: Ids,
    pub holds: Holds,
    pub schemas: &'static Schemas,
    pub http: reqwest::Client,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
    /// Scheme, host and port, once bound.
    pub origin: OnceLock<String>,
    keep: Option<usize>,
    state: Mutex<State>,
}

/// How handlers hold it.
pub(crate) type App = Arc<Shared>;

impl Shared {
    pub fn new(
        clock: Clock,
        ids: Ids,
        schemas: &'static Schemas,
        http: reqwest::Client,
        keep: Option<usize>,
    ) -> Self {
        let stop = CancellationToken::new();
        let state = Mutex::new(State { epoch: stop.child_token(), ..State::default() });
        let (holds, tasks, origin) = (Holds::default(), TaskTracker::new(), OnceLock::new());
        Self { clock, ids, holds, schemas, http, tasks, stop, origin, keep, state }
    }

    /// Keeps an answered model call. Each is long: a long load keeps the newest ones only.
    pub fn called(&self, call: ModelCall) {
        self.with(|state| {
            state.gemini.push(call);
            if let Some(keep) = self.keep
                && state.gemini.len() > keep.saturating_mul(2)
            {
                let old = state.gemini.len() - keep;
                state.gemini.drain(..old);
            }
        });
    }

    /// Works on the state; never across an `await`.
    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets everything, and releases what is held.
    pub fn reset(&self) {
        self.with(|state| {
            state.epoch.cancel();
            *state = State { epoch: self.stop.child_token(), ..State::default() };
        });
        self.holds.release(None);
    }

    /// Checks an answer of our own: a stand-in that answers what the vendor never would proves nothing.
    pub fn own_answer(&self, vendor: Vendor, schema: &jsonschema::Validator, answer: &serde_json::Value) {
        if let Some(wrong) = first_error(schema, answer) {
            self.violation(vendor, "own_answer", wrong);
        }
    }

    /// Notes that the program under test broke a rule.
    pub fn violation(&self, vendor: Vendor, what: &'static str, detail: impl Into<String>) {
        let detail = detail.into();
        tracing::warn!(?vendor, what, detail, "rule of a vendor broken");
        let at = self.clock.now();
        self.with(|state| state.violations.push(Violation { at, vendor, what, detail }));
    }
}

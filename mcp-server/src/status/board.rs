//! One place to report to and to read from.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use mcp_store::{Store, StoreError};
use tokio::sync::Notify;

use super::known::{Dependency, Known, Seen, State};
use crate::breaker::{self, Breaker};

/// What is known of every dependency, and whether the database takes writes.
#[derive(Debug)]
pub struct StatusBoard {
    known: Mutex<BTreeMap<Dependency, Known>>,
    breakers: Mutex<BTreeMap<Dependency, Arc<Breaker>>>,
    /// Rings where a use failed.
    trouble: BTreeMap<Dependency, Notify>,
    /// Whether the last write to the database failed.
    unwritable: AtomicBool,
    /// Whether deliveries were refused, and statuses with them, since somebody asked.
    missed: AtomicBool,
}

impl StatusBoard {
    /// Of a process that begins now: nothing is known of any dependency.
    pub fn new(now: Timestamp) -> Self {
        Self {
            known: Mutex::new(Dependency::ALL.map(|dependency| (dependency, Known::nothing(now))).into()),
            breakers: Mutex::default(),
            trouble: Dependency::ALL.map(|dependency| (dependency, Notify::new())).into(),
            unwritable: AtomicBool::new(false),
            missed: AtomicBool::new(false),
        }
    }

    /// Records what a use has shown.
    pub fn used(&self, dependency: Dependency, at: Timestamp, seen: Seen) {
        if seen.reason.state() == State::Failing
            && let Some(bell) = self.trouble.get(&dependency)
        {
            bell.notify_one();
        }
        self.record(dependency, at, seen, true);
    }

    /// Waits until a use fails. One that failed before is not missed.
    pub async fn trouble(&self, dependency: Dependency) {
        match self.trouble.get(&dependency) {
            Some(bell) => bell.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Records what a look has shown. A look that succeeds asks for less than a use does: where a use showed a missing
    /// right or a locked account, only another use shows that it is over; so it is while its breaker is open.
    pub fn looked(&self, dependency: Dependency, at: Timestamp, seen: Seen) {
        self.record(dependency, at, seen, false);
    }

    /// A change is logged once, repeats are not.
    fn record(&self, dependency: Dependency, at: Timestamp, seen: Seen, use_of_it: bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = known.get_mut(&dependency) else { return };
        let good = seen.reason.state() == State::Ok;
        let needs_use = before.by_use && (before.reason.needs_use() || self.is_open(dependency));
        if good && !use_of_it && needs_use {
            before.checked_at = Some(at);
            return;
        }
        let after = before.after(seen, at, use_of_it);
        if (before.state, before.reason) != (after.state, after.reason) {
            let (reason, why) = (after.reason.as_str(), after.message.as_deref().unwrap_or_default());
            match after.state {
                State::Failing => {
                    let next = after.next.as_deref().unwrap_or_default();
                    tracing::warn!(?dependency, reason, why, next, "dependency fails");
                }
                State::Ok if before.state != State::Ok => tracing::info!(?dependency, "dependency works"),
                State::Ok | State::Unknown | State::Unused => {
                    tracing::info!(?dependency, reason, why, "dependency");
                }
            }
        }
        *before = after;
    }

    fn is_open(&self, dependency: Dependency) -> bool {
        let breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        breakers.get(&dependency).is_some_and(|breaker| breaker.state() == breaker::State::Open)
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

    /// What is known of one dependency.
    pub fn of(&self, dependency: Dependency) -> Known {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&dependency).cloned();
        let breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.get(&dependency).map(|breaker| breaker.state());
        Known { breaker, ..known.unwrap_or_else(|| Known::nothing(Timestamp::UNIX_EPOCH)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Reason;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn board() -> StatusBoard {
        StatusBoard::new(at(0))
    }

    #[test]
    fn what_was_never_used_is_listed_as_that_since_the_start() {
        let board = board();
        for dependency in Dependency::ALL {
            let known = board.of(dependency);
            assert_eq!((known.state, known.reason), (State::Unknown, Reason::NotUsedYet));
            assert_eq!((known.since, known.checked_at, known.last_ok_at), (at(0), None, None));
        }
    }

    #[test]
    fn a_state_lasts_since_its_reason_began_and_remembers_when_it_last_worked() {
        let board = board();
        let refused = || Seen::new(Reason::CredentialRefused, "error 190");
        board.looked(Dependency::WhatsApp, at(1), Seen::works());
        board.used(Dependency::WhatsApp, at(2), refused());
        board.looked(Dependency::WhatsApp, at(3), refused());
        let known = board.of(Dependency::WhatsApp);
        assert_eq!((known.since, known.checked_at, known.last_ok_at), (at(2), Some(at(3)), Some(at(1))));
        board.looked(Dependency::WhatsApp, at(4), Seen::works());
        let known = board.of(Dependency::WhatsApp);
        assert_eq!((known.state, known.message, known.since), (State::Ok, None, at(4)));
    }

    #[test]
    fn what_a_look_cannot_see_is_over_only_when_a_use_succeeds() {
        for (reason, over) in [
            (Reason::AccountBlocked, false),
            (Reason::NotPermitted, false),
            (Reason::CredentialRefused, true),
            (Reason::Unreachable, true),
        ] {
            let board = board();
            board.used(Dependency::WhatsApp, at(1), Seen::new(reason, "x"));
            board.looked(Dependency::WhatsApp, at(2), Seen::works());
            let known = board.of(Dependency::WhatsApp);
            assert_eq!((known.state == State::Ok, known.checked_at), (over, Some(at(2))), "{reason:?}");
            board.used(Dependency::WhatsApp, at(3), Seen::works());
            assert_eq!(board.of(Dependency::WhatsApp).state, State::Ok);
            // What a look found, a look may find to be over.
            board.looked(Dependency::WhatsApp, at(4), Seen::new(reason, "x"));
            board.looked(Dependency::WhatsApp, at(5), Seen::works());
            assert_eq!(board.of(Dependency::WhatsApp).state, State::Ok, "{reason:?}");
        }
    }
}

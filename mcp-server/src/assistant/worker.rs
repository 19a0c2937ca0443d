//! Takes bursts that are over and runs their turns.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use mcp_store::{
    Store, StoreError,
    booking::BookingOutcome,
    turn::{BurstRule, ClaimedTurn, TurnEnd},
};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Assistant, turn::Decided};
use crate::{
    clock::{SharedClock, until},
    metrics::Metrics,
    telemetry,
    wake::Wake,
};

/// A burst is over when the customer is quiet for a moment, and is not waited for long.
pub const BURST: BurstRule = BurstRule {
    quiet: SignedDuration::from_millis(1200),
    longest: SignedDuration::from_secs(4),
    lease: SignedDuration::from_secs(60),
    history: 60,
};
/// Turns at once, of different conversations.
const AT_ONCE: usize = 8;
/// A burst whose turn failed this often is answered by code and dead-lettered.
const MOST_ATTEMPTS: u32 = 3;
const IDLE: Duration = Duration::from_secs(30);

/// What the worker works with.
#[derive(Clone)]
pub struct TurnLoop {
    /// The tenant's database.
    pub store: Arc<dyn Store>,
    /// Decides turns.
    pub assistant: Arc<Assistant>,
    /// Time.
    pub clock: SharedClock,
    /// Rings when a message arrived.
    pub wake: Arc<Wake>,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

impl TurnLoop {
    /// Runs until stopped; turns that run are finished first.
    pub async fn run(self, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let running = TaskTracker::new();
        while !stop.is_cancelled() {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
            match self.store.claim_turn(&BURST, self.clock.now()).await {
                Ok(Some(turn)) => {
                    let this = self.clone();
                    running.spawn(async move {
                        this.answer(turn).await;
                        drop(slot);
                        this.wake.turns.notify_one();
                    });
                }
                Ok(None) => {
                    drop(slot);
                    self.rest(&stop).await;
                }
                Err(error) => {
                    tracing::error!(error = telemetry::chain(&error), "the inbox could not be read");
                    drop(slot);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
        running.close();
        running.wait().await;
    }

    async fn rest(&self, stop: &CancellationToken) {
        let due = self.store.next_turn_at(&BURST).await.ok().flatten();
        let nap = due.map_or(IDLE, |at| until(&*self.clock, at).min(IDLE));
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.wake.turns.notified() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }

    async fn answer(&self, turn: ClaimedTurn) {
        let decided = if turn.conversation.owner.is_human_at(self.clock.now()) {
            self.assistant.stay_silent()
        } else if turn.attempt > MOST_ATTEMPTS {
            self.metrics.turn("given_up");
            self.assistant.give_up(&turn, "the turn ended its process more than twice")
        } else {
            match self.assistant.decide(&turn).await {
                Ok(decided) => decided,
                Err(error) if turn.attempt >= MOST_ATTEMPTS => {
                    self.metrics.turn("given_up");
                    self.assistant.give_up(&turn, &telemetry::chain(&error))
                }
                Err(error) => return self.later(&turn, &error).await,
            }
        };
        self.commit(&turn, decided).await;
    }

    /// The claim is given back; the same messages are tried again soon.
    async fn later(&self, turn: &ClaimedTurn, error: &super::TurnError) {
        tracing::warn!(
            conversation = turn.conversation.id,
            attempt = turn.attempt,
            error = telemetry::chain(error),
            "a turn failed and will be tried again"
        );
        self.metrics.turn("failed");
        let wait = SignedDuration::from_secs(i64::from(turn.attempt) * 2);
        let at = self.clock.now().saturating_add(wait).unwrap_or(jiff::Timestamp::MAX);
        if let Err(error) = self.store.release_turn(turn, at).await {
            tracing::warn!(
                error = telemetry::chain(&error),
                "a claim could not be given back; it ends by itself"
            );
        }
    }

    async fn commit(&self, turn: &ClaimedTurn, decided: Decided) {
        let Decided { result, render } = decided;
        match self.store.commit_turn(turn, result, &*render, self.clock.now()).await {
            Ok(TurnEnd::Committed { booking }) => {
                self.metrics.turn("committed");
                match booking {
                    Some(BookingOutcome::Booked(row) | BookingOutcome::Changed(row)) => {
                        self.metrics.booking("booked");
                        tracing::info!(
                            booking.id = row.booking.id,
                            conversation = turn.conversation.id,
                            "booked"
                        );
                        self.wake.mirror.notify_one();
                    }
                    Some(BookingOutcome::Refused(_)) => self.metrics.booking("refused"),
                    None => {}
                }
                self.wake.outbox.notify_one();
            }
            Ok(TurnEnd::TakenOver) => self.metrics.turn("taken_over"),
            Ok(TurnEnd::Superseded) => self.metrics.turn("superseded"),
            Err(StoreError::Stale) => self.metrics.turn("stale"),
            Err(error) => {
                self.metrics.turn("failed");
                tracing::error!(
                    conversation = turn.conversation.id,
                    error = telemetry::chain(&error),
                    "a turn could not be committed; nothing of it stands"
                );
                let wait = SignedDuration::from_secs(2);
                let at = self.clock.now().saturating_add(wait).unwrap_or(jiff::Timestamp::MAX);
                if let Err(error) = self.store.release_turn(turn, at).await {
                    tracing::warn!(
                        error = telemetry::chain(&error),
                        "a claim could not be given back; it ends by itself"
                    );
                }
            }
        }
    }
}

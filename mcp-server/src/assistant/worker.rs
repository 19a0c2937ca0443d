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

use super::{Assistant, Meter, turn::Decided};
use crate::{
    clock::{SharedClock, until},
    failpoint::{Point, reached},
    metrics::Metrics,
    telemetry,
    traces::Traces,
    wake::Wake,
    watchdog::Pulse,
    web::rest::waiting::{addressed, is_program},
    whatsapp::receipt::Receipts,
};

/// A burst is over when the customer is quiet for a moment, and is not waited for long.
pub const BURST: BurstRule = BurstRule {
    quiet: SignedDuration::from_millis(1200),
    longest: SignedDuration::from_secs(4),
    lease: SignedDuration::from_secs(60),
    history: 60,
};
/// What a turn may take as a whole, from its claim to its commit: more than anything in it may take by its own limits,
/// and so much less than the lease that the claim can be given back before it ends.
pub const TURN_DEADLINE: Duration = Duration::from_secs(45);
/// What is counted after a turn may take so long.
const COUNT_LIMIT: Duration = Duration::from_secs(5);
/// Turns at once, of different conversations.
const AT_ONCE: usize = 8;
/// A burst whose turn failed this often is answered by code and dead-lettered.
const MOST_ATTEMPTS: u32 = 3;
const IDLE: Duration = Duration::from_secs(30);
/// How long the loop waits where the database cannot be used.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

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
    /// Where turns are traced.
    pub traces: Traces,
    /// Tells the customer that the burst was read.
    pub receipts: Receipts,
    /// Shows that this goes on.
    pub pulse: Arc<Pulse>,
    /// What a turn may take: [`TURN_DEADLINE`].
    pub deadline: Duration,
}

impl TurnLoop {
    /// Runs until stopped; turns that run are finished first.
    pub async fn run(self, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let running = TaskTracker::new();
        while !stop.is_cancelled() {
            self.pulse.beat();
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
            let claimed = self.store.claim_turn(&BURST, self.clock.now());
            match self.pulse.answered("claim_turn", claimed).await {
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
                    tokio::time::sleep(DATABASE_PAUSE).await;
                }
            }
        }
        running.close();
        running.wait().await;
    }

    async fn rest(&self, stop: &CancellationToken) {
        let nap = match self.store.next_turn_at(&BURST).await {
            Ok(due) => due.map_or(IDLE, |at| until(&*self.clock, at).min(IDLE)),
            Err(_) => DATABASE_PAUSE,
        };
        self.pulse.rest();
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.wake.turns.notified() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }

    /// One turn, which ends in time whatever becomes of it: what hangs in it keeps no place of the others.
    pub(super) async fn answer(&self, mut turn: ClaimedTurn) {
        reached(Point::TurnClaimed);
        let began = self.clock.now();
        // A program's user is on no channel that shows what was read.
        if !is_program(&turn.sender) {
            self.receipts.seen(&turn, self.clock.now());
        }
        let mut meter = Meter::default();
        let whole = async {
            self.assistant.one_decision(&mut turn).await;
            self.attempt(&turn, &mut meter).await;
        };
        if tokio::time::timeout(self.deadline, whole).await.is_err() {
            self.overdue(&turn, &mut meter).await;
        }
        // After the answer is on its way: nobody waits for a count.
        meter.count(&self.metrics);
        let end = if meter.end.is_empty() { "failed" } else { meter.end };
        self.traces.turned(&turn, began, self.clock.now(), end, meter.tools());
        let counted = self.assistant.spent(turn.conversation.customer_id, &meter.usage);
        if tokio::time::timeout(COUNT_LIMIT, counted).await.is_err() {
            tracing::warn!(
                conversation = turn.conversation.id,
                "what a turn used up could not be counted in time"
            );
        }
    }

    /// Something in the turn did not come back: it is left, and the same messages are tried again soon. Where its commit
    /// had happened all the same, the claim is over, and nothing is tried again.
    async fn overdue(&self, turn: &ClaimedTurn, meter: &mut Meter) {
        tracing::error!(
            conversation = turn.conversation.id,
            attempt = turn.attempt,
            seconds = self.deadline.as_secs(),
            "a turn took too long and is left"
        );
        self.ended("overdue", meter);
        let wait = SignedDuration::from_secs(i64::from(turn.attempt) * 2);
        let left = BURST.lease.unsigned_abs().saturating_sub(self.deadline);
        if tokio::time::timeout(left, self.give_back(turn, wait)).await.is_err() {
            tracing::warn!(
                conversation = turn.conversation.id,
                "a claim could not be given back; it ends by itself"
            );
        }
    }

    async fn attempt(&self, turn: &ClaimedTurn, meter: &mut Meter) {
        let decided = if turn.conversation.owner.is_human_at(self.clock.now()) {
            Assistant::stay_silent(turn)
        } else if turn.attempt > MOST_ATTEMPTS {
            self.metrics.turn("given_up");
            self.assistant.give_up(turn, "the turn ended its process or took too long more than twice")
        } else {
            match self.assistant.decide(turn, meter).await {
                Ok(decided) => decided,
                Err(error) if turn.attempt >= MOST_ATTEMPTS => {
                    self.metrics.turn("given_up");
                    self.assistant.give_up(turn, &telemetry::chain(&error))
                }
                Err(error) => return self.later(turn, &error).await,
            }
        };
        self.commit(turn, decided, meter).await;
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
        self.give_back(turn, wait).await;
    }

    /// The claim is given back; where the database cannot be used, as soon as it can, which may be sooner than the
    /// lease ends.
    async fn give_back(&self, turn: &ClaimedTurn, wait: SignedDuration) {
        let began = tokio::time::Instant::now();
        loop {
            // All turns may be waiting for the database at once, and each time it says something.
            self.pulse.beat();
            let at = self.clock.now().saturating_add(wait).unwrap_or(jiff::Timestamp::MAX);
            match self.store.release_turn(turn, at).await {
                Ok(()) | Err(StoreError::Stale) => return,
                Err(error) if SignedDuration::try_from(began.elapsed()).is_ok_and(|e| e < BURST.lease) => {
                    tracing::debug!(error = telemetry::chain(&error), "a claim cannot be given back now");
                    tokio::time::sleep(DATABASE_PAUSE).await;
                }
                Err(error) => {
                    tracing::warn!(
                        error = telemetry::chain(&error),
                        "a claim could not be given back; it ends by itself"
                    );
                    return;
                }
            }
        }
    }

    /// Everyone who follows bookings hears of one.
    fn tell(&self, turn: &ClaimedTurn, outcome: &'static str, booking: &str) {
        tracing::info!(
            booking.id = booking,
            conversation = turn.conversation.id,
            outcome,
            "a booking of a turn"
        );
        self.wake.bookings();
    }

    fn ended(&self, how: &'static str, meter: &mut Meter) {
        self.metrics.turn(how);
        meter.end = how;
    }

    async fn commit(&self, turn: &ClaimedTurn, decided: Decided, meter: &mut Meter) {
        let (messages, hands_over) = (decided.messages(), decided.hands_over());
        let (decided, said) = self.traces.listening(addressed(turn, decided));
        let Decided { result, render } = decided;
        reached(Point::TurnDecided);
        let committed = self.store.commit_turn(turn, result, &*render, self.clock.now());
        match self.pulse.answered("commit_turn", committed).await {
            Ok(TurnEnd::Committed { booking }) => {
                reached(Point::TurnCommitted);
                self.metrics.turn("committed");
                meter.end = "committed";
                self.traces.said(turn, &said);
                meter.usage.messages += messages;
                if hands_over {
                    self.metrics.handed_over();
                }
                match booking {
                    Some(BookingOutcome::Booked(row)) => {
                        self.metrics.booked(&row.booking);
                        self.tell(turn, "booked", &row.booking.id);
                    }
                    Some(BookingOutcome::Changed(row)) => {
                        self.metrics.booking("changed");
                        self.tell(turn, "changed", &row.booking.id);
                    }
                    Some(BookingOutcome::Refused(refused)) => self.metrics.booking_refused(&refused.code),
                    None => {}
                }
                self.wake.outbox.notify_one();
            }
            Ok(TurnEnd::TakenOver) => self.ended("taken_over", meter),
            Ok(TurnEnd::Superseded) => self.ended("superseded", meter),
            Err(StoreError::Stale) => self.ended("stale", meter),
            Err(error) => {
                self.metrics.turn("failed");
                tracing::error!(
                    conversation = turn.conversation.id,
                    error = telemetry::chain(&error),
                    "a turn could not be committed; nothing of it stands"
                );
                self.give_back(turn, SignedDuration::from_secs(2)).await;
            }
        }
    }
}

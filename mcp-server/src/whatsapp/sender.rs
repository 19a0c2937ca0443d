//! Says what is to be said: takes one message at a time per conversation out of the outbox, hands it to the
//! channel, and records what became of it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    Store, StoreError,
    outbox::{ClaimedOutgoing, SendEnd, SendRule},
};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    answer::{Answer, Class, Trouble},
    graph::Graph,
    outcome,
    pace::Pace,
    template::Templates,
    verdict,
};
use crate::{
    clock::{SharedClock, until},
    failpoint::{Point, reached},
    metrics::Metrics,
    status::{Dependency, StatusBoard},
    telemetry,
    traces::Traces,
    wake::Wake,
    watchdog::Pulse,
    web::rest::waiting::Waiting,
};

/// How long an unknown outcome waits for a status that carries our id.
pub const UNKNOWN_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// A claim stands longer than a request may last; one that takes two (131047, then a template) is within the wait too.
const SEND: SendRule = SendRule { lease: SignedDuration::from_secs(30), unknown_wait: UNKNOWN_WAIT };
/// Messages in flight at once, of different conversations.
const IN_FLIGHT: usize = 8;
/// How long the loop sleeps where nothing is due.
const IDLE: std::time::Duration = std::time::Duration::from_secs(30);
/// Meta's clock is not ours: within this of its end a window counts as closed.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// How long the loop waits where the database cannot be used.
const DATABASE_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);
/// How often an outcome is tried to be recorded where the database answers and refuses only this.
const MOST_RECORDS: u32 = 5;
/// The customer does not want news of this business any more.
const UNWANTED: i64 = 131_050;

/// What the sender works with.
#[derive(Clone)]
pub struct SenderLoop {
    /// The tenant's database.
    pub store: Arc<dyn Store>,
    /// The channel.
    pub graph: Graph,
    /// What may be sent outside the 24-hour window.
    pub templates: Templates,
    /// How fast may be sent.
    pub pace: Arc<Pace>,
    /// Time.
    pub clock: SharedClock,
    /// Rings when something is to be said.
    pub wake: Arc<Wake>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// What is known of the channel.
    pub board: Arc<StatusBoard>,
    /// Where sends are traced.
    pub traces: Traces,
    /// Programs that wait for answers to their users.
    pub waiting: Arc<Waiting>,
    /// Outcomes that only this process knows, because the database could not be written.
    pub unrecorded: Arc<AtomicUsize>,
    /// Shows that this goes on.
    pub pulse: Arc<Pulse>,
}

/// One outcome that is not recorded yet.
struct Unrecorded(Arc<AtomicUsize>);

impl Unrecorded {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Unrecorded {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl SenderLoop {
    /// Runs until stopped; messages in flight are finished first.
    pub async fn run(self, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(IN_FLIGHT));
        let flying = TaskTracker::new();
        let mut deaf = false;
        while !stop.is_cancelled() {
            self.pulse.beat();
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
            deaf |= self.board.take_missed();
            if !self.heard(deaf).await {
                drop(slot);
                tokio::time::sleep(DATABASE_PAUSE).await;
                continue;
            }
            deaf = false;
            if let Some(at) = self.pace.ready(self.clock.now()) {
                drop(slot);
                let nap = until(&*self.clock, at).min(IDLE);
                self.pulse.rest();
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(nap) => {}
                }
                continue;
            }
            let claimed = self.store.claim_outgoing(&SEND, self.clock.now());
            match self.pulse.answered("claim_outgoing", claimed).await {
                Ok(Some(message)) => {
                    self.pace.took(self.clock.now());
                    let (this, stop) = (self.clone(), stop.clone());
                    flying.spawn(async move {
                        this.deliver(message, &stop).await;
                        drop(slot);
                        this.wake.outbox.notify_one();
                    });
                }
                Ok(None) => {
                    drop(slot);
                    self.rest(&stop).await;
                }
                Err(error) => {
                    tracing::error!(error = telemetry::chain(&error), "the outbox could not be read");
                    drop(slot);
                    self.board.wrote(false);
                    deaf = true;
                    tokio::time::sleep(DATABASE_PAUSE).await;
                }
            }
        }
        flying.close();
        flying.wait().await;
    }

    /// Whether messages may be taken. While the database could not be used, no status could be taken and no outcome
    /// recorded: both go first, or a message that was sent would be sent again.
    async fn heard(&self, deaf: bool) -> bool {
        if self.unrecorded.load(Ordering::SeqCst) > 0 {
            return false;
        }
        let until = self.clock.now().saturating_add(UNKNOWN_WAIT).unwrap_or(Timestamp::MAX);
        !deaf || self.store.wait_for_statuses(until).await.is_ok()
    }

    async fn rest(&self, stop: &CancellationToken) {
        let nap = match self.store.next_outgoing_at().await {
            Ok(due) => due.map_or(IDLE, |at| until(&*self.clock, at).min(IDLE)),
            Err(_) => DATABASE_PAUSE,
        };
        self.pulse.rest();
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.wake.outbox.notified() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }

    async fn deliver(&self, message: ClaimedOutgoing, stop: &CancellationToken) {
        reached(Point::SendClaimed);
        let began = self.clock.now();
        if self.waiting.take(&*self.store, &*self.clock, &message).await {
            self.traces.sent(&message, began, self.clock.now(), "handed_over");
            return;
        }
        let end = self.try_once(&message).await;
        reached(Point::SendHandedOver);
        let outcome = self.metrics.sent(&end);
        self.traces.sent(&message, began, self.clock.now(), outcome);
        if let SendEnd::Failed { why } | SendEnd::Unknown { why, .. } | SendEnd::Retry { why, .. } = &end {
            tracing::warn!(outbox.id = message.id, attempt = message.attempt, why, "a message was not sent");
        }
        self.record(&message, end, stop).await;
    }

    /// Writes down how a try ended, as soon as the database can be written: nobody else knows it.
    async fn record(&self, message: &ClaimedOutgoing, end: SendEnd, stop: &CancellationToken) {
        let (mut tries, mut waiting) = (0, None);
        loop {
            let written = self.store.sent(message, end.clone(), self.clock.now());
            let error = match self.pulse.answered("sent", written).await {
                // A status came first and said it already.
                Ok(_) | Err(StoreError::Stale) => return reached(Point::SendRecorded),
                Err(error) => error,
            };
            // All messages in flight may wait for the database at once, and each time it says something.
            self.pulse.beat();
            // Reading may work where writing does not.
            let only_this = self.store.can_write().await.is_ok();
            tries += u32::from(only_this);
            if tries >= MOST_RECORDS || stop.is_cancelled() {
                tracing::error!(
                    outbox.id = message.id,
                    error = telemetry::chain(&error),
                    "the outcome of a send could not be recorded; it counts as unknown"
                );
                return;
            }
            if waiting.is_none() {
                tracing::error!(
                    outbox.id = message.id,
                    error = telemetry::chain(&error),
                    "the outcome of a send cannot be recorded now; nothing more is sent until it is"
                );
                waiting = Some(Unrecorded::new(&self.unrecorded));
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(DATABASE_PAUSE / 4) => {}
            }
        }
    }

    /// Hands the message over if nothing speaks against it; as a template where nothing else may be sent.
    async fn try_once(&self, message: &ClaimedOutgoing) -> SendEnd {
        let now = self.clock.now();
        if outcome::unasked(message)
            && let Some(at) = self.pace.notices(now)
        {
            return outcome::put_off(message, at, "customers complained (131048): news wait".to_owned(), now);
        }
        if let Some(at) = self.pace.pair(message.conversation_id, now) {
            return outcome::put_off(message, at, "many messages to one customer".to_owned(), now);
        }
        let may = async {
            let open = self.open(message, now).await?;
            Ok::<_, StoreError>((open, self.may_be_the_last_try(message).await?))
        };
        let open = match may.await {
            Ok((open, true)) => open,
            Ok((_, false)) => return outcome::not_yet(message, now),
            Err(error) => {
                let at = now.saturating_add(SignedDuration::from_secs(2)).unwrap_or(now);
                return outcome::put_off(message, at, telemetry::chain(&error), now);
            }
        };
        let mut answer = if open { self.send(message, &message.body).await } else { closed() };
        if refused_as(&answer, Class::Window)
            && let Some(template) = self.templates.instead_of(message.kind, &message.body)
        {
            answer = self.send(message, &template).await;
        }
        if let Answer::Refused(Trouble { code: Some(UNWANTED), .. }) = &answer
            && let Err(error) = self.store.set_notices(message.conversation_id, false).await
        {
            tracing::warn!(error = telemetry::chain(&error), "that news are unwanted could not be recorded");
        }
        outcome::of(answer, message, &self.pace, self.clock.now())
    }

    /// A second unknown outcome is parked for a person. So a message whose outcome was unknown once is sent again only
    /// where the channel answers at all: while it is down, it waits like the others.
    async fn may_be_the_last_try(&self, message: &ClaimedOutgoing) -> Result<bool, StoreError> {
        if message.attempt <= 1 {
            return Ok(true);
        }
        let row = self.store.outgoing(&message.id).await?;
        Ok(row.is_none_or(|row| row.unknowns == 0) || self.graph.answers().await)
    }

    /// Whether anything may be sent, by the newest message of the customer.
    async fn open(&self, message: &ClaimedOutgoing, now: Timestamp) -> Result<bool, StoreError> {
        let conversation = self.store.conversation(message.conversation_id).await?;
        let until = conversation.and_then(|conversation| conversation.window_until);
        Ok(until.is_some_and(|until| until.duration_since(now) > MARGIN))
    }

    async fn send(&self, message: &ClaimedOutgoing, body: &serde_json::Value) -> Answer {
        let answer = self.graph.send(&message.id, &message.recipient, body).await;
        if let Some(seen) = verdict::of_send(&answer) {
            self.board.used(Dependency::WhatsApp, self.clock.now(), seen);
        }
        answer
    }
}

/// What Meta would say (131047), known without asking.
fn closed() -> Answer {
    Answer::Refused(Trouble::new(
        Class::Window,
        "the customer's 24-hour window is closed, and WHATSAPP_TEMPLATES names no approved template that fits",
    ))
}

fn refused_as(answer: &Answer, class: Class) -> bool {
    matches!(answer, Answer::Refused(trouble) if trouble.class == class)
}

#[cfg(test)]
mod tests;

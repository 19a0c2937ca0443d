//! Says what is to be said: takes one message at a time per conversation out of the outbox, hands it to the
//! channel, and records what became of it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    Store, StoreError,
    outbox::{ClaimedOutgoing, SendEnd, SendRule},
};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::graph::{Answer, Graph, Trouble};
use crate::{
    clock::{SharedClock, until},
    metrics::Metrics,
    status::{Dependency, StatusBoard},
    telemetry,
    wake::Wake,
};

/// How long an unknown outcome waits for a status that carries our id.
pub const UNKNOWN_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// A claim stands longer than a request may last.
const SEND: SendRule = SendRule { lease: SignedDuration::from_secs(30), unknown_wait: UNKNOWN_WAIT };
/// Messages in flight at once, of different conversations.
const IN_FLIGHT: usize = 8;
/// A message the channel keeps putting off is tried until the customer service window has surely closed on it.
const WORTH_SENDING: SignedDuration = SignedDuration::from_hours(24);
/// How long the loop sleeps where nothing is due.
const IDLE: std::time::Duration = std::time::Duration::from_secs(30);

/// What the sender works with.
#[derive(Clone)]
pub struct SenderLoop {
    /// The tenant's database.
    pub store: Arc<dyn Store>,
    /// The channel.
    pub graph: Graph,
    /// Time.
    pub clock: SharedClock,
    /// Rings when something is to be said.
    pub wake: Arc<Wake>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// What is known of the channel.
    pub board: Arc<StatusBoard>,
}

impl SenderLoop {
    /// Runs until stopped; messages in flight are finished first.
    pub async fn run(self, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(IN_FLIGHT));
        let flying = TaskTracker::new();
        while !stop.is_cancelled() {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
            match self.store.claim_outgoing(&SEND, self.clock.now()).await {
                Ok(Some(message)) => {
                    let this = self.clone();
                    flying.spawn(async move {
                        this.deliver(message).await;
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
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
        flying.close();
        flying.wait().await;
    }

    async fn rest(&self, stop: &CancellationToken) {
        let due = self.store.next_outgoing_at().await.ok().flatten();
        let nap = due.map_or(IDLE, |at| until(&*self.clock, at).min(IDLE));
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.wake.outbox.notified() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }

    async fn deliver(&self, message: ClaimedOutgoing) {
        let answer = self.graph.send(&message).await;
        let now = self.clock.now();
        self.board.report(Dependency::WhatsApp, now, verdict(&answer));
        let end = end(answer, &message, now);
        self.metrics.sent(&end);
        if let SendEnd::Failed { why } | SendEnd::Unknown { why, .. } | SendEnd::Retry { why, .. } = &end {
            tracing::warn!(outbox.id = message.id, attempt = message.attempt, why, "a message was not sent");
        }
        match self.store.sent(&message, end, now).await {
            // A status came first and said it already.
            Ok(_) | Err(StoreError::Stale) => {}
            Err(error) => tracing::error!(
                outbox.id = message.id,
                error = telemetry::chain(&error),
                "the outcome of a send could not be recorded; it counts as unknown"
            ),
        }
    }
}

fn verdict(answer: &Answer) -> Result<(), String> {
    match answer {
        Answer::Sent(_) => Ok(()),
        Answer::NotNow(Trouble { why, account: true }) => Err(format!(
            "{why}: check WHATSAPP_API_TOKEN in the credentials Secret and the account at Meta; messages wait until then"
        )),
        Answer::NotNow(trouble) | Answer::Never(trouble) | Answer::Unknown(trouble) => {
            Err(trouble.why.clone())
        }
    }
}

fn end(answer: Answer, message: &ClaimedOutgoing, now: Timestamp) -> SendEnd {
    let later = |seconds: i64| now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    match answer {
        Answer::Sent(wamid) => SendEnd::Sent { wamid },
        Answer::Unknown(trouble) => {
            SendEnd::Unknown { until: later(UNKNOWN_WAIT.as_secs()), why: trouble.why }
        }
        Answer::Never(trouble) => SendEnd::Failed { why: trouble.why },
        Answer::NotNow(trouble) if now.duration_since(message.created_at) > WORTH_SENDING => {
            SendEnd::Failed { why: trouble.why }
        }
        // A person must act first.
        Answer::NotNow(Trouble { why, account: true }) => SendEnd::Retry { at: later(30), why },
        Answer::NotNow(trouble) => {
            let wait = 1_i64 << message.attempt.min(6);
            SendEnd::Retry { at: later(wait), why: trouble.why }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(attempt: u32) -> ClaimedOutgoing {
        ClaimedOutgoing {
            id: "o".into(),
            epoch: 1,
            conversation_id: 1,
            recipient: mcp_store::inbox::Sender::default(),
            kind: mcp_store::outbox::OutgoingKind::Answer,
            body: json!({}),
            attempt,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn not_now(account: bool) -> Answer {
        Answer::NotNow(Trouble { why: "x".into(), account })
    }

    fn hours(hours: i64) -> Timestamp {
        Timestamp::from_second(hours * 3600).unwrap()
    }

    #[test]
    fn a_message_waits_for_a_day_however_often_it_was_tried() {
        assert!(matches!(end(not_now(false), &message(500), hours(23)), SendEnd::Retry { .. }));
        assert!(matches!(end(not_now(false), &message(2), hours(25)), SendEnd::Failed { .. }));
        assert!(matches!(end(not_now(true), &message(500), hours(25)), SendEnd::Failed { .. }));
    }

    #[test]
    fn waits_grow_with_the_attempts() {
        let wait = |attempt| match end(not_now(false), &message(attempt), Timestamp::UNIX_EPOCH) {
            SendEnd::Retry { at, .. } => at.as_second(),
            other => panic!("{other:?}"),
        };
        assert_eq!((wait(1), wait(3), wait(10)), (2, 8, 64));
    }
}

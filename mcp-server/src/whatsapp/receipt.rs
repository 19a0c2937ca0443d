//! "Read" and "typing…" for what will be answered: free, and better than a message that says "one moment".

use std::sync::Arc;

use jiff::Timestamp;
use mcp_store::turn::ClaimedTurn;
use tokio::sync::Semaphore;

use super::{graph::Graph, message::Incoming, pace::Pace};

/// Receipts in flight; beyond that they are left out.
const IN_FLIGHT: usize = 8;

/// Sends read receipts.
#[derive(Clone)]
pub struct Receipts {
    graph: Graph,
    pace: Arc<Pace>,
    slots: Arc<Semaphore>,
}

impl Receipts {
    /// For one number.
    pub fn new(graph: Graph, pace: Arc<Pace>) -> Self {
        Self { graph, pace, slots: Arc::new(Semaphore::new(IN_FLIGHT)) }
    }

    /// Tells the customer that the burst was read and is being answered. Returns at once; a failure is nobody's
    /// business. Once for each newest message: not for a retry, not for what is not answered, not while a person
    /// answers.
    pub fn seen(&self, turn: &ClaimedTurn, now: Timestamp) {
        let Some(message_id) = to_mark(turn, now).map(str::to_owned) else { return };
        if self.pace.is_stopped() {
            return;
        }
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else { return };
        let graph = self.graph.clone();
        tokio::spawn(async move {
            if let Err(trouble) = graph.read_and_typing(&message_id).await {
                tracing::debug!(why = trouble.why, "a message could not be marked as read");
            }
            drop(slot);
        });
    }
}

/// The newest message of the burst that will be answered.
fn to_mark(turn: &ClaimedTurn, now: Timestamp) -> Option<&str> {
    if turn.attempt > 1 || turn.conversation.owner.is_human_at(now) {
        return None;
    }
    let newest = turn.messages.iter().rev().find(|message| Incoming::read(message).wants_answer())?;
    // Meta marks nothing older, and an indicator without an answer would be a lie.
    (now < newest.sent_at.saturating_add(mcp_store::conversation::SERVICE_WINDOW).ok()?)
        .then_some(&*newest.id)
}

#[cfg(test)]
mod tests {
    use mcp_store::{
        conversation::{ConversationRow, Owner},
        inbox::Sender,
        turn::PendingMessage,
    };
    use serde_json::json;

    use super::*;

    fn turn(messages: &[(&str, &str)]) -> ClaimedTurn {
        let message = |(id, kind): &(&str, &str)| PendingMessage {
            id: (*id).to_owned(),
            kind: (*kind).to_owned(),
            text: None,
            sent_at: Timestamp::UNIX_EPOCH,
            raw: json!({"text": {"body": "x"}, "reaction": {"message_id": "w"}}),
        };
        ClaimedTurn {
            conversation: ConversationRow {
                id: 1,
                customer_id: 1,
                owner: Owner::Bot,
                window_until: None,
                language: None,
                informed_at: None,
                notices: None,
            },
            epoch: 1,
            attempt: 1,
            sender: Sender::default(),
            messages: messages.iter().map(message).collect(),
            redone: false,
            history: Vec::new(),
        }
    }

    #[test]
    fn the_newest_message_that_will_be_answered_is_marked() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(to_mark(&turn(&[("a", "text"), ("b", "text"), ("c", "reaction")]), now), Some("b"));
        assert_eq!(to_mark(&turn(&[("c", "reaction")]), now), None);
        let again = ClaimedTurn { attempt: 2, ..turn(&[("a", "text")]) };
        assert_eq!(to_mark(&again, now), None);
        let mut human = turn(&[("a", "text")]);
        human.conversation.owner = Owner::Human { until: Timestamp::MAX };
        assert_eq!(to_mark(&human, now), None);
        assert_eq!(to_mark(&turn(&[("a", "text")]), Timestamp::from_second(90_000).unwrap()), None);
    }
}

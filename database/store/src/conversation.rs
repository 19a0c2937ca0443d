//! Conversations, their bursts of messages, and the turns that answer them.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    StoreError,
    booking::{BookingOutcome, BookingRequest},
    inbox::Sender,
    outbox::NewOutgoing,
};

/// A customer message that waits for an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingMessage {
    /// Meta's id.
    pub id: String,
    /// Meta's type.
    pub kind: String,
    /// The text, where there is one.
    pub text: Option<String>,
    /// When the customer sent it, by Meta's clock.
    pub sent_at: Timestamp,
}

/// A conversation whose burst is over, taken by one worker.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedTurn {
    /// The conversation.
    pub conversation_id: i64,
    /// Number of this claim; every write of the turn names it.
    pub epoch: i64,
    /// How often this burst has been claimed, this time included.
    pub attempt: u32,
    /// The customer.
    pub customer_id: i64,
    /// How to reach the customer.
    pub sender: Sender,
    /// The messages to answer, in order of arrival.
    pub messages: Vec<PendingMessage>,
    /// Whether this turn was redone for newer messages already.
    pub redone: bool,
    /// Earlier contents of the conversation as the model saw them, oldest first.
    pub history: Vec<Value>,
}

/// When a conversation is ripe for a turn.
#[derive(Clone, Copy, Debug)]
pub struct BurstRule {
    /// The customer has been quiet this long.
    pub quiet: jiff::SignedDuration,
    /// Or the first unanswered message is this old.
    pub longest: jiff::SignedDuration,
    /// How long a claim stands before another worker may take the turn.
    pub lease: jiff::SignedDuration,
    /// How many contents of history a turn carries.
    pub history: u32,
}

/// What a turn decided, to be committed as one.
#[derive(Clone, Debug)]
pub struct TurnResult {
    /// Contents to append to the history: the user's, the model's, tool results.
    pub history: Vec<Value>,
    /// What is done.
    pub effect: Effect,
}

/// What a turn does.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Sends a message.
    Answer(NewOutgoing),
    /// Books, then sends what the callback renders from what came of it.
    Book(Box<BookingRequest>),
    /// Nothing is sent (a reaction, a status of no interest).
    Silence,
    /// Gives up: an answer by code where one may still be sent, and the burst goes to the dead letters.
    GiveUp {
        /// What the customer reads.
        answer: Option<NewOutgoing>,
        /// Why, for a person.
        reason: String,
    },
}

/// Renders what the customer reads from what the transaction did, and the contents that join the history.
pub type RenderOutcome<'a> = &'a (dyn Fn(&BookingOutcome) -> (NewOutgoing, Vec<Value>) + Send + Sync);

/// How a turn ended.
#[derive(Clone, Debug, PartialEq)]
pub enum TurnEnd {
    /// Committed.
    Committed {
        /// What came of a booking, where one was asked for.
        booking: Option<BookingOutcome>,
    },
    /// Newer messages arrived while the turn ran; nothing was written and the turn is to be redone.
    Superseded,
}

/// Claims and commits of turns.
#[async_trait]
pub trait ConversationStore: Send + Sync {
    /// Takes the ripest conversation, counting the attempt.
    async fn claim_turn(&self, rule: &BurstRule, now: Timestamp) -> Result<Option<ClaimedTurn>, StoreError>;

    /// When the next conversation may become ripe; `None` when none waits.
    async fn next_turn_at(&self, rule: &BurstRule) -> Result<Option<Timestamp>, StoreError>;

    /// Commits a turn in ONE transaction, conditional on its epoch: effect, history, outgoing message, messages
    /// done. Where newer messages wait and the turn was not redone yet, nothing is written
    /// ([`TurnEnd::Superseded`]).
    async fn commit_turn(
        &self,
        turn: &ClaimedTurn,
        result: TurnResult,
        render: RenderOutcome<'_>,
        now: Timestamp,
    ) -> Result<TurnEnd, StoreError>;

    /// Gives a claim back so that the turn is tried again at `retry_at`; the attempt stays counted.
    async fn release_turn(&self, turn: &ClaimedTurn, retry_at: Timestamp) -> Result<(), StoreError>;
}

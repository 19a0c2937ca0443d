//! Turns: bursts of messages, claimed, answered and committed as one; and the model's history.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    StoreError,
    booking::{BookingOutcome, BookingRequest, ChangeRequest},
    conversation::ConversationRow,
    customer::Sender,
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
    /// The message as received.
    pub raw: Value,
}

/// A conversation whose burst is over, taken by one worker.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedTurn {
    /// The conversation, as it was at the claim.
    pub conversation: ConversationRow,
    /// Number of this claim; every write of the turn names it.
    pub epoch: i64,
    /// How often this burst has been claimed, this time included.
    pub attempt: u32,
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
    /// The customer has been quiet this long, by our clock.
    pub quiet: SignedDuration,
    /// Or the first unanswered message is this old.
    pub longest: SignedDuration,
    /// How long a claim stands before another worker may take the turn.
    pub lease: SignedDuration,
    /// How many contents of history a turn carries.
    pub history: u32,
}

/// What a turn decided, to be committed as one.
#[derive(Clone, Debug)]
pub struct TurnResult {
    /// Contents to append to the history (the user's, the model's, tool results), kept as the provider gave them.
    pub history: Vec<Value>,
    /// The language of the conversation from now on, where the turn found out.
    pub language: Option<String>,
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
    /// Confirms, moves or cancels a booking, then sends what the callback renders from what came of it.
    Change(Box<ChangeRequest>),
    /// Nothing is sent (a reaction, a takeover).
    Silence,
    /// Gives up: an answer by code where one may still be sent, and the burst goes to the dead letters.
    GiveUp {
        /// What the customer reads.
        answer: Option<NewOutgoing>,
        /// Why, for a person.
        reason: String,
    },
}

/// Renders what the customer reads from what the transaction did, and the contents that join the history. May be
/// called more than once where a transaction is tried again; must have no effect of its own.
pub type RenderOutcome<'a> = &'a (dyn Fn(&BookingOutcome) -> (NewOutgoing, Vec<Value>) + Send + Sync);

/// How a turn ended.
#[derive(Clone, Debug, PartialEq)]
pub enum TurnEnd {
    /// Committed.
    Committed {
        /// What came of a booking or a change, where one was asked for.
        booking: Option<BookingOutcome>,
    },
    /// Newer messages arrived while the turn ran; nothing was written, the attempt is given back, and the turn is to
    /// be redone.
    Superseded,
    /// A person took the conversation over since the claim: the messages are done, nothing else was written.
    TakenOver,
}

/// One committed turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnRow {
    /// The conversation.
    pub conversation_id: i64,
    /// The epoch that committed it; unique in its conversation.
    pub epoch: i64,
    /// The attempt that committed it.
    pub attempt: u32,
    /// What it did: `answer`, `book`, `change`, `silence`, `give_up`, `taken_over`.
    pub effect: String,
    /// How many messages it answered.
    pub messages: u32,
    /// When it was committed.
    pub committed_at: Timestamp,
}

/// Claims and commits of turns.
#[async_trait]
pub trait TurnStore: Send + Sync {
    /// Takes the ripe conversation whose first unanswered message is the oldest, counting the attempt. Ripe: the
    /// burst rule holds over all messages accepted so far, a retry put off is due, and no claim stands. Two workers
    /// never hold one conversation.
    async fn claim_turn(&self, rule: &BurstRule, now: Timestamp) -> Result<Option<ClaimedTurn>, StoreError>;

    /// When the next conversation may become ripe; `None` when none waits. May be too early, never too late.
    async fn next_turn_at(&self, rule: &BurstRule) -> Result<Option<Timestamp>, StoreError>;

    /// Commits a turn in ONE transaction, conditional on its epoch: effect, history, outgoing message, messages
    /// done. In this order: the epoch ([`StoreError::Stale`]); a takeover that holds at `now` and did not at the
    /// claim ([`TurnEnd::TakenOver`]); newer messages, where the turn was not redone yet ([`TurnEnd::Superseded`]);
    /// the effect. Messages that arrived after the claim wait for the next turn.
    ///
    /// `render` is called for [`Effect::Book`] and [`Effect::Change`], with a refusal as well.
    async fn commit_turn(
        &self,
        turn: &ClaimedTurn,
        result: TurnResult,
        render: RenderOutcome<'_>,
        now: Timestamp,
    ) -> Result<TurnEnd, StoreError>;

    /// Gives a claim back so that the turn is tried again at `retry_at`; the attempt stays counted.
    async fn release_turn(&self, turn: &ClaimedTurn, retry_at: Timestamp) -> Result<(), StoreError>;

    /// The newest committed turns of a conversation, newest first, at most `most`.
    async fn turns(&self, conversation_id: i64, most: u32) -> Result<Vec<TurnRow>, StoreError>;

    /// The newest contents of a conversation's history, oldest first, at most `most`.
    async fn history(&self, conversation_id: i64, most: u32) -> Result<Vec<Value>, StoreError>;
}

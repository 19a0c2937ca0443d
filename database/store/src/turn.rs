//! Turns: bursts of messages, claimed, answered and committed as one; and the model's history.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    StoreError,
    adjustment::NewAdjustment,
    audit::NewAudit,
    booking::{BookingOutcome, BookingRequest, BookingRow, ChangeRequest},
    conversation::ConversationRow,
    customer::Sender,
    outbox::NewOutgoing,
    waitlist::{NewWait, WaitEnd},
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
    /// What else is done in the same transaction, in this order, after the effect. Where a booking or a change was
    /// refused, only what [stands alone](Also::stands_alone).
    pub also: Vec<Also>,
    /// Whom else the row is told to that a booking or a change left behind; nobody where it was refused.
    pub tells: Option<Tells>,
}

/// What somebody else reads of a booking: rendered from the row as it is committed, in the same transaction.
#[derive(Clone)]
pub struct Tells {
    /// Whose conversation. [`StoreError::NotFound`] without it.
    pub conversation_id: i64,
    /// Renders the message. May be called more than once where a transaction is tried again; must have no effect of
    /// its own. One whose `dedupe_key` is there already is left out.
    pub render: Arc<dyn Fn(&BookingRow) -> NewOutgoing + Send + Sync>,
}

impl Tells {
    /// The message about a row.
    pub fn of(&self, row: &BookingRow) -> Also {
        Also::Tell { conversation_id: self.conversation_id, message: (self.render)(row) }
    }
}

impl fmt::Debug for Tells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tells").field("conversation_id", &self.conversation_id).finish_non_exhaustive()
    }
}

impl TurnResult {
    /// An effect without history.
    pub fn of(effect: Effect) -> Self {
        Self { history: Vec::new(), language: None, effect, also: Vec::new(), tells: None }
    }
}

/// What a turn does beside its effect.
#[derive(Clone, Debug, PartialEq)]
pub enum Also {
    /// Tells somebody else, the owner for instance: written into the outbox of that conversation. A message whose
    /// `dedupe_key` is there already is left out. [`StoreError::NotFound`] without that conversation.
    Tell {
        /// Whose conversation.
        conversation_id: i64,
        /// What.
        message: NewOutgoing,
    },
    /// Written into the outbox of this turn's conversation as a second message. For what the channel cannot put into
    /// one message; every message costs money.
    Say(NewOutgoing),
    /// A person answers this turn's conversation until then. A takeover that lasts longer already stays as it is.
    Takeover {
        /// Until when.
        until: Timestamp,
    },
    /// The customer is told with these words what happens with their data ([`ConversationRow::informed_at`]): kept
    /// only where a message of this turn to the customer has them, and then whatever came of the effect.
    Informed(String),
    /// Whether the customer wants notices ([`ConversationRow::notices`]).
    Notices(bool),
    /// A customer begins to wait for a slot; rules of [`WaitlistStore::wait`](crate::waitlist::WaitlistStore::wait).
    Wait(NewWait),
    /// An entry of the waitlist ends; rules of
    /// [`WaitlistStore::end_wait`](crate::waitlist::WaitlistStore::end_wait), but one that has another revision or
    /// state by now is left as it is.
    EndWait {
        /// Entry.
        id: String,
        /// The revision that was read.
        revision: i64,
        /// How.
        end: WaitEnd,
    },
    /// The owner changes hours; rules of [`AdjustmentStore::adjust`](crate::adjustment::AdjustmentStore::adjust).
    Adjust {
        /// What.
        adjustment: NewAdjustment,
        /// Entry of the audit.
        audit: NewAudit,
    },
    /// The owner takes a change of hours back; one that is gone already is no error.
    Unadjust {
        /// Which.
        id: String,
        /// Entry of the audit.
        audit: NewAudit,
    },
    /// What was understood of a message that was not text: kept as its text.
    Heard {
        /// Meta's id of the message.
        message_id: String,
        /// Its words.
        text: String,
    },
    /// The customer revoked or edited an earlier message of this conversation. Its text and what was received are
    /// replaced, in the inbox and wherever a part of a user's content in the history is its text
    /// ([`retract`]). Unknown ids do no harm.
    Retract {
        /// Meta's id of the earlier message.
        message_id: String,
        /// The words that count now; `None` where it was revoked.
        replacement: Option<String>,
    },
}

impl Also {
    /// Whether it is true whatever came of the effect: what the customer's messages say of themselves, and what the
    /// customer wants. The rest belongs to an effect that came about.
    pub fn stands_alone(&self) -> bool {
        matches!(self, Self::Notices(_) | Self::Heard { .. } | Self::Retract { .. })
    }

    /// Whether it is done where the effect came about, or was `refused`, and the customer reads these messages.
    pub fn holds(&self, refused: bool, said: &[&Value]) -> bool {
        match self {
            Self::Informed(words) => said.iter().any(|body| says(body, words)),
            other => !refused || other.stands_alone(),
        }
    }
}

/// Whether a text of a message has these words.
fn says(body: &Value, words: &str) -> bool {
    match body {
        Value::String(text) => text.contains(words),
        Value::Array(all) => all.iter().any(|one| says(one, words)),
        Value::Object(fields) => fields.values().any(|one| says(one, words)),
        _ => false,
    }
}

/// What stands in the history for a message that was revoked.
pub const REVOKED: &str = "[message deleted by the customer]";

/// Replaces the words of a message in a content of the history: the parts of a user's content whose text is `text`.
/// Says whether there was one. Turns write one part for each message.
pub fn retract(content: &mut Value, text: &str, replacement: Option<&str>) -> bool {
    if content["role"] != "user" {
        return false;
    }
    let mut found = false;
    for part in content["parts"].as_array_mut().into_iter().flatten() {
        if part["text"] == text {
            part["text"] = Value::from(replacement.unwrap_or(REVOKED));
            found = true;
        }
    }
    found
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
    /// A person took the conversation over since the claim: the messages are done, and nothing else was written but
    /// what [stands alone](Also::stands_alone).
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

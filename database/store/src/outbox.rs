//! What is to be said: messages written with their effect, sent afterwards.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{StoreError, customer::Sender};

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutgoingKind {
    /// The answer of a turn.
    Answer,
    /// A notice no turn asked for: an owner's cancellation, a waitlist offer.
    Notice,
    /// A reminder of a booking.
    Reminder,
    /// Words of a person of the business.
    Person,
}

impl OutgoingKind {
    const ALL: [Self; 4] = [Self::Answer, Self::Notice, Self::Reminder, Self::Person];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Notice => "notice",
            Self::Reminder => "reminder",
            Self::Person => "person",
        }
    }

    /// From storage.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A message to write into the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOutgoing {
    /// Our id; travels with the message as `biz_opaque_callback_data`.
    pub id: String,
    /// What it is for.
    pub kind: OutgoingKind,
    /// A second message with the same key is not written.
    pub dedupe_key: Option<String>,
    /// The channel's message without recipient: `{"type":"text","text":{"body":…}}`.
    pub body: Value,
}

impl NewOutgoing {
    /// The answer of a turn: the turn itself is committed once, so there is no key.
    pub fn answer(id: impl Into<String>, body: Value) -> Self {
        Self { id: id.into(), kind: OutgoingKind::Answer, dedupe_key: None, body }
    }
}

/// Where a message is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutgoingState {
    /// Waits until it is due.
    Pending,
    /// Claimed: handed to the channel, or about to be.
    Sending,
    /// Nobody knows whether it was sent; it waits for a status that carries our id.
    Ambiguous,
    /// The channel took it.
    Sent,
    /// The channel refused it for good, then or later.
    Failed,
    /// Its outcome stayed unknown twice; a person decides.
    Parked,
}

impl OutgoingState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Sending, Self::Ambiguous, Self::Sent, Self::Failed, Self::Parked];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Ambiguous => "ambiguous",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Parked => "parked",
        }
    }

    /// From storage.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A message as committed.
#[derive(Clone, Debug, PartialEq)]
pub struct OutgoingRow {
    /// Our id.
    pub id: String,
    /// The conversation it belongs to.
    pub conversation_id: i64,
    /// The booking it is about, where it is about one.
    pub booking_id: Option<String>,
    /// What it is for.
    pub kind: OutgoingKind,
    /// Where it is.
    pub state: OutgoingState,
    /// How often it was handed to the channel.
    pub attempts: u32,
    /// How often the outcome was unknown.
    pub unknowns: u32,
    /// Meta's id, once known.
    pub wamid: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was sent, by our clock.
    pub sent_at: Option<Timestamp>,
    /// When it reached the customer, by Meta's clock; set by `read` as well where `delivered` never came.
    pub delivered_at: Option<Timestamp>,
    /// When it was read, by Meta's clock.
    pub read_at: Option<Timestamp>,
}

/// A message taken for sending.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedOutgoing {
    /// Our id.
    pub id: String,
    /// Number of this claim.
    pub epoch: i64,
    /// The conversation it belongs to.
    pub conversation_id: i64,
    /// To whom.
    pub recipient: Sender,
    /// What it is for.
    pub kind: OutgoingKind,
    /// The channel's message without recipient.
    pub body: Value,
    /// How often it was handed to the channel, this time included.
    pub attempt: u32,
    /// When it was written.
    pub created_at: Timestamp,
}

/// A message with a key that was not delivered: `failed` or `parked`, and nobody has dealt with its dead letter.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsaid {
    /// Our id.
    pub id: String,
    /// The conversation it was written for.
    pub conversation_id: i64,
    /// What it is for.
    pub kind: OutgoingKind,
    /// `Failed`, or `Parked` where it may have arrived.
    pub state: OutgoingState,
    /// Its key.
    pub dedupe_key: String,
    /// The channel's message without recipient.
    pub body: Value,
    /// Its dead letter.
    pub dead_letter: i64,
    /// When it was given up.
    pub failed_at: Timestamp,
    /// Why.
    pub why: String,
}

/// How long a claim stands, and how long an unknown outcome waits.
#[derive(Clone, Copy, Debug)]
pub struct SendRule {
    /// How long a claim stands; longer than a request to the channel can take.
    pub lease: SignedDuration,
    /// How long an unknown outcome waits for a status that carries our id before the message is sent once more.
    pub unknown_wait: SignedDuration,
}

/// How a try to send ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendEnd {
    /// The channel took it and named it.
    Sent {
        /// Meta's id.
        wamid: String,
    },
    /// The channel refused it for now: nothing was sent.
    Retry {
        /// Not before.
        at: Timestamp,
        /// Why.
        why: String,
    },
    /// The channel refused it for good.
    Failed {
        /// Why.
        why: String,
    },
    /// Nobody knows whether it was sent. It waits for a status that carries our id, until `until`; then it is sent
    /// once more, and a second unknown is parked.
    Unknown {
        /// When the wait ends.
        until: Timestamp,
        /// Why.
        why: String,
    },
}

/// What became of a message handed to the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// Written.
    Written,
    /// One with the same key is there, under this id.
    Duplicate(String),
}

/// The durable queue of what is to be said.
///
/// # States
///
/// `pending → sending` by a claim; from `sending` by [`OutboxStore::sent`]: `sent`, `pending` (retry), `failed`,
/// `ambiguous`. A `sending` row whose lease has ended is `ambiguous`, and not claimable, for `unknown_wait` from when
/// that is noticed: while the database could not be used, nobody could take a status either. An `ambiguous` row whose wait has ended is sent once more: it is claimable
/// like a pending one. The second unknown (of either kind) is `parked`, with a dead letter.
///
/// # Statuses
///
/// A delivery status, by our outbox id or by the `wamid` of a sent message, in whatever order it comes, also before
/// [`OutboxStore::sent`] was called: `sent`, `delivered`, `read` prove that the channel took the message: a row in any
/// state but `failed` becomes `sent`, with its `wamid`, and a claim on it is void (its holder's write is
/// [`StoreError::Stale`]). `failed` makes it `failed` whatever it was, with the code in `error` and a dead letter.
/// Later statuses add `delivered_at` and `read_at` and never take them back. Statuses for rows that were never
/// claimed, and unknown status words, change nothing and are kept.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// Writes a message for a conversation; a turn's own answer is written by its commit.
    /// [`StoreError::NotFound`] without that conversation.
    async fn enqueue(
        &self,
        conversation_id: i64,
        message: &NewOutgoing,
        now: Timestamp,
    ) -> Result<Enqueued, StoreError>;

    /// Takes the next message that is due, counting the attempt: one at a time per conversation, in the order they
    /// were written; a message that waits (retry, ambiguous) holds back the later ones of its conversation.
    async fn claim_outgoing(
        &self,
        rule: &SendRule,
        now: Timestamp,
    ) -> Result<Option<ClaimedOutgoing>, StoreError>;

    /// Records how a try ended, conditional on the epoch. [`SendEnd::Unknown`] that is the second one parks.
    /// [`SendEnd::Sent`] is a fact: it counts as well where the claim has ended and nobody took the message since.
    async fn sent(
        &self,
        message: &ClaimedOutgoing,
        end: SendEnd,
        now: Timestamp,
    ) -> Result<OutgoingRow, StoreError>;

    /// No status could be taken for a while: what is ambiguous waits for one until `until` at least.
    async fn wait_for_statuses(&self, until: Timestamp) -> Result<(), StoreError>;

    /// When the next message may be due, or an ended lease is to be looked at; `None` when none waits. May be too
    /// early, never too late.
    async fn next_outgoing_at(&self) -> Result<Option<Timestamp>, StoreError>;

    /// A message.
    async fn outgoing(&self, id: &str) -> Result<Option<OutgoingRow>, StoreError>;

    /// Messages that were not delivered and whose key begins with one of these words and a colon, given up at `since` or
    /// later, in the order of their dead letters: those after the letter `after`, at most `most`.
    async fn unsaid(
        &self,
        words: &[&str],
        since: Timestamp,
        after: i64,
        most: u32,
    ) -> Result<Vec<Unsaid>, StoreError>;

    /// Writes a message in the place of one that was not delivered, under the same key and due at `now`: the old one
    /// keeps its state and loses its key and its dead letter. `false`, and nothing is written, where the old one is
    /// not `failed` or `parked` under this key any more: somebody else was first, or it came about after all.
    /// [`StoreError::NotFound`] without that conversation.
    async fn say_again(
        &self,
        id: &str,
        conversation_id: i64,
        message: &NewOutgoing,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// How many messages are in each state, for `/status`; states without messages are left out.
    async fn outbox_counts(&self) -> Result<Vec<(OutgoingState, u64)>, StoreError>;
}

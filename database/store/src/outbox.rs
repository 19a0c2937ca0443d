//! What is to be said: messages written with their effect, sent afterwards.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::{StoreError, inbox::Sender};

/// A message to write into the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOutgoing {
    /// Our id; travels with the message as `biz_opaque_callback_data`.
    pub id: String,
    /// The channel's message without recipient: `{"type":"text","text":{"body":…}}`.
    pub body: Value,
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
    /// The channel's message without recipient.
    pub body: Value,
    /// How often it was handed to the channel, this time included.
    pub attempt: u32,
    /// When it was written.
    pub created_at: Timestamp,
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

/// The durable queue of what is to be said.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// Takes the next message that is due, one at a time per conversation, in order. A message whose outcome is
    /// unknown (its sender died, or [`SendEnd::Unknown`]) is due when `unknown_wait` has passed without a status;
    /// after a second unknown it is parked and not returned again.
    async fn claim_outgoing(
        &self,
        now: Timestamp,
        unknown_wait: jiff::SignedDuration,
    ) -> Result<Option<ClaimedOutgoing>, StoreError>;

    /// Records how a try ended, conditional on the epoch.
    async fn sent(&self, message: &ClaimedOutgoing, end: SendEnd, now: Timestamp) -> Result<(), StoreError>;

    /// When the next message may be due; `None` when none waits.
    async fn next_outgoing_at(&self) -> Result<Option<Timestamp>, StoreError>;

    /// How many messages are in each state, for `/status`.
    async fn outbox_counts(&self) -> Result<Vec<(String, i64)>, StoreError>;
}

//! What arrived: messages and delivery statuses, kept before the sender hears a 200.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// How the sender of a message is known. Both ids may be absent from a webhook, never both at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Business-scoped user id, `BR.1502576394655843`: the first key of a customer.
    pub user_id: Option<String>,
    /// WhatsApp id (a phone number in digits), verbatim as received.
    pub wa_id: Option<String>,
    /// Profile name.
    pub name: Option<String>,
}

/// One received message.
#[derive(Clone, Debug, PartialEq)]
pub struct IncomingMessage {
    /// Meta's id; a second delivery of the same id is dropped.
    pub id: String,
    /// Who wrote.
    pub sender: Sender,
    /// Meta's message type, `text` for instance.
    pub kind: String,
    /// The text, where there is one.
    pub text: Option<String>,
    /// When the customer sent it, by Meta's clock (1 s resolution).
    pub sent_at: Timestamp,
    /// The message as received.
    pub raw: serde_json::Value,
}

/// One delivery status of a message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryStatus {
    /// Meta's id of our message.
    pub wamid: String,
    /// `sent`, `delivered`, `read`, `failed`, or anything newer.
    pub status: String,
    /// Our outbox id, as we gave it along.
    pub outbox_id: Option<String>,
    /// Meta's error code of a `failed` one.
    pub error_code: Option<i64>,
    /// When, by Meta's clock.
    pub at: Timestamp,
}

/// All that one webhook delivery held for this tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    /// Messages in order of arrival.
    pub messages: Vec<IncomingMessage>,
    /// Statuses in order of arrival.
    pub statuses: Vec<DeliveryStatus>,
    /// Bodies that could not be understood, kept for a person.
    pub dead: Vec<DeadLetter>,
}

/// Something that could not be handled, kept for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it came from: `webhook`, `turn`, `outbox`.
    pub source: &'static str,
    /// Why.
    pub reason: String,
    /// What.
    pub payload: String,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Messages seen for the first time.
    pub messages: usize,
    /// Messages and statuses that were here already.
    pub duplicates: usize,
}

/// The durable queue of what arrived.
#[async_trait]
pub trait InboxStore: Send + Sync {
    /// Keeps deliveries, each whole or not at all, in one transaction; deduplicates by id. On `Ok` they are on disk.
    async fn accept(&self, deliveries: &[Delivery], now: Timestamp) -> Result<Vec<Accepted>, StoreError>;
}

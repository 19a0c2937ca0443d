//! What arrived: messages and delivery statuses, kept before the sender hears a 200.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::StoreError;
pub use crate::customer::Sender;

/// One received message.
#[derive(Clone, Debug, PartialEq)]
pub struct IncomingMessage {
    /// Meta's id; a second delivery of the same id is dropped, whatever else differs.
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
    /// Messages a person of the business sent from the phone, in order of arrival.
    pub echoes: Vec<Echo>,
    /// New ids of customers, told by the channel itself, in order of arrival.
    pub identities: Vec<IdentityChange>,
    /// Bodies that could not be understood, kept for a person.
    pub dead: Vec<DeadLetter>,
}

/// A message that a person of the business sent from the phone: it begins or extends a takeover. Deduplicated by its id
/// like a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Echo {
    /// Meta's id.
    pub id: String,
    /// To whom; the customer and the conversation are made where there are none.
    pub to: Sender,
    /// What joins the history of the conversation, so that the assistant knows what was said.
    pub content: serde_json::Value,
    /// The takeover lasts until then, unless it lasts longer already.
    pub until: Timestamp,
}

/// The channel says that a customer has new ids
/// ([`CustomerStore::ids_changed`](crate::customer::CustomerStore::ids_changed)); an unknown customer is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityChange {
    /// The ids until now.
    pub was: Sender,
    /// The ids from now on.
    pub is: Sender,
}

/// Something that could not be handled, kept for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it came from.
    pub source: DeadSource,
    /// Why.
    pub reason: String,
    /// What: the body of a webhook, the JSON array of the messages' ids of a turn, the id of an outgoing message.
    pub payload: String,
}

/// Where a dead letter came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadSource {
    /// A body that could not be understood.
    Webhook,
    /// A burst whose turn was given up.
    Turn,
    /// A message whose outcome stayed unknown (`parked`), or that the channel refused for good.
    Outbox,
}

impl DeadSource {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Turn => "turn",
            Self::Outbox => "outbox",
        }
    }

    /// From storage.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Webhook, Self::Turn, Self::Outbox].into_iter().find(|source| source.as_str() == text)
    }
}

/// A dead letter as committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterRow {
    /// Number, given by the database, rising.
    pub id: i64,
    /// What it is.
    pub letter: DeadLetter,
    /// The conversation it belongs to, where it belongs to one.
    pub conversation_id: Option<i64>,
    /// When it was written.
    pub created_at: Timestamp,
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
    /// Keeps deliveries, each whole or not at all, in one transaction; deduplicates messages by id and statuses by
    /// (wamid, status), within the call as well. On `Ok` they are on disk. The answer has one entry per delivery.
    ///
    /// The order of arrival is the order in `deliveries`, and of calls as they commit. Customers and conversations
    /// of the messages are found (rules of [`CustomerStore`](crate::customer::CustomerStore), in order of arrival)
    /// here or later, at the latest when [`TurnStore::claim_turn`](crate::turn::TurnStore::claim_turn) or
    /// [`InboxStore::route`] looks: this is the path every acknowledgement waits for. A customer found later counts as
    /// made when its message was accepted.
    async fn accept(&self, deliveries: &[Delivery], now: Timestamp) -> Result<Vec<Accepted>, StoreError>;

    /// Gives every accepted message its customer and conversation now; returns how many messages had none.
    async fn route(&self, now: Timestamp) -> Result<usize, StoreError>;

    /// Dead letters with a number above `after` (0: all), rising, at most `most`.
    async fn dead_letters(&self, after: i64, most: u32) -> Result<Vec<DeadLetterRow>, StoreError>;

    /// Tries a dead letter again, and removes it: the messages of a turn wait for an answer again (from `now` on, as a
    /// burst of their own or with what waits already, in order of arrival, attempts counted anew); an outgoing
    /// message is due at `now` and counts as written then, its unknown outcomes forgotten. [`StoreError::Conflict`] for a webhook's body (it
    /// would not be understood this time either) and where what it names is gone; [`StoreError::NotFound`].
    async fn replay(&self, dead_letter: i64, now: Timestamp) -> Result<DeadLetterRow, StoreError>;

    /// Removes a dead letter a person has dealt with. [`StoreError::NotFound`].
    async fn discard(&self, dead_letter: i64) -> Result<DeadLetterRow, StoreError>;
}

//! Conversations: one customer with one tenant.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// The customer service window: how long after a customer's message anything may be sent; after it only templates
/// (a rule of the WhatsApp Business Platform).
pub const SERVICE_WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The assistant.
    Bot,
    /// A person took the conversation over; the assistant is silent until then (exclusive) or a release.
    Human {
        /// Until when.
        until: Timestamp,
    },
}

impl Owner {
    /// Whether the assistant is silent at an instant.
    pub fn is_human_at(self, now: Timestamp) -> bool {
        matches!(self, Self::Human { until } if now < until)
    }
}

/// A conversation as committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationRow {
    /// Number, given by the database.
    pub id: i64,
    /// Whose; one conversation per customer.
    pub customer_id: i64,
    /// Who answers. A takeover whose time is over reads as it was written; ask [`Owner::is_human_at`].
    pub owner: Owner,
    /// Until when anything may be sent: the newest message's `sent_at` + [`SERVICE_WINDOW`]. `None` where the
    /// customer never wrote.
    pub window_until: Option<Timestamp>,
    /// BCP 47 tag of the language spoken, once known.
    pub language: Option<String>,
    /// When the customer was told what happens with their data.
    pub informed_at: Option<Timestamp>,
    /// Whether the customer wants notices (reminders, offers); `None` where they never said.
    pub notices: Option<bool>,
}

/// What is known of conversations.
#[async_trait]
pub trait ConversationStore: Send + Sync {
    /// A conversation.
    async fn conversation(&self, id: i64) -> Result<Option<ConversationRow>, StoreError>;

    /// The conversation of a customer, made where there is none. [`StoreError::NotFound`] without that customer.
    async fn conversation_of(&self, customer_id: i64) -> Result<ConversationRow, StoreError>;

    /// Who answers from now on. A turn that runs at this moment sends nothing
    /// ([`TurnEnd::TakenOver`](crate::turn::TurnEnd::TakenOver)). [`StoreError::NotFound`].
    async fn set_owner(&self, id: i64, owner: Owner) -> Result<ConversationRow, StoreError>;

    /// Whether the customer wants notices from now on. [`StoreError::NotFound`].
    async fn set_notices(&self, id: i64, wanted: bool) -> Result<ConversationRow, StoreError>;

    /// Conversations by the newest message that arrived, newest first, at most `most`; `before` is the id of the last
    /// one of the page before, `None` for the first page.
    async fn conversations(&self, before: Option<i64>, most: u32)
    -> Result<Vec<ConversationRow>, StoreError>;

    /// The language from now on. [`StoreError::NotFound`].
    async fn set_language(&self, id: i64, language: &str) -> Result<ConversationRow, StoreError>;
}

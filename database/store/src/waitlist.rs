//! Customers who wait for a slot to become free.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{StoreError, outbox::NewOutgoing};

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitState {
    /// Waits.
    Waiting,
    /// A slot is offered, until `offer_until`.
    Offered,
    /// The customer got one.
    Served,
    /// The customer left, or did not want what was offered.
    Left,
    /// Its time is over: nothing became free, or the offer was not answered.
    Expired,
}

impl WaitState {
    const ALL: [Self; 5] = [Self::Waiting, Self::Offered, Self::Served, Self::Left, Self::Expired];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Offered => "offered",
            Self::Served => "served",
            Self::Left => "left",
            Self::Expired => "expired",
        }
    }

    /// From storage.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A wish to wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewWait {
    /// Id: 32 hex digits.
    pub id: String,
    /// Who waits.
    pub customer_id: i64,
    /// For what.
    pub service_id: String,
    /// By whom; `None` for anyone.
    pub staff_id: Option<String>,
    /// A start from here on.
    pub from: Timestamp,
    /// A start before this.
    pub to: Timestamp,
}

/// An entry as committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitRow {
    /// The wish.
    pub wait: NewWait,
    /// Where it is.
    pub state: WaitState,
    /// What is offered: the start.
    pub offered_start: Option<Timestamp>,
    /// What is offered: by whom.
    pub offered_staff_id: Option<String>,
    /// Until when (exclusive).
    pub offer_until: Option<Timestamp>,
    /// Grows with every change; every change names the one it read.
    pub revision: i64,
    /// When the customer began to wait.
    pub created_at: Timestamp,
}

/// A slot to offer.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Its start.
    pub start: Timestamp,
    /// By whom.
    pub staff_id: String,
    /// Until when the offer stands.
    pub until: Timestamp,
    /// The notice, written into the outbox of the customer's conversation in the same transaction.
    pub message: Option<NewOutgoing>,
}

/// How an entry ends, or goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitEnd {
    /// waiting, offered → served.
    Served,
    /// waiting, offered → left.
    Left,
    /// offered → waiting, in the place the entry had: the slot was gone before the customer answered.
    WaitOn,
    /// offered → expired: the customer did not answer in time.
    Expired,
}

/// The waitlist. Changes name the revision they have read: [`StoreError::Stale`] for another one,
/// [`StoreError::Conflict`] for a state that does not allow the change, [`StoreError::NotFound`].
#[async_trait]
pub trait WaitlistStore: Send + Sync {
    /// Adds an entry. [`StoreError::Conflict`] where the id is taken; [`StoreError::NotFound`] without that customer;
    /// [`StoreError::Invalid`] where `to <= from`.
    async fn wait(&self, wait: &NewWait, now: Timestamp) -> Result<WaitRow, StoreError>;

    /// Entries that wait at `now` for a start in `[from, to)`, who came first first, at most `most`.
    async fn waiting(
        &self,
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<WaitRow>, StoreError>;

    /// All entries of a customer that wait or have an offer, who came first first.
    async fn waits_of(&self, customer_id: i64) -> Result<Vec<WaitRow>, StoreError>;

    /// waiting → offered. [`StoreError::Invalid`] where there is a message and the customer has no conversation.
    async fn offer(
        &self,
        id: &str,
        revision: i64,
        offer: &Offer,
        now: Timestamp,
    ) -> Result<WaitRow, StoreError>;

    /// Ends an entry, or has it wait on.
    async fn end_wait(
        &self,
        id: &str,
        revision: i64,
        end: WaitEnd,
        now: Timestamp,
    ) -> Result<WaitRow, StoreError>;

    /// Offers that are over at `now` (`offer_until <= now`), by id. Whoever finds one ends it by
    /// [`WaitlistStore::end_wait`], as expired or to wait on: one write, so that nobody loses their place in between.
    async fn offers_over(&self, now: Timestamp) -> Result<Vec<WaitRow>, StoreError>;

    /// Expires entries that wait and are over at `now`: `to <= now`. Returns what it expired, by id.
    async fn expire_waits(&self, now: Timestamp) -> Result<Vec<WaitRow>, StoreError>;
}

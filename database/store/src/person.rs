//! One customer everywhere: export and erasure.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{StoreError, audit::NewAudit};

/// What an erasure did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// The customers erased: the one named and those merged into it or from which it took its phone over, rising.
    pub customers: Vec<i64>,
    /// Bookings that lost name, phone and customer.
    pub bookings: u64,
    /// Of these, those that stood and were cancelled.
    pub cancelled: u64,
    /// Messages received and to be sent, with their statuses, history, turns and dead letters.
    pub messages: u64,
    /// Entries of the audit whose personal part is gone.
    pub audit: u64,
}

/// Export and erasure. Both mean the customer and, through any number of steps of `merged_into`, every customer that
/// points to it.
#[async_trait]
pub trait PersonStore: Send + Sync {
    /// Everything kept about a customer: an object with one array of objects per table (by the table's name, rows by
    /// primary key; columns by name, instants as RFC 3339 text, `…_json` columns as JSON), tables without a row left
    /// out. Bookings made under a phone of the customer are in it. `None` without that customer.
    async fn export_customer(&self, id: i64) -> Result<Option<Value>, StoreError>;

    /// Erases a customer everywhere, in one transaction:
    ///
    /// - Standing bookings of the customer, or named under its phone, are cancelled. All bookings of it lose name,
    ///   phone, customer and reason, get `erased_at` and a new revision, and are due for the mirror where they have an
    ///   event outside ([`MirrorJob::removes`](crate::calendar::MirrorJob::removes)). Services, times and prices stay.
    /// - Messages, statuses, history, turns, outgoing messages, dead letters, waitlist entries, reminders, kept
    ///   outcomes of keys, conversation and customer are removed. Their numbers are never given again.
    /// - Payloads of the audit that are about it are removed; their entries stay, and the chain still verifies.
    /// - `audit` is written as a new entry with the subject `customer:{id}`.
    ///
    /// `None` without that customer; nothing is written then. Backups made before still have the customer.
    async fn erase_customer(
        &self,
        id: i64,
        audit: &NewAudit,
        now: Timestamp,
    ) -> Result<Option<Erased>, StoreError>;
}

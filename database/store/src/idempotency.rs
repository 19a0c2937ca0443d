//! Keys of effects: the same effect asked for twice is done once.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::StoreError;

/// How long a key is kept. An older one counts as never seen.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Keys of effects. [`BookingStore`](crate::booking::BookingStore) keeps its own keys here, in the transaction of
/// the effect, with the JSON of its [`BookingOutcome`](crate::booking::BookingOutcome).
///
/// A key is one of the tenant: callers put the door into it (`turn:…`, `rest:{subject}:…`).
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// The outcome kept under a key; `None` where it was not seen in the last [`KEPT`] before `now`.
    /// [`StoreError::KeyReused`] for another digest.
    async fn recall(&self, key: &str, digest: &str, now: Timestamp) -> Result<Option<Value>, StoreError>;

    /// Keeps an outcome under a key, or returns the one that is there: the first one wins.
    /// [`StoreError::KeyReused`] for another digest.
    async fn remember(
        &self,
        key: &str,
        digest: &str,
        outcome: &Value,
        now: Timestamp,
    ) -> Result<Value, StoreError>;

    /// Removes keys older than [`KEPT`]; returns how many.
    async fn expire_keys(&self, now: Timestamp) -> Result<u64, StoreError>;
}

//! Keys of effects.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::BookingOutcome,
    idempotency::{IdempotencyStore, KEPT},
    micros,
};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::{SqliteStore, db};

/// The newest instant at which a key counts as never seen.
pub(crate) fn forgotten(now: Timestamp) -> i64 {
    micros::to(now).saturating_sub(micros::of(KEPT))
}

async fn recall(
    tx: &mut SqliteConnection,
    key: &str,
    digest: &str,
    now: Timestamp,
) -> Result<Option<Value>, StoreError> {
    let kept: Option<(String, String)> =
        sqlx::query_as("SELECT digest, outcome_json FROM idempotency WHERE key = $1 AND created_us > $2")
            .bind(key)
            .bind(forgotten(now))
            .fetch_optional(&mut *tx)
            .await
            .map_err(db)?;
    match kept {
        None => Ok(None),
        Some((first, _)) if first != digest => Err(StoreError::KeyReused),
        Some((_, outcome)) => serde_json::from_str(&outcome).map(Some).map_err(|_| inconsistent(key)),
    }
}

fn inconsistent(key: &str) -> StoreError {
    StoreError::Inconsistent { table: "idempotency", column: "outcome_json", row: key.to_owned() }
}

async fn keep(
    tx: &mut SqliteConnection,
    (key, digest): (&str, &str),
    outcome: &Value,
    booking_id: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO idempotency (key, digest, outcome_json, booking_id, created_us) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, outcome_json = excluded.outcome_json,
           booking_id = excluded.booking_id, created_us = excluded.created_us",
    )
    .bind(key)
    .bind(digest)
    .bind(outcome.to_string())
    .bind(booking_id)
    .bind(micros::to(now))
    .execute(&mut *tx)
    .await
    .map_err(db)?;
    Ok(())
}

/// The outcome of the first booking transaction with a key.
pub(crate) async fn first_outcome(
    tx: &mut SqliteConnection,
    key: &str,
    digest: &str,
    now: Timestamp,
) -> Result<Option<BookingOutcome>, StoreError> {
    match recall(tx, key, digest, now).await? {
        None => Ok(None),
        Some(outcome) => serde_json::from_value(outcome).map(Some).map_err(|_| inconsistent(key)),
    }
}

/// The outcome in what was kept of a booking transaction.
pub(crate) fn first(
    kept: Option<(String, String)>,
    key: &str,
    digest: &str,
) -> Result<Option<BookingOutcome>, StoreError> {
    match kept {
        None => Ok(None),
        Some((first, _)) if first != digest => Err(StoreError::KeyReused),
        Some((_, outcome)) => serde_json::from_str(&outcome).map(Some).map_err(|_| inconsistent(key)),
    }
}

/// Keeps the outcome of a booking transaction.
pub(crate) async fn keep_outcome(
    tx: &mut SqliteConnection,
    key: &str,
    digest: &str,
    outcome: &BookingOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    let booking = outcome.row().map(|row| row.booking.id.as_str());
    keep(tx, (key, digest), &json!(outcome), booking, now).await
}

#[async_trait]
impl IdempotencyStore for SqliteStore {
    async fn recall(&self, key: &str, digest: &str, now: Timestamp) -> Result<Option<Value>, StoreError> {
        let mut reader = self.readers.acquire().await.map_err(db)?;
        recall(&mut reader, key, digest, now).await
    }

    async fn remember(
        &self,
        key: &str,
        digest: &str,
        outcome: &Value,
        now: Timestamp,
    ) -> Result<Value, StoreError> {
        let mut tx = self.begin().await?;
        if let Some(first) = recall(&mut tx, key, digest, now).await? {
            return Ok(first);
        }
        keep(&mut tx, (key, digest), outcome, None, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(outcome.clone())
    }

    async fn expire_keys(&self, now: Timestamp) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM idempotency WHERE created_us <= $1")
            .bind(forgotten(now))
            .execute(&mut *self.writer.statement().await?)
            .await
            .map_err(db)?;
        Ok(gone.rows_affected())
    }
}

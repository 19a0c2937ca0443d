//! Keys of effects.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::BookingOutcome,
    idempotency::{IdempotencyStore, KEPT},
    micros,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::PgConnection;

use crate::{PostgresStore, error, retry, text};

/// Keys made before this are gone.
pub(crate) fn oldest(now: Timestamp) -> i64 {
    micros::to(now).saturating_sub(micros::of(KEPT))
}

/// What is kept under a key, if its digest is the caller's.
pub(crate) fn outcome<T: DeserializeOwned>(
    kept: Option<(String, String)>,
    key: &str,
    digest: &str,
) -> Result<Option<T>, StoreError> {
    match kept {
        None => Ok(None),
        Some((kept, _)) if kept != digest => Err(StoreError::KeyReused),
        Some((_, json)) => text::from_json(&json, "idempotency", "outcome_json", key).map(Some),
    }
}

/// Keeps the outcome of a booking under its key; the key's lock is held, and it was not found.
pub(crate) async fn keep(
    tx: &mut PgConnection,
    key: &str,
    digest: &str,
    outcome: &BookingOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO idempotency (key, digest, outcome_json, booking_id, created_us) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, outcome_json = excluded.outcome_json,
             booking_id = excluded.booking_id, created_us = excluded.created_us",
    )
    .bind(key)
    .bind(digest)
    .bind(text::json(outcome)?)
    .bind(outcome.row().map(|row| &row.booking.id))
    .bind(micros::to(now))
    .execute(tx)
    .await
    .map(drop)
    .map_err(error::store)
}

#[async_trait]
impl IdempotencyStore for PostgresStore {
    async fn recall(&self, key: &str, digest: &str, now: Timestamp) -> Result<Option<Value>, StoreError> {
        let kept =
            sqlx::query_as("SELECT digest, outcome_json FROM idempotency WHERE key = $1 AND created_us > $2")
                .bind(key)
                .bind(oldest(now))
                .fetch_optional(&self.pool)
                .await
                .map_err(error::store)?;
        outcome(kept, key, digest)
    }

    async fn remember(
        &self,
        key: &str,
        digest: &str,
        value: &Value,
        now: Timestamp,
    ) -> Result<Value, StoreError> {
        let json = text::json(value)?;
        // An old row counts as never seen; a fresh one is left as it is, and returned.
        let kept = retry::passing(|| async {
            sqlx::query_as(
                "INSERT INTO idempotency AS i (key, digest, outcome_json, created_us) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (key) DO UPDATE SET
                     digest = CASE WHEN i.created_us > $5 THEN i.digest ELSE excluded.digest END,
                     outcome_json = CASE WHEN i.created_us > $5 THEN i.outcome_json ELSE excluded.outcome_json END,
                     booking_id = CASE WHEN i.created_us > $5 THEN i.booking_id END,
                     created_us = CASE WHEN i.created_us > $5 THEN i.created_us ELSE excluded.created_us END
                 RETURNING digest, outcome_json",
            )
            .bind(key)
            .bind(digest)
            .bind(&json)
            .bind(micros::to(now))
            .bind(oldest(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(error::store)
        })
        .await?;
        outcome(kept, key, digest)?.ok_or(StoreError::Inconsistent {
            table: "idempotency",
            column: "outcome_json",
            row: key.to_owned(),
        })
    }

    async fn expire_keys(&self, now: Timestamp) -> Result<u64, StoreError> {
        sqlx::query("DELETE FROM idempotency WHERE created_us <= $1")
            .bind(oldest(now))
            .execute(&self.pool)
            .await
            .map(|done| done.rows_affected())
            .map_err(error::store)
    }
}

//! What is to be said.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError,
    inbox::{DeliveryStatus, Sender},
    outbox::{ClaimedOutgoing, NewOutgoing, OutboxStore, SendEnd},
};
use sqlx::{Row, Sqlite, Transaction};

use crate::{SqliteStore, micros};

/// A second send with unknown outcome is the last.
const MOST_UNKNOWNS: i64 = 2;

pub(crate) async fn insert(
    tx: &mut Transaction<'static, Sqlite>,
    conversation_id: i64,
    booking_id: Option<&str>,
    message: &NewOutgoing,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO outbox (id, seq, conversation_id, booking_id, body, state, due_us, created_us)
         VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM outbox), $2, $3, $4, 'pending', $5, $5)",
    )
    .bind(&message.id)
    .bind(conversation_id)
    .bind(booking_id)
    .bind(message.body.to_string())
    .bind(micros::to(now))
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database)?;
    Ok(())
}

/// A status that carries our id proves what became of a send, whatever the sender believed; so does one of a wamid
/// that the channel gave us.
pub(crate) async fn apply_status(
    tx: &mut Transaction<'static, Sqlite>,
    status: &DeliveryStatus,
    now: Timestamp,
) -> Result<(), StoreError> {
    let by_id = "UPDATE outbox SET
           state = $3, wamid = $2, sent_us = COALESCE(sent_us, $4), epoch = epoch + 1,
           error = CASE WHEN $3 = 'failed' THEN 'the channel reported error ' || COALESCE($5, 'without a code') ELSE NULL END
         WHERE id = $1 AND attempts > 0
           AND (state IN ('pending', 'sending', 'unknown', 'parked') OR ($3 = 'failed' AND state = 'sent'))";
    let by_wamid = "UPDATE outbox SET
           state = $3, sent_us = COALESCE(sent_us, $4), epoch = epoch + 1,
           error = CASE WHEN $3 = 'failed' THEN 'the channel reported error ' || COALESCE($5, 'without a code') ELSE NULL END
         WHERE wamid = $2 AND $1 IS NULL AND $3 = 'failed' AND state = 'sent'";
    for sql in [by_id, by_wamid] {
        sqlx::query(sql)
            .bind(&status.outbox_id)
            .bind(&status.wamid)
            .bind(if status.status == "failed" { "failed" } else { "sent" })
            .bind(micros::to(now))
            .bind(status.error_code.map(|code| code.to_string()))
            .execute(&mut **tx)
            .await
            .map_err(StoreError::database)?;
    }
    Ok(())
}

/// The process that was sending is gone: its messages wait for a status from when they were handed over.
pub(crate) async fn void_claims(tx: &mut Transaction<'static, Sqlite>) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE outbox SET state = 'unknown', unknowns = unknowns + 1, epoch = epoch + 1,
           error = 'the process ended while sending'
         WHERE state = 'sending'",
    )
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database)?;
    Ok(())
}

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn claim_outgoing(
        &self,
        now: Timestamp,
        unknown_wait: SignedDuration,
    ) -> Result<Option<ClaimedOutgoing>, StoreError> {
        let mut tx = self.begin().await?;
        let now_us = micros::to(now);
        sqlx::query(
            "UPDATE outbox SET state = 'parked', epoch = epoch + 1
             WHERE state IN ('pending', 'sending', 'unknown') AND state <> 'pending'
               AND due_us <= $2 AND unknowns + (state = 'sending') >= $1",
        )
        .bind(MOST_UNKNOWNS)
        .bind(now_us)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database)?;
        let row = sqlx::query(
            "UPDATE outbox SET state = 'sending', epoch = epoch + 1, attempts = attempts + 1,
               unknowns = unknowns + CASE state WHEN 'sending' THEN 1 ELSE 0 END, due_us = $2
             WHERE id = (
               SELECT o.id FROM outbox o
               WHERE o.state IN ('pending', 'sending', 'unknown') AND o.due_us <= $1
                 AND NOT EXISTS (
                   SELECT 1 FROM outbox e WHERE e.conversation_id = o.conversation_id AND e.seq < o.seq
                     AND e.state IN ('pending', 'sending', 'unknown'))
               ORDER BY +o.seq LIMIT 1)
             RETURNING id, epoch, conversation_id, body, attempts, created_us",
        )
        .bind(now_us)
        .bind(now_us.saturating_add(micros::of(unknown_wait)))
        .fetch_optional(&mut *tx)
        .await
        .map_err(StoreError::database)?;
        let Some(row) = row else {
            tx.commit().await.map_err(StoreError::database)?;
            return Ok(None);
        };
        let id: String = row.get("id");
        let conversation_id: i64 = row.get("conversation_id");
        let (user_id, wa_id, name): (Option<String>, Option<String>, Option<String>) = sqlx::query_as(
            "SELECT k.user_id, k.wa_id, k.name FROM customer k JOIN conversation c ON c.customer_id = k.id WHERE c.id = $1",
        )
        .bind(conversation_id)
        .fetch_one(&mut *tx)
        .await
        .map_err(StoreError::database)?;
        tx.commit().await.map_err(StoreError::database)?;
        let body = serde_json::from_str(row.get("body")).map_err(|_| StoreError::Inconsistent {
            table: "outbox",
            column: "body",
            row: id.clone(),
        })?;
        let created_at = micros::from(row.get("created_us"), "outbox", "created_us", &id)?;
        Ok(Some(ClaimedOutgoing {
            id,
            epoch: row.get("epoch"),
            conversation_id,
            recipient: Sender { user_id, wa_id, name },
            body,
            created_at,
            attempt: u32::try_from(row.get::<i64, _>("attempts")).unwrap_or(u32::MAX),
        }))
    }

    async fn sent(&self, message: &ClaimedOutgoing, end: SendEnd, now: Timestamp) -> Result<(), StoreError> {
        let (state, due, wamid, error, unknown) = match end {
            SendEnd::Sent { wamid } => ("sent", now, Some(wamid), None, 0),
            SendEnd::Retry { at, why } => ("pending", at, None, Some(why), 0),
            SendEnd::Failed { why } => ("failed", now, None, Some(why), 0),
            SendEnd::Unknown { until, why } => ("unknown", until, None, Some(why), 1),
        };
        let done = sqlx::query(
            "UPDATE outbox SET state = $3, due_us = $4, wamid = COALESCE($5, wamid), error = $6, unknowns = unknowns + $7,
               sent_us = CASE WHEN $3 = 'sent' THEN $8 ELSE sent_us END
             WHERE id = $1 AND epoch = $2 AND state = 'sending'",
        )
        .bind(&message.id)
        .bind(message.epoch)
        .bind(state)
        .bind(micros::to(due))
        .bind(wamid)
        .bind(error)
        .bind(unknown)
        .bind(micros::to(now))
        .execute(&self.writer)
        .await
        .map_err(StoreError::database)?;
        if done.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }

    async fn next_outgoing_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(o.due_us) FROM outbox o
             WHERE o.state IN ('pending', 'sending', 'unknown')
               AND NOT EXISTS (
                 SELECT 1 FROM outbox e WHERE e.conversation_id = o.conversation_id AND e.seq < o.seq
                   AND e.state IN ('pending', 'sending', 'unknown'))",
        )
        .fetch_one(&self.readers)
        .await
        .map_err(StoreError::database)?;
        due.map(|us| micros::from(us, "outbox", "due_us", "next")).transpose()
    }

    async fn outbox_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
        sqlx::query_as("SELECT state, COUNT(*) FROM outbox GROUP BY state ORDER BY state")
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::database)
    }
}

//! Keeping what arrived.
//!
//! A batch of deliveries costs a handful of statements, however many messages it holds: under load the webhook's
//! acknowledgements all wait for this one transaction.

use std::collections::{BTreeSet, HashSet};

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    inbox::{Accepted, DeadLetter, Delivery, DeliveryStatus, InboxStore, IncomingMessage},
};
use serde_json::{Value, json};
use sqlx::{Sqlite, Transaction};

use crate::{SqliteStore, customer, micros, outbox};

#[async_trait]
impl InboxStore for SqliteStore {
    async fn accept(&self, deliveries: &[Delivery], now: Timestamp) -> Result<Vec<Accepted>, StoreError> {
        let mut tx = self.begin().await?;
        let mut accepted = vec![Accepted::default(); deliveries.len()];
        let fresh = only_new(&mut tx, deliveries, &mut accepted).await?;
        keep_messages(&mut tx, &fresh, now).await?;
        for (delivery, counts) in deliveries.iter().zip(&mut accepted) {
            for status in &delivery.statuses {
                if !keep_status(&mut tx, status, now).await? {
                    counts.duplicates += 1;
                }
            }
            for dead in &delivery.dead {
                keep_dead(&mut tx, dead, now).await?;
            }
        }
        tx.commit().await.map_err(StoreError::database)?;
        Ok(accepted)
    }
}

/// The messages whose ids were never seen, in order of arrival; all are counted.
async fn only_new<'a>(
    tx: &mut Transaction<'static, Sqlite>,
    deliveries: &'a [Delivery],
    accepted: &mut [Accepted],
) -> Result<Vec<&'a IncomingMessage>, StoreError> {
    let ids: Vec<&str> = deliveries.iter().flat_map(|d| &d.messages).map(|m| m.id.as_str()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let known: Vec<String> =
        sqlx::query_scalar("SELECT id FROM inbox WHERE id IN (SELECT value FROM json_each($1))")
            .bind(json!(ids).to_string())
            .fetch_all(&mut **tx)
            .await
            .map_err(StoreError::database)?;
    let mut seen: HashSet<&str> = known.iter().map(String::as_str).collect();
    let mut fresh = Vec::with_capacity(ids.len());
    for (delivery, counts) in deliveries.iter().zip(accepted) {
        for message in &delivery.messages {
            if seen.contains(message.id.as_str()) {
                counts.duplicates += 1;
            } else {
                counts.messages += 1;
                fresh.push(message);
            }
            seen.insert(&message.id);
        }
    }
    Ok(fresh)
}

async fn keep_messages(
    tx: &mut Transaction<'static, Sqlite>,
    messages: &[&IncomingMessage],
    now: Timestamp,
) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let conversations = customer::conversations(tx, messages, now).await?;
    let first: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(seq), 0) + 1 FROM inbox")
        .fetch_one(&mut **tx)
        .await
        .map_err(StoreError::database)?;
    let rows: Vec<Value> = messages
        .iter()
        .zip(&conversations)
        .map(|(m, conversation)| {
            json!([m.id, conversation, m.kind, m.text, m.raw.to_string(), micros::to(m.sent_at)])
        })
        .collect();
    sqlx::query(
        "INSERT INTO inbox (id, seq, conversation_id, kind, body, raw, sent_us, received_us, state)
         SELECT value ->> 0, $2 + key, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, $3, 'pending'
         FROM json_each($1)",
    )
    .bind(Value::Array(rows).to_string())
    .bind(first)
    .bind(micros::to(now))
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database)?;
    let touched: BTreeSet<i64> = conversations.into_iter().collect();
    sqlx::query(
        "UPDATE conversation SET first_pending_us = COALESCE(first_pending_us, $2), last_pending_us = $2
         WHERE id IN (SELECT value FROM json_each($1))",
    )
    .bind(json!(touched).to_string())
    .bind(micros::to(now))
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database)?;
    Ok(())
}

async fn keep_status(
    tx: &mut Transaction<'static, Sqlite>,
    status: &DeliveryStatus,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let kept = sqlx::query(
        "INSERT INTO delivery_status (wamid, status, outbox_id, error_code, at_us) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (wamid, status) DO NOTHING",
    )
    .bind(&status.wamid)
    .bind(&status.status)
    .bind(&status.outbox_id)
    .bind(status.error_code)
    .bind(micros::to(status.at))
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database)?;
    if kept.rows_affected() == 0 {
        return Ok(false);
    }
    outbox::apply_status(tx, status, now).await?;
    Ok(true)
}

pub(crate) async fn keep_dead(
    tx: &mut Transaction<'static, Sqlite>,
    dead: &DeadLetter,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO dead_letter (source, reason, payload, created_us) VALUES ($1, $2, $3, $4)")
        .bind(dead.source)
        .bind(&dead.reason)
        .bind(&dead.payload)
        .bind(micros::to(now))
        .execute(&mut **tx)
        .await
        .map_err(StoreError::database)?;
    Ok(())
}

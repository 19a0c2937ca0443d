//! Keeping what arrived.
//!
//! A batch of deliveries costs a handful of statements, however many messages it holds, and touches few pages: under
//! load the webhook's acknowledgements all wait for this one transaction. Everything else (who wrote, in which
//! conversation) is found later, see [`route`](crate::route).

use std::collections::HashSet;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    inbox::{Accepted, DeadLetterRow, Delivery, InboxStore, IncomingMessage},
    micros, sha256,
};
use serde_json::{Value, json};

use crate::{Rank, SqliteStore, Tx, db, dead_letter, echo, route, status};

#[async_trait]
impl InboxStore for SqliteStore {
    async fn accept(&self, deliveries: &[Delivery], now: Timestamp) -> Result<Vec<Accepted>, StoreError> {
        let mut tx = self.writer.begin(Rank::First).await?;
        let mut accepted = vec![Accepted::default(); deliveries.len()];
        let fresh = only_new(&mut tx, deliveries, &mut accepted).await?;
        keep_messages(&mut tx, &fresh, now).await?;
        for (delivery, counts) in deliveries.iter().zip(&mut accepted) {
            for status in &delivery.statuses {
                if !status::keep(&mut tx, status, now).await? {
                    counts.duplicates += 1;
                }
            }
            for dead in &delivery.dead {
                dead_letter::keep(&mut tx, dead, None, now).await?;
            }
        }
        echo::keep(&mut tx, deliveries, &mut accepted, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(accepted)
    }

    async fn route(&self, _now: Timestamp) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let routed = route::all(&mut tx).await?;
        tx.commit().await.map_err(db)?;
        Ok(routed)
    }

    async fn dead_letters(&self, after: i64, most: u32) -> Result<Vec<DeadLetterRow>, StoreError> {
        dead_letter::list(&self.readers, after, most).await
    }

    async fn replay(&self, dead_letter: i64, now: Timestamp) -> Result<DeadLetterRow, StoreError> {
        let mut tx = self.begin().await?;
        let row = dead_letter::replay(&mut tx, dead_letter, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn discard(&self, dead_letter: i64) -> Result<DeadLetterRow, StoreError> {
        let mut tx = self.begin().await?;
        let row = dead_letter::take(&mut tx, dead_letter).await?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }
}

/// A message with the key of its id.
struct Fresh<'a> {
    key: i64,
    message: &'a IncomingMessage,
}

/// The messages whose ids were never seen, in order of arrival; all are counted.
async fn only_new<'a>(
    tx: &mut Tx,
    deliveries: &'a [Delivery],
    accepted: &mut [Accepted],
) -> Result<Vec<Fresh<'a>>, StoreError> {
    let keys: Vec<i64> = deliveries.iter().flat_map(|d| &d.messages).map(|m| sha256::key(&[&m.id])).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let known: Vec<String> =
        sqlx::query_scalar("SELECT id FROM inbox WHERE id_key IN (SELECT value FROM json_each($1))")
            .bind(json!(keys).to_string())
            .fetch_all(&mut **tx)
            .await
            .map_err(db)?;
    let mut seen: HashSet<&str> = known.iter().map(String::as_str).collect();
    let mut fresh = Vec::with_capacity(keys.len());
    let mut keys = keys.into_iter();
    for (delivery, counts) in deliveries.iter().zip(accepted) {
        for message in &delivery.messages {
            let Some(key) = keys.next() else { continue };
            if seen.contains(message.id.as_str()) {
                counts.duplicates += 1;
            } else {
                counts.messages += 1;
                fresh.push(Fresh { key, message });
            }
            seen.insert(&message.id);
        }
    }
    Ok(fresh)
}

async fn keep_messages(tx: &mut Tx, fresh: &[Fresh<'_>], now: Timestamp) -> Result<(), StoreError> {
    if fresh.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = fresh
        .iter()
        .map(|Fresh { key, message: m }| {
            let s = &m.sender;
            let sent = micros::to(m.sent_at);
            json!([key, m.id, s.user_id, s.wa_id, s.name, m.kind, m.text, m.raw.to_string(), sent])
        })
        .collect();
    sqlx::query(
        "INSERT INTO inbox (seq, id_key, id, user_id, wa_id, name, kind, body, raw_json, sent_us, received_us)
         SELECT (SELECT COALESCE(MAX(seq), 0) + 1 FROM inbox) + key, value ->> 0, value ->> 1, value ->> 2, value ->> 3,
           value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, $2
         FROM json_each($1)",
    )
    .bind(Value::Array(rows).to_string())
    .bind(micros::to(now))
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    Ok(())
}

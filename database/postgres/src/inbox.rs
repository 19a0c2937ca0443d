//! Keeping what arrived, each message with its conversation at once.

mod route;

use std::collections::HashSet;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    inbox::{Accepted, DeadLetterRow, Delivery, InboxStore, IncomingMessage},
    micros, sha256,
};
use sqlx::PgConnection;

use crate::{PostgresStore, customer, dead_letter, delivery, echo, error, retry, text};

/// A message seen for the first time, as it can be kept.
struct Fresh<'a> {
    key: i64,
    id: String,
    sender: mcp_store::customer::Sender,
    message: &'a IncomingMessage,
}

impl PostgresStore {
    async fn accept_once(
        &self,
        deliveries: &[Delivery],
        now: Timestamp,
    ) -> Result<Vec<Accepted>, StoreError> {
        // One at a time: the numbers of messages rise in the order of commits.
        let mut tx = self.begin_locked(&customer::locks(self)).await?;
        let mut accepted = vec![Accepted::default(); deliveries.len()];
        let fresh = only_new(&mut tx, deliveries, &mut accepted).await?;
        if !fresh.is_empty() {
            let numbers = keep(&mut tx, &fresh, now).await?;
            route::all(&mut tx, &fresh, &numbers, now).await?;
        }
        for (delivery, counts) in deliveries.iter().zip(&mut accepted) {
            for status in &delivery.statuses {
                if !delivery::keep(&mut tx, status, now).await? {
                    counts.duplicates += 1;
                }
            }
            for dead in &delivery.dead {
                dead_letter::keep(&mut tx, dead, None, now).await?;
            }
        }
        echo::keep(&mut tx, deliveries, &mut accepted, now).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(accepted)
    }
}

#[async_trait]
impl InboxStore for PostgresStore {
    async fn accept(&self, deliveries: &[Delivery], now: Timestamp) -> Result<Vec<Accepted>, StoreError> {
        retry::passing(|| self.accept_once(deliveries, now)).await
    }

    async fn route(&self, _now: Timestamp) -> Result<usize, StoreError> {
        // Nothing is ever accepted without its conversation.
        Ok(0)
    }

    async fn dead_letters(&self, after: i64, most: u32) -> Result<Vec<DeadLetterRow>, StoreError> {
        dead_letter::list(&self.pool, after, most).await
    }

    async fn replay(&self, dead_letter: i64, now: Timestamp) -> Result<DeadLetterRow, StoreError> {
        retry::passing(|| async {
            let mut tx = self.begin().await?;
            let row = dead_letter::replay(&mut tx, dead_letter, now).await?;
            tx.commit().await.map_err(error::store)?;
            Ok(row)
        })
        .await
    }

    async fn discard(&self, dead_letter: i64) -> Result<DeadLetterRow, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(error::store)?;
        dead_letter::take(&mut connection, dead_letter).await
    }
}

/// The messages whose ids were never seen, in order of arrival; all are counted.
async fn only_new<'a>(
    tx: &mut PgConnection,
    deliveries: &'a [Delivery],
    accepted: &mut [Accepted],
) -> Result<Vec<Fresh<'a>>, StoreError> {
    let mut all = Vec::new();
    for (place, delivery) in deliveries.iter().enumerate() {
        for message in &delivery.messages {
            let id = text::clean(&message.id).into_owned();
            let key = sha256::key(&[&id]);
            all.push((place, Fresh { key, id, sender: customer::kept(&message.sender), message }));
        }
    }
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<i64> = all.iter().map(|(_, fresh)| fresh.key).collect();
    let known: Vec<String> = sqlx::query_scalar("SELECT id FROM inbox WHERE id_key = ANY($1)")
        .bind(keys)
        .fetch_all(tx)
        .await
        .map_err(error::store)?;
    let mut seen: HashSet<String> = known.into_iter().collect();
    let mut new = Vec::with_capacity(all.len());
    for (place, fresh) in all {
        let Some(counts) = accepted.get_mut(place) else { continue };
        if seen.insert(fresh.id.clone()) {
            counts.messages += 1;
            new.push(fresh);
        } else {
            counts.duplicates += 1;
        }
    }
    Ok(new)
}

/// Writes messages in their order; returns their numbers.
async fn keep(tx: &mut PgConnection, fresh: &[Fresh<'_>], now: Timestamp) -> Result<Vec<i64>, StoreError> {
    let column = |of: fn(&Fresh<'_>) -> Option<String>| fresh.iter().map(of).collect::<Vec<_>>();
    let number = |of: fn(&Fresh<'_>) -> i64| fresh.iter().map(of).collect::<Vec<_>>();
    let mut numbers: Vec<i64> = sqlx::query_scalar(
        "INSERT INTO inbox (id_key, id, user_id, wa_id, name, kind, body, raw_json, sent_us, received_us)
         SELECT id_key, id, user_id, wa_id, name, kind, body, raw_json, sent_us, $10
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::bigint[]) WITH ORDINALITY
             AS m (id_key, id, user_id, wa_id, name, kind, body, raw_json, sent_us, place)
         ORDER BY place RETURNING seq",
    )
    .bind(number(|m| m.key))
    .bind(column(|m| Some(m.id.clone())))
    .bind(column(|m| m.sender.user_id.clone()))
    .bind(column(|m| m.sender.wa_id.clone()))
    .bind(column(|m| m.sender.name.clone()))
    .bind(column(|m| Some(text::clean(&m.message.kind).into_owned())))
    .bind(column(|m| m.message.text.as_deref().map(|body| text::clean(body).into_owned())))
    .bind(column(|m| Some(m.message.raw.to_string())))
    .bind(number(|m| micros::to(m.message.sent_at)))
    .bind(micros::to(now))
    .fetch_all(tx)
    .await
    .map_err(error::store)?;
    numbers.sort_unstable();
    Ok(numbers)
}

//! Taking a conversation whose burst is over.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    customer::Sender,
    micros,
    turn::{BurstRule, ClaimedTurn, PendingMessage},
};
use sqlx::{PgConnection, PgPool, Row};

use super::history;
use crate::{PostgresStore, conversation, error, lease_now, text};

pub(super) async fn claim(
    store: &PostgresStore,
    tx: &mut PgConnection,
    rule: &BurstRule,
    now: Timestamp,
) -> Result<Option<ClaimedTurn>, StoreError> {
    let row = sqlx::query(concat!(
        "UPDATE conversation SET epoch = nextval('claim_epoch'), attempts = attempts + 1, lease_until_us = $5 + ",
        lease_now!("1"),
        " WHERE id = (
             SELECT id FROM conversation
             WHERE first_pending_us IS NOT NULL
               AND (last_pending_us <= $2 - $3 OR first_pending_us <= $2 - $4)
               AND not_before_us <= $2
               AND (lease_until_us IS NULL OR lease_until_us <= ",
        lease_now!("1"),
        ")
             ORDER BY first_pending_us, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING epoch, attempts, redone, ",
        conversation::columns!()
    ))
    .bind(store.lease_now(now))
    .bind(micros::to(now))
    .bind(micros::of(rule.quiet))
    .bind(micros::of(rule.longest))
    .bind(micros::of(rule.lease))
    .fetch_optional(&mut *tx)
    .await
    .map_err(error::store)?;
    let Some(row) = row else { return Ok(None) };
    let conversation = conversation::read(&row)?;
    let (user_id, wa_id, name) = sqlx::query_as("SELECT user_id, wa_id, name FROM customer WHERE id = $1")
        .bind(conversation.customer_id)
        .fetch_one(&mut *tx)
        .await
        .map_err(error::store)?;
    let messages = pending(tx, conversation.id).await?;
    let history = history::newest(tx, conversation.id, rule.history).await?;
    Ok(Some(ClaimedTurn {
        epoch: row.get("epoch"),
        attempt: text::count(row.get("attempts")),
        sender: Sender { user_id, wa_id, name },
        messages,
        redone: row.get("redone"),
        history,
        conversation,
    }))
}

async fn pending(tx: &mut PgConnection, conversation: i64) -> Result<Vec<PendingMessage>, StoreError> {
    let rows = sqlx::query(
        "SELECT i.id, i.kind, i.body, i.raw_json, i.sent_us FROM inbox_route r JOIN inbox i ON i.seq = r.seq
         WHERE r.conversation_id = $1 AND r.state = 'pending' ORDER BY r.seq",
    )
    .bind(conversation)
    .fetch_all(tx)
    .await
    .map_err(error::store)?;
    rows.iter()
        .map(|row| {
            let id: String = row.get("id");
            let sent_at = micros::from(row.get("sent_us"), "inbox", "sent_us", &id)?;
            let raw = text::from_json(row.get("raw_json"), "inbox", "raw_json", &id)?;
            Ok(PendingMessage { id, kind: row.get("kind"), text: row.get("body"), sent_at, raw })
        })
        .collect()
}

pub(super) async fn next_at(pool: &PgPool, rule: &BurstRule) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<i64> = sqlx::query_scalar(
        "SELECT MIN(GREATEST(LEAST(last_pending_us + $1, first_pending_us + $2), not_before_us, lease_until_us))
         FROM conversation WHERE first_pending_us IS NOT NULL",
    )
    .bind(micros::of(rule.quiet))
    .bind(micros::of(rule.longest))
    .fetch_one(pool)
    .await
    .map_err(error::store)?;
    text::instant(due, "conversation", "not_before_us", "next")
}

//! Taking a conversation whose burst is over.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    customer::Sender,
    micros,
    turn::{BurstRule, ClaimedTurn, PendingMessage},
};
use sqlx::{Row, SqlitePool};

use super::history;
use crate::{
    Tx, conversation, db,
    driver::{count, json},
    route,
};

/// The shortest time after which a first message may be ripe.
fn soonest(rule: &BurstRule) -> i64 {
    micros::of(rule.quiet.min(rule.longest))
}

/// Whether a conversation may be ripe, without knowing where the newest messages belong.
pub(super) async fn may_be_ripe(
    readers: &SqlitePool,
    rule: &BurstRule,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ripe: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM conversation
           WHERE first_pending_us IS NOT NULL AND (last_pending_us <= $1 - $2 OR first_pending_us <= $1 - $3)
             AND not_before_us <= $1 AND (lease_until_us IS NULL OR lease_until_us <= $1))",
    )
    .bind(micros::to(now))
    .bind(micros::of(rule.quiet))
    .bind(micros::of(rule.longest))
    .fetch_one(readers)
    .await
    .map_err(db)?;
    if ripe {
        return Ok(true);
    }
    let oldest = route::oldest(readers).await?;
    Ok(oldest.is_some_and(|at| at <= micros::to(now).saturating_sub(soonest(rule))))
}

pub(super) async fn claim(
    tx: &mut Tx,
    rule: &BurstRule,
    now: Timestamp,
) -> Result<Option<ClaimedTurn>, StoreError> {
    let now_us = micros::to(now);
    let row = sqlx::query(concat!(
        "UPDATE conversation SET epoch = epoch + 1, attempts = attempts + 1, lease_until_us = $4
         WHERE id = (
           SELECT id FROM conversation
           WHERE first_pending_us IS NOT NULL
             AND (last_pending_us <= $1 - $2 OR first_pending_us <= $1 - $3)
             AND not_before_us <= $1
             AND (lease_until_us IS NULL OR lease_until_us <= $1)
           ORDER BY first_pending_us LIMIT 1)
         RETURNING ",
        columns!(conversation)
    ))
    .bind(now_us)
    .bind(micros::of(rule.quiet))
    .bind(micros::of(rule.longest))
    .bind(now_us.saturating_add(micros::of(rule.lease)))
    .fetch_optional(&mut **tx)
    .await
    .map_err(db)?;
    let Some(row) = row else { return Ok(None) };
    let conversation = conversation::read(&row)?;
    let (user_id, wa_id, name) = sqlx::query_as("SELECT user_id, wa_id, name FROM customer WHERE id = $1")
        .bind(conversation.customer_id)
        .fetch_one(&mut **tx)
        .await
        .map_err(db)?;
    let messages = pending(tx, conversation.id).await?;
    let history = history::newest(&mut **tx, conversation.id, rule.history).await?;
    Ok(Some(ClaimedTurn {
        epoch: row.get("epoch"),
        attempt: count(row.get("attempts")),
        sender: Sender { user_id, wa_id, name },
        messages,
        redone: row.get("redone"),
        history,
        conversation,
    }))
}

async fn pending(tx: &mut Tx, conversation: i64) -> Result<Vec<PendingMessage>, StoreError> {
    let rows = sqlx::query(
        "SELECT i.id, i.kind, i.body, i.raw_json, i.sent_us FROM inbox_route r JOIN inbox i ON i.seq = r.seq
         WHERE r.conversation_id = $1 AND r.state = 'pending' ORDER BY r.seq",
    )
    .bind(conversation)
    .fetch_all(&mut **tx)
    .await
    .map_err(db)?;
    rows.iter()
        .map(|row| {
            let id: String = row.get("id");
            let sent_at = micros::from(row.get("sent_us"), "inbox", "sent_us", &id)?;
            let raw = json(row, "inbox", "raw_json", &id)?;
            Ok(PendingMessage { id, kind: row.get("kind"), text: row.get("body"), sent_at, raw })
        })
        .collect()
}

pub(super) async fn next_at(readers: &SqlitePool, rule: &BurstRule) -> Result<Option<Timestamp>, StoreError> {
    let routed: Option<i64> = sqlx::query_scalar(
        "SELECT MIN(MAX(MIN(last_pending_us + $1, first_pending_us + $2), not_before_us, COALESCE(lease_until_us, 0)))
         FROM conversation WHERE first_pending_us IS NOT NULL",
    )
    .bind(micros::of(rule.quiet))
    .bind(micros::of(rule.longest))
    .fetch_one(readers)
    .await
    .map_err(db)?;
    let waiting = route::oldest(readers).await?.map(|at| at.saturating_add(soonest(rule)));
    let due = routed.into_iter().chain(waiting).min();
    due.map(|us| micros::from(us, "conversation", "not_before_us", "next")).transpose()
}

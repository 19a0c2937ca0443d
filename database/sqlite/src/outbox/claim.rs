//! Taking the next message, and what becomes of claims whose holder is gone.

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError,
    customer::Sender,
    inbox::{DeadLetter, DeadSource},
    micros,
    outbox::{ClaimedOutgoing, SendRule},
};
use sqlx::{Row, SqlitePool};

use super::{MOST_UNKNOWNS, row};
use crate::{
    Tx, db, dead_letter,
    driver::{count, json},
};

/// How long an ambiguous message waits for a status.
pub(crate) enum Wait {
    /// From when it is noticed.
    For(SignedDuration),
    /// Until an instant, in microseconds.
    Until(i64),
}

const GONE: &str = "the process ended or hung while sending";

/// Messages handed over by a holder that is gone: their lease ended by `by`.
pub(crate) async fn become_ambiguous(
    tx: &mut Tx,
    by: i64,
    wait: Wait,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (wait_for, until) = match wait {
        Wait::For(length) => (Some(micros::of(length)), None),
        Wait::Until(until) => (None, Some(until)),
    };
    let parked: Vec<(String, i64, String)> = sqlx::query_as(
        "UPDATE outbox SET
           state = CASE WHEN unknowns + 1 >= $2 THEN 'parked' ELSE 'ambiguous' END,
           unknowns = unknowns + 1, epoch = epoch + 1, due_us = COALESCE($3, MAX(due_us, $6) + $4), error = $5
         WHERE state IN ('pending', 'sending', 'ambiguous') AND state = 'sending' AND due_us <= $1
         RETURNING id, conversation_id, state",
    )
    .bind(by)
    .bind(MOST_UNKNOWNS)
    .bind(until)
    .bind(wait_for)
    .bind(GONE)
    .bind(micros::to(now))
    .fetch_all(&mut **tx)
    .await
    .map_err(db)?;
    for (id, conversation, _) in parked.into_iter().filter(|(_, _, state)| state == "parked") {
        let letter = DeadLetter { source: DeadSource::Outbox, reason: GONE.into(), payload: id };
        dead_letter::keep(tx, &letter, Some(conversation), now).await?;
    }
    Ok(())
}

pub(super) async fn may_be_due(readers: &SqlitePool, now: Timestamp) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM outbox
         WHERE state IN ('pending', 'sending', 'ambiguous') AND due_us <= $1)",
    )
    .bind(micros::to(now))
    .fetch_one(readers)
    .await
    .map_err(db)
}

/// Whether a conversation has a message in flight, or one before `o` that is still to be sent. The former matters by
/// itself: a message that was given up and is sent again turns up before one that is in flight already.
macro_rules! held_back {
    () => {
        "EXISTS (SELECT 1 FROM outbox e
           WHERE e.conversation_id = o.conversation_id AND e.state IN ('pending', 'sending', 'ambiguous')
             AND (e.seq < o.seq OR e.state = 'sending') AND o.state <> 'sending')"
    };
}

pub(super) async fn claim(
    tx: &mut Tx,
    rule: &SendRule,
    now: Timestamp,
) -> Result<Option<ClaimedOutgoing>, StoreError> {
    let now_us = micros::to(now);
    let row = sqlx::query(concat!(
        "UPDATE outbox SET state = 'sending', epoch = epoch + 1, attempts = attempts + 1, due_us = $2
         WHERE seq = (
           SELECT o.seq FROM outbox o
           WHERE o.state IN ('pending', 'sending', 'ambiguous') AND o.state <> 'sending' AND o.due_us <= $1
             AND NOT ",
        held_back!(),
        " ORDER BY +o.seq LIMIT 1)
         RETURNING id, epoch, conversation_id, kind, body_json, attempts, created_us"
    ))
    .bind(now_us)
    .bind(now_us.saturating_add(micros::of(rule.lease)))
    .fetch_optional(&mut **tx)
    .await
    .map_err(db)?;
    let Some(row) = row else { return Ok(None) };
    let id: String = row.get("id");
    let conversation_id: i64 = row.get("conversation_id");
    let (user_id, wa_id, name) = sqlx::query_as(
        "SELECT k.user_id, k.wa_id, k.name FROM customer k JOIN conversation c ON c.customer_id = k.id WHERE c.id = $1",
    )
    .bind(conversation_id)
    .fetch_one(&mut **tx)
    .await
    .map_err(db)?;
    Ok(Some(ClaimedOutgoing {
        epoch: row.get("epoch"),
        conversation_id,
        recipient: Sender { user_id, wa_id, name },
        kind: row::kind(&row, &id)?,
        body: json(&row, "outbox", "body_json", &id)?,
        created_at: micros::from(row.get("created_us"), "outbox", "created_us", &id)?,
        attempt: count(row.get("attempts")),
        id,
    }))
}

pub(super) async fn next_at(readers: &SqlitePool) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<i64> = sqlx::query_scalar(concat!(
        "SELECT MIN(o.due_us) FROM outbox o
         WHERE o.state IN ('pending', 'sending', 'ambiguous') AND NOT ",
        held_back!()
    ))
    .fetch_one(readers)
    .await
    .map_err(db)?;
    due.map(|us| micros::from(us, "outbox", "due_us", "next")).transpose()
}

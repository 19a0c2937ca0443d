//! What could not be handled, kept for a person.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    inbox::{DeadLetter, DeadLetterRow, DeadSource},
    micros,
};
use sqlx::{PgConnection, PgExecutor, Row, postgres::PgRow};

use crate::{error, text};

pub(crate) async fn keep(
    tx: &mut PgConnection,
    dead: &DeadLetter,
    conversation: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO dead_letter (source, reason, payload, conversation_id, created_us) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(dead.source.as_str())
    .bind(text::clean(&dead.reason))
    .bind(text::clean(&dead.payload))
    .bind(conversation)
    .bind(micros::to(now))
    .execute(tx)
    .await
    .map(drop)
    .map_err(error::store)
}

/// What became of an outgoing message is known by now.
pub(crate) async fn settled(tx: &mut PgConnection, outbox_id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM dead_letter WHERE source = 'outbox' AND payload = $1")
        .bind(outbox_id)
        .execute(tx)
        .await
        .map(drop)
        .map_err(error::store)
}

pub(crate) async fn list(
    executor: impl PgExecutor<'_>,
    after: i64,
    most: u32,
) -> Result<Vec<DeadLetterRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, source, reason, payload, conversation_id, created_us FROM dead_letter
         WHERE id > $1 ORDER BY id LIMIT $2",
    )
    .bind(after)
    .bind(i64::from(most))
    .fetch_all(executor)
    .await
    .map_err(error::store)?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<DeadLetterRow, StoreError> {
    let id: i64 = row.get("id");
    let inconsistent =
        |column| StoreError::Inconsistent { table: "dead_letter", column, row: id.to_string() };
    Ok(DeadLetterRow {
        id,
        letter: DeadLetter {
            source: DeadSource::parse(row.get("source")).ok_or_else(|| inconsistent("source"))?,
            reason: row.get("reason"),
            payload: row.get("payload"),
        },
        conversation_id: row.get("conversation_id"),
        created_at: micros::from(row.get("created_us"), "dead_letter", "created_us", &id.to_string())?,
    })
}

/// Removes a dead letter.
pub(crate) async fn take(tx: &mut PgConnection, id: i64) -> Result<DeadLetterRow, StoreError> {
    let row = sqlx::query(
        "DELETE FROM dead_letter WHERE id = $1
         RETURNING id, source, reason, payload, conversation_id, created_us",
    )
    .bind(id)
    .fetch_optional(tx)
    .await
    .map_err(error::store)?;
    read(&row.ok_or(StoreError::NotFound("dead letter"))?)
}

/// Removes a dead letter and has what it names tried again.
pub(crate) async fn replay(
    tx: &mut PgConnection,
    id: i64,
    now: Timestamp,
) -> Result<DeadLetterRow, StoreError> {
    let row = take(tx, id).await?;
    let revived = match row.letter.source {
        DeadSource::Webhook => {
            return Err(StoreError::Conflict("a body that could not be understood stays so".into()));
        }
        DeadSource::Turn => replay_turn(tx, &row, now).await?,
        DeadSource::Outbox => sqlx::query(
            "UPDATE outbox SET state = 'pending', due_us = $2, created_us = $2, unknowns = 0, epoch = nextval('claim_epoch')
             WHERE id = $1 AND state IN ('failed', 'parked')",
        )
        .bind(&row.letter.payload)
        .bind(micros::to(now))
        .execute(&mut *tx)
        .await
        .map_err(error::store)?
        .rows_affected(),
    };
    if revived == 0 {
        return Err(StoreError::Conflict("what the dead letter names is gone".into()));
    }
    Ok(row)
}

async fn replay_turn(tx: &mut PgConnection, row: &DeadLetterRow, now: Timestamp) -> Result<u64, StoreError> {
    let Some(conversation) = row.conversation_id else { return Ok(0) };
    let ids: Vec<String> =
        text::from_json(&row.letter.payload, "dead_letter", "payload", &row.id.to_string())?;
    // The conversation before its messages, as everybody does.
    sqlx::query(
        "UPDATE conversation SET first_pending_us = COALESCE(first_pending_us, $2),
             last_pending_us = COALESCE(last_pending_us, $2), attempts = 0, redone = false, not_before_us = 0
         WHERE id = $1",
    )
    .bind(conversation)
    .bind(micros::to(now))
    .execute(&mut *tx)
    .await
    .map_err(error::store)?;
    sqlx::query(
        "UPDATE inbox_route r SET state = 'pending' FROM inbox i
         WHERE r.conversation_id = $1 AND r.state = 'dead' AND i.seq = r.seq AND i.id = ANY($2)",
    )
    .bind(conversation)
    .bind(ids)
    .execute(tx)
    .await
    .map(|done| done.rows_affected())
    .map_err(error::store)
}

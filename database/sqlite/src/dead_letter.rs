//! What could not be handled, kept for a person.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    inbox::{DeadLetter, DeadLetterRow, DeadSource},
    micros,
};
use sqlx::{Row, SqliteExecutor, sqlite::SqliteRow};

use crate::{Tx, db};

pub(crate) async fn keep(
    tx: &mut Tx,
    dead: &DeadLetter,
    conversation: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO dead_letter (source, reason, payload, conversation_id, created_us) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(dead.source.as_str())
    .bind(&dead.reason)
    .bind(&dead.payload)
    .bind(conversation)
    .bind(micros::to(now))
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    Ok(())
}

/// What became of an outgoing message is known by now.
pub(crate) async fn settled(tx: &mut Tx, outbox_id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM dead_letter WHERE source = 'outbox' AND payload = $1")
        .bind(outbox_id)
        .execute(&mut **tx)
        .await
        .map_err(db)?;
    Ok(())
}

pub(crate) async fn list(
    executor: impl SqliteExecutor<'_>,
    after: i64,
    most: u32,
) -> Result<Vec<DeadLetterRow>, StoreError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(dead_letter),
        " FROM dead_letter WHERE id > $1 ORDER BY id LIMIT $2"
    ))
    .bind(after)
    .bind(most)
    .fetch_all(executor)
    .await
    .map_err(db)?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<DeadLetterRow, StoreError> {
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
pub(crate) async fn take(tx: &mut Tx, id: i64) -> Result<DeadLetterRow, StoreError> {
    let row = sqlx::query(concat!("DELETE FROM dead_letter WHERE id = $1 RETURNING ", columns!(dead_letter)))
        .bind(id)
        .fetch_optional(&mut **tx)
        .await
        .map_err(db)?;
    read(&row.ok_or(StoreError::NotFound("dead letter"))?)
}

/// Removes a dead letter and has what it names tried again.
pub(crate) async fn replay(tx: &mut Tx, id: i64, now: Timestamp) -> Result<DeadLetterRow, StoreError> {
    let row = take(tx, id).await?;
    let revived = match row.letter.source {
        DeadSource::Webhook => {
            return Err(StoreError::Conflict("a body that could not be understood stays so".into()));
        }
        DeadSource::Turn => replay_turn(tx, &row, now).await?,
        DeadSource::Outbox => sqlx::query(
            "UPDATE outbox SET state = 'pending', due_us = $2, created_us = $2, unknowns = 0, epoch = epoch + 1
             WHERE id = $1 AND state IN ('failed', 'parked')",
        )
        .bind(&row.letter.payload)
        .bind(micros::to(now))
        .execute(&mut **tx)
        .await
        .map_err(db)?
        .rows_affected(),
    };
    if revived == 0 {
        return Err(StoreError::Conflict("what the dead letter names is gone".into()));
    }
    Ok(row)
}

async fn replay_turn(tx: &mut Tx, row: &DeadLetterRow, now: Timestamp) -> Result<u64, StoreError> {
    let Some(conversation) = row.conversation_id else { return Ok(0) };
    let revived = sqlx::query(
        "UPDATE inbox_route SET state = 'pending'
         WHERE conversation_id = $1 AND state = 'dead'
           AND EXISTS (SELECT 1 FROM inbox i WHERE i.seq = inbox_route.seq
                       AND i.id IN (SELECT value FROM json_each($2)))",
    )
    .bind(conversation)
    .bind(&row.letter.payload)
    .execute(&mut **tx)
    .await
    .map_err(db)?
    .rows_affected();
    sqlx::query(
        "UPDATE conversation SET first_pending_us = COALESCE(first_pending_us, $2),
           last_pending_us = COALESCE(last_pending_us, $2), attempts = 0, redone = 0, not_before_us = 0
         WHERE id = $1",
    )
    .bind(conversation)
    .bind(micros::to(now))
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    Ok(revived)
}

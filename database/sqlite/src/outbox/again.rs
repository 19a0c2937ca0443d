//! What was not delivered, and saying it again.

use jiff::Timestamp;
use mcp_store::{
    StoreError, micros,
    outbox::{NewOutgoing, Unsaid},
};
use serde_json::json;
use sqlx::{Row, SqlitePool};

use super::{insert, row};
use crate::{Tx, db, dead_letter, driver};

/// Found by their dead letters, of which there are few, not among all that was ever sent.
pub(super) async fn unsaid(
    readers: &SqlitePool,
    words: &[&str],
    (since, after): (Timestamp, i64),
    most: u32,
) -> Result<Vec<Unsaid>, StoreError> {
    let rows = sqlx::query(
        "SELECT o.id, o.conversation_id, o.kind, o.state, o.dedupe_key, o.body_json, d.id AS letter, d.created_us AS failed_us,
           d.reason
         FROM dead_letter d JOIN outbox o ON o.id = d.payload
         WHERE d.source = 'outbox' AND o.state IN ('failed', 'parked')
           AND substr(o.dedupe_key, 1, instr(o.dedupe_key, ':') - 1) IN (SELECT value FROM json_each($1))
         AND d.created_us >= $2 AND d.id > $3
         ORDER BY d.id LIMIT $4",
    )
    .bind(json!(words).to_string())
    .bind(micros::to(since))
    .bind(after)
    .bind(most)
    .fetch_all(readers)
    .await
    .map_err(db)?;
    rows.iter()
        .map(|row| {
            let id: String = row.get("id");
            Ok(Unsaid {
                conversation_id: row.get("conversation_id"),
                kind: row::kind(row, &id)?,
                state: row::state(row, &id)?,
                dedupe_key: row.get("dedupe_key"),
                body: driver::json(row, "outbox", "body_json", &id)?,
                dead_letter: row.get("letter"),
                failed_at: micros::from(row.get("failed_us"), "dead_letter", "created_us", &id)?,
                why: row.get("reason"),
                id,
            })
        })
        .collect()
}

pub(super) async fn say(
    tx: &mut Tx,
    id: &str,
    conversation: i64,
    message: &NewOutgoing,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let given_up = sqlx::query(
        "UPDATE outbox SET dedupe_key = NULL
         WHERE id = $1 AND state IN ('failed', 'parked') AND dedupe_key = $2",
    )
    .bind(id)
    .bind(&message.dedupe_key)
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    if given_up.rows_affected() == 0 {
        return Ok(false);
    }
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM conversation WHERE id = $1)")
        .bind(conversation)
        .fetch_one(&mut **tx)
        .await
        .map_err(db)?;
    if !there {
        return Err(StoreError::NotFound("conversation"));
    }
    dead_letter::settled(tx, id).await?;
    insert(tx, conversation, None, message, now).await?;
    Ok(true)
}

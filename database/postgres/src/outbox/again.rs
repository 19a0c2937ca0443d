//! What was not delivered, and saying it again.

use jiff::Timestamp;
use mcp_store::{
    StoreError, micros,
    outbox::{NewOutgoing, Unsaid},
};
use sqlx::{PgConnection, PgPool, Row};

use super::{insert, row};
use crate::{dead_letter, error, text};

/// Found by their dead letters, of which there are few, not among all that was ever sent.
pub(super) async fn unsaid(
    pool: &PgPool,
    words: &[&str],
    (since, after): (Timestamp, i64),
    most: u32,
) -> Result<Vec<Unsaid>, StoreError> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let rows = sqlx::query(
        "SELECT o.id, o.conversation_id, o.kind, o.state, o.dedupe_key, o.body_json, d.id AS letter, d.created_us AS failed_us,
           d.reason
         FROM dead_letter d JOIN outbox o ON o.id = d.payload
         WHERE d.source = 'outbox' AND o.state IN ('failed', 'parked')
           AND o.dedupe_key LIKE '%:%' AND split_part(o.dedupe_key, ':', 1) = ANY($1)
         AND d.created_us >= $2 AND d.id > $3
         ORDER BY d.id LIMIT $4",
    )
    .bind(words)
    .bind(micros::to(since))
    .bind(after)
    .bind(i64::from(most))
    .fetch_all(pool)
    .await
    .map_err(error::store)?;
    rows.iter()
        .map(|row| {
            let id: String = row.get("id");
            Ok(Unsaid {
                conversation_id: row.get("conversation_id"),
                kind: row::kind(row, &id)?,
                state: row::state(row, &id)?,
                dedupe_key: row.get("dedupe_key"),
                body: text::from_json(row.get("body_json"), "outbox", "body_json", &id)?,
                dead_letter: row.get("letter"),
                failed_at: micros::from(row.get("failed_us"), "dead_letter", "created_us", &id)?,
                why: row.get("reason"),
                id,
            })
        })
        .collect()
}

/// Two at once wait for each other at the old message, and the second finds it without its key.
pub(super) async fn say(
    tx: &mut PgConnection,
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
    .bind(text::clean_opt(message.dedupe_key.as_deref()))
    .execute(&mut *tx)
    .await
    .map_err(error::store)?;
    if given_up.rows_affected() == 0 {
        return Ok(false);
    }
    dead_letter::settled(tx, id).await?;
    insert(tx, conversation, None, message, now).await?;
    Ok(true)
}

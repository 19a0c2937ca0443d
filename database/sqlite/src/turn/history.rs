//! What the model saw.

use mcp_store::StoreError;
use serde_json::Value;
use sqlx::SqliteExecutor;

use crate::{Tx, db};

/// The newest contents, oldest first.
pub(super) async fn newest(
    executor: impl SqliteExecutor<'_>,
    conversation: i64,
    most: u32,
) -> Result<Vec<Value>, StoreError> {
    let mut rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT id, content_json FROM history WHERE conversation_id = $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(conversation)
    .bind(most)
    .fetch_all(executor)
    .await
    .map_err(db)?;
    rows.reverse();
    let read = |(id, content): (i64, String)| {
        // One row that cannot be read must not silence the conversation; the model is told less.
        serde_json::from_str(&content)
            .inspect_err(|_| tracing::error!(history.id = id, "unreadable history"))
            .ok()
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

pub(crate) async fn append(tx: &mut Tx, conversation: i64, contents: &[Value]) -> Result<(), StoreError> {
    for content in contents {
        sqlx::query("INSERT INTO history (conversation_id, content_json) VALUES ($1, $2)")
            .bind(conversation)
            .bind(content.to_string())
            .execute(&mut **tx)
            .await
            .map_err(db)?;
    }
    Ok(())
}

/// How far back a revoked message is looked for, in contents.
const RETRACTABLE: u32 = 400;

/// Replaces the words of a message wherever a user's content has them.
pub(super) async fn retract(
    tx: &mut Tx,
    conversation: i64,
    text: &str,
    replacement: Option<&str>,
) -> Result<(), StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT id, content_json FROM history WHERE conversation_id = $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(conversation)
    .bind(RETRACTABLE)
    .fetch_all(&mut **tx)
    .await
    .map_err(db)?;
    for (id, content) in rows {
        let Ok(mut content) = serde_json::from_str::<Value>(&content) else { continue };
        if mcp_store::turn::retract(&mut content, text, replacement) {
            sqlx::query("UPDATE history SET content_json = $2 WHERE id = $1")
                .bind(id)
                .bind(content.to_string())
                .execute(&mut **tx)
                .await
                .map_err(db)?;
        }
    }
    Ok(())
}

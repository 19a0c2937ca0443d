//! What is known of conversations.

use async_trait::async_trait;
use mcp_store::{
    StoreError,
    conversation::{ConversationRow, ConversationStore, Owner},
    micros,
};
use sqlx::{Row, SqliteExecutor, sqlite::SqliteRow};

use crate::{SqliteStore, customer, db, driver::instant};

pub(crate) fn read(row: &SqliteRow) -> Result<ConversationRow, StoreError> {
    let id: i64 = row.get("id");
    let at = |column| instant(row, "conversation", column, &id.to_string());
    Ok(ConversationRow {
        id,
        customer_id: row.get("customer_id"),
        owner: at("owner_until_us")?.map_or(Owner::Bot, |until| Owner::Human { until }),
        window_until: at("window_until_us")?,
        language: row.get("language"),
        informed_at: at("informed_us")?,
        notices: row.get("notices"),
    })
}

async fn one(executor: impl SqliteExecutor<'_>, id: i64) -> Result<Option<ConversationRow>, StoreError> {
    let row = sqlx::query(concat!("SELECT ", columns!(conversation), " FROM conversation WHERE id = $1"))
        .bind(id)
        .fetch_optional(executor)
        .await
        .map_err(db)?;
    row.as_ref().map(read).transpose()
}

const MISSING: StoreError = StoreError::NotFound("conversation");

#[async_trait]
impl ConversationStore for SqliteStore {
    async fn conversation(&self, id: i64) -> Result<Option<ConversationRow>, StoreError> {
        one(&self.readers, id).await
    }

    async fn conversation_of(&self, customer_id: i64) -> Result<ConversationRow, StoreError> {
        let mut tx = self.begin().await?;
        if customer::get(&mut *tx, customer_id).await?.is_none() {
            return Err(StoreError::NotFound("customer"));
        }
        let id = customer::conversation(&mut tx, customer_id).await?;
        let row = one(&mut *tx, id).await?.ok_or(MISSING)?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn set_owner(&self, id: i64, owner: Owner) -> Result<ConversationRow, StoreError> {
        let until = match owner {
            Owner::Bot => None,
            Owner::Human { until } => Some(micros::to(until)),
        };
        let row = sqlx::query(concat!(
            "UPDATE conversation SET owner_until_us = $2 WHERE id = $1 RETURNING ",
            columns!(conversation)
        ))
        .bind(id)
        .bind(until)
        .fetch_optional(&mut *self.writer.statement().await?)
        .await
        .map_err(db)?;
        read(&row.ok_or(MISSING)?)
    }

    async fn set_language(&self, id: i64, language: &str) -> Result<ConversationRow, StoreError> {
        let row = sqlx::query(concat!(
            "UPDATE conversation SET language = $2 WHERE id = $1 RETURNING ",
            columns!(conversation)
        ))
        .bind(id)
        .bind(language)
        .fetch_optional(&mut *self.writer.statement().await?)
        .await
        .map_err(db)?;
        read(&row.ok_or(MISSING)?)
    }

    async fn set_notices(&self, id: i64, wanted: bool) -> Result<ConversationRow, StoreError> {
        let row = sqlx::query(concat!(
            "UPDATE conversation SET notices = $2 WHERE id = $1 RETURNING ",
            columns!(conversation)
        ))
        .bind(id)
        .bind(wanted)
        .fetch_optional(&mut *self.writer.statement().await?)
        .await
        .map_err(db)?;
        read(&row.ok_or(MISSING)?)
    }

    async fn conversations(
        &self,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<ConversationRow>, StoreError> {
        // The number of the newest message orders conversations as their messages arrived.
        let rows = sqlx::query(
            concat!("WITH newest AS (SELECT conversation_id, MAX(seq) AS seq FROM inbox_route GROUP BY conversation_id)
             SELECT ", columns!(conversation, c), " FROM conversation c JOIN newest n ON n.conversation_id = c.id
             WHERE $1 IS NULL OR n.seq < (SELECT seq FROM newest WHERE conversation_id = $1)
             ORDER BY n.seq DESC LIMIT $2"),
        )
        .bind(before)
        .bind(most)
        .fetch_all(&self.readers)
        .await
        .map_err(db)?;
        rows.iter().map(read).collect()
    }
}

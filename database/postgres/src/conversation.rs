//! Conversations.

use async_trait::async_trait;
use mcp_store::{
    StoreError,
    conversation::{ConversationRow, ConversationStore, Owner},
    micros,
};
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::{PostgresStore, error, retry, text};

/// What [`read`] reads, by name and never `*`: a newer program may add columns while a statement is prepared.
macro_rules! columns {
    () => {
        "id, customer_id, owner_until_us, window_until_us, language, informed_us, notices"
    };
}
pub(crate) use columns;

/// A row of [`columns`].
pub(crate) fn read(row: &PgRow) -> Result<ConversationRow, StoreError> {
    let id: i64 = row.get("id");
    let instant = |column| text::instant(row.get(column), "conversation", column, &id.to_string());
    Ok(ConversationRow {
        id,
        customer_id: row.get("customer_id"),
        owner: instant("owner_until_us")?.map_or(Owner::Bot, |until| Owner::Human { until }),
        window_until: instant("window_until_us")?,
        language: row.get("language"),
        informed_at: instant("informed_us")?,
        notices: row.get("notices"),
    })
}

/// The customer's conversation, made where there is none.
pub(crate) async fn of(tx: &mut PgConnection, customer: i64) -> Result<PgRow, sqlx::Error> {
    sqlx::query(concat!(
        "INSERT INTO conversation (customer_id) VALUES ($1)
         ON CONFLICT (customer_id) DO UPDATE SET customer_id = excluded.customer_id RETURNING ",
        columns!()
    ))
    .bind(customer)
    .fetch_one(tx)
    .await
}

#[async_trait]
impl ConversationStore for PostgresStore {
    async fn conversation(&self, id: i64) -> Result<Option<ConversationRow>, StoreError> {
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM conversation WHERE id = $1"))
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(error::store)?;
        row.as_ref().map(read).transpose()
    }

    async fn conversation_of(&self, customer_id: i64) -> Result<ConversationRow, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(error::store)?;
        match of(&mut connection, customer_id).await {
            Ok(row) => read(&row),
            Err(e) if error::is_missing(&e, "conversation_customer_id_fkey") => {
                Err(StoreError::NotFound("customer"))
            }
            Err(e) => Err(error::store(e)),
        }
    }

    async fn set_owner(&self, id: i64, owner: Owner) -> Result<ConversationRow, StoreError> {
        let until = match owner {
            Owner::Bot => None,
            Owner::Human { until } => Some(micros::to(until)),
        };
        retry::passing(|| async {
            sqlx::query(concat!(
                "UPDATE conversation SET owner_until_us = $2 WHERE id = $1 RETURNING ",
                columns!()
            ))
            .bind(id)
            .bind(until)
            .fetch_optional(&self.pool)
            .await
            .map_err(error::store)
        })
        .await?
        .map_or(Err(StoreError::NotFound("conversation")), |row| read(&row))
    }

    async fn set_language(&self, id: i64, language: &str) -> Result<ConversationRow, StoreError> {
        retry::passing(|| async {
            sqlx::query(concat!("UPDATE conversation SET language = $2 WHERE id = $1 RETURNING ", columns!()))
                .bind(id)
                .bind(text::clean(language))
                .fetch_optional(&self.pool)
                .await
                .map_err(error::store)
        })
        .await?
        .map_or(Err(StoreError::NotFound("conversation")), |row| read(&row))
    }

    async fn set_notices(&self, id: i64, wanted: bool) -> Result<ConversationRow, StoreError> {
        retry::passing(|| async {
            sqlx::query(concat!("UPDATE conversation SET notices = $2 WHERE id = $1 RETURNING ", columns!()))
                .bind(id)
                .bind(wanted)
                .fetch_optional(&self.pool)
                .await
                .map_err(error::store)
        })
        .await?
        .map_or(Err(StoreError::NotFound("conversation")), |row| read(&row))
    }

    async fn conversations(
        &self,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<ConversationRow>, StoreError> {
        // The number of the newest message orders conversations as their messages arrived.
        let rows = sqlx::query(concat!(
            "WITH newest AS (SELECT conversation_id, MAX(seq) AS seq FROM inbox_route GROUP BY conversation_id)
             SELECT ",
            columns!(),
            " FROM conversation JOIN newest ON conversation_id = id
             WHERE $1::bigint IS NULL OR seq < (SELECT seq FROM newest WHERE conversation_id = $1)
             ORDER BY seq DESC LIMIT $2"
        ))
        .bind(before)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .map_err(error::store)?;
        rows.iter().map(read).collect()
    }
}

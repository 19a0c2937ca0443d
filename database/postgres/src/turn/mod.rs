//! Turns: claims and commits.

mod also;
mod claim;
mod commit;
pub(crate) mod history;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError, micros,
    turn::{BurstRule, ClaimedTurn, RenderOutcome, TurnEnd, TurnResult, TurnRow, TurnStore},
};
use serde_json::Value;
use sqlx::{Row, postgres::PgRow};

use crate::{PostgresStore, error, retry, text};

#[async_trait]
impl TurnStore for PostgresStore {
    async fn claim_turn(&self, rule: &BurstRule, now: Timestamp) -> Result<Option<ClaimedTurn>, StoreError> {
        retry::passing(|| async {
            let mut tx = self.begin().await?;
            let claimed = claim::claim(self, &mut tx, rule, now).await?;
            tx.commit().await.map_err(error::store)?;
            Ok(claimed)
        })
        .await
    }

    async fn next_turn_at(&self, rule: &BurstRule) -> Result<Option<Timestamp>, StoreError> {
        claim::next_at(&self.pool, rule).await
    }

    async fn commit_turn(
        &self,
        turn: &ClaimedTurn,
        result: TurnResult,
        render: RenderOutcome<'_>,
        now: Timestamp,
    ) -> Result<TurnEnd, StoreError> {
        retry::passing(|| async {
            let mut tx = self.begin().await?;
            let end = commit::commit(self, &mut tx, turn, &result, render, now).await?;
            tx.commit().await.map_err(error::store)?;
            Ok(end)
        })
        .await
    }

    async fn release_turn(&self, turn: &ClaimedTurn, retry_at: Timestamp) -> Result<(), StoreError> {
        let done = retry::passing(|| async {
            sqlx::query(
                "UPDATE conversation SET lease_until_us = NULL, epoch = nextval('claim_epoch'), not_before_us = $3
                 WHERE id = $1 AND epoch = $2 AND lease_until_us IS NOT NULL",
            )
            .bind(turn.conversation.id)
            .bind(turn.epoch)
            .bind(micros::to(retry_at))
            .execute(&self.pool)
            .await
            .map_err(error::store)
        })
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }

    async fn turns(&self, conversation_id: i64, most: u32) -> Result<Vec<TurnRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT epoch, attempt, effect, messages, committed_us FROM turn
             WHERE conversation_id = $1 ORDER BY epoch DESC LIMIT $2",
        )
        .bind(conversation_id)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .map_err(error::store)?;
        let read = |row: &PgRow| {
            let epoch: i64 = row.get("epoch");
            let name = format!("{conversation_id}/{epoch}");
            Ok(TurnRow {
                conversation_id,
                epoch,
                attempt: text::count(row.get("attempt")),
                effect: row.get("effect"),
                messages: text::count(row.get("messages")),
                committed_at: micros::from(row.get("committed_us"), "turn", "committed_us", &name)?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn history(&self, conversation_id: i64, most: u32) -> Result<Vec<Value>, StoreError> {
        history::newest(&self.pool, conversation_id, most).await
    }
}

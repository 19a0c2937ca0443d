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
use sqlx::Row;

use crate::{SqliteStore, db, driver::count, route};

/// Messages that are given their conversations in one transaction. While all turns that may run at once are running,
/// hundreds gather: acknowledgements go between the parts, instead of waiting for them all.
const PART: u32 = 32;

#[async_trait]
impl TurnStore for SqliteStore {
    async fn claim_turn(&self, rule: &BurstRule, now: Timestamp) -> Result<Option<ClaimedTurn>, StoreError> {
        // Looking costs no turn at the writer, for which every acknowledgement waits.
        if !claim::may_be_ripe(&self.readers, rule, now).await? {
            return Ok(None);
        }
        let mut tx = self.begin().await?;
        while route::first(&mut tx, PART).await? == PART as usize {
            tx.commit().await.map_err(db)?;
            tx = self.begin().await?;
        }
        let claimed = claim::claim(&mut tx, rule, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(claimed)
    }

    async fn next_turn_at(&self, rule: &BurstRule) -> Result<Option<Timestamp>, StoreError> {
        claim::next_at(&self.readers, rule).await
    }

    async fn commit_turn(
        &self,
        turn: &ClaimedTurn,
        result: TurnResult,
        render: RenderOutcome<'_>,
        now: Timestamp,
    ) -> Result<TurnEnd, StoreError> {
        let mut tx = self.begin().await?;
        let end = commit::commit(&mut tx, turn, result, render, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(end)
    }

    async fn release_turn(&self, turn: &ClaimedTurn, retry_at: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query(
            "UPDATE conversation SET lease_until_us = NULL, epoch = epoch + 1, not_before_us = $3
             WHERE id = $1 AND epoch = $2 AND lease_until_us IS NOT NULL",
        )
        .bind(turn.conversation.id)
        .bind(turn.epoch)
        .bind(micros::to(retry_at))
        .execute(&mut *self.writer.statement().await?)
        .await
        .map_err(db)?;
        if done.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }

    async fn turns(&self, conversation_id: i64, most: u32) -> Result<Vec<TurnRow>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(turn),
            " FROM turn WHERE conversation_id = $1 ORDER BY epoch DESC LIMIT $2"
        ))
        .bind(conversation_id)
        .bind(most)
        .fetch_all(&self.readers)
        .await
        .map_err(db)?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            let epoch: i64 = row.get("epoch");
            Ok(TurnRow {
                conversation_id,
                epoch,
                attempt: count(row.get("attempt")),
                effect: row.get("effect"),
                messages: count(row.get("messages")),
                committed_at: micros::from(
                    row.get("committed_us"),
                    "turn",
                    "committed_us",
                    &format!("{conversation_id}/{epoch}"),
                )?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn history(&self, conversation_id: i64, most: u32) -> Result<Vec<Value>, StoreError> {
        history::newest(&self.readers, conversation_id, most).await
    }
}

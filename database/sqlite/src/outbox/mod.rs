//! What is to be said.

mod again;
mod claim;
mod row;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    inbox::{DeadLetter, DeadSource},
    micros,
    outbox::{
        ClaimedOutgoing, Enqueued, NewOutgoing, OutboxStore, OutgoingRow, OutgoingState, SendEnd, SendRule,
        Unsaid,
    },
};
use sqlx::SqliteExecutor;

use crate::{SqliteStore, Tx, db, dead_letter, driver::amount, status};
pub(crate) use claim::{Wait, become_ambiguous};

/// A second send with unknown outcome is the last.
const MOST_UNKNOWNS: i64 = 2;

pub(crate) async fn insert(
    tx: &mut Tx,
    conversation_id: i64,
    booking_id: Option<&str>,
    message: &NewOutgoing,
    now: Timestamp,
) -> Result<Enqueued, StoreError> {
    if let Some(key) = &message.dedupe_key {
        let there: Option<String> = sqlx::query_scalar("SELECT id FROM outbox WHERE dedupe_key = $1")
            .bind(key)
            .fetch_optional(&mut **tx)
            .await
            .map_err(db)?;
        if let Some(id) = there {
            return Ok(Enqueued::Duplicate(id));
        }
    }
    sqlx::query(
        "INSERT INTO outbox (id, seq, conversation_id, booking_id, kind, dedupe_key, body_json, state, due_us, created_us)
         VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM outbox), $2, $3, $4, $5, $6, 'pending', $7, $7)",
    )
    .bind(&message.id)
    .bind(conversation_id)
    .bind(booking_id)
    .bind(message.kind.as_str())
    .bind(&message.dedupe_key)
    .bind(message.body.to_string())
    .bind(micros::to(now))
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    Ok(Enqueued::Written)
}

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn enqueue(
        &self,
        conversation_id: i64,
        message: &NewOutgoing,
        now: Timestamp,
    ) -> Result<Enqueued, StoreError> {
        let mut tx = self.begin().await?;
        let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM conversation WHERE id = $1)")
            .bind(conversation_id)
            .fetch_one(&mut *tx)
            .await
            .map_err(db)?;
        if !there {
            return Err(StoreError::NotFound("conversation"));
        }
        let done = insert(&mut tx, conversation_id, None, message, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(done)
    }

    async fn claim_outgoing(
        &self,
        rule: &SendRule,
        now: Timestamp,
    ) -> Result<Option<ClaimedOutgoing>, StoreError> {
        // Looking costs no turn at the writer, for which every acknowledgement waits.
        if !claim::may_be_due(&self.readers, now).await? {
            return Ok(None);
        }
        let mut tx = self.begin().await?;
        become_ambiguous(&mut tx, micros::to(now), Wait::For(rule.unknown_wait), now).await?;
        let claimed = claim::claim(&mut tx, rule, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(claimed)
    }

    async fn sent(
        &self,
        message: &ClaimedOutgoing,
        end: SendEnd,
        now: Timestamp,
    ) -> Result<OutgoingRow, StoreError> {
        let mut tx = self.begin().await?;
        let row = ended(&mut tx, message, end, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn wait_for_statuses(&self, until: Timestamp) -> Result<(), StoreError> {
        wait_for_statuses(&mut *self.writer.statement().await?, micros::to(until)).await
    }

    async fn next_outgoing_at(&self) -> Result<Option<Timestamp>, StoreError> {
        claim::next_at(&self.readers).await
    }

    async fn outgoing(&self, id: &str) -> Result<Option<OutgoingRow>, StoreError> {
        row::get(&self.readers, id).await
    }

    async fn unsaid(
        &self,
        words: &[&str],
        since: Timestamp,
        after: i64,
        most: u32,
    ) -> Result<Vec<Unsaid>, StoreError> {
        again::unsaid(&self.readers, words, (since, after), most).await
    }

    async fn say_again(
        &self,
        id: &str,
        conversation_id: i64,
        message: &NewOutgoing,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = again::say(&mut tx, id, conversation_id, message, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(done)
    }

    async fn outbox_counts(&self) -> Result<Vec<(OutgoingState, u64)>, StoreError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT state, COUNT(*) FROM outbox GROUP BY state ORDER BY state")
                .fetch_all(&self.readers)
                .await
                .map_err(db)?;
        let known = |(state, n): (String, i64)| Some((OutgoingState::parse(&state)?, amount(n)));
        Ok(rows.into_iter().filter_map(known).collect())
    }
}

/// What is ambiguous waits until `until` (microseconds) at least.
pub(crate) async fn wait_for_statuses(
    executor: impl SqliteExecutor<'_>,
    until: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE outbox SET due_us = $1
         WHERE state IN ('pending', 'sending', 'ambiguous') AND state = 'ambiguous' AND due_us < $1",
    )
    .bind(until)
    .execute(executor)
    .await
    .map_err(db)?;
    Ok(())
}

async fn ended(
    tx: &mut Tx,
    message: &ClaimedOutgoing,
    end: SendEnd,
    now: Timestamp,
) -> Result<OutgoingRow, StoreError> {
    let (state, due, wamid, error, unknown) = match end {
        SendEnd::Sent { wamid } => ("sent", now, Some(wamid), None, 0),
        SendEnd::Retry { at, why } => ("pending", at, None, Some(why), 0),
        SendEnd::Failed { why } => ("failed", now, None, Some(why), 0),
        SendEnd::Unknown { until, why } => ("ambiguous", until, None, Some(why), 1),
    };
    let after: Option<(String, Option<String>)> = sqlx::query_as(
        "UPDATE outbox SET
           state = CASE WHEN $3 = 'ambiguous' AND unknowns + $7 >= $9 THEN 'parked' ELSE $3 END,
           due_us = $4, wamid = COALESCE($5, wamid), error = $6, unknowns = unknowns + $7, epoch = epoch + 1,
           sent_us = CASE WHEN $3 = 'sent' THEN $8 ELSE sent_us END
         WHERE id = $1 AND ((epoch = $2 AND state = 'sending') OR ($3 = 'sent' AND state = 'ambiguous'))
         RETURNING state, error",
    )
    .bind(&message.id)
    .bind(message.epoch)
    .bind(state)
    .bind(micros::to(due))
    .bind(&wamid)
    .bind(error)
    .bind(unknown)
    .bind(micros::to(now))
    .bind(MOST_UNKNOWNS)
    .fetch_optional(&mut **tx)
    .await
    .map_err(db)?;
    let Some((state, error)) = after else { return Err(StoreError::Stale) };
    if let Some(wamid) = &wamid {
        status::apply_earlier(tx, wamid, now).await?;
    }
    if state == "failed" || state == "parked" {
        let letter = DeadLetter {
            source: DeadSource::Outbox,
            reason: error.unwrap_or_default(),
            payload: message.id.clone(),
        };
        dead_letter::keep(tx, &letter, Some(message.conversation_id), now).await?;
    }
    row::get(&mut **tx, &message.id).await?.ok_or(StoreError::NotFound("outgoing message"))
}

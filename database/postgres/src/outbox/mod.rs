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
use sqlx::{PgConnection, PgPool};

use self::claim::Next;
use crate::{PostgresStore, Tx, customer, dead_letter, delivery, error, retry, text};

/// A second send with unknown outcome is the last.
const MOST_UNKNOWNS: i64 = 2;

/// Writes a message, unless one with its key is there.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    conversation_id: i64,
    booking_id: Option<&str>,
    message: &NewOutgoing,
    now: Timestamp,
) -> Result<Enqueued, StoreError> {
    let key = text::clean_opt(message.dedupe_key.as_deref());
    let written = sqlx::query(
        "INSERT INTO outbox (id, conversation_id, booking_id, kind, dedupe_key, body_json, state, due_us, created_us)
         VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $7) ON CONFLICT (dedupe_key) DO NOTHING",
    )
    .bind(&message.id)
    .bind(conversation_id)
    .bind(booking_id)
    .bind(message.kind.as_str())
    .bind(&key)
    .bind(message.body.to_string())
    .bind(micros::to(now))
    .execute(&mut *tx)
    .await
    .map_err(|e| {
        if error::is_missing(&e, "outbox_conversation_id_fkey") {
            StoreError::NotFound("conversation")
        } else if error::is_unique(&e, "outbox_id_key") {
            StoreError::Conflict("the outgoing message's id is taken".to_owned())
        } else {
            error::store(e)
        }
    })?;
    if written.rows_affected() > 0 {
        return Ok(Enqueued::Written);
    }
    sqlx::query_scalar("SELECT id FROM outbox WHERE dedupe_key = $1")
        .bind(&key)
        .fetch_one(tx)
        .await
        .map(Enqueued::Duplicate)
        .map_err(error::store)
}

impl PostgresStore {
    async fn sent_once(
        &self,
        message: &ClaimedOutgoing,
        end: &SendEnd,
        now: Timestamp,
    ) -> Result<OutgoingRow, StoreError> {
        let mut tx: Tx = match end {
            // A status that names only the wamid must come before or after this, not beside it.
            SendEnd::Sent { .. } => self.begin_locked(&customer::locks(self)).await?,
            _ => self.begin().await?,
        };
        let row = ended(&mut tx, message, end, now).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(row)
    }
}

#[async_trait]
impl OutboxStore for PostgresStore {
    async fn enqueue(
        &self,
        conversation_id: i64,
        message: &NewOutgoing,
        now: Timestamp,
    ) -> Result<Enqueued, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(error::store)?;
        insert(&mut connection, conversation_id, None, message, now).await
    }

    async fn claim_outgoing(
        &self,
        rule: &SendRule,
        now: Timestamp,
    ) -> Result<Option<ClaimedOutgoing>, StoreError> {
        // Looking is one statement; most of the time nothing is due.
        if !claim::may_be_due(self, now).await? {
            return Ok(None);
        }
        loop {
            let next = retry::passing(|| async {
                let mut tx = self.begin().await?;
                claim::become_ambiguous(self, &mut tx, rule.unknown_wait, now).await?;
                let next = claim::claim(self, &mut tx, rule, now).await?;
                tx.commit().await.map_err(error::store)?;
                Ok(next)
            })
            .await?;
            match next {
                Next::Taken(message) => return Ok(Some(message)),
                Next::Nothing => return Ok(None),
                // Each time round, somebody else has got a message: it ends.
                Next::Lost => {}
            }
        }
    }

    async fn sent(
        &self,
        message: &ClaimedOutgoing,
        end: SendEnd,
        now: Timestamp,
    ) -> Result<OutgoingRow, StoreError> {
        retry::passing(|| self.sent_once(message, &end, now)).await
    }

    async fn wait_for_statuses(&self, until: Timestamp) -> Result<(), StoreError> {
        wait_for_statuses(&self.pool, until).await
    }

    async fn next_outgoing_at(&self) -> Result<Option<Timestamp>, StoreError> {
        claim::next_at(&self.pool).await
    }

    async fn outgoing(&self, id: &str) -> Result<Option<OutgoingRow>, StoreError> {
        row::get(&self.pool, id).await
    }

    async fn unsaid(
        &self,
        words: &[&str],
        since: Timestamp,
        after: i64,
        most: u32,
    ) -> Result<Vec<Unsaid>, StoreError> {
        again::unsaid(&self.pool, words, (since, after), most).await
    }

    async fn say_again(
        &self,
        id: &str,
        conversation_id: i64,
        message: &NewOutgoing,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        retry::passing(|| async {
            let mut tx = self.begin().await?;
            let done = again::say(&mut tx, id, conversation_id, message, now).await?;
            tx.commit().await.map_err(error::store)?;
            Ok(done)
        })
        .await
    }

    async fn outbox_counts(&self) -> Result<Vec<(OutgoingState, u64)>, StoreError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT state, count(*) FROM outbox GROUP BY state ORDER BY state")
                .fetch_all(&self.pool)
                .await
                .map_err(error::store)?;
        let known = |(state, n): (String, i64)| Some((OutgoingState::parse(&state)?, u64::try_from(n).ok()?));
        Ok(rows.into_iter().filter_map(known).collect())
    }
}

/// What is ambiguous waits until `until` at least.
pub(crate) async fn wait_for_statuses(pool: &PgPool, until: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET due_us = $1 WHERE state = 'ambiguous' AND due_us < $1")
        .bind(micros::to(until))
        .execute(pool)
        .await
        .map_err(error::store)?;
    Ok(())
}

async fn ended(
    tx: &mut PgConnection,
    message: &ClaimedOutgoing,
    end: &SendEnd,
    now: Timestamp,
) -> Result<OutgoingRow, StoreError> {
    let (state, due, wamid, error, unknown) = match end {
        SendEnd::Sent { wamid } => ("sent", now, Some(text::clean(wamid)), None, 0_i64),
        SendEnd::Retry { at, why } => ("pending", *at, None, Some(why), 0),
        SendEnd::Failed { why } => ("failed", now, None, Some(why), 0),
        SendEnd::Unknown { until, why } => ("ambiguous", *until, None, Some(why), 1),
    };
    let after: Option<(String, Option<String>)> = sqlx::query_as(
        "UPDATE outbox SET
             state = CASE WHEN $3 = 'ambiguous' AND unknowns + $7 >= $9 THEN 'parked' ELSE $3 END,
             due_us = $4, wamid = COALESCE($5, wamid), error = $6, unknowns = unknowns + $7,
             epoch = nextval('claim_epoch'), sent_us = CASE WHEN $3 = 'sent' THEN $8 ELSE sent_us END
         WHERE id = $1 AND ((epoch = $2 AND state = 'sending') OR ($3 = 'sent' AND state = 'ambiguous'))
         RETURNING state, error",
    )
    .bind(&message.id)
    .bind(message.epoch)
    .bind(state)
    .bind(micros::to(due))
    .bind(&wamid)
    .bind(text::clean_opt(error.map(String::as_str)))
    .bind(unknown)
    .bind(micros::to(now))
    .bind(MOST_UNKNOWNS)
    .fetch_optional(&mut *tx)
    .await
    .map_err(error::store)?;
    let Some((state, error)) = after else { return Err(StoreError::Stale) };
    if let Some(wamid) = &wamid {
        delivery::apply_earlier(tx, wamid, now).await?;
    }
    if state == "failed" || state == "parked" {
        let letter = DeadLetter {
            source: DeadSource::Outbox,
            reason: error.unwrap_or_default(),
            payload: message.id.clone(),
        };
        dead_letter::keep(tx, &letter, Some(message.conversation_id), now).await?;
    }
    row::get(tx, &message.id).await?.ok_or(StoreError::NotFound("outgoing message"))
}

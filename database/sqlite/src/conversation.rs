//! Claims and commits of turns.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::BookingOutcome,
    conversation::{
        BurstRule, ClaimedTurn, ConversationStore, Effect, PendingMessage, RenderOutcome, TurnEnd, TurnResult,
    },
    inbox::{DeadLetter, Sender},
};
use serde_json::Value;
use sqlx::{Row, Sqlite, Transaction};

use crate::{SqliteStore, booking, inbox, micros, outbox};

/// Claims of a process that died are void: the conversations are free at once.
pub(crate) async fn void_claims(tx: &mut Transaction<'static, Sqlite>) -> Result<(), StoreError> {
    sqlx::query("UPDATE conversation SET claimed_until_us = NULL, epoch = epoch + 1 WHERE claimed_until_us IS NOT NULL")
        .execute(&mut **tx)
        .await
        .map_err(StoreError::database)?;
    Ok(())
}

#[async_trait]
impl ConversationStore for SqliteStore {
    async fn claim_turn(&self, rule: &BurstRule, now: Timestamp) -> Result<Option<ClaimedTurn>, StoreError> {
        let mut tx = self.begin().await?;
        let now_us = micros::to(now);
        let row = sqlx::query(
            "UPDATE conversation SET epoch = epoch + 1, attempts = attempts + 1, claimed_until_us = $4
             WHERE id = (
               SELECT id FROM conversation
               WHERE first_pending_us IS NOT NULL
                 AND (last_pending_us <= $1 - $2 OR first_pending_us <= $1 - $3)
                 AND not_before_us <= $1
                 AND (claimed_until_us IS NULL OR claimed_until_us <= $1)
               ORDER BY first_pending_us LIMIT 1)
             RETURNING id, customer_id, epoch, attempts, redone",
        )
        .bind(now_us)
        .bind(micros::of(rule.quiet))
        .bind(micros::of(rule.longest))
        .bind(now_us.saturating_add(micros::of(rule.lease)))
        .fetch_optional(&mut *tx)
        .await
        .map_err(StoreError::database)?;
        let Some(row) = row else { return Ok(None) };
        let conversation_id: i64 = row.get("id");
        let customer_id: i64 = row.get("customer_id");
        let (user_id, wa_id, name) =
            sqlx::query_as("SELECT user_id, wa_id, name FROM customer WHERE id = $1")
                .bind(customer_id)
                .fetch_one(&mut *tx)
                .await
                .map_err(StoreError::database)?;
        let messages = pending(&mut tx, conversation_id).await?;
        let history = history(&mut tx, conversation_id, rule.history).await?;
        tx.commit().await.map_err(StoreError::database)?;
        Ok(Some(ClaimedTurn {
            conversation_id,
            epoch: row.get("epoch"),
            attempt: u32::try_from(row.get::<i64, _>("attempts")).unwrap_or(u32::MAX),
            customer_id,
            sender: Sender { user_id, wa_id, name },
            messages,
            redone: row.get("redone"),
            history,
        }))
    }

    async fn next_turn_at(&self, rule: &BurstRule) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(MAX(MIN(last_pending_us + $1, first_pending_us + $2), not_before_us, COALESCE(claimed_until_us, 0)))
             FROM conversation WHERE first_pending_us IS NOT NULL",
        )
        .bind(micros::of(rule.quiet))
        .bind(micros::of(rule.longest))
        .fetch_one(&self.readers)
        .await
        .map_err(StoreError::database)?;
        due.map(|us| micros::from(us, "conversation", "not_before_us", "next")).transpose()
    }

    async fn commit_turn(
        &self,
        turn: &ClaimedTurn,
        result: TurnResult,
        render: RenderOutcome<'_>,
        now: Timestamp,
    ) -> Result<TurnEnd, StoreError> {
        let mut tx = self.begin().await?;
        ensure_epoch(&mut tx, turn).await?;
        let newer = newest_pending(&mut tx, turn).await?;
        if !turn.redone && newer.is_some() {
            // Not a failure: the attempt is given back with the claim.
            sqlx::query("UPDATE conversation SET claimed_until_us = NULL, epoch = epoch + 1, attempts = MAX(attempts - 1, 0), redone = 1 WHERE id = $1")
                .bind(turn.conversation_id)
                .execute(&mut *tx)
                .await
                .map_err(StoreError::database)?;
            tx.commit().await.map_err(StoreError::database)?;
            return Ok(TurnEnd::Superseded);
        }
        let mut state = "done";
        let mut contents = result.history;
        let mut booking = None;
        match result.effect {
            Effect::Silence => {}
            Effect::Answer(message) => {
                outbox::insert(&mut tx, turn.conversation_id, None, &message, now).await?;
            }
            Effect::Book(request) => {
                let outcome = booking::book_in(&mut tx, &request, now).await?;
                let (message, rendered) = render(&outcome);
                contents.extend(rendered);
                let id = match &outcome {
                    BookingOutcome::Booked(row) => Some(row.booking.id.as_str()),
                    BookingOutcome::Refused(_) => None,
                };
                outbox::insert(&mut tx, turn.conversation_id, id, &message, now).await?;
                booking = Some(outcome);
            }
            Effect::GiveUp { answer, reason } => {
                state = "dead";
                if let Some(answer) = answer {
                    outbox::insert(&mut tx, turn.conversation_id, None, &answer, now).await?;
                }
                let payload = turn.messages.iter().map(|m| m.id.as_str()).collect::<Vec<_>>().join(",");
                inbox::keep_dead(&mut tx, &DeadLetter { source: "turn", reason, payload }, now).await?;
            }
        }
        append_history(&mut tx, turn.conversation_id, &contents).await?;
        finish(&mut tx, turn, state, newer).await?;
        tx.commit().await.map_err(StoreError::database)?;
        Ok(TurnEnd::Committed { booking })
    }

    async fn release_turn(&self, turn: &ClaimedTurn, retry_at: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query(
            "UPDATE conversation SET claimed_until_us = NULL, not_before_us = $3 WHERE id = $1 AND epoch = $2",
        )
        .bind(turn.conversation_id)
        .bind(turn.epoch)
        .bind(micros::to(retry_at))
        .execute(&self.writer)
        .await
        .map_err(StoreError::database)?;
        if done.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }
}

async fn ensure_epoch(tx: &mut Transaction<'static, Sqlite>, turn: &ClaimedTurn) -> Result<(), StoreError> {
    let epoch: i64 = sqlx::query_scalar("SELECT epoch FROM conversation WHERE id = $1")
        .bind(turn.conversation_id)
        .fetch_one(&mut **tx)
        .await
        .map_err(StoreError::database)?;
    if epoch == turn.epoch { Ok(()) } else { Err(StoreError::Stale) }
}

/// First and last arrival of messages that came after the claim, in microseconds.
async fn newest_pending(
    tx: &mut Transaction<'static, Sqlite>,
    turn: &ClaimedTurn,
) -> Result<Option<(i64, i64)>, StoreError> {
    let pending: Vec<(String, i64)> = sqlx::query_as(
        "SELECT id, received_us FROM inbox WHERE conversation_id = $1 AND state = 'pending' ORDER BY seq",
    )
    .bind(turn.conversation_id)
    .fetch_all(&mut **tx)
    .await
    .map_err(StoreError::database)?;
    let mut newer =
        pending.iter().filter(|(id, _)| !turn.messages.iter().any(|m| m.id == *id)).map(|(_, at)| *at);
    let Some(first) = newer.next() else { return Ok(None) };
    Ok(Some((first, newer.next_back().unwrap_or(first))))
}

async fn pending(
    tx: &mut Transaction<'static, Sqlite>,
    conversation: i64,
) -> Result<Vec<PendingMessage>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, kind, body, sent_us FROM inbox WHERE conversation_id = $1 AND state = 'pending' ORDER BY seq",
    )
    .bind(conversation)
    .fetch_all(&mut **tx)
    .await
    .map_err(StoreError::database)?;
    rows.iter()
        .map(|row| {
            let id: String = row.get("id");
            let sent_at = micros::from(row.get("sent_us"), "inbox", "sent_us", &id)?;
            Ok(PendingMessage { id, kind: row.get("kind"), text: row.get("body"), sent_at })
        })
        .collect()
}

async fn history(
    tx: &mut Transaction<'static, Sqlite>,
    conversation: i64,
    most: u32,
) -> Result<Vec<Value>, StoreError> {
    let mut rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT id, content FROM history WHERE conversation_id = $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(conversation)
    .bind(most)
    .fetch_all(&mut **tx)
    .await
    .map_err(StoreError::database)?;
    rows.reverse();
    let read = |(id, content): (i64, String)| {
        // One row that cannot be read must not silence the conversation; the model is told less.
        serde_json::from_str(&content)
            .inspect_err(|_| tracing::error!(history.id = id, "unreadable history"))
            .ok()
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

async fn append_history(
    tx: &mut Transaction<'static, Sqlite>,
    conversation: i64,
    contents: &[Value],
) -> Result<(), StoreError> {
    for content in contents {
        sqlx::query("INSERT INTO history (conversation_id, content) VALUES ($1, $2)")
            .bind(conversation)
            .bind(content.to_string())
            .execute(&mut **tx)
            .await
            .map_err(StoreError::database)?;
    }
    Ok(())
}

async fn finish(
    tx: &mut Transaction<'static, Sqlite>,
    turn: &ClaimedTurn,
    state: &str,
    newer: Option<(i64, i64)>,
) -> Result<(), StoreError> {
    for message in &turn.messages {
        sqlx::query("UPDATE inbox SET state = $2 WHERE id = $1")
            .bind(&message.id)
            .bind(state)
            .execute(&mut **tx)
            .await
            .map_err(StoreError::database)?;
    }
    sqlx::query(
        "UPDATE conversation SET claimed_until_us = NULL, epoch = epoch + 1, attempts = 0, redone = 0, not_before_us = 0,
           first_pending_us = $2, last_pending_us = $3 WHERE id = $1",
    )
    .bind(turn.conversation_id)
    .bind(newer.map(|(first, _)| first))
    .bind(newer.map(|(_, last)| last))
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database)?;
    Ok(())
}

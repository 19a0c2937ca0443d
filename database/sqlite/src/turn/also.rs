//! What a turn does beside its effect.

use jiff::Timestamp;
use mcp_store::{StoreError, micros, outbox::NewOutgoing, sha256, turn::Also};

use super::history;
use crate::{Tx, adjustment, db, echo, outbox, waitlist};

pub(super) async fn run(
    tx: &mut Tx,
    conversation: i64,
    also: impl Iterator<Item = &Also>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for one in also {
        match one {
            Also::Tell { conversation_id, message } => tell(tx, *conversation_id, message, now).await?,
            Also::Say(message) => {
                outbox::insert(tx, conversation, None, message, now).await?;
            }
            Also::Takeover { until } => echo::until(tx, conversation, *until).await?,
            Also::Informed(_) => {
                sqlx::query("UPDATE conversation SET informed_us = COALESCE(informed_us, $2) WHERE id = $1")
                    .bind(conversation)
                    .bind(micros::to(now))
                    .execute(&mut **tx)
                    .await
                    .map_err(db)?;
            }
            Also::Notices(wanted) => {
                sqlx::query("UPDATE conversation SET notices = $2 WHERE id = $1")
                    .bind(conversation)
                    .bind(wanted)
                    .execute(&mut **tx)
                    .await
                    .map_err(db)?;
            }
            Also::Wait(wait) => {
                waitlist::add(tx, wait, now).await?;
            }
            Also::EndWait { id, revision, end } => match waitlist::finish(tx, id, *revision, *end).await {
                Ok(_) | Err(StoreError::Stale | StoreError::Conflict(_) | StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            },
            Also::Adjust { adjustment, audit } => {
                adjustment::add(tx, adjustment, Some(audit), now).await?;
            }
            Also::Unadjust { id, audit } => match adjustment::remove(tx, id, Some(audit), now).await {
                Ok(_) | Err(StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            },
            Also::Heard { message_id, text } => {
                sqlx::query("UPDATE inbox SET body = $3 WHERE id_key = $1 AND id = $2")
                    .bind(sha256::key(&[message_id]))
                    .bind(message_id)
                    .bind(text)
                    .execute(&mut **tx)
                    .await
                    .map_err(db)?;
            }
            Also::Retract { message_id, replacement } => {
                retract(tx, conversation, message_id, replacement.as_deref()).await?;
            }
        }
    }
    Ok(())
}

async fn tell(
    tx: &mut Tx,
    conversation: i64,
    message: &NewOutgoing,
    now: Timestamp,
) -> Result<(), StoreError> {
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM conversation WHERE id = $1)")
        .bind(conversation)
        .fetch_one(&mut **tx)
        .await
        .map_err(db)?;
    if !there {
        return Err(StoreError::NotFound("conversation"));
    }
    outbox::insert(tx, conversation, None, message, now).await?;
    Ok(())
}

/// Only messages of this conversation: nobody revokes what somebody else said.
async fn retract(
    tx: &mut Tx,
    conversation: i64,
    message_id: &str,
    replacement: Option<&str>,
) -> Result<(), StoreError> {
    let found: Option<(i64, Option<String>)> = sqlx::query_as(
        "SELECT i.seq, i.body FROM inbox i JOIN inbox_route r ON r.seq = i.seq
         WHERE i.id_key = $1 AND i.id = $2 AND r.conversation_id = $3",
    )
    .bind(sha256::key(&[message_id]))
    .bind(message_id)
    .bind(conversation)
    .fetch_optional(&mut **tx)
    .await
    .map_err(db)?;
    let Some((seq, body)) = found else { return Ok(()) };
    sqlx::query("UPDATE inbox SET body = $2, raw_json = '{}' WHERE seq = $1")
        .bind(seq)
        .bind(replacement)
        .execute(&mut **tx)
        .await
        .map_err(db)?;
    // What was heard of a voice note is kept under its id for a repeat of the turn.
    sqlx::query("DELETE FROM idempotency WHERE key = 'heard:' || $1")
        .bind(message_id)
        .execute(&mut **tx)
        .await
        .map_err(db)?;
    match body {
        Some(body) if !body.is_empty() => history::retract(tx, conversation, &body, replacement).await,
        _ => Ok(()),
    }
}

//! Committing a turn: effect, history, outgoing message and messages done, as one.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::BookingOutcome,
    inbox::{DeadLetter, DeadSource},
    micros,
    turn::{Also, ClaimedTurn, Effect, RenderOutcome, TurnEnd, TurnResult},
};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{also, history};
use crate::{PostgresStore, booking, conversation, dead_letter, error, lock, outbox, text};

pub(super) async fn commit(
    store: &PostgresStore,
    tx: &mut PgConnection,
    turn: &ClaimedTurn,
    result: &TurnResult,
    render: RenderOutcome<'_>,
    now: Timestamp,
) -> Result<TurnEnd, StoreError> {
    let id = turn.conversation.id;
    let row = sqlx::query(concat!(
        "SELECT ",
        conversation::columns!(),
        " FROM conversation WHERE id = $1 AND epoch = $2 AND lease_until_us IS NOT NULL FOR UPDATE"
    ))
    .bind(id)
    .bind(turn.epoch)
    .fetch_optional(&mut *tx)
    .await
    .map_err(error::store)?;
    let Some(row) = row else { return Err(StoreError::Stale) };
    let pending = Pending::read(tx, turn).await?;
    if conversation::read(&row)?.owner.is_human_at(now) && !turn.conversation.owner.is_human_at(now) {
        also::run(store, tx, id, result.also.iter().filter(|also| also.stands_alone()), now).await?;
        finish(tx, turn, "done", "taken_over", &pending, now).await?;
        return Ok(TurnEnd::TakenOver);
    }
    if !turn.redone && pending.newer.is_some() {
        // Not a failure: the attempt is given back with the claim.
        sqlx::query(
            "UPDATE conversation SET lease_until_us = NULL, epoch = nextval('claim_epoch'),
                 attempts = GREATEST(attempts - 1, 0), redone = true
             WHERE id = $1",
        )
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
        return Ok(TurnEnd::Superseded);
    }
    let mut contents = result.history.clone();
    let (mut done, mut body) = (None, None);
    let (mut state, mut effect) = ("done", "silence");
    match &result.effect {
        Effect::Silence => {}
        Effect::Answer(message) => {
            effect = "answer";
            outbox::insert(tx, id, None, message, now).await?;
            body = Some(message.body.clone());
        }
        Effect::Book(request) => {
            effect = "book";
            take(tx, booking::book::locks(store, request)).await?;
            let outcome = booking::settle(store, tx, &**request, now).await?;
            body = Some(speak(tx, id, &outcome, render, &mut contents, now).await?);
            done = Some(outcome);
        }
        Effect::Change(request) => {
            effect = "change";
            take(tx, booking::change::locks(store, request)).await?;
            let outcome = booking::settle(store, tx, &**request, now).await?;
            body = Some(speak(tx, id, &outcome, render, &mut contents, now).await?);
            done = Some(outcome);
        }
        Effect::GiveUp { answer, reason } => {
            (state, effect) = ("dead", "give_up");
            if let Some(answer) = answer {
                outbox::insert(tx, id, None, answer, now).await?;
                body = Some(answer.body.clone());
            }
            let ids: Vec<&str> = turn.messages.iter().map(|message| message.id.as_str()).collect();
            let payload = json!(ids).to_string();
            let letter = DeadLetter { source: DeadSource::Turn, reason: reason.clone(), payload };
            dead_letter::keep(tx, &letter, Some(id), now).await?;
        }
    }
    history::append(tx, id, &contents).await?;
    if let Some(language) = &result.language {
        sqlx::query("UPDATE conversation SET language = $2 WHERE id = $1")
            .bind(id)
            .bind(text::clean(language))
            .execute(&mut *tx)
            .await
            .map_err(error::store)?;
    }
    let refused = matches!(done, Some(BookingOutcome::Refused(_)));
    let mut said: Vec<&Value> = body.iter().collect();
    for also in &result.also {
        if let Also::Say(message) = also
            && also.holds(refused, &[])
        {
            said.push(&message.body);
        }
    }
    let row = done.as_ref().and_then(BookingOutcome::row).filter(|_| !refused);
    let tells = result.tells.as_ref().zip(row).map(|(tells, row)| tells.of(row));
    let beside = result.also.iter().filter(|also| also.holds(refused, &said)).chain(&tells);
    also::run(store, tx, id, beside, now).await?;
    finish(tx, turn, state, effect, &pending, now).await?;
    Ok(TurnEnd::Committed { booking: done })
}

async fn take(tx: &mut PgConnection, locks: lock::Keys) -> Result<(), StoreError> {
    sqlx::query("SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1::bigint[]) AS key")
        .bind(locks.into_vec())
        .execute(tx)
        .await
        .map(drop)
        .map_err(error::store)
}

/// Writes what is read of an outcome; returns the message.
async fn speak(
    tx: &mut PgConnection,
    conversation: i64,
    outcome: &BookingOutcome,
    render: RenderOutcome<'_>,
    contents: &mut Vec<Value>,
    now: Timestamp,
) -> Result<Value, StoreError> {
    let (message, rendered) = render(outcome);
    contents.extend(rendered);
    let booking = outcome.row().map(|row| row.booking.id.as_str());
    outbox::insert(tx, conversation, booking, &message, now).await?;
    Ok(message.body)
}

/// The messages of a conversation that wait, told apart by the turn.
struct Pending {
    /// Those the turn answers.
    answered: Vec<i64>,
    /// First and last arrival of those that came after the claim.
    newer: Option<(i64, i64)>,
}

impl Pending {
    async fn read(tx: &mut PgConnection, turn: &ClaimedTurn) -> Result<Self, StoreError> {
        let rows: Vec<(i64, String, i64)> = sqlx::query_as(
            "SELECT r.seq, i.id, i.received_us FROM inbox_route r JOIN inbox i ON i.seq = r.seq
             WHERE r.conversation_id = $1 AND r.state = 'pending' ORDER BY r.seq",
        )
        .bind(turn.conversation.id)
        .fetch_all(tx)
        .await
        .map_err(error::store)?;
        let (mut answered, mut newer) = (Vec::with_capacity(turn.messages.len()), None);
        for (seq, id, at) in rows {
            if turn.messages.iter().any(|message| message.id == id) {
                answered.push(seq);
            } else {
                newer = Some((newer.map_or(at, |(first, _)| first), at));
            }
        }
        Ok(Self { answered, newer })
    }
}

async fn finish(
    tx: &mut PgConnection,
    turn: &ClaimedTurn,
    state: &str,
    effect: &str,
    pending: &Pending,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE inbox_route SET state = $2 WHERE seq = ANY($1)")
        .bind(&pending.answered)
        .bind(state)
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
    sqlx::query(
        "INSERT INTO turn (conversation_id, epoch, attempt, effect, messages, committed_us) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(turn.conversation.id)
    .bind(turn.epoch)
    .bind(i64::from(turn.attempt))
    .bind(effect)
    .bind(i64::try_from(pending.answered.len()).unwrap_or(i64::MAX))
    .bind(micros::to(now))
    .execute(&mut *tx)
    .await
    .map_err(error::store)?;
    sqlx::query(
        "UPDATE conversation SET lease_until_us = NULL, epoch = nextval('claim_epoch'), attempts = 0, redone = false,
             not_before_us = 0, first_pending_us = $2, last_pending_us = $3
         WHERE id = $1",
    )
    .bind(turn.conversation.id)
    .bind(pending.newer.map(|(first, _)| first))
    .bind(pending.newer.map(|(_, last)| last))
    .execute(tx)
    .await
    .map(drop)
    .map_err(error::store)
}

//! Bookings and holds, inside a transaction: one, or several at once.

use std::slice;

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{
        BookingOutcome, BookingRequest, BookingRow, BookingState, ConfirmHold,
        round::{Asked, Decision, Found, Round},
    },
    micros,
};
use sqlx::PgConnection;

use super::{
    insert::Writing,
    row,
    write::{self, Attempt},
};
use crate::{PostgresStore, agenda, audit, error, idempotency, lock, text};

/// The locks a request begins with: its key, its holder, and the customer whose bookings are counted.
pub(crate) fn locks(store: &PostgresStore, request: &BookingRequest) -> lock::Keys {
    let customer = request.limit.map(|limit| limit.customer_id.to_string());
    let mut wanted = vec![("key", request.idempotency_key.as_str())];
    wanted.extend(request.holder.as_deref().map(|holder| ("holder", holder)));
    wanted.extend(customer.as_deref().map(|customer| ("customer", customer)));
    store.locks(wanted)
}

/// Decides and writes. After [`Attempt::Overlap`] the (nested) transaction must be rolled back.
pub(crate) async fn attempt(
    store: &PostgresStore,
    tx: &mut PgConnection,
    asked: &Asked,
) -> Result<Attempt, StoreError> {
    let (request, now) = asked;
    let holder = request.holder.as_deref();
    if let Some(confirm) = &request.confirm {
        if let Some(outcome) = write::repeat(tx, &request.idempotency_key, &request.digest, *now).await? {
            return Ok(Attempt::Done(outcome));
        }
        if let Some(row) = confirm_hold(tx, confirm, holder, *now).await? {
            let outcome = BookingOutcome::Booked(Box::new(row));
            finish(store, tx, request, &outcome, *now).await?;
            return Ok(Attempt::Done(outcome));
        }
    }
    let asked = slice::from_ref(asked);
    let found = agenda::find(tx, asked, holder).await?;
    let choice = match decide(tx, asked, found, holder).await?.pop() {
        Some(Decision::Write(choice)) => choice,
        Some(Decision::Done(done)) => return done.map(Attempt::Done),
        Some(Decision::Alone) | None => {
            return Err(StoreError::Invalid("a request was not decided".to_owned()));
        }
    };
    if let Some(holder) = holder {
        sqlx::query("DELETE FROM booking WHERE state = 'held' AND holder = $1")
            .bind(holder)
            .execute(&mut *tx)
            .await
            .map_err(error::store)?;
    }
    if !write::make_room(store, tx, &choice).await? {
        return Ok(Attempt::Overlap);
    }
    let mut writing = Writing::default();
    let outcome = writing.add(&asked[0], &choice)?;
    match writing.write(store, tx).await {
        Ok(()) => Ok(Attempt::Done(outcome)),
        Err(e) if error::is_overlap(&e) => Ok(Attempt::Overlap),
        Err(e) => Err(write::taken_name(e)),
    }
}

/// What comes of several requests in one transaction: `None` for one that needs a transaction of its own.
pub(crate) type Outcomes = Vec<Option<Result<BookingOutcome, StoreError>>>;

/// Decides and writes several. After an error the transaction must be rolled back, and no request has an outcome.
pub(crate) async fn attempt_all(
    store: &PostgresStore,
    tx: &mut PgConnection,
    asked: &[Asked],
) -> Result<Outcomes, StoreError> {
    let found = agenda::find(tx, asked, None).await?;
    let mut writing = Writing::default();
    let mut outcomes = Vec::with_capacity(asked.len());
    let decisions = decide(tx, asked, found, None).await?;
    for (asked, decision) in asked.iter().zip(decisions) {
        outcomes.push(match decision {
            Decision::Write(choice) => Some(Ok(writing.add(asked, &choice)?)),
            Decision::Done(done) => Some(done),
            Decision::Alone => None,
        });
    }
    writing.write(store, tx).await.map_err(error::store)?;
    Ok(outcomes)
}

/// Decides over what was found, and reads on where that does not settle it.
async fn decide(
    tx: &mut PgConnection,
    asked: &[Asked],
    found: Vec<Found>,
    holder: Option<&str>,
) -> Result<Vec<Decision>, StoreError> {
    let round = Round::new(asked, found, row::kept);
    let now = asked.iter().map(|(_, now)| *now).max().unwrap_or_default();
    let around = agenda::read_all(tx, &round.unsettled(), now, holder, None).await?;
    Ok(round.decide(around))
}

/// The hold becomes the booking, where it stands and is this holder's.
async fn confirm_hold(
    tx: &mut PgConnection,
    confirm: &ConfirmHold,
    holder: Option<&str>,
    now: Timestamp,
) -> Result<Option<BookingRow>, StoreError> {
    if !matches!(confirm.state, BookingState::Requested | BookingState::Confirmed) {
        return Err(StoreError::Invalid("a hold becomes requested or confirmed".to_owned()));
    }
    let row = sqlx::query(concat!(
        "UPDATE booking b SET state = $4, hold_until_us = NULL, holder = NULL, revision = revision + 1,
             customer_name = COALESCE($5, customer_name), changed_us = $3, mirror_attempts = 0, mirror_due_us = $3,
             mirror_error = NULL
         WHERE id = $1 AND state = 'held' AND holder IS NOT DISTINCT FROM $2 AND hold_until_us > $3
         RETURNING ",
        row::columns!()
    ))
    .bind(&confirm.booking_id)
    .bind(holder)
    .bind(micros::to(now))
    .bind(confirm.state.as_str())
    .bind(text::clean_opt(confirm.customer_name.as_deref()))
    .fetch_optional(tx)
    .await
    .map_err(error::store)?;
    row.as_ref().map(row::read).transpose()
}

async fn finish(
    store: &PostgresStore,
    tx: &mut PgConnection,
    request: &BookingRequest,
    outcome: &BookingOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    idempotency::keep(tx, &request.idempotency_key, &request.digest, outcome, now).await?;
    match (&request.audit, outcome.row()) {
        (Some(entry), Some(row)) => audit::append_about(store, tx, entry, row, now).await,
        _ => Ok(()),
    }
}

//! Confirming, declining, moving, cancelling and ending bookings.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{BookingOutcome, BookingRow, BookingState, Change, ChangeRequest, ChooseSlot, Refused},
    micros,
};
use serde_json::json;
use sqlx::SqliteConnection;

use super::{
    Stop,
    agenda::{self, Without},
    expire_holds, row, write,
};
use crate::{audit, db, idempotency};

/// Decides and writes, in the order the trait says. An `Err` leaves rows to be taken back.
pub(super) async fn change(
    tx: &mut SqliteConnection,
    request: &ChangeRequest,
    now: Timestamp,
) -> Result<BookingOutcome, Stop> {
    if let Some(first) =
        idempotency::first_outcome(tx, &request.idempotency_key, &request.digest, now).await?
    {
        return Ok(first);
    }
    expire_holds(tx, now).await?;
    let Some(before) = row::find(&mut *tx, &request.booking_id).await? else {
        return Err(Refused::not_found().into());
    };
    if request.revision.is_some_and(|revision| revision != before.revision) {
        return Err(Refused::changed_since().into());
    }
    (request.allow)(&before)?;
    let from = before.booking.state;
    let Some(next) = request.change.next(from) else {
        return Err(Refused::not_in(from.as_str()).into());
    };
    let id = before.booking.id.as_str();
    match &request.change {
        Change::Move { around, choose } => relocate(tx, &before, *around, choose, now).await?,
        Change::Cancel { reason } | Change::Decline { reason } => {
            set_state(tx, id, next, reason.as_deref(), now).await?;
        }
        _ => set_state(tx, id, next, None, now).await?,
    }
    let after = row::get(tx, id).await?;
    if !after.booking.state.stands() {
        write::do_not_remind(tx, id).await?;
    }
    audit::of_booking(tx, request.audit.as_ref(), &after, now).await?;
    let outcome = BookingOutcome::Changed(Box::new(after));
    idempotency::keep_outcome(tx, &request.idempotency_key, &request.digest, &outcome, now).await?;
    Ok(outcome)
}

/// Writes another state; the database frees the lanes of a booking that does not stand any more.
pub(super) async fn set_state(
    tx: &mut SqliteConnection,
    id: &str,
    state: BookingState,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Nobody outside can know of a booking that was never claimed for the mirror.
    sqlx::query(
        "UPDATE booking SET state = $2, reason = COALESCE($3, reason), hold_until_us = NULL, holder = NULL,
           revision = revision + 1, changed_us = $4, mirror_due_us = $4, mirror_attempts = 0, mirror_error = NULL,
           mirrored_revision = CASE WHEN $2 = 'cancelled' AND mirror_epoch = 0 THEN revision + 1 ELSE mirrored_revision END
         WHERE id = $1",
    )
    .bind(id)
    .bind(state.as_str())
    .bind(reason)
    .bind(micros::to(now))
    .execute(&mut *tx)
    .await
    .map_err(db)?;
    Ok(())
}

/// Puts a booking elsewhere.
async fn relocate(
    tx: &mut SqliteConnection,
    before: &BookingRow,
    around: (Timestamp, Timestamp),
    choose: &ChooseSlot,
    now: Timestamp,
) -> Result<(), Stop> {
    let id = before.booking.id.as_str();
    let agenda = agenda::read(tx, around, now, &Without::Booking(id)).await?;
    let choice = write::checked(choose(&agenda)?)?;
    let (state, until) = (choice.booking.state, choice.booking.hold_until);
    if !state.stands() || (state == BookingState::Held) != until.is_some() {
        return Err(StoreError::Invalid("a moved booking stands".into()).into());
    }
    sqlx::query("DELETE FROM occupation WHERE booking_id = $1")
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(db)?;
    let moved = write::take_off(tx, &choice.moves).await?;
    sqlx::query(
        "UPDATE booking SET items_json = $2, start_us = $3, end_us = $4, currency = $5, state = $6, hold_until_us = $7,
           holder = CASE WHEN $7 IS NULL THEN NULL ELSE holder END, revision = revision + 1, changed_us = $8,
           mirror_due_us = $8, mirror_attempts = 0, mirror_error = NULL
         WHERE id = $1",
    )
    .bind(id)
    .bind(json!(choice.booking.items).to_string())
    .bind(micros::to(choice.booking.start()))
    .bind(micros::to(choice.booking.end()))
    .bind(&choice.booking.currency)
    .bind(state.as_str())
    .bind(until.map(micros::to))
    .bind(micros::to(now))
    .execute(&mut *tx)
    .await
    .map_err(db)?;
    write::occupy(tx, id, &choice.occupations, moved).await?;
    write::do_not_remind(tx, id).await?;
    write::remind(tx, id, &choice.reminders, now).await?;
    Ok(())
}

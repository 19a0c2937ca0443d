//! Booking and holding: one question, one decision, one write.

use std::sync::LazyLock;

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{
        Agenda, BookingOutcome, BookingRequest, BookingRow, BookingState, Choice, ConfirmHold, OpenLimit,
        Refused,
    },
};
use sqlx::{Row, SqliteConnection};

use super::{
    Stop,
    agenda::{self, COLUMNS, HIDDEN, Without},
    change, expire_holds, row, write,
};
use crate::{audit, db, driver::amount, idempotency};

/// Decides and writes, in the order the trait says. An `Err` leaves rows to be taken back.
pub(super) async fn book(
    tx: &mut SqliteConnection,
    request: &BookingRequest,
    now: Timestamp,
) -> Result<BookingOutcome, Stop> {
    let found = Found::read(tx, request, now).await?;
    if let Some(first) = found.first {
        return Ok(first);
    }
    if let Some(confirm) = request.confirm.as_ref().filter(|_| found.hold_stands) {
        return confirm_hold(tx, request, confirm, now).await;
    }
    if let Some(OpenLimit { most, .. }) = request.limit
        && found.open >= i64::from(most)
    {
        return Err(Refused::limit_reached(amount(found.open)).into());
    }
    let choice = write::checked((request.choose)(&found.agenda)?)?;
    begins_well(&choice)?;
    let moved = write::take_off(tx, &choice.moves).await?;
    let row = write::new_row(&choice.booking, now);
    let outcome = BookingOutcome::Booked(Box::new(row.clone()));
    write::insert(tx, request, &choice, &outcome, moved, now).await?;
    audit::of_booking(tx, request.audit.as_ref(), &row, now).await?;
    Ok(outcome)
}

fn begins_well(choice: &Choice) -> Result<(), StoreError> {
    let booking = &choice.booking;
    let held = booking.state == BookingState::Held;
    if booking.state.stands() && held == booking.hold_until.is_some() {
        Ok(())
    } else {
        Err(StoreError::Invalid("a booking begins held until an instant, requested or confirmed".into()))
    }
}

/// Everything a decision needs to know, as one row.
struct Found {
    /// The outcome of the first request with this key.
    first: Option<BookingOutcome>,
    /// Whether the hold to confirm is there.
    hold_stands: bool,
    /// Open bookings of the customer whose number is limited.
    open: i64,
    agenda: Agenda,
}

/// An expired hold is none; a holder's own holds are about to give way.
static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{HIDDEN}
         SELECT k.digest, k.outcome_json,
           EXISTS (SELECT 1 FROM booking WHERE id = $11 AND state = 'held' AND hold_until_us > $4 AND holder IS $6)
             AS hold_stands,
           (SELECT COUNT(*) FROM booking
            WHERE customer_id = $12 AND state IN ('held', 'requested', 'confirmed') AND end_us > $4
              AND id NOT IN (SELECT id FROM hidden)) AS open,
           {COLUMNS}
         FROM (SELECT 1) LEFT JOIN idempotency k ON k.key = $9 AND k.created_us > $10"
    )
});

impl Found {
    async fn read(
        tx: &mut SqliteConnection,
        request: &BookingRequest,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let without = request.holder.as_deref().map_or(Without::Nobody, Without::HoldsOf);
        let row = agenda::ask(FIND.clone(), request.around, now, &without)
            .bind(&request.idempotency_key)
            .bind(idempotency::forgotten(now))
            .bind(request.confirm.as_ref().map(|confirm| &confirm.booking_id))
            .bind(request.limit.map(|limit| limit.customer_id))
            .fetch_one(&mut *tx)
            .await
            .map_err(db)?;
        let kept: Option<(String, String)> =
            row.get::<Option<String>, _>("digest").zip(row.get::<Option<String>, _>("outcome_json"));
        Ok(Self {
            first: idempotency::first(kept, &request.idempotency_key, &request.digest)?,
            hold_stands: row.get("hold_stands"),
            open: row.get("open"),
            agenda: agenda::of(&row, request.around)?,
        })
    }
}

async fn confirm_hold(
    tx: &mut SqliteConnection,
    request: &BookingRequest,
    confirm: &ConfirmHold,
    now: Timestamp,
) -> Result<BookingOutcome, Stop> {
    let ConfirmHold { booking_id, state, customer_name } = confirm;
    if !matches!(state, BookingState::Requested | BookingState::Confirmed) {
        return Err(StoreError::Invalid("a hold is confirmed as requested or confirmed".into()).into());
    }
    expire_holds(tx, now).await?;
    change::set_state(tx, booking_id, *state, None, now).await?;
    if let Some(name) = customer_name {
        sqlx::query("UPDATE booking SET customer_name = $2 WHERE id = $1")
            .bind(booking_id)
            .bind(name)
            .execute(&mut *tx)
            .await
            .map_err(db)?;
    }
    let row: BookingRow = row::get(tx, booking_id).await?;
    audit::of_booking(tx, request.audit.as_ref(), &row, now).await?;
    let outcome = BookingOutcome::Booked(Box::new(row));
    idempotency::keep_outcome(tx, &request.idempotency_key, &request.digest, &outcome, now).await?;
    Ok(outcome)
}

//! Writing what was chosen: the row, its lanes, those that make room, its reminders.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{BookedFor, Booking, BookingOutcome, BookingRequest, BookingRow, Choice, Refused},
    lanes::{LONGEST, LaneMove, Occupation},
    micros, phone,
};
use serde_json::{Value, json};
use sqlx::{Row, SqliteConnection};

use super::Stop;
use crate::{
    db,
    driver::{is_constraint, refused_by},
};

/// The rules of a choice that no table checks, and its instants as they are kept.
pub(super) fn checked(choice: Choice) -> Result<Choice, StoreError> {
    let invalid = |why: &str| Err(StoreError::Invalid(why.to_owned()));
    let mut choice = choice;
    for item in &mut choice.booking.items {
        item.start = micros::floor(item.start);
        item.end = micros::floor(item.end);
    }
    choice.booking.hold_until = choice.booking.hold_until.map(micros::floor);
    choice.booking.reference = choice.booking.reference.to_uppercase();
    let booking = &choice.booking;
    if booking.items.is_empty() || booking.items.iter().any(|item| item.end <= item.start) {
        return invalid("a booking needs services, each of some length");
    }
    if booking.end().duration_since(booking.start()) > LONGEST {
        return invalid("a booking lasts at most 31 days");
    }
    if choice.occupations.is_empty() || choice.occupations.iter().any(|o| !is_sound(o)) {
        return invalid("a booking occupies lanes, each for some time and at most 31 days");
    }
    let mut named: Vec<_> = choice.occupations.iter().map(|o| (&o.lane, micros::to(o.from))).collect();
    named.sort_unstable();
    if named.windows(2).any(|two| two.first() == two.last()) {
        return invalid("a booking occupies a lane twice from the same instant");
    }
    Ok(choice)
}

fn is_sound(occupation: &Occupation) -> bool {
    let length = occupation.to.duration_since(occupation.from);
    !occupation.lane.is_empty() && length.is_positive() && length <= LONGEST
}

/// A new row as it will be read.
pub(super) fn new_row(booking: &Booking, now: Timestamp) -> BookingRow {
    let now = micros::floor(now);
    BookingRow {
        booking: booking.clone(),
        revision: 1,
        reason: None,
        created_at: now,
        changed_at: now,
        erased_at: None,
    }
}

/// One text with everything a new booking writes, so that the database is asked once. Holds that have expired, or
/// whose holder is booking, make room first.
const INSERT: &str = "
    DELETE FROM booking WHERE state = 'held' AND (hold_until_us <= $14 OR holder = $19);
    INSERT INTO booking (id, reference, customer_id, customer_name, customer_phone, phone, items_json, start_us, end_us,
      currency, state, holder, hold_until_us, created_us, changed_us, mirror_due_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $14);
    INSERT INTO occupation (booking_id, lane, from_us, to_us, share, pinned, standing)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, 1 FROM json_each($15);
    INSERT INTO reminder (booking_id, due_us, state, not_before_us)
    SELECT DISTINCT $1, value, 'pending', value FROM json_each($16);
    INSERT INTO idempotency (key, digest, outcome_json, booking_id, created_us) VALUES ($17, $18, $20, $1, $14)
    ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, outcome_json = excluded.outcome_json,
      booking_id = excluded.booking_id, created_us = excluded.created_us";

/// Writes a new row, its lanes and those that made room, its reminders and the outcome of its key. The database
/// refuses an overlap.
pub(super) async fn insert(
    tx: &mut SqliteConnection,
    request: &BookingRequest,
    choice: &Choice,
    outcome: &BookingOutcome,
    moved: Vec<Value>,
    now: Timestamp,
) -> Result<(), Stop> {
    let booking = &choice.booking;
    let (customer_id, given) = match &booking.booked_for {
        BookedFor::Customer(id) => (Some(*id), None),
        BookedFor::Named { phone } => (None, phone.as_deref()),
    };
    sqlx::query(INSERT)
        .bind(&booking.id)
        .bind(&booking.reference)
        .bind(customer_id)
        .bind(&booking.customer_name)
        .bind(given)
        .bind(given.map(phone::key))
        .bind(json!(booking.items).to_string())
        .bind(micros::to(booking.start()))
        .bind(micros::to(booking.end()))
        .bind(&booking.currency)
        .bind(booking.state.as_str())
        .bind(booking.hold_until.and(request.holder.as_deref()))
        .bind(booking.hold_until.map(micros::to))
        .bind(micros::to(now))
        .bind(lanes(&booking.id, &choice.occupations, moved))
        .bind(json!(due(&choice.reminders, now)).to_string())
        .bind(&request.idempotency_key)
        .bind(&request.digest)
        .bind(&request.holder)
        .bind(json!(outcome).to_string())
        .execute(&mut *tx)
        .await
        .map_err(|error| {
            if is_constraint(&error) && !refused_by(&error, OVERLAP) {
                return StoreError::Conflict(format!("write the booking: {error}")).into();
            }
            refused(error)
        })?;
    Ok(())
}

/// The word of the triggers that refuse overlaps.
const OVERLAP: &str = "occupation_overlap";

fn refused(error: sqlx::Error) -> Stop {
    if refused_by(&error, OVERLAP) { Stop::Refused(Refused::slot_taken()) } else { Stop::Failed(db(error)) }
}

/// Reminders that are due already would come too late.
fn due(reminders: &[Timestamp], now: Timestamp) -> Vec<i64> {
    reminders.iter().filter(|due| **due > now).map(|due| micros::to(*due)).collect()
}

/// Lanes of other bookings that make room: taken off here, put back with the booking's own.
pub(super) async fn take_off(tx: &mut SqliteConnection, moves: &[LaneMove]) -> Result<Vec<Value>, Stop> {
    let mut rows = Vec::with_capacity(moves.len());
    for one in moves {
        let taken = sqlx::query(
            "DELETE FROM occupation
             WHERE booking_id = $1 AND lane = $2 AND from_us = $3 AND standing = 1 AND pinned = 0
             RETURNING to_us, share",
        )
        .bind(&one.booking_id)
        .bind(&one.lane)
        .bind(micros::to(one.from))
        .fetch_optional(&mut *tx)
        .await
        .map_err(db)?;
        // It was moved or cancelled since the decision was made: only a blind decision can meet this.
        let Some(row) = taken else { return Err(Refused::slot_taken().into()) };
        let (to, share): (i64, String) = (row.get("to_us"), row.get("share"));
        rows.push(json!([one.booking_id, one.to_lane, micros::to(one.from), to, share, false]));
    }
    Ok(rows)
}

/// Rows of lanes as JSON: a booking's own, and those that made room where they go.
fn lanes(booking_id: &str, occupations: &[Occupation], moved: Vec<Value>) -> String {
    let mut rows = moved;
    for o in occupations {
        let share = o.share.as_deref().unwrap_or(booking_id);
        rows.push(json!([booking_id, o.lane, micros::to(o.from), micros::to(o.to), share, o.pinned]));
    }
    Value::Array(rows).to_string()
}

/// Puts a booking that is moved on its lanes, and those that made room on theirs. The database refuses an overlap.
pub(super) async fn occupy(
    tx: &mut SqliteConnection,
    booking_id: &str,
    occupations: &[Occupation],
    moved: Vec<Value>,
) -> Result<(), Stop> {
    sqlx::query(
        "INSERT INTO occupation (booking_id, lane, from_us, to_us, share, pinned, standing)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, 1 FROM json_each($1)",
    )
    .bind(lanes(booking_id, occupations, moved))
    .execute(&mut *tx)
    .await
    .map_err(refused)?;
    Ok(())
}

/// Writes the reminders of a booking that is moved.
pub(super) async fn remind(
    tx: &mut SqliteConnection,
    booking_id: &str,
    reminders: &[Timestamp],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reminder (booking_id, due_us, state, not_before_us)
         SELECT $1, value, 'pending', value FROM json_each($2) WHERE true
         ON CONFLICT (booking_id, due_us) DO UPDATE SET state = 'pending', not_before_us = excluded.due_us,
           epoch = reminder.epoch + 1, attempts = 0, lease_until_us = NULL",
    )
    .bind(booking_id)
    .bind(json!(due(reminders, now)).to_string())
    .execute(&mut *tx)
    .await
    .map_err(db)?;
    Ok(())
}

/// Reminders that have lost their reason.
pub(super) async fn do_not_remind(tx: &mut SqliteConnection, booking_id: &str) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE reminder SET state = 'cancelled', epoch = epoch + 1, lease_until_us = NULL
         WHERE booking_id = $1 AND state = 'pending'",
    )
    .bind(booking_id)
    .execute(&mut *tx)
    .await
    .map_err(db)?;
    Ok(())
}

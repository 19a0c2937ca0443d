//! Writing what was chosen: the row, its lanes, those that make room, its reminders.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    audit::AuditHead,
    booking::{BookedFor, Booking, BookingOutcome, BookingRow, Choice, Refused, round::Asked},
    lanes::{LONGEST, LaneMove, Occupation},
    micros, phone,
};
use serde_json::{Value, json};
use sqlx::{Row, SqliteConnection};

use super::Stop;
use crate::{
    audit::{self, Chain},
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
fn new_row(booking: &Booking, now: Timestamp) -> BookingRow {
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

/// One text with everything that new bookings write, so that the database is asked once. Holds that have expired, or
/// whose holder is booking, make room first.
const WRITE: &str = "
    DELETE FROM booking WHERE state = 'held' AND (hold_until_us <= $1 OR holder = $2);
    INSERT INTO booking (id, reference, customer_id, customer_name, customer_phone, phone, items_json, start_us, end_us,
      currency, state, holder, hold_until_us, created_us, changed_us, mirror_due_us)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
      value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 13, value ->> 13
    FROM json_each($3);
    INSERT INTO occupation (booking_id, lane, from_us, to_us, share, pinned, standing)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, 1 FROM json_each($4);
    INSERT INTO reminder (booking_id, due_us, state, not_before_us)
    SELECT DISTINCT value ->> 0, value ->> 1, 'pending', value ->> 1 FROM json_each($5);
    INSERT INTO idempotency (key, digest, outcome_json, booking_id, created_us)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each($6) WHERE true
    ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, outcome_json = excluded.outcome_json,
      booking_id = excluded.booking_id, created_us = excluded.created_us;
    INSERT INTO audit (seq, at_us, actor, action, subject, payload_digest, previous, hash)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
    FROM json_each($7);
    INSERT INTO audit_payload (seq, customer_id, salt, content_json)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each($8)";

/// Rows of new bookings, as JSON for each table.
pub(super) struct Writing<'a> {
    now: Timestamp,
    holder: Option<&'a str>,
    audit: Chain,
    bookings: Vec<Value>,
    lanes: Vec<Value>,
    reminders: Vec<Value>,
    keys: Vec<Value>,
}

impl<'a> Writing<'a> {
    /// Nothing yet. Holds that end by `now` and those of a holder make room; the audit goes on behind its end.
    pub fn new(now: Timestamp, holder: Option<&'a str>, audit: AuditHead) -> Self {
        let (bookings, lanes, reminders, keys) = Default::default();
        Self { now, holder, audit: Chain::behind(audit), bookings, lanes, reminders, keys }
    }

    /// Adds a new row, its lanes and those that made room, its reminders, its entry in the audit and the outcome of its
    /// key, which it returns.
    pub fn add(&mut self, (request, now): &Asked, choice: &Choice, moved: Vec<Value>) -> BookingOutcome {
        let booking = &choice.booking;
        let row = new_row(booking, *now);
        if let Some(entry) = &request.audit {
            self.audit.append(&audit::about(entry, &row), *now);
        }
        let outcome = BookingOutcome::Booked(Box::new(row));
        let (customer_id, given) = match &booking.booked_for {
            BookedFor::Customer(id) => (Some(*id), None),
            BookedFor::Named { phone } => (None, phone.as_deref()),
        };
        let us = micros::to(*now);
        self.bookings.push(json!([
            booking.id,
            booking.reference,
            customer_id,
            booking.customer_name,
            given,
            given.map(phone::key),
            json!(booking.items).to_string(),
            micros::to(booking.start()),
            micros::to(booking.end()),
            booking.currency,
            booking.state.as_str(),
            booking.hold_until.and(request.holder.as_deref()),
            booking.hold_until.map(micros::to),
            us,
        ]));
        self.lanes.extend(lanes(&booking.id, &choice.occupations, moved));
        self.reminders.extend(due(&choice.reminders, *now).iter().map(|due| json!([booking.id, due])));
        let kept = json!(outcome).to_string();
        self.keys.push(json!([request.idempotency_key, request.digest, kept, booking.id, us]));
        outcome
    }

    /// Writes all. The database refuses an overlap.
    pub async fn write(self, tx: &mut SqliteConnection) -> Result<(), Stop> {
        if self.bookings.is_empty() {
            return Ok(());
        }
        let json = |rows: Vec<Value>| Value::Array(rows).to_string();
        sqlx::query(WRITE)
            .bind(micros::to(self.now))
            .bind(self.holder)
            .bind(json(self.bookings))
            .bind(json(self.lanes))
            .bind(json(self.reminders))
            .bind(json(self.keys))
            .bind(json(self.audit.entries))
            .bind(json(self.audit.payloads))
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

/// Rows of lanes: a booking's own, and those that made room where they go.
fn lanes(booking_id: &str, occupations: &[Occupation], moved: Vec<Value>) -> Vec<Value> {
    let mut rows = moved;
    for o in occupations {
        let share = o.share.as_deref().unwrap_or(booking_id);
        rows.push(json!([booking_id, o.lane, micros::to(o.from), micros::to(o.to), share, o.pinned]));
    }
    rows
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
    .bind(Value::Array(lanes(booking_id, occupations, moved)).to_string())
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

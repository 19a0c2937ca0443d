//! Writing new bookings.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{BookingOutcome, BookingRow, BookingState, Choice, round::Asked},
    micros,
};
use sqlx::PgConnection;

use super::row::{self, Occupations};
use crate::{
    PostgresStore,
    audit::{self, Prepared},
    text,
};

/// Rows of new bookings, a list for each column.
#[derive(Default)]
pub(super) struct Writing {
    id: Vec<String>,
    reference: Vec<String>,
    customer_id: Vec<Option<i64>>,
    customer_name: Vec<String>,
    phone_given: Vec<Option<String>>,
    phone_key: Vec<Option<String>>,
    items: Vec<String>,
    start: Vec<i64>,
    end: Vec<i64>,
    currency: Vec<String>,
    state: Vec<&'static str>,
    holder: Vec<Option<String>>,
    hold_until: Vec<Option<i64>>,
    now: Vec<i64>,
    key: Vec<String>,
    digest: Vec<String>,
    outcome: Vec<String>,
    lanes: Occupations,
    reminder_of: Vec<String>,
    reminder_due: Vec<i64>,
    audit: Vec<Prepared>,
}

impl Writing {
    /// Adds a booking and all that comes with it; returns the outcome that is kept under its key.
    pub fn add(&mut self, (request, now): &Asked, choice: &Choice) -> Result<BookingOutcome, StoreError> {
        let booking = &choice.booking;
        let outcome = BookingOutcome::Booked(Box::new(new_row(choice, *now)));
        let (given, key) = row::phone_of(booking);
        self.id.push(booking.id.clone());
        self.reference.push(booking.reference.clone());
        self.customer_id.push(booking.customer_id());
        self.customer_name.push(booking.customer_name.clone());
        self.phone_given.push(given.map(str::to_owned));
        self.phone_key.push(key);
        self.items.push(text::json(&booking.items)?);
        self.start.push(micros::to(booking.start()));
        self.end.push(micros::to(booking.end()));
        self.currency.push(booking.currency.clone());
        self.state.push(booking.state.as_str());
        self.holder.push(request.holder.clone().filter(|_| booking.state == BookingState::Held));
        self.hold_until.push(booking.hold_until.map(micros::to));
        self.now.push(micros::to(*now));
        self.key.push(request.idempotency_key.clone());
        self.digest.push(request.digest.clone());
        self.outcome.push(text::json(&outcome)?);
        self.lanes.add(choice, &booking.id);
        let due = row::reminders(choice, *now);
        self.reminder_of.extend(due.iter().map(|_| booking.id.clone()));
        self.reminder_due.extend(due);
        if let Some(entry) = &request.audit {
            self.audit.push(Prepared::about(entry, booking, *now)?);
        }
        Ok(outcome)
    }

    /// The rows, their occupations, their reminders, their keys and their entries in the audit in one statement. The
    /// lanes are locked first: whoever wants one of them too waits here, and not in the middle of the constraint. The
    /// chain is locked last.
    pub async fn write(self, store: &PostgresStore, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.id.is_empty() {
            return Ok(());
        }
        let query = sqlx::query(concat!(
            "WITH locked AS MATERIALIZED (
             SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1::bigint[]) AS key
         ), b AS (
             INSERT INTO booking (id, reference, customer_id, customer_name, customer_phone, phone, items_json, start_us,
                 end_us, currency, state, holder, hold_until_us, created_us, changed_us, mirror_due_us)
             SELECT n.*, n.now_us, n.now_us FROM locked, unnest($2::text[], $3::text[], $4::bigint[], $5::text[],
                 $6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[],
                 $14::bigint[], $15::bigint[])
                 AS n (id, reference, customer_id, customer_name, customer_phone, phone, items_json, start_us, end_us,
                     currency, state, holder, hold_until_us, now_us)
             RETURNING id
         ), written AS MATERIALIZED (
             SELECT count(*) AS n FROM b
         ), o AS (
             INSERT INTO occupation (booking_id, lane, share, from_us, to_us, pinned, standing)
             SELECT l.*, true FROM written, unnest($16::text[], $17::text[], $18::text[], $19::bigint[], $20::bigint[],
                 $21::boolean[]) AS l (booking_id, lane, share, from_us, to_us, pinned)
             WHERE written.n > 0
         ), r AS (
             INSERT INTO reminder (booking_id, due_us, state, not_before_us)
             SELECT d.booking_id, d.due, 'pending', d.due
             FROM written, unnest($22::text[], $23::bigint[]) AS d (booking_id, due) WHERE written.n > 0
         ), k AS (
             INSERT INTO idempotency (key, digest, outcome_json, booking_id, created_us)
             SELECT k.* FROM unnest($24::text[], $25::text[], $26::text[], $27::text[], $28::bigint[])
                 AS k (key, digest, outcome_json, booking_id, created_us)
             ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, outcome_json = excluded.outcome_json,
                 booking_id = excluded.booking_id, created_us = excluded.created_us
         )
         SELECT CASE WHEN written.n > 0 AND cardinality($31::bigint[]) > 0 THEN (SELECT seq FROM ",
            audit::append_call!(29),
            ") END FROM written"
        ))
        .bind(store.locks(self.lanes.lanes.iter().map(|lane| ("lane", lane.as_str()))).into_vec())
        .bind(&self.id)
        .bind(self.reference)
        .bind(self.customer_id)
        .bind(self.customer_name)
        .bind(self.phone_given)
        .bind(self.phone_key)
        .bind(self.items)
        .bind(self.start)
        .bind(self.end)
        .bind(self.currency)
        .bind(self.state)
        .bind(self.holder)
        .bind(self.hold_until)
        .bind(&self.now)
        .bind(self.lanes.bookings)
        .bind(&self.lanes.lanes)
        .bind(self.lanes.shares)
        .bind(self.lanes.from)
        .bind(self.lanes.to)
        .bind(self.lanes.pinned)
        .bind(self.reminder_of)
        .bind(self.reminder_due)
        .bind(self.key)
        .bind(self.digest)
        .bind(self.outcome)
        .bind(&self.id)
        .bind(&self.now);
        audit::bind(store, &self.audit, query).execute(tx).await.map(drop)
    }
}

/// A new row as it will be read.
fn new_row(choice: &Choice, now: Timestamp) -> BookingRow {
    let now = micros::floor(now);
    BookingRow {
        booking: choice.booking.clone(),
        revision: 1,
        reason: None,
        created_at: now,
        changed_at: now,
        erased_at: None,
    }
}

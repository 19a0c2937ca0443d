//! One change of a booking, inside a transaction.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{BookingOutcome, BookingRow, BookingState, Change, ChangeRequest, Choice, Refused},
    micros,
};
use sqlx::PgConnection;

use super::{
    row::{self, Occupations},
    write::{self, Attempt},
};
use crate::{PostgresStore, agenda, audit, error, idempotency, lock, text};

/// The lock a request begins with.
pub(crate) fn locks(store: &PostgresStore, request: &ChangeRequest) -> lock::Keys {
    store.locks([("key", request.idempotency_key.as_str())])
}

/// Decides and writes. After [`Attempt::Overlap`] the (nested) transaction must be rolled back.
pub(crate) async fn attempt(
    store: &PostgresStore,
    tx: &mut PgConnection,
    request: &ChangeRequest,
    now: Timestamp,
) -> Result<Attempt, StoreError> {
    let refused = |refused| Ok(Attempt::Done(BookingOutcome::Refused(refused)));
    if let Some(outcome) = write::repeat(tx, &request.idempotency_key, &request.digest, now).await? {
        return Ok(Attempt::Done(outcome));
    }
    let Some(row) = locked(tx, &request.booking_id).await? else {
        return refused(Refused::not_found());
    };
    if request.revision.is_some_and(|revision| revision != row.revision) {
        return refused(Refused::changed_since());
    }
    if let Err(why) = (request.allow)(&row) {
        return refused(why);
    }
    let Some(state) = request.change.next(row.booking.state) else {
        return refused(Refused::not_in(row.booking.state.as_str()));
    };
    let changed = match &request.change {
        Change::Move { around, choose } => {
            let (from, to) = *around;
            let span = agenda::Span { from, to, now, except: Some(&row.booking.id) };
            let agenda = agenda::read(tx, span).await?;
            let mut choice = match choose(&agenda) {
                Ok(choice) => choice,
                Err(why) => return refused(why),
            };
            // Who comes, and the names of the booking, stay.
            choice.booking.id.clone_from(&row.booking.id);
            choice.booking.reference.clone_from(&row.booking.reference);
            choice.booking.customer_name.clone_from(&row.booking.customer_name);
            choice.booking.booked_for = row.booking.booked_for.clone();
            let choice = row::kept(choice)?;
            if !write::make_room(store, tx, &choice).await? {
                return Ok(Attempt::Overlap);
            }
            match relocate(store, tx, &choice, now).await {
                Ok(row) => row::read(&row)?,
                Err(e) if error::is_overlap(&e) => return Ok(Attempt::Overlap),
                Err(e) => return Err(error::store(e)),
            }
        }
        Change::Decline { reason } | Change::Cancel { reason } => {
            become_state(tx, &row, state, reason.as_deref(), now).await?
        }
        Change::Request | Change::Confirm | Change::Complete | Change::NoShow => {
            become_state(tx, &row, state, None, now).await?
        }
    };
    let outcome = BookingOutcome::Changed(Box::new(changed));
    idempotency::keep(tx, &request.idempotency_key, &request.digest, &outcome, now).await?;
    if let (Some(entry), Some(row)) = (&request.audit, outcome.row()) {
        audit::append_about(store, tx, entry, row, now).await?;
    }
    Ok(Attempt::Done(outcome))
}

async fn locked(tx: &mut PgConnection, id: &str) -> Result<Option<BookingRow>, StoreError> {
    let row = sqlx::query(concat!("SELECT ", row::columns!(), " FROM booking b WHERE b.id = $1 FOR UPDATE"))
        .bind(id)
        .fetch_optional(tx)
        .await
        .map_err(error::store)?;
    row.as_ref().map(row::read).transpose()
}

/// Another state; whether it occupies its lanes follows from it (trigger), and its reminders with that.
async fn become_state(
    tx: &mut PgConnection,
    row: &BookingRow,
    state: BookingState,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<BookingRow, StoreError> {
    // Nobody outside can know of a booking that was never claimed for the mirror: its cancellation is no work for it.
    let changed = sqlx::query(concat!(
        "WITH r AS (
             UPDATE reminder SET state = 'cancelled', lease_until_us = NULL, epoch = nextval('claim_epoch')
             WHERE booking_id = $1 AND state = 'pending' AND $2 NOT IN ('held', 'requested', 'confirmed')
         )
         UPDATE booking b SET state = $2, hold_until_us = NULL, holder = NULL, revision = revision + 1,
             reason = COALESCE($3, reason), changed_us = $4, mirror_attempts = 0, mirror_due_us = $4,
             mirror_error = NULL,
             mirrored_revision = CASE WHEN $2 = 'cancelled' AND mirror_epoch = 0 THEN revision + 1 ELSE mirrored_revision END
         WHERE b.id = $1 RETURNING ",
        row::columns!()
    ))
    .bind(&row.booking.id)
    .bind(state.as_str())
    .bind(text::clean_opt(reason))
    .bind(micros::to(now))
    .fetch_one(tx)
    .await
    .map_err(error::store)?;
    row::read(&changed)
}

/// Other items, lanes and reminders on the same row.
async fn relocate(
    store: &PostgresStore,
    tx: &mut PgConnection,
    choice: &Choice,
    now: Timestamp,
) -> Result<sqlx::postgres::PgRow, sqlx::Error> {
    let booking = &choice.booking;
    let lanes = Occupations::of(choice, &booking.id);
    let items = serde_json::to_string(&booking.items).map_err(|e| sqlx::Error::Encode(e.into()))?;
    let changed = sqlx::query(concat!(
        "UPDATE booking b SET items_json = $2, start_us = $3, end_us = $4, currency = $5, state = $6, hold_until_us = $7,
             holder = CASE WHEN $6 = 'held' THEN holder END, revision = revision + 1, changed_us = $8,
             mirror_attempts = 0, mirror_due_us = $8, mirror_error = NULL
         WHERE b.id = $1 RETURNING ",
        row::columns!()
    ))
    .bind(&booking.id)
    .bind(items)
    .bind(micros::to(booking.start()))
    .bind(micros::to(booking.end()))
    .bind(&booking.currency)
    .bind(booking.state.as_str())
    .bind(booking.hold_until.map(micros::to))
    .bind(micros::to(now))
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query("DELETE FROM occupation WHERE booking_id = $1").bind(&booking.id).execute(&mut *tx).await?;
    sqlx::query(
        "WITH locked AS MATERIALIZED (
             SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1::bigint[]) AS key
         )
         INSERT INTO occupation (booking_id, lane, share, from_us, to_us, pinned, standing)
         SELECT $2, l.lane, l.share, l.from_us, l.to_us, l.pinned, true
         FROM locked, unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::boolean[])
             AS l (lane, share, from_us, to_us, pinned)",
    )
    .bind(store.locks(lanes.lanes.iter().map(|lane| ("lane", lane.as_str()))).into_vec())
    .bind(&booking.id)
    .bind(&lanes.lanes)
    .bind(&lanes.shares)
    .bind(&lanes.from)
    .bind(&lanes.to)
    .bind(&lanes.pinned)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "UPDATE reminder SET state = 'cancelled', lease_until_us = NULL, epoch = nextval('claim_epoch')
         WHERE booking_id = $1 AND state = 'pending'",
    )
    .bind(&booking.id)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO reminder (booking_id, due_us, state, not_before_us)
         SELECT $1, due, 'pending', due FROM unnest($2::bigint[]) AS due
         ON CONFLICT (booking_id, due_us) DO UPDATE SET state = 'pending', not_before_us = excluded.not_before_us,
             attempts = 0, lease_until_us = NULL",
    )
    .bind(&booking.id)
    .bind(row::reminders(choice, now))
    .execute(&mut *tx)
    .await?;
    Ok(changed)
}

//! One booking or hold, inside a transaction.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{
        BookingOutcome, BookingRequest, BookingRow, BookingState, Choice, ConfirmHold, OpenLimit, Refused,
    },
    micros,
};
use sqlx::PgConnection;

use super::{
    row::{self, Occupations},
    write::{self, Attempt},
};
use crate::{PostgresStore, agenda, audit, audit::Prepared, error, idempotency, lock, text};

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
    request: &BookingRequest,
    now: Timestamp,
) -> Result<Attempt, StoreError> {
    let holder = request.holder.as_deref();
    let (from, to) = request.around;
    let span = agenda::Span { from, to, now, holder, except: None };
    let agenda = match &request.confirm {
        None => {
            let (agenda, kept) = agenda::read_for_key(tx, span, &request.idempotency_key).await?;
            if let Some(outcome) = idempotency::outcome(kept, &request.idempotency_key, &request.digest)? {
                return Ok(Attempt::Done(outcome));
            }
            agenda
        }
        Some(confirm) => {
            if let Some(outcome) = write::repeat(tx, &request.idempotency_key, &request.digest, now).await? {
                return Ok(Attempt::Done(outcome));
            }
            if let Some(row) = confirm_hold(tx, confirm, holder, now).await? {
                let outcome = BookingOutcome::Booked(Box::new(row));
                finish(store, tx, request, &outcome, now).await?;
                return Ok(Attempt::Done(outcome));
            }
            agenda::read(tx, span).await?
        }
    };
    if let Some(limit) = request.limit
        && let Some(refused) = over_limit(tx, limit, holder, now).await?
    {
        return Ok(Attempt::Done(BookingOutcome::Refused(refused)));
    }
    let choice = match (request.choose)(&agenda) {
        Ok(choice) => row::kept(choice)?,
        Err(refused) => return Ok(Attempt::Done(BookingOutcome::Refused(refused))),
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
    let outcome = BookingOutcome::Booked(Box::new(BookingRow {
        booking: choice.booking.clone(),
        revision: 1,
        reason: None,
        created_at: micros::floor(now),
        changed_at: micros::floor(now),
        erased_at: None,
    }));
    let entry = request.audit.as_ref();
    let entry = entry.map(|entry| Prepared::about(store, entry, &choice.booking, now)).transpose()?;
    match insert(store, tx, request, &choice, (&outcome, entry.as_ref()), now).await {
        Ok(()) => Ok(Attempt::Done(outcome)),
        Err(e) if error::is_overlap(&e) => Ok(Attempt::Overlap),
        Err(e) => Err(write::taken_name(e)),
    }
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

async fn over_limit(
    tx: &mut PgConnection,
    limit: OpenLimit,
    holder: Option<&str>,
    now: Timestamp,
) -> Result<Option<Refused>, StoreError> {
    let open: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM booking
         WHERE customer_id = $1 AND state IN ('held', 'requested', 'confirmed') AND end_us > $2
           AND (state <> 'held' OR (hold_until_us > $2 AND (holder IS NULL OR holder IS DISTINCT FROM $3)))",
    )
    .bind(limit.customer_id)
    .bind(micros::to(now))
    .bind(holder)
    .fetch_one(tx)
    .await
    .map_err(error::store)?;
    let open = u64::try_from(open).unwrap_or(0);
    Ok((open >= u64::from(limit.most)).then(|| Refused::limit_reached(open)))
}

/// The row, its occupations, its reminders, its key and its entry in the audit in one statement. The lanes are locked
/// first: whoever wants one of them too waits here, and not in the middle of the constraint. The chain is locked last.
async fn insert(
    store: &PostgresStore,
    tx: &mut PgConnection,
    request: &BookingRequest,
    choice: &Choice,
    (outcome, entry): (&BookingOutcome, Option<&Prepared>),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let booking = &choice.booking;
    let (phone_given, phone_key) = row::phone_of(booking);
    let lanes = Occupations::of(choice, &booking.id);
    let json = |value: serde_json::Result<String>| value.map_err(|e| sqlx::Error::Encode(e.into()));
    let query = sqlx::query(concat!(
        "WITH locked AS MATERIALIZED (
             SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1::bigint[]) AS key
         ), b AS (
             INSERT INTO booking (id, reference, customer_id, customer_name, customer_phone, phone, items_json, start_us,
                 end_us, currency, state, holder, hold_until_us, created_us, changed_us, mirror_due_us)
             SELECT $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $15 FROM locked
             RETURNING id
         ), o AS (
             INSERT INTO occupation (booking_id, lane, share, from_us, to_us, pinned, standing)
             SELECT b.id, l.lane, l.share, l.from_us, l.to_us, l.pinned, true
             FROM b, unnest($16::text[], $17::text[], $18::bigint[], $19::bigint[], $20::boolean[])
                 AS l (lane, share, from_us, to_us, pinned)
         ), r AS (
             INSERT INTO reminder (booking_id, due_us, state, not_before_us)
             SELECT b.id, due, 'pending', due FROM b, unnest($21::bigint[]) AS due
         ), k AS (
             INSERT INTO idempotency (key, digest, outcome_json, booking_id, created_us)
             SELECT $22, $23, $24, b.id, $15 FROM b
             ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, outcome_json = excluded.outcome_json,
                 booking_id = excluded.booking_id, created_us = excluded.created_us
         )
         SELECT CASE WHEN $25::bigint IS NOT NULL THEN (SELECT seq FROM ",
        audit::append_call!(25),
        ") END FROM b"
    ))
    .bind(store.locks(lanes.lanes.iter().map(|lane| ("lane", *lane))).into_vec())
    .bind(&booking.id)
    .bind(&booking.reference)
    .bind(booking.customer_id())
    .bind(&booking.customer_name)
    .bind(phone_given)
    .bind(phone_key)
    .bind(json(serde_json::to_string(&booking.items))?)
    .bind(micros::to(booking.start()))
    .bind(micros::to(booking.end()))
    .bind(&booking.currency)
    .bind(booking.state.as_str())
    .bind(request.holder.as_deref().filter(|_| booking.state == BookingState::Held))
    .bind(booking.hold_until.map(micros::to))
    .bind(micros::to(now))
    .bind(&lanes.lanes)
    .bind(&lanes.shares)
    .bind(&lanes.from)
    .bind(&lanes.to)
    .bind(&lanes.pinned)
    .bind(row::reminders(choice, now))
    .bind(&request.idempotency_key)
    .bind(&request.digest)
    .bind(json(serde_json::to_string(outcome))?);
    Prepared::bind(entry, query).execute(tx).await.map(drop)
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

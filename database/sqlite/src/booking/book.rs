//! Booking and holding: one question, one decision, one write, for one request or for several at once.

use std::{slice, sync::LazyLock};

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    audit::AuditHead,
    booking::{
        BookingOutcome, BookingRow, BookingState, Choice, ConfirmHold,
        round::{Asked, Decision, Found, Round},
    },
    micros,
};
use serde_json::{Value, json};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Stop,
    agenda::{self, COLUMNS, ROUND, Without},
    change, expire_holds, row,
    write::{self, Writing},
};
use crate::{audit, db, driver::amount, idempotency};

/// Decides and writes, in the order the trait says. An `Err` leaves rows to be taken back.
pub(super) async fn book(tx: &mut SqliteConnection, asked: &Asked) -> Result<BookingOutcome, Stop> {
    let (request, now) = asked;
    let holder = request.holder.as_deref();
    let without = holder.map_or(Without::Nobody, Without::HoldsOf);
    let read = Read::of(tx, slice::from_ref(asked), *now, &without).await?;
    let new = read.found.first().is_some_and(|found| matches!(found.first, Ok(None)));
    if let Some(confirm) = request.confirm.as_ref().filter(|_| new && read.hold_stands) {
        return confirm_hold(tx, asked, confirm).await;
    }
    match decide(tx, slice::from_ref(asked), read.found, *now, &without).await?.pop() {
        Some(Decision::Write(choice)) => {
            let moved = write::take_off(tx, &choice.moves).await?;
            let mut writing = Writing::new(*now, holder, read.audit);
            let outcome = writing.add(asked, &choice, moved);
            writing.write(tx).await?;
            Ok(outcome)
        }
        Some(Decision::Done(Ok(BookingOutcome::Refused(refused)))) => Err(refused.into()),
        Some(Decision::Done(done)) => Ok(done?),
        Some(Decision::Alone) | None => Err(StoreError::Invalid("a request was not decided".into()).into()),
    }
}

/// Decides and writes several; `None` for one that needs a transaction of its own. An `Err` leaves rows to be taken back,
/// and no request has an outcome.
pub(super) async fn book_all(
    tx: &mut SqliteConnection,
    asked: &[Asked],
) -> Result<Vec<Option<Result<BookingOutcome, StoreError>>>, Stop> {
    let now = asked.iter().map(|(_, now)| *now).max().unwrap_or_default();
    let read = Read::of(tx, asked, now, &Without::Nobody).await?;
    let mut writing = Writing::new(now, None, read.audit);
    let mut outcomes = Vec::with_capacity(asked.len());
    let decisions = decide(tx, asked, read.found, now, &Without::Nobody).await?;
    for (asked, decision) in asked.iter().zip(decisions) {
        outcomes.push(match decision {
            Decision::Write(choice) => Some(Ok(writing.add(asked, &choice, Vec::new()))),
            Decision::Done(done) => Some(done),
            Decision::Alone => None,
        });
    }
    writing.write(tx).await?;
    Ok(outcomes)
}

/// Decides over what was found, and reads on where that does not settle it.
async fn decide(
    tx: &mut SqliteConnection,
    asked: &[Asked],
    found: Vec<Found>,
    now: Timestamp,
    without: &Without<'_>,
) -> Result<Vec<Decision>, StoreError> {
    let round = Round::new(asked, found, sound);
    let around = agenda::read_all(tx, &round.unsettled(), now, without).await?;
    Ok(round.decide(around))
}

fn sound(choice: Choice) -> Result<Choice, StoreError> {
    let choice = write::checked(choice)?;
    let booking = &choice.booking;
    let held = booking.state == BookingState::Held;
    if booking.state.stands() && held == booking.hold_until.is_some() {
        Ok(choice)
    } else {
        Err(StoreError::Invalid("a booking begins held until an instant, requested or confirmed".into()))
    }
}

/// Everything decisions need to know.
struct Read {
    found: Vec<Found>,
    /// Whether the hold that the first request confirms is there.
    hold_stands: bool,
    audit: AuditHead,
}

/// An expired hold is none; a holder's own holds are about to give way.
static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{ROUND}
         SELECT k.digest, k.outcome_json,
           EXISTS (SELECT 1 FROM booking
                   WHERE id = r.confirm AND state = 'held' AND hold_until_us > r.now_us AND holder IS r.holder)
             AS hold_stands,
           EXISTS (SELECT 1 FROM booking WHERE state = 'held' AND holder = r.holder) AS holds,
           (SELECT COUNT(*) FROM booking
            WHERE customer_id = r.customer_id AND state IN ('held', 'requested', 'confirmed') AND end_us > r.now_us
              AND id NOT IN (SELECT id FROM hidden)) AS open,
           (SELECT json_array(seq, hash) FROM audit ORDER BY seq DESC LIMIT 1) AS audit,
           {COLUMNS}
         FROM r LEFT JOIN idempotency k ON k.key = r.key AND k.created_us > r.forgotten_us ORDER BY r.n"
    )
});

impl Read {
    async fn of(
        tx: &mut SqliteConnection,
        asked: &[Asked],
        now: Timestamp,
        without: &Without<'_>,
    ) -> Result<Self, StoreError> {
        let wanted: Vec<Vec<Value>> = asked.iter().map(question).collect();
        let rows = agenda::ask(FIND.clone(), &wanted, now, without).fetch_all(&mut *tx).await.map_err(db)?;
        let found = asked.iter().zip(&rows).map(|(asked, row)| found(asked, row));
        Ok(Self {
            found: found.collect::<Result<_, _>>()?,
            hold_stands: rows.first().is_some_and(|row| row.get("hold_stands")),
            audit: audit::head_in(rows.first().and_then(|row| row.get("audit")))?,
        })
    }
}

/// A row of `r`.
fn question((request, now): &Asked) -> Vec<Value> {
    let mut row = agenda::span(request.near, request.around);
    row.extend([
        json!(micros::to(*now)),
        json!(idempotency::forgotten(*now)),
        json!(request.idempotency_key),
        json!(request.confirm.as_ref().map(|confirm| &confirm.booking_id)),
        json!(request.limit.map(|limit| limit.customer_id)),
        json!(request.holder),
    ]);
    row
}

fn found((request, _): &Asked, row: &SqliteRow) -> Result<Found, StoreError> {
    let kept: Option<(String, String)> =
        row.get::<Option<String>, _>("digest").zip(row.get::<Option<String>, _>("outcome_json"));
    Ok(Found {
        first: idempotency::first(kept, &request.idempotency_key, &request.digest),
        holds: row.get("holds"),
        open: amount(row.get("open")),
        agenda: agenda::of(row, request.near.unwrap_or(request.around))?,
    })
}

async fn confirm_hold(
    tx: &mut SqliteConnection,
    (request, now): &Asked,
    confirm: &ConfirmHold,
) -> Result<BookingOutcome, Stop> {
    let ConfirmHold { booking_id, state, customer_name } = confirm;
    if !matches!(state, BookingState::Requested | BookingState::Confirmed) {
        return Err(StoreError::Invalid("a hold is confirmed as requested or confirmed".into()).into());
    }
    expire_holds(tx, *now).await?;
    change::set_state(tx, booking_id, *state, None, *now).await?;
    if let Some(name) = customer_name {
        sqlx::query("UPDATE booking SET customer_name = $2 WHERE id = $1")
            .bind(booking_id)
            .bind(name)
            .execute(&mut *tx)
            .await
            .map_err(db)?;
    }
    let row: BookingRow = row::get(tx, booking_id).await?;
    audit::of_booking(tx, request.audit.as_ref(), &row, *now).await?;
    let outcome = BookingOutcome::Booked(Box::new(row));
    idempotency::keep_outcome(tx, &request.idempotency_key, &request.digest, &outcome, *now).await?;
    Ok(outcome)
}

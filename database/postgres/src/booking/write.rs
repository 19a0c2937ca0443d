//! What booking and changing have in common.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{BookingOutcome, Choice, Refused},
    micros,
};
use sqlx::{Connection, PgConnection};

use crate::{PostgresStore, error, idempotency};

/// How often a request is decided anew when a slot was taken between reading and writing.
const TRIES: u32 = 3;

/// What came of one try.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// Decided, and written where there was something to write.
    Done(BookingOutcome),
    /// The database refused an overlap; nothing of the try may stand.
    Overlap,
}

/// A try, in a transaction of its own that can be rolled back alone.
pub(crate) trait Try {
    fn attempt(
        &self,
        store: &PostgresStore,
        tx: &mut PgConnection,
        now: Timestamp,
    ) -> impl Future<Output = Result<Attempt, StoreError>> + Send;
}

/// Tries within the caller's transaction, each time over what is there by then.
pub(crate) async fn settle(
    store: &PostgresStore,
    tx: &mut PgConnection,
    request: &impl Try,
    now: Timestamp,
) -> Result<BookingOutcome, StoreError> {
    for _ in 0..TRIES {
        let mut nested = tx.begin().await.map_err(error::store)?;
        match request.attempt(store, &mut nested, now).await? {
            Attempt::Done(outcome) => {
                nested.commit().await.map_err(error::store)?;
                return Ok(outcome);
            }
            Attempt::Overlap => nested.rollback().await.map_err(error::store)?,
        }
    }
    Ok(BookingOutcome::Refused(Refused::slot_taken()))
}

/// The outcome of an earlier request with this key. Removes expired holds by the way: in the same statement, because
/// every way to the server and back costs as much as the work.
pub(super) async fn repeat(
    tx: &mut PgConnection,
    key: &str,
    digest: &str,
    now: Timestamp,
) -> Result<Option<BookingOutcome>, StoreError> {
    let kept: Option<(String, String)> = sqlx::query_as(
        "WITH expired AS (
             DELETE FROM booking WHERE id IN (
                 SELECT id FROM booking WHERE state = 'held' AND hold_until_us <= $2 ORDER BY id FOR UPDATE)
         )
         SELECT digest, outcome_json FROM idempotency WHERE key = $1 AND created_us > $3",
    )
    .bind(key)
    .bind(micros::to(now))
    .bind(idempotency::oldest(now))
    .fetch_optional(tx)
    .await
    .map_err(error::store)?;
    idempotency::outcome(kept, key, digest)
}

/// Moves other bookings' occupations; `false` where one cannot be moved.
pub(super) async fn make_room(
    store: &PostgresStore,
    tx: &mut PgConnection,
    choice: &Choice,
) -> Result<bool, StoreError> {
    if choice.moves.is_empty() {
        return Ok(true);
    }
    let own = choice.occupations.iter().map(|o| o.lane.as_str());
    let moved = choice.moves.iter().flat_map(|m| [m.lane.as_str(), m.to_lane.as_str()]);
    lanes(store, tx, own.chain(moved)).await?;
    let column =
        |of: fn(&mcp_store::lanes::LaneMove) -> &str| choice.moves.iter().map(of).collect::<Vec<_>>();
    let from: Vec<i64> = choice.moves.iter().map(|m| micros::to(m.from)).collect();
    let done = sqlx::query(
        "UPDATE occupation o SET lane = m.to_lane
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS m (booking_id, lane, from_us, to_lane)
         WHERE o.booking_id = m.booking_id AND o.lane = m.lane AND o.from_us = m.from_us AND o.standing AND NOT o.pinned",
    )
    .bind(column(|m| &m.booking_id))
    .bind(column(|m| &m.lane))
    .bind(from)
    .bind(column(|m| &m.to_lane))
    .execute(tx)
    .await;
    match done {
        Ok(done) => Ok(usize::try_from(done.rows_affected()).is_ok_and(|moved| moved == choice.moves.len())),
        Err(e) if error::is_overlap(&e) || error::is_unique(&e, "occupation_pkey") => Ok(false),
        Err(e) => Err(error::store(e)),
    }
}

/// Locks lanes until the transaction ends.
pub(super) async fn lanes<'a>(
    store: &PostgresStore,
    tx: &mut PgConnection,
    lanes: impl IntoIterator<Item = &'a str>,
) -> Result<(), StoreError> {
    let keys = store.locks(lanes.into_iter().map(|lane| ("lane", lane)));
    sqlx::query("SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1::bigint[]) AS key")
        .bind(keys.into_vec())
        .execute(tx)
        .await
        .map(drop)
        .map_err(error::store)
}

/// A failed write, where an id or reference may be taken.
pub(super) fn taken_name(e: sqlx::Error) -> StoreError {
    for (constraint, what) in [
        ("booking_pkey", "the booking's id is taken"),
        ("booking_reference_key", "the booking's reference is taken"),
        ("booking_holder", "this holder holds something else by now"),
    ] {
        if error::is_unique(&e, constraint) {
            return StoreError::Conflict(what.to_owned());
        }
    }
    error::store(e)
}

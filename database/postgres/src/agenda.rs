//! Reading what stands in a span, in one statement.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use mcp_store::{
    StoreError,
    adjustment::{AdjustmentRow, NewAdjustment},
    booking::{Agenda, BookingItem, Standing},
    calendar::MirroredBusy,
    lanes::{LONGEST, Occupied},
    micros,
};
use sqlx::{
    PgConnection, Postgres, Row,
    postgres::{PgArguments, PgRow},
};

use crate::{error, idempotency, text};

/// What is read, and what is left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    pub from: Timestamp,
    pub to: Timestamp,
    pub now: Timestamp,
    /// Whose holds do not count.
    pub holder: Option<&'a str>,
    /// A booking that does not count.
    pub except: Option<&'a str>,
}

/// One statement, so that all parts are of one instant, and one way to the server and back. The columns mean another
/// thing in each part; `read` knows.
macro_rules! select {
    ($with:literal, $and:literal) => {
        concat!("WITH ", $with, "standing AS (
    SELECT id, customer_id, items_json, start_us, end_us FROM booking
    WHERE state IN ('held', 'requested', 'confirmed') AND start_us < $2 AND start_us > $1 - $8
      AND (state <> 'held' OR (hold_until_us > $3 AND (holder IS NULL OR holder IS DISTINCT FROM $4)))
      AND id IS DISTINCT FROM $5
)
SELECT 1 AS part, o.booking_id AS a, o.lane AS b, o.share AS c, NULL::text AS d, o.from_us AS m, o.to_us AS n, o.pinned AS f
FROM occupation o JOIN booking b ON b.id = o.booking_id
WHERE o.standing AND o.from_us < $2 AND o.from_us > $1 - $8 AND o.to_us > $1
  AND (b.state <> 'held' OR (b.hold_until_us > $3 AND (b.holder IS NULL OR b.holder IS DISTINCT FROM $4)))
  AND b.id IS DISTINCT FROM $5
UNION ALL
SELECT 2, id, items_json, NULL, NULL, customer_id, NULL, NULL FROM standing WHERE end_us > $1
UNION ALL
SELECT 3, calendar, event_id, staff_id, NULL, from_us, to_us, NULL FROM mirrored_event
WHERE from_us < $2 AND to_us > $1 AND from_us < to_us
UNION ALL
SELECT 4, id, first_day, last_day, content_json, created_us, NULL, NULL FROM adjustment
WHERE first_day <= $7 AND last_day >= $6", $and)
    };
}

/// Removes expired holds and looks for an earlier outcome by the way: every way to the server and back costs as much as
/// the work.
const SELECT_FOR_KEY: &str = select!(
    "expired AS (
    DELETE FROM booking WHERE id IN (
        SELECT id FROM booking WHERE state = 'held' AND hold_until_us <= $3 ORDER BY id FOR UPDATE)
), ",
    "
UNION ALL
SELECT 0, digest, outcome_json, NULL, NULL, NULL, NULL, NULL FROM idempotency WHERE key = $9 AND created_us > $10"
);

/// The agenda of a span as the connection's transaction sees it now.
pub(crate) async fn read(connection: &mut PgConnection, span: Span<'_>) -> Result<Agenda, StoreError> {
    let rows = bind(sqlx::query(select!("", "")), span).fetch_all(connection).await.map_err(error::store)?;
    let mut agenda = Agenda::default();
    for row in &rows {
        part(row, span, &mut agenda)?;
    }
    Ok(sorted(agenda))
}

/// What is kept under a key: digest and outcome.
pub(crate) type Kept = Option<(String, String)>;

/// The agenda, and what is kept under a key. Expired holds are removed.
pub(crate) async fn read_for_key(
    connection: &mut PgConnection,
    span: Span<'_>,
    key: &str,
) -> Result<(Agenda, Kept), StoreError> {
    let rows = bind(sqlx::query(SELECT_FOR_KEY), span)
        .bind(key)
        .bind(idempotency::oldest(span.now))
        .fetch_all(connection)
        .await
        .map_err(error::store)?;
    let (mut agenda, mut kept) = (Agenda::default(), None);
    for row in &rows {
        match row.get::<i32, _>("part") {
            0 => kept = Some((row.get("a"), row.get("b"))),
            _ => part(row, span, &mut agenda)?,
        }
    }
    Ok((sorted(agenda), kept))
}

type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

fn bind<'q>(query: Query<'q>, span: Span<'q>) -> Query<'q> {
    let (first, last) = days(span.from, span.to);
    query
        .bind(micros::to(span.from))
        .bind(micros::to(span.to))
        .bind(micros::to(span.now))
        .bind(span.holder)
        .bind(span.except)
        .bind(first.to_string())
        .bind(last.to_string())
        .bind(micros::of(LONGEST))
}

fn part(row: &PgRow, span: Span<'_>, agenda: &mut Agenda) -> Result<(), StoreError> {
    match row.get::<i32, _>("part") {
        1 => agenda.occupied.push(occupied(row)?),
        2 => standing(row, span, &mut agenda.standing)?,
        3 => agenda.mirrored.push(mirrored(row)?),
        _ => agenda.adjustments.push(adjustment(row)?),
    }
    Ok(())
}

fn sorted(mut agenda: Agenda) -> Agenda {
    agenda
        .occupied
        .sort_by(|x, y| (&x.lane, x.from, x.to, &x.booking_id).cmp(&(&y.lane, y.from, y.to, &y.booking_id)));
    agenda.standing.sort_by(|x, y| (x.start, &x.booking_id).cmp(&(y.start, &y.booking_id)));
    agenda
        .mirrored
        .sort_by(|x, y| (&x.calendar, x.from, &x.event_id).cmp(&(&y.calendar, y.from, &y.event_id)));
    agenda
        .adjustments
        .sort_by(|x, y| (x.created_at, &x.adjustment.id).cmp(&(y.created_at, &y.adjustment.id)));
    agenda
}

/// The days that can share an instant with a span in any time zone.
fn days(from: Timestamp, to: Timestamp) -> (Date, Date) {
    let day = SignedDuration::from_hours(24);
    let date = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    (date(from.saturating_sub(day).unwrap_or(from)), date(to.saturating_add(day).unwrap_or(to)))
}

fn occupied(row: &PgRow) -> Result<Occupied, StoreError> {
    let booking_id: String = row.get("a");
    Ok(Occupied {
        lane: row.get("b"),
        share: row.get("c"),
        from: micros::from(row.get("m"), "occupation", "from_us", &booking_id)?,
        to: micros::from(row.get("n"), "occupation", "to_us", &booking_id)?,
        pinned: row.get("f"),
        booking_id,
    })
}

fn standing(row: &PgRow, span: Span<'_>, into: &mut Vec<Standing>) -> Result<(), StoreError> {
    let booking_id: String = row.get("a");
    let customer_id: Option<i64> = row.get("m");
    let items: Vec<BookingItem> = text::from_json(row.get("b"), "booking", "items_json", &booking_id)?;
    into.extend(items.into_iter().filter(|item| span.from <= item.start && item.start < span.to).map(
        |item| Standing {
            booking_id: booking_id.clone(),
            customer_id,
            service_id: item.service_id,
            staff_id: item.staff_id,
            start: item.start,
        },
    ));
    Ok(())
}

fn mirrored(row: &PgRow) -> Result<MirroredBusy, StoreError> {
    let event_id: String = row.get("b");
    Ok(MirroredBusy {
        calendar: row.get("a"),
        staff_id: row.get("c"),
        from: micros::from(row.get("m"), "mirrored_event", "from_us", &event_id)?,
        to: micros::from(row.get("n"), "mirrored_event", "to_us", &event_id)?,
        event_id,
    })
}

fn adjustment(row: &PgRow) -> Result<AdjustmentRow, StoreError> {
    let id: String = row.get("a");
    Ok(AdjustmentRow {
        adjustment: NewAdjustment {
            first: date(row.get("b"), "first_day", &id)?,
            last: date(row.get("c"), "last_day", &id)?,
            content: text::from_json(row.get("d"), "adjustment", "content_json", &id)?,
            id: id.clone(),
        },
        created_at: micros::from(row.get("m"), "adjustment", "created_us", &id)?,
    })
}

/// A local day from storage.
pub(crate) fn date(text: &str, column: &'static str, row: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| StoreError::Inconsistent { table: "adjustment", column, row: row.to_owned() })
}

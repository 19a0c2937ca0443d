//! Reading what stands in spans, in one statement.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use mcp_store::{
    StoreError,
    adjustment::{AdjustmentRow, NewAdjustment},
    booking::{
        Agenda, Standing,
        round::{Asked, Found},
    },
    calendar::MirroredBusy,
    lanes::Occupied,
    micros,
};
use serde::Deserialize;
use sqlx::{
    PgConnection, Postgres, Row, Type,
    postgres::{PgHasArrayType, PgRow},
};

use crate::{error, idempotency, text};

/// What is read, and what is left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    pub from: Timestamp,
    pub to: Timestamp,
    pub now: Timestamp,
    /// A booking that does not count.
    pub except: Option<&'a str>,
}

/// One statement, so that all parts are of one instant, and one way to the server and back: a row for each span in `r`,
/// with a list for each column of each part (services only where they count: `counts`). `$8` is the booking that does not count, `$7` the holder whose holds do
/// not, `$6` the instant at which a hold must stand. What lasts longer than four hours has an index of its own
/// (`occupation_long`, `booking_long`).
macro_rules! select {
    ($with:literal, $columns:literal, $join:literal) => {
        concat!("WITH ", $with, "hidden AS MATERIALIZED (
    SELECT id FROM booking WHERE state = 'held' AND (hold_until_us <= $6 OR holder = $7) UNION ALL SELECT $8 WHERE $8 IS NOT NULL
)
SELECT ", $columns, "o.*, s.*, m.*, a.* FROM r ", $join, "
CROSS JOIN LATERAL (
    SELECT array_agg(booking_id) AS o_booking, array_agg(lane) AS o_lane, array_agg(NULLIF(share, booking_id)) AS o_share,
        array_agg(from_us) AS o_from, array_agg(to_us) AS o_to, array_agg(pinned) AS o_pinned
    FROM (
        SELECT booking_id, lane, share, from_us, to_us, pinned FROM occupation
        WHERE standing AND from_us < r.to_us AND from_us > r.from_us - 14400000000 AND to_us > r.from_us
            AND to_us - from_us <= 14400000000
        UNION ALL
        SELECT booking_id, lane, share, from_us, to_us, pinned FROM occupation
        WHERE standing AND to_us - from_us > 14400000000 AND to_us > r.from_us AND from_us < r.to_us
    ) seen WHERE booking_id <> ALL (ARRAY(SELECT id FROM hidden))
) o
CROSS JOIN LATERAL (
    SELECT array_agg(id) AS s_booking, array_agg(customer_id) AS s_customer, array_agg(items_json) AS s_items
    FROM (
        SELECT id, customer_id, items_json, state FROM booking
        WHERE start_us < r.to_us AND start_us > r.from_us - 14400000000 AND end_us > r.from_us
            AND end_us - start_us <= 14400000000
        UNION ALL
        SELECT id, customer_id, items_json, state FROM booking
        WHERE end_us - start_us > 14400000000 AND end_us > r.from_us AND start_us < r.to_us
    ) seen WHERE r.counts AND state IN ('held', 'requested', 'confirmed') AND id <> ALL (ARRAY(SELECT id FROM hidden))
) s
CROSS JOIN LATERAL (
    SELECT array_agg(calendar) AS m_calendar, array_agg(event_id) AS m_event, array_agg(staff_id) AS m_staff,
        array_agg(from_us) AS m_from, array_agg(to_us) AS m_to
    FROM mirrored_event WHERE from_us < r.to_us AND to_us > r.from_us AND from_us < to_us
) m
CROSS JOIN LATERAL (
    SELECT array_agg(id) AS a_id, array_agg(first_day) AS a_first, array_agg(last_day) AS a_last,
        array_agg(content_json) AS a_content, array_agg(created_us) AS a_created
    FROM adjustment WHERE first_day <= r.last_day AND last_day >= r.first_day
) a")
    };
}

const READ: &str = concat!(
    select!(
        "r AS (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::boolean[])
        WITH ORDINALITY AS r (from_us, to_us, first_day, last_day, counts, n)
), ",
        "",
        ""
    ),
    " ORDER BY r.n"
);

/// Removes expired holds, counts open bookings and looks for earlier outcomes by the way: every way to the server and
/// back costs as much as the work.
const FIND: &str = concat!(
    select!(
        "expired AS (
    DELETE FROM booking WHERE id IN (
        SELECT id FROM booking WHERE state = 'held' AND hold_until_us <= $6 ORDER BY id FOR UPDATE)
), r AS (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::boolean[], $9::bigint[], $10::bigint[],
            $11::text[], $12::bigint[], $13::text[])
        WITH ORDINALITY AS r (from_us, to_us, first_day, last_day, counts, now_us, forgotten_us, holder, customer_id, key, n)
), ",
        "k.digest, k.outcome_json,
    EXISTS (SELECT FROM booking b WHERE b.state = 'held' AND b.holder = r.holder) AS holds,
    (SELECT count(*) FROM booking b
     WHERE b.customer_id = r.customer_id AND b.state IN ('held', 'requested', 'confirmed') AND b.end_us > r.now_us
        AND b.id <> ALL (ARRAY(SELECT id FROM hidden))) AS open, ",
        "LEFT JOIN idempotency k ON k.key = r.key AND k.created_us > r.forgotten_us"
    ),
    " ORDER BY r.n"
);

/// The agenda of a span as the connection's transaction sees it now.
pub(crate) async fn read(connection: &mut PgConnection, span: Span<'_>) -> Result<Agenda, StoreError> {
    let mut all = read_all(connection, &[(span.from, span.to)], span.now, None, span.except).await?;
    Ok(all.pop().unwrap_or_default())
}

/// The agendas of several spans, in order. The holds of `holder` and the booking `except` do not count.
pub(crate) async fn read_all(
    connection: &mut PgConnection,
    spans: &[(Timestamp, Timestamp)],
    now: Timestamp,
    holder: Option<&str>,
    except: Option<&str>,
) -> Result<Vec<Agenda>, StoreError> {
    if spans.is_empty() {
        return Ok(Vec::new());
    }
    let (first, last): (Vec<_>, Vec<_>) = spans.iter().map(|(from, to)| days(*from, *to)).unzip();
    let rows = sqlx::query(READ)
        .bind(spans.iter().map(|(from, _)| micros::to(*from)).collect::<Vec<_>>())
        .bind(spans.iter().map(|(_, to)| micros::to(*to)).collect::<Vec<_>>())
        .bind(first)
        .bind(last)
        .bind(vec![true; spans.len()])
        .bind(micros::to(now))
        .bind(holder)
        .bind(except)
        .fetch_all(connection)
        .await
        .map_err(error::store)?;
    spans.iter().zip(&rows).map(|(span, row)| agenda(row, *span)).collect()
}

/// What requests are decided over. The holds of `holder` do not count. Expired holds are removed.
pub(crate) async fn find(
    connection: &mut PgConnection,
    asked: &[Asked],
    holder: Option<&str>,
) -> Result<Vec<Found>, StoreError> {
    let spans = || asked.iter().map(|(request, _)| request.near.unwrap_or(request.around));
    let around = asked.iter().map(|(request, _)| request.around);
    let (first, last): (Vec<_>, Vec<_>) = around.map(|(from, to)| days(from, to)).unzip();
    let keys: Vec<&str> = asked.iter().map(|(request, _)| request.idempotency_key.as_str()).collect();
    let now = asked.iter().map(|(_, now)| *now).max().unwrap_or_default();
    let rows = sqlx::query(FIND)
        .bind(spans().map(|(from, _)| micros::to(from)).collect::<Vec<_>>())
        .bind(spans().map(|(_, to)| micros::to(to)).collect::<Vec<_>>())
        .bind(first)
        .bind(last)
        .bind(asked.iter().map(|(request, _)| request.near.is_none()).collect::<Vec<_>>())
        .bind(micros::to(now))
        .bind(holder)
        .bind(None::<String>)
        .bind(asked.iter().map(|(_, now)| micros::to(*now)).collect::<Vec<_>>())
        .bind(asked.iter().map(|(_, now)| idempotency::oldest(*now)).collect::<Vec<_>>())
        .bind(asked.iter().map(|(request, _)| request.holder.as_deref()).collect::<Vec<_>>())
        .bind(asked.iter().map(|(request, _)| request.limit.map(|l| l.customer_id)).collect::<Vec<_>>())
        .bind(keys)
        .fetch_all(connection)
        .await
        .map_err(error::store)?;
    asked.iter().zip(&rows).map(|(asked, row)| found(asked, row)).collect()
}

fn found((request, _): &Asked, row: &PgRow) -> Result<Found, StoreError> {
    let kept: Option<(String, String)> =
        row.get::<Option<String>, _>("digest").zip(row.get::<Option<String>, _>("outcome_json"));
    Ok(Found {
        first: idempotency::outcome(kept, &request.idempotency_key, &request.digest),
        holds: row.get("holds"),
        open: u64::try_from(row.get::<i64, _>("open")).unwrap_or(0),
        agenda: agenda(row, request.near.unwrap_or(request.around))?,
    })
}

/// The days that can share an instant with a span in any time zone.
fn days(from: Timestamp, to: Timestamp) -> (String, String) {
    let day = SignedDuration::from_hours(24);
    let date = |at: Timestamp| at.to_zoned(TimeZone::UTC).date().to_string();
    (date(from.saturating_sub(day).unwrap_or(from)), date(to.saturating_add(day).unwrap_or(to)))
}

/// A list in a column; none where there is nothing.
fn list<T>(row: &PgRow, column: &str) -> std::vec::IntoIter<T>
where
    T: for<'r> sqlx::Decode<'r, Postgres> + Type<Postgres> + PgHasArrayType,
{
    row.get::<Option<Vec<T>>, _>(column).unwrap_or_default().into_iter()
}

fn agenda(row: &PgRow, span: (Timestamp, Timestamp)) -> Result<Agenda, StoreError> {
    let mut agenda = Agenda {
        occupied: occupied(row)?,
        standing: standing(row, span)?,
        mirrored: mirrored(row)?,
        adjustments: adjustments(row)?,
    };
    agenda.sort();
    Ok(agenda)
}

fn occupied(row: &PgRow) -> Result<Vec<Occupied>, StoreError> {
    let (mut lanes, mut shares) = (list::<String>(row, "o_lane"), list::<Option<String>>(row, "o_share"));
    let (mut from, mut to, mut pinned) = (list(row, "o_from"), list(row, "o_to"), list(row, "o_pinned"));
    list::<String>(row, "o_booking")
        .map(|booking_id| {
            Ok(Occupied {
                lane: lanes.next().unwrap_or_default(),
                // Nearly every share is the booking's own id, which is left out.
                share: shares.next().flatten().unwrap_or_else(|| booking_id.clone()),
                from: micros::from(from.next().unwrap_or_default(), "occupation", "from_us", &booking_id)?,
                to: micros::from(to.next().unwrap_or_default(), "occupation", "to_us", &booking_id)?,
                pinned: pinned.next().unwrap_or_default(),
                booking_id,
            })
        })
        .collect()
}

/// What an agenda needs of a service.
#[derive(Deserialize)]
struct Beginning {
    service_id: String,
    staff_id: String,
    start: Timestamp,
}

fn standing(row: &PgRow, (from, to): (Timestamp, Timestamp)) -> Result<Vec<Standing>, StoreError> {
    let (mut customers, mut items) = (list::<Option<i64>>(row, "s_customer"), list::<String>(row, "s_items"));
    let mut all = Vec::new();
    for booking_id in list::<String>(row, "s_booking") {
        let customer_id = customers.next().flatten();
        let items: Vec<Beginning> =
            text::from_json(&items.next().unwrap_or_default(), "booking", "items_json", &booking_id)?;
        all.extend(items.into_iter().filter(|item| from <= item.start && item.start < to).map(|item| {
            Standing {
                booking_id: booking_id.clone(),
                customer_id,
                service_id: item.service_id,
                staff_id: item.staff_id,
                start: item.start,
            }
        }));
    }
    Ok(all)
}

fn mirrored(row: &PgRow) -> Result<Vec<MirroredBusy>, StoreError> {
    let (mut calendars, mut staff) =
        (list::<String>(row, "m_calendar"), list::<Option<String>>(row, "m_staff"));
    let (mut from, mut to) = (list(row, "m_from"), list(row, "m_to"));
    list::<String>(row, "m_event")
        .map(|event_id| {
            Ok(MirroredBusy {
                calendar: calendars.next().unwrap_or_default(),
                staff_id: staff.next().flatten(),
                from: micros::from(from.next().unwrap_or_default(), "mirrored_event", "from_us", &event_id)?,
                to: micros::from(to.next().unwrap_or_default(), "mirrored_event", "to_us", &event_id)?,
                event_id,
            })
        })
        .collect()
}

fn adjustments(row: &PgRow) -> Result<Vec<AdjustmentRow>, StoreError> {
    let (mut first, mut last) = (list::<String>(row, "a_first"), list::<String>(row, "a_last"));
    let (mut content, mut created) = (list::<String>(row, "a_content"), list(row, "a_created"));
    list::<String>(row, "a_id")
        .map(|id| {
            Ok(AdjustmentRow {
                adjustment: NewAdjustment {
                    first: date(&first.next().unwrap_or_default(), "first_day", &id)?,
                    last: date(&last.next().unwrap_or_default(), "last_day", &id)?,
                    content: text::from_json(
                        &content.next().unwrap_or_default(),
                        "adjustment",
                        "content_json",
                        &id,
                    )?,
                    id: id.clone(),
                },
                created_at: micros::from(
                    created.next().unwrap_or_default(),
                    "adjustment",
                    "created_us",
                    &id,
                )?,
            })
        })
        .collect()
}

/// A local day from storage.
pub(crate) fn date(text: &str, column: &'static str, row: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| StoreError::Inconsistent { table: "adjustment", column, row: row.to_owned() })
}

//! What stands in a span.
//!
//! The rows come as JSON texts in one row: asking for them list by list and row by row would cost more than all the
//! rest of a booking transaction, because every question to the database changes threads twice.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use mcp_store::{
    StoreError,
    adjustment::{AdjustmentRow, NewAdjustment},
    booking::{Agenda, Standing},
    calendar::MirroredBusy,
    lanes::Occupied,
    micros,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, Row, Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments, sqlite::SqliteRow,
};

use crate::db;

/// Whose bookings are left out, beside expired holds.
pub(super) enum Without<'a> {
    /// Nobody's.
    Nobody,
    /// This booking: it is about to be moved.
    Booking(&'a str),
    /// Holds of this holder: they give way.
    HoldsOf(&'a str),
}

/// Columns of an agenda of each row of `r` in [`ROUND`]. What takes a lane is looked for by how long it does, as far back
/// as that can reach into the span: each length has its index. Bookings that last longer than four hours have one of
/// their own (`booking_long`).
pub(super) const COLUMNS: &str = "
    (SELECT json_group_array(json_array(booking_id, lane, nullif(share, booking_id), from_us, to_us, pinned))
     FROM (SELECT booking_id, lane, share, from_us, to_us, pinned FROM occupation INDEXED BY occupation_hour
           WHERE standing = 1 AND from_us < r.to_us AND from_us > r.from_us - 3600000000 AND to_us > r.from_us
             AND to_us - from_us <= 3600000000
           UNION ALL
           SELECT booking_id, lane, share, from_us, to_us, pinned FROM occupation INDEXED BY occupation_hours
           WHERE standing = 1 AND from_us < r.to_us AND from_us > r.from_us - 14400000000 AND to_us > r.from_us
             AND to_us - from_us > 3600000000 AND to_us - from_us <= 14400000000
           UNION ALL
           SELECT booking_id, lane, share, from_us, to_us, pinned FROM occupation INDEXED BY occupation_day
           WHERE standing = 1 AND from_us < r.to_us AND from_us > r.from_us - 86400000000 AND to_us > r.from_us
             AND to_us - from_us > 14400000000 AND to_us - from_us <= 86400000000
           UNION ALL
           SELECT booking_id, lane, share, from_us, to_us, pinned FROM occupation INDEXED BY occupation_days
           WHERE standing = 1 AND from_us < r.to_us AND from_us > r.from_us - 2678400000000 AND to_us > r.from_us
             AND to_us - from_us > 86400000000)
     WHERE booking_id NOT IN (SELECT id FROM hidden)) AS occupied,
    CASE WHEN r.counts THEN (SELECT json_group_array(json_array(id, customer_id, items_json))
     FROM (SELECT id, customer_id, items_json, state FROM booking INDEXED BY booking_start
           WHERE start_us < r.to_us AND start_us > r.from_us - 14400000000 AND end_us > r.from_us
             AND end_us - start_us <= 14400000000
           UNION ALL
           SELECT id, customer_id, items_json, state FROM booking INDEXED BY booking_long
           WHERE end_us - start_us > 14400000000 AND end_us > r.from_us AND start_us < r.to_us)
     WHERE state IN ('held', 'requested', 'confirmed') AND id NOT IN (SELECT id FROM hidden)) END AS standing,
    (SELECT json_group_array(json_array(calendar, event_id, from_us, to_us, staff_id))
     FROM mirrored_event INDEXED BY mirrored_event_to
     WHERE to_us > r.from_us AND from_us < r.to_us AND from_us < to_us) AS mirrored,
    (SELECT json_group_array(json_array(id, first_day, last_day, content_json, created_us))
     FROM adjustment INDEXED BY adjustment_last
     WHERE last_day >= r.first_day AND first_day <= r.last_day) AS adjustments";

/// What must stand before the columns: `r`, a row for each span, and `hidden`, the bookings that are not to be seen.
/// For a span alone only the first six columns have values.
pub(super) const ROUND: &str = "
    WITH r (n, from_us, to_us, first_day, last_day, counts, now_us, forgotten_us, key, confirm, customer_id, holder)
      AS MATERIALIZED (
        SELECT key, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
          value ->> 7, value ->> 8, value ->> 9, value ->> 10
        FROM json_each($1)),
      hidden (id) AS MATERIALIZED (
        SELECT id FROM booking WHERE state = 'held' AND (hold_until_us <= $2 OR holder = $3)
        UNION ALL SELECT $4 WHERE $4 IS NOT NULL)";

/// A span of time.
type Span = (Timestamp, Timestamp);

/// The columns of `r` that say which span it is: what is near, where only that is asked for; then no services count.
pub(super) fn span(near: Option<Span>, around: Span) -> Vec<Value> {
    let first = around.0.to_zoned(TimeZone::UTC).date().saturating_sub(1.day());
    let last = around.1.to_zoned(TimeZone::UTC).date().saturating_add(1.day());
    let (from, to) = near.unwrap_or(around);
    vec![json!(micros::to(from)), json!(micros::to(to)), json!(first), json!(last), json!(near.is_none())]
}

/// A query over [`ROUND`] and [`COLUMNS`] with its parameters. Holds that end by `now` are not to be seen.
pub(super) fn ask<'q>(
    sql: String,
    rows: &[Vec<Value>],
    now: Timestamp,
    without: &Without<'_>,
) -> Query<'q, Sqlite, SqliteArguments> {
    let (booking, holder) = match without {
        Without::Nobody => (None, None),
        Without::Booking(id) => (Some((*id).to_owned()), None),
        Without::HoldsOf(holder) => (None, Some((*holder).to_owned())),
    };
    // Put together from constants of this program.
    sqlx::query(AssertSqlSafe(sql))
        .bind(json!(rows).to_string())
        .bind(micros::to(now))
        .bind(holder)
        .bind(booking)
}

pub(super) async fn read(
    tx: &mut SqliteConnection,
    around: Span,
    now: Timestamp,
    without: &Without<'_>,
) -> Result<Agenda, StoreError> {
    Ok(read_all(tx, &[around], now, without).await?.pop().unwrap_or_default())
}

/// The agendas of several spans, in order.
pub(super) async fn read_all(
    tx: &mut SqliteConnection,
    spans: &[Span],
    now: Timestamp,
    without: &Without<'_>,
) -> Result<Vec<Agenda>, StoreError> {
    if spans.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<Vec<Value>> = spans.iter().map(|around| span(None, *around)).collect();
    let sql = format!("{ROUND} SELECT {COLUMNS} FROM r ORDER BY r.n");
    let rows = ask(sql, &wanted, now, without).fetch_all(&mut *tx).await.map_err(db)?;
    spans.iter().zip(&rows).map(|(span, row)| of(row, *span)).collect()
}

/// The agenda in a row with [`COLUMNS`].
pub(super) fn of(row: &SqliteRow, (from, to): Span) -> Result<Agenda, StoreError> {
    let mut agenda = Agenda {
        occupied: occupied(row.get("occupied"))?,
        standing: row
            .get::<Option<&str>, _>("standing")
            .map_or(Ok(Vec::new()), |text| standing(text, from, to))?,
        mirrored: mirrored(row.get("mirrored"))?,
        adjustments: adjustments(row.get("adjustments"))?,
    };
    agenda.sort();
    Ok(agenda)
}

fn parsed<T: DeserializeOwned>(
    text: &str,
    table: &'static str,
    column: &'static str,
    row: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Inconsistent { table, column, row: row.to_owned() })
}

/// Where a row is named that is one of many.
const MANY: &str = "of an agenda";

fn occupied(text: &str) -> Result<Vec<Occupied>, StoreError> {
    // Nearly every share is the booking's own id, which is left out.
    let rows: Vec<(String, String, Option<String>, i64, i64, i64)> =
        parsed(text, "occupation", "lane", MANY)?;
    let mut found = Vec::with_capacity(rows.len());
    for (booking_id, lane, share, from, to, pinned) in rows {
        found.push(Occupied {
            from: micros::from(from, "occupation", "from_us", &booking_id)?,
            to: micros::from(to, "occupation", "to_us", &booking_id)?,
            pinned: pinned != 0,
            share: share.unwrap_or_else(|| booking_id.clone()),
            booking_id,
            lane,
        });
    }
    Ok(found)
}

/// What an agenda needs of a service.
#[derive(Deserialize)]
struct Beginning {
    service_id: String,
    staff_id: String,
    start: Timestamp,
}

fn standing(text: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Standing>, StoreError> {
    let rows: Vec<(String, Option<i64>, String)> = parsed(text, "booking", "id", MANY)?;
    let mut found = Vec::with_capacity(rows.len());
    for (booking_id, customer_id, items) in rows {
        let items: Vec<Beginning> = parsed(&items, "booking", "items_json", &booking_id)?;
        for item in items.into_iter().filter(|item| from <= item.start && item.start < to) {
            found.push(Standing {
                booking_id: booking_id.clone(),
                customer_id,
                service_id: item.service_id,
                staff_id: item.staff_id,
                start: item.start,
            });
        }
    }
    Ok(found)
}

fn mirrored(text: &str) -> Result<Vec<MirroredBusy>, StoreError> {
    let rows: Vec<(String, String, i64, i64, Option<String>)> =
        parsed(text, "mirrored_event", "event_id", MANY)?;
    let mut found = Vec::with_capacity(rows.len());
    for (calendar, event_id, from, to, staff_id) in rows {
        found.push(MirroredBusy {
            from: micros::from(from, "mirrored_event", "from_us", &event_id)?,
            to: micros::from(to, "mirrored_event", "to_us", &event_id)?,
            calendar,
            event_id,
            staff_id,
        });
    }
    Ok(found)
}

fn adjustments(text: &str) -> Result<Vec<AdjustmentRow>, StoreError> {
    let rows: Vec<(String, Date, Date, String, i64)> = parsed(text, "adjustment", "first_day", MANY)?;
    let mut found = Vec::with_capacity(rows.len());
    for (id, first, last, content, created) in rows {
        found.push(AdjustmentRow {
            created_at: micros::from(created, "adjustment", "created_us", &id)?,
            adjustment: NewAdjustment {
                content: parsed(&content, "adjustment", "content_json", &id)?,
                id,
                first,
                last,
            },
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use mcp_store::Tenant;

    use super::*;
    use crate::{SqliteStore, url_of};

    #[tokio::test]
    async fn an_agenda_looks_back_as_far_as_lanes_are_taken_and_not_at_all_that_ever_was() {
        let folder = tempfile::tempdir().unwrap();
        let (url, tenant) = (url_of(&folder.path().join("tenant.db")), Tenant::new("a", "test"));
        SqliteStore::migrate(&url, &tenant).await.unwrap();
        let store = SqliteStore::open(&url, &tenant).await.unwrap();
        let question = format!("EXPLAIN QUERY PLAN {ROUND} SELECT {COLUMNS} FROM r ORDER BY r.n");
        let around = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let plan = ask(question, &[span(None, around)], around.0, &Without::Nobody);
        let plan = plan.fetch_all(&store.readers).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
        for index in ["occupation_hour", "occupation_hours", "occupation_day", "occupation_days"] {
            // Both ends of what is looked at are bounds of the index.
            let search = format!("INDEX {index} (from_us>? AND from_us<?)");
            let found = steps.iter().any(|step| step.starts_with("SEARCH") && step.ends_with(&search));
            assert!(found, "{index}: {steps:#?}");
        }
        // Holds are found through an index that has nothing else.
        let whole = |step: &&String| step.starts_with("SCAN") && !step.ends_with("booking_held");
        let tables = ["occupation", "booking", "mirrored_event", "adjustment"];
        let whole: Vec<_> =
            steps.iter().filter(whole).filter(|s| tables.iter().any(|t| s.contains(t))).collect();
        assert!(whole.is_empty(), "nothing is read whole: {whole:?}");
        store.close().await;
    }
}

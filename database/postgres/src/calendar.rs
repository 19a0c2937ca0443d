//! Busy times of outside calendars.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    calendar::{CalendarState, CalendarStore, MirroredBusy, MirroredEvent, SyncPage},
    micros,
};
use sqlx::{PgConnection, PgExecutor, Row, postgres::PgRow};
use std::collections::BTreeMap;

use crate::{PostgresStore, error, retry, text};

async fn states(
    executor: impl PgExecutor<'_>,
    calendar: Option<&str>,
) -> Result<Vec<CalendarState>, StoreError> {
    let rows = sqlx::query(
        "SELECT c.calendar, c.sync_token, c.fresh_us,
             (SELECT count(*) FROM mirrored_event e WHERE e.calendar = c.calendar) AS events
         FROM calendar c WHERE $1::text IS NULL OR c.calendar = $1 ORDER BY c.calendar",
    )
    .bind(calendar)
    .fetch_all(executor)
    .await
    .map_err(error::store)?;
    let read = |row: &PgRow| {
        let calendar: String = row.get("calendar");
        Ok(CalendarState {
            sync_token: row.get("sync_token"),
            fresh_at: text::instant(row.get("fresh_us"), "calendar", "fresh_us", &calendar)?,
            events: u64::try_from(row.get::<i64, _>("events")).unwrap_or(0),
            calendar,
        })
    };
    rows.iter().map(read).collect()
}

impl PostgresStore {
    async fn sync_once(
        &self,
        calendar: &str,
        began_with: Option<&str>,
        page: &SyncPage,
        now: Timestamp,
    ) -> Result<CalendarState, StoreError> {
        // A lock and not the row's: the first synchronisation has no row to lock.
        let mut tx = self.begin_locked(&self.locks([("calendar", calendar)])).await?;
        let token: Option<Option<String>> =
            sqlx::query_scalar("SELECT sync_token FROM calendar WHERE calendar = $1")
                .bind(calendar)
                .fetch_optional(&mut *tx)
                .await
                .map_err(error::store)?;
        if token.flatten().as_deref() != began_with {
            return Err(StoreError::Stale);
        }
        sqlx::query(
            "INSERT INTO calendar AS c (calendar, sync_token, fresh_us) VALUES ($1, $2, CASE WHEN $4 THEN $5::bigint END)
             ON CONFLICT (calendar) DO UPDATE SET
                 sync_token = CASE WHEN $3 THEN $2 ELSE COALESCE($2, c.sync_token) END,
                 fresh_us = CASE WHEN $4 THEN $5 ELSE c.fresh_us END",
        )
        .bind(calendar)
        .bind(&page.sync_token)
        .bind(page.replace)
        .bind(page.fresh)
        .bind(micros::to(now))
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
        write(&mut tx, calendar, page).await?;
        let state = states(&mut *tx, Some(calendar)).await?.pop().ok_or(StoreError::NotFound("calendar"))?;
        tx.commit().await.map_err(error::store)?;
        Ok(state)
    }
}

async fn write(tx: &mut PgConnection, calendar: &str, page: &SyncPage) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM mirrored_event WHERE calendar = $1 AND ($2 OR event_id = ANY($3))")
        .bind(calendar)
        .bind(page.replace)
        .bind(&page.deletes)
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
    // The last one of an id counts; one statement must not meet an id twice.
    let events: BTreeMap<&str, &MirroredEvent> =
        page.upserts.iter().map(|event| (event.event_id.as_str(), event)).collect();
    let number =
        |of: fn(&MirroredEvent) -> Timestamp| events.values().map(|e| micros::to(of(e))).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO mirrored_event (calendar, event_id, from_us, to_us, staff_id)
         SELECT $1, e.event_id, e.from_us, e.to_us, e.staff_id
         FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[]) AS e (event_id, from_us, to_us, staff_id)
         ON CONFLICT (calendar, event_id) DO UPDATE SET
             from_us = excluded.from_us, to_us = excluded.to_us, staff_id = excluded.staff_id",
    )
    .bind(calendar)
    .bind(events.keys().copied().collect::<Vec<_>>())
    .bind(number(|e| e.from))
    .bind(number(|e| e.to))
    .bind(events.values().map(|e| e.staff_id.as_deref()).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map(drop)
    .map_err(error::store)
}

#[async_trait]
impl CalendarStore for PostgresStore {
    async fn sync(
        &self,
        calendar: &str,
        began_with: Option<&str>,
        page: &SyncPage,
        now: Timestamp,
    ) -> Result<CalendarState, StoreError> {
        if page.upserts.iter().any(|event| event.to < event.from) {
            return Err(StoreError::Invalid("an event ends before it begins".into()));
        }
        retry::passing(|| self.sync_once(calendar, began_with, page, now)).await
    }

    async fn calendars(&self) -> Result<Vec<CalendarState>, StoreError> {
        states(&self.pool, None).await
    }

    async fn forget_calendar(&self, calendar: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM calendar WHERE calendar = $1")
            .bind(calendar)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(error::store)
    }

    async fn mirrored(&self, from: Timestamp, to: Timestamp) -> Result<Vec<MirroredBusy>, StoreError> {
        let rows = sqlx::query(
            "SELECT calendar, event_id, staff_id, from_us, to_us FROM mirrored_event
             WHERE to_us > $1 AND from_us < $2 AND from_us < to_us ORDER BY calendar, from_us, event_id",
        )
        .bind(micros::to(from))
        .bind(micros::to(to))
        .fetch_all(&self.pool)
        .await
        .map_err(error::store)?;
        rows.iter().map(busy).collect()
    }
}

/// A row with an event's own columns.
fn busy(row: &PgRow) -> Result<MirroredBusy, StoreError> {
    let event_id: String = row.get("event_id");
    let at = |column| micros::from(row.get(column), "mirrored_event", column, &event_id);
    Ok(MirroredBusy {
        calendar: row.get("calendar"),
        from: at("from_us")?,
        to: at("to_us")?,
        staff_id: row.get("staff_id"),
        event_id,
    })
}

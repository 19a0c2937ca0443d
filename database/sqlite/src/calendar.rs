//! Busy times of outside calendars.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    calendar::{CalendarState, CalendarStore, MirroredBusy, SyncPage},
    micros,
};
use serde_json::json;
use sqlx::{Row, SqliteExecutor, sqlite::SqliteRow};

use crate::{
    SqliteStore, Tx, db,
    driver::{amount, instant},
};

/// Busy times that share an instant with a span.
pub(crate) async fn busy(
    executor: impl SqliteExecutor<'_>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<MirroredBusy>, StoreError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(mirrored_event),
        " FROM mirrored_event INDEXED BY mirrored_event_to
         WHERE to_us > $1 AND from_us < $2 AND from_us < to_us"
    ))
    .bind(micros::to(from))
    .bind(micros::to(to))
    .fetch_all(executor)
    .await
    .map_err(db)?;
    let read = |row: &SqliteRow| {
        let event_id: String = row.get("event_id");
        let at = |column: &'static str| micros::from(row.get(column), "mirrored_event", column, &event_id);
        Ok(MirroredBusy {
            calendar: row.get("calendar"),
            from: at("from_us")?,
            to: at("to_us")?,
            staff_id: row.get("staff_id"),
            event_id,
        })
    };
    let mut found = rows.iter().map(read).collect::<Result<Vec<MirroredBusy>, _>>()?;
    found.sort_by(|a, b| (&a.calendar, a.from, &a.event_id).cmp(&(&b.calendar, b.from, &b.event_id)));
    Ok(found)
}

const STATES: &str = concat!(
    "SELECT ",
    columns!(calendar, c),
    ", (SELECT COUNT(*) FROM mirrored_event e WHERE e.calendar = c.calendar) AS events
    FROM calendar c WHERE $1 IS NULL OR c.calendar = $1 ORDER BY c.calendar"
);

async fn states(
    executor: impl SqliteExecutor<'_>,
    calendar: Option<&str>,
) -> Result<Vec<CalendarState>, StoreError> {
    let rows = sqlx::query(STATES).bind(calendar).fetch_all(executor).await.map_err(db)?;
    let read = |row: &SqliteRow| {
        let calendar: String = row.get("calendar");
        Ok(CalendarState {
            sync_token: row.get("sync_token"),
            fresh_at: instant(row, "calendar", "fresh_us", &calendar)?,
            events: amount(row.get("events")),
            calendar,
        })
    };
    rows.iter().map(read).collect()
}

#[async_trait]
impl CalendarStore for SqliteStore {
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
        let mut tx = self.begin().await?;
        let token: Option<Option<String>> =
            sqlx::query_scalar("SELECT sync_token FROM calendar WHERE calendar = $1")
                .bind(calendar)
                .fetch_optional(&mut *tx)
                .await
                .map_err(db)?;
        if token.flatten().as_deref() != began_with {
            return Err(StoreError::Stale);
        }
        sqlx::query(
            "INSERT INTO calendar (calendar, sync_token, fresh_us) VALUES ($1, $2, CASE WHEN $4 THEN $5 END)
             ON CONFLICT (calendar) DO UPDATE SET
               sync_token = CASE WHEN $3 THEN $2 ELSE COALESCE($2, sync_token) END,
               fresh_us = CASE WHEN $4 THEN $5 ELSE fresh_us END",
        )
        .bind(calendar)
        .bind(&page.sync_token)
        .bind(page.replace)
        .bind(page.fresh)
        .bind(micros::to(now))
        .execute(&mut *tx)
        .await
        .map_err(db)?;
        write(&mut tx, calendar, page).await?;
        let state = states(&mut *tx, Some(calendar)).await?.pop().ok_or(StoreError::NotFound("calendar"))?;
        tx.commit().await.map_err(db)?;
        Ok(state)
    }

    async fn calendars(&self) -> Result<Vec<CalendarState>, StoreError> {
        states(&self.readers, None).await
    }

    async fn forget_calendar(&self, calendar: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM calendar WHERE calendar = $1")
            .bind(calendar)
            .execute(&mut *self.writer.statement().await?)
            .await
            .map_err(db)?;
        Ok(())
    }

    async fn mirrored(&self, from: Timestamp, to: Timestamp) -> Result<Vec<MirroredBusy>, StoreError> {
        busy(&self.readers, from, to).await
    }
}

async fn write(tx: &mut Tx, calendar: &str, page: &SyncPage) -> Result<(), StoreError> {
    if page.replace {
        sqlx::query("DELETE FROM mirrored_event WHERE calendar = $1")
            .bind(calendar)
            .execute(&mut **tx)
            .await
            .map_err(db)?;
    }
    sqlx::query(
        "DELETE FROM mirrored_event WHERE calendar = $1 AND event_id IN (SELECT value FROM json_each($2))",
    )
    .bind(calendar)
    .bind(json!(page.deletes).to_string())
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    for event in &page.upserts {
        sqlx::query(
            "INSERT INTO mirrored_event (calendar, event_id, from_us, to_us, staff_id) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (calendar, event_id) DO UPDATE SET
               from_us = excluded.from_us, to_us = excluded.to_us, staff_id = excluded.staff_id",
        )
        .bind(calendar)
        .bind(&event.event_id)
        .bind(micros::to(event.from))
        .bind(micros::to(event.to))
        .bind(&event.staff_id)
        .execute(&mut **tx)
        .await
        .map_err(db)?;
    }
    Ok(())
}

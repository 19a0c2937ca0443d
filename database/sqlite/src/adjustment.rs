//! The owner's adjustments.

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use mcp_store::{
    StoreError,
    adjustment::{AdjustmentRow, AdjustmentStore, NewAdjustment},
    audit::NewAudit,
    micros,
};
use sqlx::{Row, SqliteConnection, SqliteExecutor, sqlite::SqliteRow};

use crate::{
    SqliteStore, audit, db,
    driver::{is_constraint, json},
};

fn read(row: &SqliteRow) -> Result<AdjustmentRow, StoreError> {
    let id: String = row.get("id");
    let day = |column: &'static str| {
        row.get::<&str, _>(column).parse::<Date>().map_err(|_| StoreError::Inconsistent {
            table: "adjustment",
            column,
            row: id.clone(),
        })
    };
    Ok(AdjustmentRow {
        created_at: micros::from(row.get("created_us"), "adjustment", "created_us", &id)?,
        adjustment: NewAdjustment {
            first: day("first_day")?,
            last: day("last_day")?,
            content: json(row, "adjustment", "content_json", &id)?,
            id,
        },
    })
}

/// Those that share a day with a span of days.
pub(crate) async fn between(
    executor: impl SqliteExecutor<'_>,
    first: Date,
    last: Date,
) -> Result<Vec<AdjustmentRow>, StoreError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(adjustment),
        " FROM adjustment WHERE last_day >= $1 AND first_day <= $2 ORDER BY created_us, id"
    ))
    .bind(first.to_string())
    .bind(last.to_string())
    .fetch_all(executor)
    .await
    .map_err(db)?;
    rows.iter().map(read).collect()
}

async fn audited(
    tx: &mut SqliteConnection,
    entry: Option<&NewAudit>,
    id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(entry) = entry {
        let entry = NewAudit { subject: format!("adjustment:{id}"), ..entry.clone() };
        audit::append(tx, &entry, now).await?;
    }
    Ok(())
}

pub(crate) async fn add(
    tx: &mut SqliteConnection,
    adjustment: &NewAdjustment,
    audit: Option<&NewAudit>,
    now: Timestamp,
) -> Result<AdjustmentRow, StoreError> {
    if adjustment.last < adjustment.first {
        return Err(StoreError::Invalid("the last day is before the first".into()));
    }
    let row = sqlx::query(
        concat!("INSERT INTO adjustment (id, first_day, last_day, content_json, created_us) VALUES ($1, $2, $3, $4, $5)
         RETURNING ", columns!(adjustment)),
    )
    .bind(&adjustment.id)
    .bind(adjustment.first.to_string())
    .bind(adjustment.last.to_string())
    .bind(adjustment.content.to_string())
    .bind(micros::to(now))
    .fetch_one(&mut *tx)
    .await
    .map_err(|error| {
        if is_constraint(&error) {
            StoreError::Conflict("an adjustment with this id is there".into())
        } else {
            db(error)
        }
    })?;
    let row = read(&row)?;
    audited(tx, audit, &adjustment.id, now).await?;
    Ok(row)
}

pub(crate) async fn remove(
    tx: &mut SqliteConnection,
    id: &str,
    audit: Option<&NewAudit>,
    now: Timestamp,
) -> Result<AdjustmentRow, StoreError> {
    let row = sqlx::query(concat!("DELETE FROM adjustment WHERE id = $1 RETURNING ", columns!(adjustment)))
        .bind(id)
        .fetch_optional(&mut *tx)
        .await
        .map_err(db)?
        .ok_or(StoreError::NotFound("adjustment"))?;
    let row = read(&row)?;
    audited(tx, audit, id, now).await?;
    Ok(row)
}

#[async_trait]
impl AdjustmentStore for SqliteStore {
    async fn adjust(
        &self,
        adjustment: &NewAdjustment,
        audit: Option<&NewAudit>,
        now: Timestamp,
    ) -> Result<AdjustmentRow, StoreError> {
        let mut tx = self.begin().await?;
        let row = add(&mut tx, adjustment, audit, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn adjustments(&self, first: Date, last: Date) -> Result<Vec<AdjustmentRow>, StoreError> {
        between(&self.readers, first, last).await
    }

    async fn remove_adjustment(
        &self,
        id: &str,
        audit: Option<&NewAudit>,
        now: Timestamp,
    ) -> Result<AdjustmentRow, StoreError> {
        let mut tx = self.begin().await?;
        let row = remove(&mut tx, id, audit, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }
}

//! The owner's adjustments.

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use mcp_store::{
    StoreError,
    adjustment::{AdjustmentRow, AdjustmentStore, NewAdjustment},
    audit::NewAudit,
    micros,
};
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::{PostgresStore, agenda, audit, error, retry, text};

/// What [`read`] reads.
macro_rules! columns {
    () => {
        "id, first_day, last_day, content_json, created_us"
    };
}

fn read(row: &PgRow) -> Result<AdjustmentRow, StoreError> {
    let id: String = row.get("id");
    Ok(AdjustmentRow {
        created_at: micros::from(row.get("created_us"), "adjustment", "created_us", &id)?,
        adjustment: NewAdjustment {
            first: agenda::date(row.get("first_day"), "first_day", &id)?,
            last: agenda::date(row.get("last_day"), "last_day", &id)?,
            content: text::from_json(row.get("content_json"), "adjustment", "content_json", &id)?,
            id,
        },
    })
}

async fn audited(
    store: &PostgresStore,
    tx: &mut PgConnection,
    entry: Option<&NewAudit>,
    id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(entry) = entry {
        let entry = NewAudit { subject: format!("adjustment:{id}"), ..entry.clone() };
        audit::append(store, tx, &entry, now).await?;
    }
    Ok(())
}

pub(crate) async fn add(
    store: &PostgresStore,
    tx: &mut PgConnection,
    adjustment: &NewAdjustment,
    audit: Option<&NewAudit>,
    now: Timestamp,
) -> Result<AdjustmentRow, StoreError> {
    if adjustment.last < adjustment.first {
        return Err(StoreError::Invalid("the last day is before the first".into()));
    }
    let row = sqlx::query(concat!(
        "INSERT INTO adjustment (id, first_day, last_day, content_json, created_us) VALUES ($1, $2, $3, $4, $5)
         RETURNING ",
        columns!()
    ))
    .bind(&adjustment.id)
    .bind(adjustment.first.to_string())
    .bind(adjustment.last.to_string())
    .bind(adjustment.content.to_string())
    .bind(micros::to(now))
    .fetch_one(&mut *tx)
    .await
    .map_err(|e| {
        if error::is_unique(&e, "adjustment_pkey") {
            StoreError::Conflict("an adjustment with this id is there".into())
        } else {
            error::store(e)
        }
    })?;
    let row = read(&row)?;
    audited(store, tx, audit, &adjustment.id, now).await?;
    Ok(row)
}

pub(crate) async fn remove(
    store: &PostgresStore,
    tx: &mut PgConnection,
    id: &str,
    audit: Option<&NewAudit>,
    now: Timestamp,
) -> Result<AdjustmentRow, StoreError> {
    let row = sqlx::query(concat!("DELETE FROM adjustment WHERE id = $1 RETURNING ", columns!()))
        .bind(id)
        .fetch_optional(&mut *tx)
        .await
        .map_err(error::store)?
        .ok_or(StoreError::NotFound("adjustment"))?;
    let row = read(&row)?;
    audited(store, tx, audit, id, now).await?;
    Ok(row)
}

impl PostgresStore {
    async fn adjust_once(
        &self,
        adjustment: &NewAdjustment,
        audit: Option<&NewAudit>,
        now: Timestamp,
    ) -> Result<AdjustmentRow, StoreError> {
        let mut tx = self.begin().await?;
        let row = add(self, &mut tx, adjustment, audit, now).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(row)
    }

    async fn remove_adjustment_once(
        &self,
        id: &str,
        audit: Option<&NewAudit>,
        now: Timestamp,
    ) -> Result<AdjustmentRow, StoreError> {
        let mut tx = self.begin().await?;
        let row = remove(self, &mut tx, id, audit, now).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(row)
    }
}

#[async_trait]
impl AdjustmentStore for PostgresStore {
    async fn adjust(
        &self,
        adjustment: &NewAdjustment,
        audit: Option<&NewAudit>,
        now: Timestamp,
    ) -> Result<AdjustmentRow, StoreError> {
        retry::passing(|| self.adjust_once(adjustment, audit, now)).await
    }

    async fn adjustments(&self, first: Date, last: Date) -> Result<Vec<AdjustmentRow>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM adjustment WHERE last_day >= $1 AND first_day <= $2 ORDER BY created_us, id"
        ))
        .bind(first.to_string())
        .bind(last.to_string())
        .fetch_all(&self.pool)
        .await
        .map_err(error::store)?;
        rows.iter().map(read).collect()
    }

    async fn remove_adjustment(
        &self,
        id: &str,
        audit: Option<&NewAudit>,
        now: Timestamp,
    ) -> Result<AdjustmentRow, StoreError> {
        retry::passing(|| self.remove_adjustment_once(id, audit, now)).await
    }
}

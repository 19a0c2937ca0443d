//! Counters per local day.

use async_trait::async_trait;
use jiff::civil::Date;
use mcp_store::{
    StoreError,
    usage::{Usage, UsageKind, UsageStore},
};
use sqlx::SqliteExecutor;

use crate::{SqliteStore, Tx, db, driver::amount};

async fn of_day(executor: impl SqliteExecutor<'_>, day: Date) -> Result<Usage, StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as("SELECT kind, amount FROM usage_day WHERE day = $1")
        .bind(day.to_string())
        .fetch_all(executor)
        .await
        .map_err(db)?;
    Ok(collect(rows))
}

fn collect(rows: Vec<(String, i64)>) -> Usage {
    Usage::from_rows(rows.into_iter().map(|(kind, sum)| (kind, amount(sum))))
}

async fn add_of(tx: &mut Tx, customer: i64, day: Date, kind: &str, by: u64) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO usage_customer (customer_id, day, kind, amount) VALUES ($1, $2, $3, $4)
         ON CONFLICT (customer_id, day, kind) DO UPDATE SET
           amount = CASE WHEN amount > 9223372036854775807 - excluded.amount THEN 9223372036854775807
                         ELSE amount + excluded.amount END",
    )
    .bind(customer)
    .bind(day.to_string())
    .bind(kind)
    .bind(i64::try_from(by).unwrap_or(i64::MAX))
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    Ok(())
}

async fn add(executor: impl SqliteExecutor<'_>, day: Date, kind: &str, by: u64) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO usage_day (day, kind, amount) VALUES ($1, $2, $3)
         ON CONFLICT (day, kind) DO UPDATE SET
           amount = CASE WHEN amount > 9223372036854775807 - excluded.amount THEN 9223372036854775807
                         ELSE amount + excluded.amount END",
    )
    .bind(day.to_string())
    .bind(kind)
    .bind(i64::try_from(by).unwrap_or(i64::MAX))
    .execute(executor)
    .await
    .map_err(db)?;
    Ok(())
}

#[async_trait]
impl UsageStore for SqliteStore {
    async fn add_usage(
        &self,
        day: Date,
        customer_id: Option<i64>,
        amounts: &Usage,
    ) -> Result<Usage, StoreError> {
        let mut tx = self.begin().await?;
        for (kind, by) in amounts.rows() {
            add(&mut *tx, day, &kind, by).await?;
            if let Some(customer) = customer_id {
                add_of(&mut tx, customer, day, &kind, by).await?;
            }
        }
        let sums = of_day(&mut *tx, day).await?;
        tx.commit().await.map_err(db)?;
        Ok(sums)
    }

    async fn usage(&self, day: Date) -> Result<Usage, StoreError> {
        of_day(&self.readers, day).await
    }

    async fn spend(&self, day: Date, kind: UsageKind, by: u64, limit: u64) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let sum = of_day(&mut *tx, day).await?.of(kind);
        if sum.checked_add(by).is_none_or(|after| after > limit) {
            return Ok(false);
        }
        add(&mut *tx, day, kind.as_str(), by).await?;
        tx.commit().await.map_err(db)?;
        Ok(true)
    }

    async fn usage_of(&self, customer_id: i64, day: Date) -> Result<Usage, StoreError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT kind, amount FROM usage_customer WHERE customer_id = $1 AND day = $2")
                .bind(customer_id)
                .bind(day.to_string())
                .fetch_all(&self.readers)
                .await
                .map_err(db)?;
        Ok(collect(rows))
    }
}

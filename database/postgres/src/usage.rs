//! What was used up on one local day.

use async_trait::async_trait;
use jiff::civil::Date;
use mcp_store::{
    StoreError,
    usage::{Usage, UsageKind, UsageStore},
};

use crate::{PostgresStore, error, retry};

fn amount(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl PostgresStore {
    async fn add_usage_once(
        &self,
        day: Date,
        customer_id: Option<i64>,
        amounts: &Usage,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let (kinds, sums): (Vec<String>, Vec<i64>) =
            amounts.rows().into_iter().map(|(kind, by)| (kind, amount(by))).unzip();
        let mut tx = self.begin().await?;
        if let Some(customer) = customer_id {
            sqlx::query(
                "INSERT INTO usage_customer AS u (customer_id, day, kind, amount)
                 SELECT $4, $1, kind, amount FROM unnest($2::text[], $3::bigint[]) AS a (kind, amount)
                 WHERE amount > 0 ORDER BY kind
                 ON CONFLICT (customer_id, day, kind) DO UPDATE
                     SET amount = LEAST(u.amount::numeric + excluded.amount, 9223372036854775807)::bigint",
            )
            .bind(day.to_string())
            .bind(&kinds)
            .bind(&sums)
            .bind(customer)
            .execute(&mut *tx)
            .await
            .map_err(error::store)?;
        }
        // In one order of rows, so that two at a time wait and do not deadlock. A sum beyond 63 bits stays at the most.
        sqlx::query(
            "INSERT INTO usage_day AS u (day, kind, amount)
             SELECT $1, kind, amount FROM unnest($2::text[], $3::bigint[]) AS a (kind, amount) ORDER BY kind
             ON CONFLICT (day, kind) DO UPDATE
                 SET amount = LEAST(u.amount::numeric + excluded.amount, 9223372036854775807)::bigint",
        )
        .bind(day.to_string())
        .bind(&kinds)
        .bind(&sums)
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
        let rows = sqlx::query_as("SELECT kind, amount FROM usage_day WHERE day = $1")
            .bind(day.to_string())
            .fetch_all(&mut *tx)
            .await
            .map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        Ok(rows)
    }
}

#[async_trait]
impl UsageStore for PostgresStore {
    async fn add_usage(
        &self,
        day: Date,
        customer_id: Option<i64>,
        amounts: &Usage,
    ) -> Result<Usage, StoreError> {
        let rows = retry::passing(|| self.add_usage_once(day, customer_id, amounts)).await?;
        Ok(collect(rows))
    }

    async fn usage(&self, day: Date) -> Result<Usage, StoreError> {
        let rows = sqlx::query_as("SELECT kind, amount FROM usage_day WHERE day = $1")
            .bind(day.to_string())
            .fetch_all(&self.pool)
            .await
            .map_err(error::store)?;
        Ok(collect(rows))
    }

    async fn spend(&self, day: Date, kind: UsageKind, spent: u64, limit: u64) -> Result<bool, StoreError> {
        if amount(spent) > amount(limit) {
            return Ok(false);
        }
        let done = retry::passing(|| async {
            sqlx::query(
                "INSERT INTO usage_day AS u (day, kind, amount) VALUES ($1, $2, $3)
                 ON CONFLICT (day, kind) DO UPDATE SET amount = u.amount + excluded.amount
                 WHERE u.amount <= $4 - excluded.amount",
            )
            .bind(day.to_string())
            .bind(kind.as_str())
            .bind(amount(spent))
            .bind(amount(limit))
            .execute(&self.pool)
            .await
            .map_err(error::store)
        })
        .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn usage_of(&self, customer_id: i64, day: Date) -> Result<Usage, StoreError> {
        let rows =
            sqlx::query_as("SELECT kind, amount FROM usage_customer WHERE customer_id = $1 AND day = $2")
                .bind(customer_id)
                .bind(day.to_string())
                .fetch_all(&self.pool)
                .await
                .map_err(error::store)?;
        Ok(collect(rows))
    }
}

fn collect(rows: Vec<(String, i64)>) -> Usage {
    Usage::from_rows(rows.into_iter().map(|(kind, amount)| (kind, u64::try_from(amount).unwrap_or(0))))
}

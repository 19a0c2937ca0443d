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

#[async_trait]
impl UsageStore for PostgresStore {
    async fn add_usage(&self, day: Date, amounts: &Usage) -> Result<Usage, StoreError> {
        let kinds = UsageKind::ALL.map(UsageKind::as_str);
        let sums = UsageKind::ALL.map(|kind| amount(amounts.of(kind)));
        let rows = retry::passing(|| async {
            // In one order of rows, so that two at a time wait and do not deadlock. A sum beyond 63 bits stays at the most.
            sqlx::query_as(
                "INSERT INTO usage_day AS u (day, kind, amount)
                 SELECT $1, kind, amount FROM unnest($2::text[], $3::bigint[]) AS a (kind, amount) ORDER BY kind
                 ON CONFLICT (day, kind) DO UPDATE
                     SET amount = LEAST(u.amount::numeric + excluded.amount, 9223372036854775807)::bigint
                 RETURNING kind, amount",
            )
                .bind(day.to_string())
                .bind(kinds)
                .bind(sums)
                .fetch_all(&self.pool)
                .await
                .map_err(error::store)
        })
        .await?;
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
}

fn collect(rows: Vec<(String, i64)>) -> Usage {
    let mut usage = Usage::default();
    for (kind, amount) in rows {
        if let Some(kind) = UsageKind::parse(&kind) {
            *usage.of_mut(kind) = u64::try_from(amount).unwrap_or(0);
        }
    }
    usage
}

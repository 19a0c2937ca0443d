//! Whether the database answers.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_store::{StoreError, maintenance::Health};

use crate::{PostgresStore, error};

#[async_trait]
impl Health for PostgresStore {
    async fn recover(&self, _now: Timestamp, _unknown_wait: SignedDuration) -> Result<(), StoreError> {
        // Another replica may hold claims: leases decide.
        Ok(())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&self.pool).await.map(drop).map_err(error::store)
    }
}

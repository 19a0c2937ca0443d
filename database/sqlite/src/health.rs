//! Whether the database answers, and its start.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_store::{StoreError, maintenance::Health, micros};

use crate::{SqliteStore, db, outbox};

#[async_trait]
impl Health for SqliteStore {
    async fn recover(&self, now: Timestamp, unknown_wait: SignedDuration) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // The one process that had these claims is gone.
        for void in [
            "UPDATE conversation SET lease_until_us = NULL, epoch = epoch + 1 WHERE lease_until_us IS NOT NULL",
            "UPDATE booking SET mirror_lease_us = NULL, mirror_epoch = mirror_epoch + 1 WHERE mirror_lease_us IS NOT NULL",
            "UPDATE reminder SET lease_until_us = NULL, epoch = epoch + 1 WHERE lease_until_us IS NOT NULL",
        ] {
            sqlx::query(void).execute(&mut *tx).await.map_err(db)?;
        }
        let until = micros::to(now).saturating_add(micros::of(unknown_wait));
        outbox::become_ambiguous(&mut tx, i64::MAX, outbox::Wait::Until(until), now).await?;
        tx.commit().await.map_err(db)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let _: i64 = sqlx::query_scalar("SELECT 1").fetch_one(&self.readers).await.map_err(db)?;
        Ok(())
    }
}

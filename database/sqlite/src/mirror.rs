//! Work of mirroring bookings into an outside calendar.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError,
    calendar::{MirrorJob, MirrorStore},
    micros,
};
use sqlx::Row;

use crate::{
    SqliteStore, booking, db,
    driver::{amount, count},
};

#[async_trait]
impl MirrorStore for SqliteStore {
    async fn claim_mirror(
        &self,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<MirrorJob>, StoreError> {
        let now_us = micros::to(now);
        let row = sqlx::query(
            concat!("UPDATE booking SET mirror_epoch = mirror_epoch + 1, mirror_attempts = mirror_attempts + 1, mirror_lease_us = $2
             WHERE id = (
               SELECT id FROM booking
               WHERE mirrored_revision < revision AND state <> 'held' AND mirror_due_us <= $1
                 AND (mirror_lease_us IS NULL OR mirror_lease_us <= $1)
               ORDER BY mirror_due_us LIMIT 1)
             RETURNING ", columns!(booking), ", mirrored_revision, mirror_epoch, mirror_attempts"),
        )
        .bind(now_us)
        .bind(now_us.saturating_add(micros::of(lease)))
        .fetch_optional(&mut *self.writer.statement().await?)
        .await
        .map_err(db)?;
        row.map(|row| {
            Ok(MirrorJob {
                row: booking::read(&row)?,
                mirrored_revision: row.get("mirrored_revision"),
                epoch: row.get("mirror_epoch"),
                attempt: count(row.get("mirror_attempts")),
            })
        })
        .transpose()
    }

    async fn mirror_done(&self, job: &MirrorJob) -> Result<(), StoreError> {
        let done = sqlx::query(
            "UPDATE booking SET mirrored_revision = MAX(mirrored_revision, $3), mirror_lease_us = NULL,
               mirror_epoch = mirror_epoch + 1, mirror_error = NULL,
               mirror_attempts = CASE WHEN revision = $3 THEN 0 ELSE mirror_attempts END
             WHERE id = $1 AND mirror_epoch = $2 AND mirror_lease_us IS NOT NULL",
        )
        .bind(&job.row.booking.id)
        .bind(job.epoch)
        .bind(job.row.revision)
        .execute(&mut *self.writer.statement().await?)
        .await
        .map_err(db)?;
        if done.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }

    async fn mirror_failed(&self, job: &MirrorJob, why: &str, retry_at: Timestamp) -> Result<(), StoreError> {
        // A booking that changed since the claim is due at once, whatever its earlier revision waits for.
        let done = sqlx::query(
            "UPDATE booking SET mirror_lease_us = NULL, mirror_epoch = mirror_epoch + 1, mirror_error = $4,
               mirror_due_us = CASE WHEN revision = $3 THEN $5 ELSE mirror_due_us END
             WHERE id = $1 AND mirror_epoch = $2 AND mirror_lease_us IS NOT NULL",
        )
        .bind(&job.row.booking.id)
        .bind(job.epoch)
        .bind(job.row.revision)
        .bind(why)
        .bind(micros::to(retry_at))
        .execute(&mut *self.writer.statement().await?)
        .await
        .map_err(db)?;
        if done.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }

    async fn next_mirror_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(MAX(mirror_due_us, COALESCE(mirror_lease_us, 0))) FROM booking
             WHERE mirrored_revision < revision AND state <> 'held'",
        )
        .fetch_one(&self.readers)
        .await
        .map_err(db)?;
        due.map(|us| micros::from(us, "booking", "mirror_due_us", "next")).transpose()
    }

    async fn mirror_behind(&self) -> Result<u64, StoreError> {
        let behind: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM booking WHERE mirrored_revision < revision AND state <> 'held'",
        )
        .fetch_one(&self.readers)
        .await
        .map_err(db)?;
        Ok(amount(behind))
    }
}

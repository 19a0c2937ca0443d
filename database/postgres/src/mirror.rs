//! Work of mirroring bookings into an outside calendar.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError,
    calendar::{MirrorJob, MirrorStore},
    micros,
};
use sqlx::Row;

use crate::{PostgresStore, booking::row, error, lease_now, retry, text};

#[async_trait]
impl MirrorStore for PostgresStore {
    async fn claim_mirror(
        &self,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<MirrorJob>, StoreError> {
        let row = retry::passing(|| async {
            sqlx::query(concat!(
                "UPDATE booking b SET mirror_epoch = nextval('claim_epoch'), mirror_attempts = mirror_attempts + 1,
                     mirror_lease_us = $3 + ",
                lease_now!("1"),
                " WHERE b.id = (
                     SELECT id FROM booking
                     WHERE mirrored_revision < revision AND state <> 'held' AND mirror_due_us <= $2
                       AND (mirror_lease_us IS NULL OR mirror_lease_us <= ",
                lease_now!("1"),
                ")
                     ORDER BY mirror_due_us LIMIT 1 FOR UPDATE SKIP LOCKED)
                 RETURNING b.mirrored_revision, b.mirror_epoch, b.mirror_attempts, ",
                row::columns!()
            ))
            .bind(self.lease_now(now))
            .bind(micros::to(now))
            .bind(micros::of(lease))
            .fetch_optional(&self.pool)
            .await
            .map_err(error::store)
        })
        .await?;
        row.map(|row| {
            Ok(MirrorJob {
                row: row::read(&row)?,
                mirrored_revision: row.get("mirrored_revision"),
                epoch: row.get("mirror_epoch"),
                attempt: text::count(row.get("mirror_attempts")),
            })
        })
        .transpose()
    }

    async fn mirror_done(&self, job: &MirrorJob) -> Result<(), StoreError> {
        let done = sqlx::query(
            "UPDATE booking SET mirrored_revision = GREATEST(mirrored_revision, $3), mirror_lease_us = NULL,
                 mirror_epoch = nextval('claim_epoch'), mirror_error = NULL,
                 mirror_attempts = CASE WHEN revision = $3 THEN 0 ELSE mirror_attempts END
             WHERE id = $1 AND mirror_epoch = $2 AND mirror_lease_us IS NOT NULL",
        )
        .bind(&job.row.booking.id)
        .bind(job.epoch)
        .bind(job.row.revision)
        .execute(&self.pool)
        .await
        .map_err(error::store)?;
        if done.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }

    async fn mirror_failed(&self, job: &MirrorJob, why: &str, retry_at: Timestamp) -> Result<(), StoreError> {
        // A booking that changed since the claim is due at once, whatever its earlier revision waits for.
        let done = sqlx::query(
            "UPDATE booking SET mirror_lease_us = NULL, mirror_epoch = nextval('claim_epoch'), mirror_error = $4,
                 mirror_due_us = CASE WHEN revision = $3 THEN $5 ELSE mirror_due_us END
             WHERE id = $1 AND mirror_epoch = $2 AND mirror_lease_us IS NOT NULL",
        )
        .bind(&job.row.booking.id)
        .bind(job.epoch)
        .bind(job.row.revision)
        .bind(text::clean(why))
        .bind(micros::to(retry_at))
        .execute(&self.pool)
        .await
        .map_err(error::store)?;
        if done.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }

    async fn next_mirror_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(GREATEST(mirror_due_us, mirror_lease_us)) FROM booking
             WHERE mirrored_revision < revision AND state <> 'held'",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(error::store)?;
        text::instant(due, "booking", "mirror_due_us", "next")
    }

    async fn mirror_behind(&self) -> Result<u64, StoreError> {
        let behind: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM booking WHERE mirrored_revision < revision AND state <> 'held'",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(error::store)?;
        Ok(u64::try_from(behind).unwrap_or(0))
    }
}

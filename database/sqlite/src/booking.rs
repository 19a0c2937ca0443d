//! Booking, and the mirror's queue.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{BookingOutcome, BookingRequest, BookingRow, BookingStore, MirrorJob, Occupied, Refused},
};
use sqlx::{Row, Sqlite, SqliteExecutor, Transaction};

use crate::{
    SqliteStore,
    booking_row::{self, Inserted},
    micros,
};

/// Decides and writes a booking inside the caller's transaction.
pub(crate) async fn book_in(
    tx: &mut Transaction<'static, Sqlite>,
    request: &BookingRequest,
    now: Timestamp,
) -> Result<BookingOutcome, StoreError> {
    let earlier: Option<(String, String)> =
        sqlx::query_as("SELECT digest, booking_id FROM effect WHERE key = $1")
            .bind(&request.idempotency_key)
            .fetch_optional(&mut **tx)
            .await
            .map_err(StoreError::database)?;
    if let Some((digest, booking_id)) = earlier {
        if digest != request.digest {
            return Err(StoreError::KeyReused);
        }
        return Ok(BookingOutcome::Booked(Box::new(booking_row::get(tx, &booking_id).await?)));
    }
    if let Some(limit) = request.limit {
        let open: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM booking WHERE customer_id = $1 AND state IN ('held', 'requested', 'confirmed') AND end_us > $2",
        )
        .bind(limit.customer_id)
        .bind(micros::to(now))
        .fetch_one(&mut **tx)
        .await
        .map_err(StoreError::database)?;
        if open >= i64::from(limit.most) {
            let message = format!(
                "this customer has {open} open bookings already: one must take place or be cancelled first"
            );
            return Ok(BookingOutcome::Refused(Refused::new("limit_reached", message)));
        }
    }
    let taken = occupied_in(&mut **tx, request.around.0, request.around.1).await?;
    let booking = match (request.choose)(&taken) {
        Ok(booking) => booking,
        Err(refused) => return Ok(BookingOutcome::Refused(refused)),
    };
    if let Inserted::Overlap = booking_row::insert(tx, &booking, now).await? {
        return Ok(BookingOutcome::Refused(Refused::slot_taken()));
    }
    sqlx::query("INSERT INTO effect (key, digest, booking_id, created_us) VALUES ($1, $2, $3, $4)")
        .bind(&request.idempotency_key)
        .bind(&request.digest)
        .bind(&booking.id)
        .bind(micros::to(now))
        .execute(&mut **tx)
        .await
        .map_err(StoreError::database)?;
    Ok(BookingOutcome::Booked(Box::new(booking_row::get(tx, &booking.id).await?)))
}

async fn occupied_in(
    executor: impl SqliteExecutor<'_>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Occupied>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, staff_id, occupies_from_us, occupies_to_us FROM booking
         WHERE state IN ('held', 'requested', 'confirmed') AND occupies_from_us < $2 AND $1 < occupies_to_us",
    )
    .bind(micros::to(from))
    .bind(micros::to(to))
    .fetch_all(executor)
    .await
    .map_err(StoreError::database)?;
    rows.iter()
        .map(|row| {
            let id: String = row.get("id");
            Ok(Occupied {
                staff_id: row.get("staff_id"),
                from: micros::from(row.get("occupies_from_us"), "booking", "occupies_from_us", &id)?,
                to: micros::from(row.get("occupies_to_us"), "booking", "occupies_to_us", &id)?,
            })
        })
        .collect()
}

#[async_trait]
impl BookingStore for SqliteStore {
    async fn occupied(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Occupied>, StoreError> {
        occupied_in(&self.readers, from, to).await
    }

    async fn open_of(&self, customer_id: i64, now: Timestamp) -> Result<Vec<BookingRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM booking WHERE customer_id = $1 AND state IN ('requested', 'confirmed') AND end_us > $2
             ORDER BY start_us LIMIT 20",
        )
        .bind(customer_id)
        .bind(micros::to(now))
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::database)?;
        rows.iter().map(booking_row::read).collect()
    }

    async fn book(&self, request: &BookingRequest, now: Timestamp) -> Result<BookingOutcome, StoreError> {
        let mut tx = self.begin().await?;
        let outcome = book_in(&mut tx, request, now).await?;
        tx.commit().await.map_err(StoreError::database)?;
        Ok(outcome)
    }

    async fn claim_mirror(
        &self,
        now: Timestamp,
        retry_at: Timestamp,
    ) -> Result<Option<MirrorJob>, StoreError> {
        let row = sqlx::query(
            "UPDATE booking SET mirror_attempts = mirror_attempts + 1, mirror_due_us = $2
             WHERE id = (SELECT id FROM booking WHERE mirrored_revision < revision AND mirror_due_us <= $1
                         ORDER BY mirror_due_us LIMIT 1)
             RETURNING *",
        )
        .bind(micros::to(now))
        .bind(micros::to(retry_at))
        .fetch_optional(&self.writer)
        .await
        .map_err(StoreError::database)?;
        row.map(|row| {
            let attempt = u32::try_from(row.get::<i64, _>("mirror_attempts")).unwrap_or(u32::MAX);
            Ok(MirrorJob { row: booking_row::read(&row)?, attempt })
        })
        .transpose()
    }

    async fn mirrored(&self, booking_id: &str, revision: i64) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE booking SET mirrored_revision = $2, mirror_attempts = 0, mirror_due_us = 0, mirror_error = NULL
             WHERE id = $1 AND mirrored_revision < $2",
        )
        .bind(booking_id)
        .bind(revision)
        .execute(&self.writer)
        .await
        .map_err(StoreError::database)?;
        Ok(())
    }

    async fn mirror_failed(
        &self,
        booking_id: &str,
        why: &str,
        retry_at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE booking SET mirror_error = $2, mirror_due_us = $3 WHERE id = $1")
            .bind(booking_id)
            .bind(why)
            .bind(micros::to(retry_at))
            .execute(&self.writer)
            .await
            .map_err(StoreError::database)?;
        Ok(())
    }

    async fn next_mirror_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> =
            sqlx::query_scalar("SELECT MIN(mirror_due_us) FROM booking WHERE mirrored_revision < revision")
                .fetch_one(&self.readers)
                .await
                .map_err(StoreError::database)?;
        due.map(|us| micros::from(us, "booking", "mirror_due_us", "next")).transpose()
    }
}

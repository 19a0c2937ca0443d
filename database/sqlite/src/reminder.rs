//! Reminders of bookings.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError, micros,
    reminder::{ClaimedReminder, ReminderEnd, ReminderRow, ReminderState, ReminderStore},
};
use sqlx::{Row, sqlite::SqliteRow};

use crate::{SqliteStore, booking, db, driver::count, outbox};

fn read(row: &SqliteRow) -> Result<ReminderRow, StoreError> {
    let booking_id: String = row.get("booking_id");
    let inconsistent =
        || StoreError::Inconsistent { table: "reminder", column: "state", row: booking_id.clone() };
    Ok(ReminderRow {
        due_at: micros::from(row.get("due_us"), "reminder", "due_us", &booking_id)?,
        state: ReminderState::parse(row.get("state")).ok_or_else(inconsistent)?,
        attempts: count(row.get("attempts")),
        booking_id,
    })
}

#[async_trait]
impl ReminderStore for SqliteStore {
    async fn claim_reminder(
        &self,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<ClaimedReminder>, StoreError> {
        let now_us = micros::to(now);
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE reminder SET state = 'cancelled', epoch = epoch + 1, lease_until_us = NULL
             WHERE state = 'pending' AND not_before_us <= $1
               AND EXISTS (SELECT 1 FROM booking b WHERE b.id = reminder.booking_id AND b.start_us <= $1)",
        )
        .bind(now_us)
        .execute(&mut *tx)
        .await
        .map_err(db)?;
        let claimed = sqlx::query(
            "UPDATE reminder SET epoch = epoch + 1, attempts = attempts + 1, lease_until_us = $2
             WHERE (booking_id, due_us) = (
               SELECT r.booking_id, r.due_us FROM reminder r JOIN booking b ON b.id = r.booking_id
               WHERE r.state = 'pending' AND r.not_before_us <= $1
                 AND (r.lease_until_us IS NULL OR r.lease_until_us <= $1) AND b.state = 'confirmed'
               ORDER BY r.not_before_us, r.booking_id LIMIT 1)
             RETURNING booking_id, due_us, epoch, attempts",
        )
        .bind(now_us)
        .bind(now_us.saturating_add(micros::of(lease)))
        .fetch_optional(&mut *tx)
        .await
        .map_err(db)?;
        let Some(claimed) = claimed else {
            tx.commit().await.map_err(db)?;
            return Ok(None);
        };
        let booking_id: String = claimed.get("booking_id");
        let row = sqlx::query(
            concat!("SELECT ", columns!(booking, b), ", c.id AS conversation_id FROM booking b LEFT JOIN conversation c ON c.customer_id = b.customer_id
             WHERE b.id = $1"),
        )
        .bind(&booking_id)
        .fetch_one(&mut *tx)
        .await
        .map_err(db)?;
        tx.commit().await.map_err(db)?;
        Ok(Some(ClaimedReminder {
            row: booking::read(&row)?,
            due_at: micros::from(claimed.get("due_us"), "reminder", "due_us", &booking_id)?,
            conversation_id: row.get("conversation_id"),
            epoch: claimed.get("epoch"),
            attempt: count(claimed.get("attempts")),
        }))
    }

    async fn reminded(
        &self,
        claim: &ClaimedReminder,
        end: ReminderEnd,
        now: Timestamp,
    ) -> Result<ReminderRow, StoreError> {
        let (state, not_before, message) = match end {
            ReminderEnd::Said(message) => (ReminderState::Sent, claim.due_at, Some(message)),
            ReminderEnd::Skipped => (ReminderState::Skipped, claim.due_at, None),
            ReminderEnd::Retry { at } => (ReminderState::Pending, at, None),
        };
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            concat!("UPDATE reminder SET state = $4, not_before_us = $5, lease_until_us = NULL, epoch = epoch + 1
             WHERE booking_id = $1 AND due_us = $2 AND epoch = $3 AND state = 'pending' AND lease_until_us IS NOT NULL
             RETURNING ", columns!(reminder)),
        )
        .bind(&claim.row.booking.id)
        .bind(micros::to(claim.due_at))
        .bind(claim.epoch)
        .bind(state.as_str())
        .bind(micros::to(not_before))
        .fetch_optional(&mut *tx)
        .await
        .map_err(db)?;
        let row = read(&row.ok_or(StoreError::Stale)?)?;
        if let Some(message) = message {
            let Some(conversation) = claim.conversation_id else {
                return Err(StoreError::Invalid("there is no conversation to say it in".into()));
            };
            outbox::insert(&mut tx, conversation, Some(&claim.row.booking.id), &message, now).await?;
        }
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn next_reminder_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(MAX(r.not_before_us, COALESCE(r.lease_until_us, 0)))
             FROM reminder r JOIN booking b ON b.id = r.booking_id
             WHERE r.state = 'pending' AND b.state = 'confirmed'",
        )
        .fetch_one(&self.readers)
        .await
        .map_err(db)?;
        due.map(|us| micros::from(us, "reminder", "not_before_us", "next")).transpose()
    }

    async fn reminders(&self, booking_id: &str) -> Result<Vec<ReminderRow>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(reminder),
            " FROM reminder WHERE booking_id = $1 ORDER BY due_us"
        ))
        .bind(booking_id)
        .fetch_all(&self.readers)
        .await
        .map_err(db)?;
        rows.iter().map(read).collect()
    }
}

//! Reminders of bookings.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError, micros,
    reminder::{ClaimedReminder, ReminderEnd, ReminderRow, ReminderState, ReminderStore},
};
use sqlx::{Row, postgres::PgRow};

use crate::{PostgresStore, booking::row, error, lease_now, outbox, retry, text};

fn read(row: &PgRow) -> Result<ReminderRow, StoreError> {
    let booking_id: String = row.get("booking_id");
    let inconsistent =
        || StoreError::Inconsistent { table: "reminder", column: "state", row: booking_id.clone() };
    Ok(ReminderRow {
        due_at: micros::from(row.get("due_us"), "reminder", "due_us", &booking_id)?,
        state: ReminderState::parse(row.get("state")).ok_or_else(inconsistent)?,
        attempts: text::count(row.get("attempts")),
        booking_id,
    })
}

impl PostgresStore {
    async fn claim_reminder_once(
        &self,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<ClaimedReminder>, StoreError> {
        let mut tx = self.begin().await?;
        // Those of bookings that have begun come too late.
        sqlx::query(
            "UPDATE reminder SET state = 'cancelled', epoch = nextval('claim_epoch'), lease_until_us = NULL
             WHERE (booking_id, due_us) IN (
                 SELECT r.booking_id, r.due_us FROM reminder r JOIN booking b ON b.id = r.booking_id
                 WHERE r.state = 'pending' AND r.not_before_us <= $1 AND b.start_us <= $1
                 FOR UPDATE OF r SKIP LOCKED)",
        )
        .bind(micros::to(now))
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
        let claimed = sqlx::query(concat!(
            "UPDATE reminder SET epoch = nextval('claim_epoch'), attempts = attempts + 1, lease_until_us = $3 + ",
            lease_now!("1"),
            " WHERE (booking_id, due_us) = (
                 SELECT r.booking_id, r.due_us FROM reminder r JOIN booking b ON b.id = r.booking_id
                 WHERE r.state = 'pending' AND r.not_before_us <= $2
                   AND (r.lease_until_us IS NULL OR r.lease_until_us <= ",
            lease_now!("1"),
            ") AND b.state = 'confirmed' AND b.start_us > $2
                 ORDER BY r.not_before_us, r.booking_id LIMIT 1 FOR UPDATE OF r SKIP LOCKED)
             RETURNING booking_id, due_us, epoch, attempts"
        ))
        .bind(self.lease_now(now))
        .bind(micros::to(now))
        .bind(micros::of(lease))
        .fetch_optional(&mut *tx)
        .await
        .map_err(error::store)?;
        let Some(claimed) = claimed else {
            tx.commit().await.map_err(error::store)?;
            return Ok(None);
        };
        let booking_id: String = claimed.get("booking_id");
        let row = sqlx::query(concat!(
            "SELECT ",
            row::columns!(),
            ", c.id AS conversation_id FROM booking b LEFT JOIN conversation c ON c.customer_id = b.customer_id
             WHERE b.id = $1"
        ))
        .bind(&booking_id)
        .fetch_one(&mut *tx)
        .await
        .map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        Ok(Some(ClaimedReminder {
            row: row::read(&row)?,
            due_at: micros::from(claimed.get("due_us"), "reminder", "due_us", &booking_id)?,
            conversation_id: row.get("conversation_id"),
            epoch: claimed.get("epoch"),
            attempt: text::count(claimed.get("attempts")),
        }))
    }

    async fn reminded_once(
        &self,
        claim: &ClaimedReminder,
        end: &ReminderEnd,
        now: Timestamp,
    ) -> Result<ReminderRow, StoreError> {
        let (state, not_before, message) = match end {
            ReminderEnd::Said(message) => (ReminderState::Sent, claim.due_at, Some(message)),
            ReminderEnd::Skipped => (ReminderState::Skipped, claim.due_at, None),
            ReminderEnd::Retry { at } => (ReminderState::Pending, *at, None),
        };
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "UPDATE reminder SET state = $4, not_before_us = $5, lease_until_us = NULL, epoch = nextval('claim_epoch')
             WHERE booking_id = $1 AND due_us = $2 AND epoch = $3 AND state = 'pending' AND lease_until_us IS NOT NULL
             RETURNING booking_id, due_us, state, attempts",
        )
        .bind(&claim.row.booking.id)
        .bind(micros::to(claim.due_at))
        .bind(claim.epoch)
        .bind(state.as_str())
        .bind(micros::to(not_before))
        .fetch_optional(&mut *tx)
        .await
        .map_err(error::store)?;
        let row = read(&row.ok_or(StoreError::Stale)?)?;
        if let Some(message) = message {
            let Some(conversation) = claim.conversation_id else {
                return Err(StoreError::Invalid("there is no conversation to say it in".into()));
            };
            outbox::insert(&mut tx, conversation, Some(&claim.row.booking.id), message, now).await?;
        }
        tx.commit().await.map_err(error::store)?;
        Ok(row)
    }
}

#[async_trait]
impl ReminderStore for PostgresStore {
    async fn claim_reminder(
        &self,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<ClaimedReminder>, StoreError> {
        retry::passing(|| self.claim_reminder_once(lease, now)).await
    }

    async fn reminded(
        &self,
        claim: &ClaimedReminder,
        end: ReminderEnd,
        now: Timestamp,
    ) -> Result<ReminderRow, StoreError> {
        retry::passing(|| self.reminded_once(claim, &end, now)).await
    }

    async fn next_reminder_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(GREATEST(r.not_before_us, r.lease_until_us))
             FROM reminder r JOIN booking b ON b.id = r.booking_id
             WHERE r.state = 'pending' AND b.state = 'confirmed'",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(error::store)?;
        text::instant(due, "reminder", "not_before_us", "next")
    }

    async fn reminders(&self, booking_id: &str) -> Result<Vec<ReminderRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT booking_id, due_us, state, attempts FROM reminder WHERE booking_id = $1 ORDER BY due_us",
        )
        .bind(booking_id)
        .fetch_all(&self.pool)
        .await
        .map_err(error::store)?;
        rows.iter().map(read).collect()
    }
}

//! Reminders of bookings.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{StoreError, booking::BookingRow, outbox::NewOutgoing};

/// Where a reminder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReminderState {
    /// Waits until it is due and its booking is confirmed.
    Pending,
    /// In the outbox.
    Sent,
    /// Not sent, by decision (no opt-in, nobody to send it to, too late).
    Skipped,
    /// Its booking was moved, cancelled, or is over.
    Cancelled,
}

impl ReminderState {
    const ALL: [Self; 4] = [Self::Pending, Self::Sent, Self::Skipped, Self::Cancelled];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }

    /// From storage.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A reminder as committed. Named by its booking and `due_at`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderRow {
    /// The booking.
    pub booking_id: String,
    /// When it is due.
    pub due_at: Timestamp,
    /// Where it is.
    pub state: ReminderState,
    /// How often it was claimed.
    pub attempts: u32,
}

/// A reminder that is due, claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedReminder {
    /// The booking as it is; confirmed.
    pub row: BookingRow,
    /// When it was due.
    pub due_at: Timestamp,
    /// The conversation of the booking's customer, where there is one.
    pub conversation_id: Option<i64>,
    /// Number of this claim.
    pub epoch: i64,
    /// How often it was claimed, this time included.
    pub attempt: u32,
}

/// How a claimed reminder ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ReminderEnd {
    /// Said: written into the outbox of the claim's conversation in the same transaction.
    Said(NewOutgoing),
    /// Not said, by decision.
    Skipped,
    /// Not now.
    Retry {
        /// Not before.
        at: Timestamp,
    },
}

/// Reminders are written with their booking ([`Choice::reminders`](crate::booking::Choice)), replaced when it moves,
/// and cancelled in the transaction in which it stops standing.
#[async_trait]
pub trait ReminderStore: Send + Sync {
    /// Claims the reminder that is due the longest, of a confirmed booking that has not begun at `now`. Those of
    /// bookings that have begun are never returned.
    async fn claim_reminder(
        &self,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<ClaimedReminder>, StoreError>;

    /// Ends a claim, conditional on the epoch; [`StoreError::Stale`] also where the booking was moved or cancelled
    /// since. [`StoreError::Invalid`] for [`ReminderEnd::Said`] without a conversation.
    async fn reminded(
        &self,
        claim: &ClaimedReminder,
        end: ReminderEnd,
        now: Timestamp,
    ) -> Result<ReminderRow, StoreError>;

    /// When the next reminder may be due; may be too early, never too late.
    async fn next_reminder_at(&self) -> Result<Option<Timestamp>, StoreError>;

    /// The reminders of a booking, by when they are due.
    async fn reminders(&self, booking_id: &str) -> Result<Vec<ReminderRow>, StoreError>;
}

//! What happened in the owner's calendar that only a person can decide about, and who is asked.
//!
//! Whatever is proposed: until somebody decides, the booking stands as it is.

use std::fmt::Write as _;

use async_trait::async_trait;
use aws_lc_rs::digest;
use jiff::Timestamp;
use mcp_store::StoreError;

/// Something to decide, for the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// Our event was moved: shall the booking move?
    Moved {
        /// Booking.
        booking_id: String,
        /// The booking's revision whose event it is.
        revision: i64,
        /// Where the event begins now.
        start: Timestamp,
        /// Where it ends now.
        end: Timestamp,
    },
    /// Our event was deleted: shall the booking be cancelled?
    Deleted {
        /// Booking.
        booking_id: String,
        /// The booking's revision whose event it was.
        revision: i64,
    },
    /// Another event came to lie over a confirmed booking: what now?
    Overlaps {
        /// Booking.
        booking_id: String,
        /// The booking's present revision.
        revision: i64,
        /// Where the event begins.
        event_start: Timestamp,
        /// Where it ends.
        event_end: Timestamp,
    },
}

impl Proposal {
    /// The booking it is about.
    pub fn booking_id(&self) -> &str {
        match self {
            Self::Moved { booking_id, .. }
            | Self::Deleted { booking_id, .. }
            | Self::Overlaps { booking_id, .. } => booking_id,
        }
    }

    /// The revision of the booking it is about; a booking that changed since makes the proposal void.
    pub fn revision(&self) -> i64 {
        match self {
            Self::Moved { revision, .. }
            | Self::Deleted { revision, .. }
            | Self::Overlaps { revision, .. } => *revision,
        }
    }

    /// `proposal:{booking}:{revision}:{digest}`: the same thing is asked once, however often it is seen.
    pub fn dedupe_key(&self) -> String {
        let what = match self {
            Self::Moved { start, end, .. } => format!("moved {start} {end}"),
            Self::Deleted { .. } => "deleted".to_owned(),
            Self::Overlaps { event_start, event_end, .. } => format!("overlaps {event_start} {event_end}"),
        };
        let digest = digest::digest(&digest::SHA256, what.as_bytes());
        let mut key = format!("proposal:{}:{}:", self.booking_id(), self.revision());
        for byte in &digest.as_ref()[..6] {
            // Writing into a String does not fail.
            let _ = write!(key, "{byte:02x}");
        }
        key
    }
}

/// Asks the owner. What was found in the calendar counts as handed over when this returns `Ok`, so asking is durable
/// (an outbox message under [`Proposal::dedupe_key`]); the same proposal may come again and is then asked no second
/// time.
#[async_trait]
pub trait AskOwner: Send + Sync + 'static {
    /// Asks.
    async fn ask(&self, proposal: Proposal) -> Result<(), StoreError>;
}

/// Tells a customer that a requested time turned out to be taken, with alternatives. The booking stays requested
/// until somebody decides.
#[async_trait]
pub trait Reoffer: Send + Sync + 'static {
    /// Offers other times for a booking at this revision; asked again after a restart, so the message has a dedupe
    /// key of both.
    async fn reoffer(&self, booking_id: &str, revision: i64) -> Result<(), StoreError>;
}

/// Asks nobody: says in the log that a person has to look.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogOnly;

#[async_trait]
impl AskOwner for LogOnly {
    async fn ask(&self, proposal: Proposal) -> Result<(), StoreError> {
        tracing::warn!(
            key = proposal.dedupe_key(),
            "the owner's calendar and a booking differ: decide what holds"
        );
        Ok(())
    }
}

#[async_trait]
impl Reoffer for LogOnly {
    async fn reoffer(&self, booking_id: &str, _revision: i64) -> Result<(), StoreError> {
        tracing::warn!(
            booking.id = booking_id,
            "a requested time is taken in the owner's calendar: offer another"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_finding_has_one_key_and_another_finding_another() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let moved = |start| Proposal::Moved {
            booking_id: "b".into(),
            revision: 2,
            start: at(start),
            end: at(start + 60),
        };
        let deleted = Proposal::Deleted { booking_id: "b".into(), revision: 2 };
        assert_eq!(moved(0).dedupe_key(), moved(0).dedupe_key());
        assert_ne!(moved(0).dedupe_key(), moved(1).dedupe_key());
        assert_ne!(moved(0).dedupe_key(), deleted.dedupe_key());
        assert!(deleted.dedupe_key().starts_with("proposal:b:2:"));
    }
}

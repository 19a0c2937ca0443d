//! The owner's calendar outside: Google Calendar. Bookings are mirrored into it, and what else stands in it closes
//! time.

pub mod google;
pub mod mirror;
pub mod token;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::booking::BookingRow;
use mcp_tenant::slots::Stretch;

/// Why the calendar did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// The service account's key or rights are refused; a person must act.
    #[error("use the calendar as this service account: {0}")]
    Account(String),
    /// Worth another try later.
    #[error("reach the calendar: {0}")]
    NotNow(String),
    /// An event with this id exists and is not ours.
    #[error("create the event: its id is taken by another event")]
    Foreign,
}

/// A calendar outside.
#[async_trait]
pub trait OutsideCalendar: Send + Sync + 'static {
    /// Times that events other than our own bookings take. Answers within two seconds or fails.
    async fn busy(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Stretch>, CalendarError>;

    /// Puts the booking's present revision into the calendar; a repeat is harmless.
    async fn put(&self, row: &BookingRow, time_zone: &str) -> Result<(), CalendarError>;

    /// Removes the event of one revision of a booking; one that is not there is no error.
    async fn remove(&self, row: &BookingRow, revision: i64) -> Result<(), CalendarError>;
}

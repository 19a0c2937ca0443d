//! The owner's calendars outside, in Google Calendar: the business's, and those of staff members who have their own.
//! Bookings are mirrored into them, and what else stands in them closes time.
//!
//! `calendars` answers for all of them. `sync` keeps their events in the tenant's database, woken by `push` or by
//! time (`poll`); `mirror` brings our bookings there; what an owner did to our events becomes one of the `proposals`;
//! `confirm` takes up bookings that could not be confirmed while a calendar could not be read.

pub mod api;
pub mod calendars;
pub mod confirm;
mod cursor;
mod detect;
pub mod event;
pub mod google;
pub mod mirror;
pub mod poll;
pub mod proposals;
pub mod push;
pub mod service;
pub mod sync;
#[cfg(test)]
mod tests;
pub mod token;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{StoreError, booking::BookingRow};
use mcp_tenant::slots::Stretch;

/// Why the calendar did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// The service account's key or rights are refused; a person must act.
    #[error("use the calendar as this service account: {0}")]
    Account(String),
    /// The service account may not do this in this calendar.
    #[error(
        "use the calendar as this service account: Google answers {0}; share the calendar with it, with the right to make changes to events"
    )]
    Forbidden(String),
    /// Google does not know this calendar, or not for this service account.
    #[error(
        "use the calendar as this service account: Google does not know the calendar {0}: check its id and share it with the service account"
    )]
    NotThere(String),
    /// Worth another try later.
    #[error("reach the calendar: {0}")]
    NotNow(String),
    /// An event with this id exists and is not ours.
    #[error("create the event: its id is taken by another event")]
    Foreign,
    /// The database failed.
    #[error("keep what the calendar says")]
    Store(#[from] StoreError),
}

impl CalendarError {
    /// The same for somebody else who waited for the same answer.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Account(why) => Self::Account(why.clone()),
            Self::Forbidden(why) => Self::Forbidden(why.clone()),
            Self::NotThere(calendar) => Self::NotThere(calendar.clone()),
            Self::NotNow(why) => Self::NotNow(why.clone()),
            Self::Foreign => Self::Foreign,
            Self::Store(_) => Self::NotNow(self.to_string()),
        }
    }
}

/// The calendars outside, as bookings see them.
#[async_trait]
pub trait OutsideCalendar: Send + Sync + 'static {
    /// Times that events other than our own bookings take from everybody. Answers within two seconds, or fails: then
    /// nothing can be said to be free. Where it succeeds the database's mirror, which booking transactions read, is
    /// up to date for every calendar.
    async fn busy(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Stretch>, CalendarError>;

    /// The same for these staff members: what takes time from everybody or from one of them. Calendars of others
    /// are not read, and do no harm where they cannot be.
    async fn busy_of(
        &self,
        _staff: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Stretch>, CalendarError> {
        self.busy(from, to).await
    }

    /// Puts the booking's present revision into the calendar; a repeat is harmless.
    async fn put(&self, row: &BookingRow, time_zone: &str) -> Result<(), CalendarError>;

    /// Removes the event of one revision of a booking; one that is not there is no error.
    async fn remove(&self, row: &BookingRow, revision: i64) -> Result<(), CalendarError>;

    /// Brings the event of the booking's present revision back to what the booking says: the owner moved or deleted
    /// it and then decided that the booking stands.
    async fn restore(&self, row: &BookingRow, time_zone: &str) -> Result<(), CalendarError> {
        self.put(row, time_zone).await
    }
}

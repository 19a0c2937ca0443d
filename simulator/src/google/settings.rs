//! What a calendar is to the service account: what it may do there, and the calendar's zone.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::error::CalendarError;

/// What the service account may do in a calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// Read and write events.
    #[default]
    Writer,
    /// Ask for free and busy times; events answer 403.
    FreeBusyReader,
    /// Nothing: the calendar is not there.
    None,
}

/// Settings of one calendar.
#[derive(Clone, Debug)]
pub(crate) struct CalendarSettings {
    pub access: Access,
    pub zone: TimeZone,
    /// Sync tokens of earlier changes are no longer good.
    pub tokens_from: u64,
}

impl Default for CalendarSettings {
    fn default() -> Self {
        Self { access: Access::default(), zone: TimeZone::UTC, tokens_from: 0 }
    }
}

impl CalendarSettings {
    /// Whether events may be used.
    pub fn allows_events(&self) -> Result<(), CalendarError> {
        match self.access {
            Access::Writer => Ok(()),
            Access::FreeBusyReader => Err(CalendarError::Forbidden),
            Access::None => Err(CalendarError::NotFound),
        }
    }
}

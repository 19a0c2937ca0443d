//! Instants as the database keeps them.

use jiff::{SignedDuration, Timestamp};
use mcp_store::StoreError;

/// Microseconds since 1970-01-01 UTC.
pub(crate) fn to(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Whole microseconds of a length of time.
pub(crate) fn of(length: SignedDuration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

/// Back to an instant; a number out of range is an inconsistent row.
pub(crate) fn from(
    us: i64,
    table: &'static str,
    column: &'static str,
    row: &str,
) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(us).map_err(|_| StoreError::Inconsistent {
        table,
        column,
        row: row.to_owned(),
    })
}

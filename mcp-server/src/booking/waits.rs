//! Until when a request waits.

use jiff::{SignedDuration, Timestamp};
use mcp_store::booking::BookingRow;

/// So long before its start a request lapses.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// When a request lapses that nobody and nothing confirmed: an hour before it would begin; where it came later than two
/// hours before, when half of that time is over.
pub fn until(row: &BookingRow) -> Timestamp {
    let start = row.booking.start();
    let ahead = start.saturating_sub(AHEAD).unwrap_or(start);
    let half = start.duration_since(row.changed_at) / 2;
    ahead.max(row.changed_at.saturating_add(half).unwrap_or(start))
}

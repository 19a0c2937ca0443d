//! All bookings of a span, page by page.

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    Store, StoreError,
    booking::{BookingRow, BookingState},
};

/// Bookings read at once.
const PAGE: u32 = 500;

/// All bookings that begin in a span, in any state but held, in order of start. For a span of a busy year these are
/// some ten thousand rows: not for what is asked often.
pub async fn all(store: &dyn Store, from: Timestamp, to: Timestamp) -> Result<Vec<BookingRow>, StoreError> {
    let mut rows: Vec<BookingRow> = Vec::new();
    let mut next = from;
    loop {
        let page = store.bookings(next, to, PAGE).await?;
        let full = page.len() >= PAGE as usize;
        let last = page.last().map(|row| row.booking.start());
        // The page begins with those of the last start again.
        let fresh: Vec<BookingRow> = page
            .into_iter()
            .filter(|row| row.booking.start() > next || !known(&rows, &row.booking.id))
            .collect();
        rows.extend(fresh);
        match last {
            Some(last) if full && last > next => next = last,
            // More than a page begins at one instant: the rest of that instant is left out, nothing after it.
            Some(last) if full => next = last.saturating_add(SignedDuration::from_micros(1)).unwrap_or(to),
            _ => return Ok(rows),
        }
    }
}

fn known(rows: &[BookingRow], id: &str) -> bool {
    rows.iter().rev().take(PAGE as usize).any(|row| row.booking.id == id)
}

/// Requests that have not begun.
pub async fn requested(store: &dyn Store, now: Timestamp) -> Result<Vec<BookingRow>, StoreError> {
    let rows = all(store, now, Timestamp::MAX).await?;
    Ok(rows.into_iter().filter(|row| row.booking.state == BookingState::Requested).collect())
}

//! Bookings read page by page.

use jiff::{SignedDuration, Timestamp};
use mcp_store::{Store, StoreError, booking::BookingRow};

/// Bookings read at once.
const PAGE: u32 = 500;

/// All bookings that begin in a span, in any state but held, in order of start. For a span of a busy year these are
/// some ten thousand rows: not for what is asked often.
pub async fn all(store: &dyn Store, from: Timestamp, to: Timestamp) -> Result<Vec<BookingRow>, StoreError> {
    paged(from, to, |next| store.bookings(next, to, PAGE)).await
}

/// Requests that have not begun.
pub async fn requested(store: &dyn Store, now: Timestamp) -> Result<Vec<BookingRow>, StoreError> {
    paged(now, Timestamp::MAX, |next| store.requested(next, PAGE)).await
}

/// Everything that begins from an instant on; `page` reads at most [`PAGE`] rows from one on, in order of (start, id).
async fn paged<F>(
    from: Timestamp,
    to: Timestamp,
    page: impl Fn(Timestamp) -> F,
) -> Result<Vec<BookingRow>, StoreError>
where
    F: Future<Output = Result<Vec<BookingRow>, StoreError>>,
{
    let mut rows: Vec<BookingRow> = Vec::new();
    let mut next = from;
    loop {
        let page = page(next).await?;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::future::join_all;
    use mcp_store::{
        booking::{BookedFor, Booking, BookingItem, BookingOutcome, BookingRequest, BookingState, Choice},
        lanes::Occupation,
    };

    use super::*;
    use crate::test_bed::{Bed, MONDAY};

    /// Three at a time begin every ten minutes, each done by somebody else.
    fn request(n: usize) -> BookingRequest {
        let start = MONDAY + SignedDuration::from_mins(i64::try_from(n / 3).unwrap() * 10);
        let end = start + SignedDuration::from_mins(10);
        let (id, staff_id) = (format!("{n:032x}"), format!("s{}", n % 3));
        let item = BookingItem {
            service_id: "corte".into(),
            service_name: "Corte".into(),
            staff_name: staff_id.clone(),
            staff_id: staff_id.clone(),
            start,
            end,
            price_cents: 8000,
        };
        let booking = Booking {
            reference: format!("R{n}"),
            booked_for: BookedFor::Named { phone: None },
            customer_name: "Ana".into(),
            items: vec![item],
            currency: "BRL".into(),
            state: BookingState::Confirmed,
            hold_until: None,
            id: id.clone(),
        };
        let lane =
            Occupation { lane: format!("staff:{staff_id}"), share: None, from: start, to: end, pinned: true };
        let choice = Choice { booking, occupations: vec![lane], moves: Vec::new(), reminders: Vec::new() };
        BookingRequest {
            idempotency_key: id,
            digest: "d".into(),
            holder: None,
            confirm: None,
            limit: None,
            near: None,
            around: (start, end),
            choose: Arc::new(move |_| Ok(choice.clone())),
            audit: None,
        }
    }

    #[tokio::test]
    async fn what_goes_beyond_a_page_is_there_once_also_where_a_page_ends_within_an_instant() {
        let bed = Bed::new().await;
        let many = PAGE as usize + 10;
        let requests: Vec<BookingRequest> = (0..many).map(request).collect();
        let outcomes = join_all(requests.iter().map(|one| bed.store.book(one, MONDAY))).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(BookingOutcome::Booked(_)))));
        let rows = all(&*bed.store, MONDAY, Timestamp::MAX).await.unwrap();
        let mut ids: Vec<&str> = rows.iter().map(|row| row.booking.id.as_str()).collect();
        assert!(rows.is_sorted_by_key(|row| row.booking.start()));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((rows.len(), ids.len()), (many, many));
    }
}

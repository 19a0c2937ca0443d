//! What a synchronisation brought against what is booked: only comparing, nothing is done here.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use mcp_store::booking::{BookingRow, BookingState};

use super::{
    event::{Event, OurId},
    proposals::Proposal,
};

/// An event, by what it is to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It takes time.
    Busy(Timestamp, Timestamp),
    /// It takes none.
    Free,
    /// It is the event of a booking; where it lies, `None` where it was deleted.
    Ours(OurId, Option<(Timestamp, Timestamp)>),
}

/// What an event is. One in the form of ours that belongs to no booking of this tenant (a copy, another environment's)
/// is an event like any other.
pub fn seen(event: &Event, zone: &TimeZone, bookings: &BTreeMap<String, BookingRow>) -> Seen {
    match event.our_id() {
        Some(ours) if bookings.contains_key(&ours.booking_id) => {
            let span = if event.is_cancelled() { None } else { event.span(zone) };
            Seen::Ours(ours, span)
        }
        _ => event.busy(zone).map_or(Seen::Free, |(from, to)| Seen::Busy(from, to)),
    }
}

/// What the owner did to the event of a booking. Only the event of the present revision of a booking that stands and
/// is not over says anything: others are ours to remove.
pub fn done_to_ours(
    ours: &OurId,
    span: Option<(Timestamp, Timestamp)>,
    row: &BookingRow,
    now: Timestamp,
) -> Option<Proposal> {
    let booking = &row.booking;
    if ours.revision != row.revision || !awaited(row, now) {
        return None;
    }
    let (booking_id, revision) = (booking.id.clone(), row.revision);
    match span {
        None => Some(Proposal::Deleted { booking_id, revision }),
        // Google keeps whole seconds.
        Some((start, end))
            if (start.as_second(), end.as_second())
                != (booking.start().as_second(), booking.end().as_second()) =>
        {
            Some(Proposal::Moved { booking_id, revision, start, end })
        }
        Some(_) => None,
    }
}

/// Whether an event came to lie over a confirmed booking. A requested one is not promised yet.
pub fn laid_over(
    (from, to): (Timestamp, Timestamp),
    blocked: &[String],
    row: &BookingRow,
    now: Timestamp,
) -> Option<Proposal> {
    let meets = row.booking.items.iter().any(|item| {
        item.start < to && from < item.end && (blocked.is_empty() || blocked.contains(&item.staff_id))
    });
    let asks = meets && row.booking.state == BookingState::Confirmed && awaited(row, now);
    asks.then(|| Proposal::Overlaps {
        booking_id: row.booking.id.clone(),
        revision: row.revision,
        event_start: from,
        event_end: to,
    })
}

fn awaited(row: &BookingRow, now: Timestamp) -> bool {
    let state = row.booking.state;
    matches!(state, BookingState::Requested | BookingState::Confirmed)
        && row.booking.end() > now
        && row.erased_at.is_none()
}

#[cfg(test)]
mod tests {
    use mcp_store::booking::{BookedFor, Booking, BookingItem};
    use serde_json::json;

    use super::*;

    const ID: &str = "0193f0c0a1b2c3d4e5f60718293a4b5c";

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
    }

    fn row() -> BookingRow {
        let item = BookingItem {
            service_id: "corte".into(),
            service_name: "Corte".into(),
            staff_id: "ze".into(),
            staff_name: "Zé".into(),
            start: at(10),
            end: at(11),
            price_cents: 0,
        };
        let booking = Booking {
            id: ID.into(),
            reference: "K7QF2M".into(),
            booked_for: BookedFor::Customer(1),
            customer_name: "Ana".into(),
            items: vec![item],
            currency: "BRL".into(),
            state: BookingState::Confirmed,
            hold_until: None,
        };
        BookingRow {
            booking,
            revision: 2,
            reason: None,
            created_at: at(0),
            changed_at: at(0),
            erased_at: None,
        }
    }

    fn ours(revision: i64) -> OurId {
        OurId { booking_id: ID.into(), revision }
    }

    #[test]
    fn an_event_moved_or_deleted_by_hand_is_proposed() {
        let row = row();
        let whole = Some((at(10), at(11)));
        assert_eq!(done_to_ours(&ours(2), whole, &row, at(1)), None);
        let moved = Proposal::Moved { booking_id: ID.into(), revision: 2, start: at(12), end: at(13) };
        assert_eq!(done_to_ours(&ours(2), Some((at(12), at(13))), &row, at(1)), Some(moved));
        let longer = done_to_ours(&ours(2), Some((at(10), at(12))), &row, at(1));
        assert!(matches!(longer, Some(Proposal::Moved { .. })));
        let deleted = Proposal::Deleted { booking_id: ID.into(), revision: 2 };
        assert_eq!(done_to_ours(&ours(2), None, &row, at(1)), Some(deleted));
    }

    #[test]
    fn events_of_earlier_revisions_and_of_what_is_over_say_nothing() {
        let mut row = row();
        assert_eq!(done_to_ours(&ours(1), None, &row, at(1)), None, "the mirror removed it");
        assert_eq!(done_to_ours(&ours(2), None, &row, at(11)), None, "it took place");
        row.booking.state = BookingState::Cancelled;
        assert_eq!(done_to_ours(&ours(2), None, &row, at(1)), None, "it was cancelled");
    }

    #[test]
    fn a_later_event_over_a_confirmed_booking_is_asked_about_for_whom_it_blocks() {
        let mut row = row();
        let span = (at(10), at(12));
        assert!(laid_over(span, &[], &row, at(1)).is_some());
        assert!(laid_over(span, &["ze".into()], &row, at(1)).is_some());
        assert_eq!(laid_over(span, &["rui".into()], &row, at(1)), None);
        assert_eq!(laid_over((at(11), at(12)), &[], &row, at(1)), None, "it begins when the booking ends");
        row.booking.state = BookingState::Requested;
        assert_eq!(laid_over(span, &[], &row, at(1)), None);
    }

    #[test]
    fn an_event_in_our_form_without_a_booking_takes_time() {
        let event: Event = serde_json::from_value(json!({
            "id": format!("{ID}r2"), "start": {"dateTime": at(10)}, "end": {"dateTime": at(11)},
        }))
        .unwrap();
        let mut bookings = BTreeMap::new();
        assert_eq!(seen(&event, &TimeZone::UTC, &bookings), Seen::Busy(at(10), at(11)));
        bookings.insert(ID.to_owned(), row());
        assert_eq!(seen(&event, &TimeZone::UTC, &bookings), Seen::Ours(ours(2), Some((at(10), at(11)))));
    }
}

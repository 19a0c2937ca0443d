//! What stands in a span of time.

use jiff::Timestamp;

use super::Choice;
use crate::{adjustment::AdjustmentRow, calendar::MirroredBusy, lanes::Occupied};

/// What decides over what is free in a span: read for offering, and read again inside every booking transaction.
/// Expired holds are not in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agenda {
    /// Occupations of standing bookings that share an instant with the span, in order of (lane, from).
    pub occupied: Vec<Occupied>,
    /// Services of standing bookings that begin in the span, for limits per day, in order of (start, booking).
    pub standing: Vec<Standing>,
    /// Busy times of outside calendars that share an instant with the span, in order of (calendar, from, event).
    pub mirrored: Vec<MirroredBusy>,
    /// Adjustments of all days that can share an instant with the span in any time zone (its UTC dates and one day
    /// more on both sides), in order of (created, id).
    pub adjustments: Vec<AdjustmentRow>,
}

impl Agenda {
    /// Puts every list in its order.
    pub fn sort(&mut self) {
        self.occupied.sort_by(|a, b| {
            (&a.lane, a.from, a.to, &a.booking_id).cmp(&(&b.lane, b.from, b.to, &b.booking_id))
        });
        self.standing.sort_by(|a, b| (a.start, &a.booking_id).cmp(&(b.start, &b.booking_id)));
        self.mirrored
            .sort_by(|a, b| (&a.calendar, a.from, &a.event_id).cmp(&(&b.calendar, b.from, &b.event_id)));
        self.adjustments
            .sort_by(|a, b| (a.created_at, &a.adjustment.id).cmp(&(b.created_at, &b.adjustment.id)));
    }

    /// Adds what a choice would add to the agenda of a span if it were written, at the ends of the lists.
    pub fn put(&mut self, (from, to): (Timestamp, Timestamp), choice: &Choice) {
        let booking = &choice.booking;
        self.occupied.extend(choice.occupations.iter().filter(|o| o.from < to && from < o.to).map(|o| {
            Occupied {
                booking_id: booking.id.clone(),
                lane: o.lane.clone(),
                share: o.share.clone().unwrap_or_else(|| booking.id.clone()),
                from: o.from,
                to: o.to,
                pinned: o.pinned,
            }
        }));
        let items = booking.items.iter().filter(|item| from <= item.start && item.start < to);
        self.standing.extend(items.map(|item| Standing {
            booking_id: booking.id.clone(),
            customer_id: booking.customer_id(),
            service_id: item.service_id.clone(),
            staff_id: item.staff_id.clone(),
            start: item.start,
        }));
    }
}

/// One service of a standing booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Booking.
    pub booking_id: String,
    /// The customer, where known from the channel.
    pub customer_id: Option<i64>,
    /// Service.
    pub service_id: String,
    /// Who does it.
    pub staff_id: String,
    /// Its start.
    pub start: Timestamp,
}

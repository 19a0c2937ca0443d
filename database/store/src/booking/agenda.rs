//! What stands in a span of time.

use jiff::Timestamp;

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

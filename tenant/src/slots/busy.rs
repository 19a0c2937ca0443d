//! What is taken already, as the database has it.

use jiff::Timestamp;

use super::Stretch;
use crate::adjustment::Adjustment;

/// Everything that is known beside the profile. Rows that lie elsewhere in time do no harm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// Lanes taken by standing bookings (held, requested, confirmed), buffers included.
    pub occupations: Vec<Occupation>,
    /// Standing bookings, for what may begin on one day. Only days for which a limit is set are looked at.
    pub bookings: Vec<Standing>,
    /// Events of outside calendars.
    pub mirrored: Vec<Mirrored>,
    /// The owner's changes, in the order in which they were made.
    pub adjustments: Vec<Adjustment>,
}

/// One lane taken by one booking.
///
/// A lane is a text: `staff:{staff id}` one per person; `resource:{resource id}/{n}` with n from 1 to the capacity;
/// `seat:{session}/{n}` for classes, where a session is `{service id}:{staff id}:{start in unix seconds}`.
/// Two occupations of one lane share an instant only where their `share` is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupation {
    /// Whose.
    pub booking: String,
    /// Which lane.
    pub lane: String,
    /// The booking's id, or `class:{session}` on a class's person and resources, which its customers share.
    pub share: String,
    /// When, buffers included.
    pub stretch: Stretch,
    /// Whether it stays on this lane. One that does not may be moved to another unit of its resource.
    pub pinned: bool,
}

/// A booking that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its id.
    pub booking: String,
    /// Its services in order.
    pub parts: Vec<StandingPart>,
}

/// One service of a standing booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingPart {
    /// Service id.
    pub service: String,
    /// Staff id.
    pub staff: String,
    /// Start of the service itself.
    pub start: Timestamp,
}

/// An event of an outside calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirrored {
    /// In whose calendar; none is the business's, which keeps everybody from being booked.
    pub staff: Option<String>,
    /// When.
    pub stretch: Stretch,
}

impl Busy {
    /// The same without one booking: what a change of that booking is held against.
    #[must_use]
    pub fn without(mut self, booking: &str) -> Self {
        self.occupations.retain(|row| row.booking != booking);
        self.bookings.retain(|row| row.booking != booking);
        self
    }
}

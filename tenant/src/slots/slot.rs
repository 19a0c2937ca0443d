//! What can be booked, and what booking it writes.

use jiff::Timestamp;

use super::Stretch;
use crate::profile::{Service, Staff};

/// A start that can be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot<'a> {
    /// Start of the first service, buffers not included.
    pub start: Timestamp,
    /// End of the last service.
    pub end: Timestamp,
    /// The services in order.
    pub parts: Vec<Part<'a>>,
}

/// One service of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// What.
    pub service: &'a Service,
    /// By whom.
    pub staff: &'a Staff,
    /// Start, without the buffer.
    pub start: Timestamp,
    /// End, without the buffer.
    pub end: Timestamp,
}

/// A slot with what booking it writes, in one transaction: the moves first, then the lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<'a> {
    /// What is booked.
    pub slot: Slot<'a>,
    /// Lanes it takes.
    pub lanes: Vec<TakenLane>,
    /// Occupations of other bookings that go to another unit, so that it fits. They may change places with each
    /// other: the state between two of them need not be valid, the state after all of them is.
    pub moves: Vec<Move>,
}

/// A lane a new booking takes; see [`super::Occupation`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenLane {
    /// Which.
    pub lane: String,
    /// With whom it may be shared.
    pub share: Share,
    /// When, buffers included.
    pub stretch: Stretch,
    /// Whether it must stay there.
    pub pinned: bool,
}

/// With whom a lane may be shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Share {
    /// With nobody.
    Own,
    /// With everybody in this session of a class.
    Class(String),
}

impl Share {
    /// As it is stored.
    pub fn text(&self, booking: &str) -> String {
        match self {
            Self::Own => booking.to_owned(),
            Self::Class(session) => format!("class:{session}"),
        }
    }
}

/// An occupation of a standing booking that goes to another unit of the same resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Whose.
    pub booking: String,
    /// From which lane.
    pub from: String,
    /// To which.
    pub to: String,
    /// Its stretch, which does not change and tells it from other occupations of the same booking and lane.
    pub stretch: Stretch,
}

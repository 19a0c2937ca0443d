//! What bookings occupy.
//!
//! A lane is a text: `staff:{staff id}` (one per person), `resource:{resource id}/{n}` (n = 1..capacity), and for
//! classes `seat:{session}/{n}` (n = 1..capacity of the service), where `session` is
//! `{service id}:{staff id}:{start in unix seconds}`. The database takes any text.
//!
//! An occupation is `[from, to)` on one lane, buffers included. **Two occupations of one lane that stand (their
//! booking is held, requested or confirmed) and share an instant must have an equal `share`; the database itself
//! refuses anything else.** `share` is the booking's id for ordinary occupations, and `class:{session}` for the staff
//! and resource lanes of a class, so that its customers share the person and the room.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The longest an occupation may be; the databases refuse longer ones.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);

/// Part of a lane that a booking is to occupy.
///
/// A booking's occupations are told apart by (lane, from); two equal ones are [`StoreError::Invalid`], as are empty
/// lanes, `to <= from`, and more than [`LONGEST`].
///
/// [`StoreError::Invalid`]: crate::StoreError::Invalid
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupation {
    /// Lane.
    pub lane: String,
    /// With what it may overlap; `None` for the booking's own id.
    pub share: Option<String>,
    /// From, buffers included.
    pub from: Timestamp,
    /// To, exclusive, buffers included.
    pub to: Timestamp,
    /// Whether it must stay on this lane; `false` where another unit of the same resource will do.
    pub pinned: bool,
}

/// Part of a lane that a standing booking occupies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupied {
    /// Whose.
    pub booking_id: String,
    /// Lane.
    pub lane: String,
    /// With what it may overlap.
    pub share: String,
    /// From.
    pub from: Timestamp,
    /// To, exclusive.
    pub to: Timestamp,
    /// Whether it must stay on this lane.
    pub pinned: bool,
}

/// An occupation that makes room: it goes to another lane inside the transaction that books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneMove {
    /// Whose.
    pub booking_id: String,
    /// The lane it is on.
    pub lane: String,
    /// Its beginning: with booking and lane, what names it.
    pub from: Timestamp,
    /// The lane it goes to.
    pub to_lane: String,
}

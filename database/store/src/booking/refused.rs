//! Why a booking was refused.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The stable codes that a store itself refuses with.
pub mod code {
    /// The lanes went to somebody else.
    pub const SLOT_TAKEN: &str = "slot_taken";
    /// The customer has too many open bookings.
    pub const LIMIT_REACHED: &str = "limit_reached";
    /// No such booking (an expired hold is none).
    pub const NOT_FOUND: &str = "not_found";
    /// Changed by somebody else since it was read, or not in a state that allows this.
    pub const CONFLICT: &str = "conflict";
}

/// Why a booking was refused. No row was written or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Stable code: `slot_taken`, `outside_hours`, `notice_too_short`, `limit_reached`, `conflict`, `not_found`,
    /// `not_yours`.
    pub code: String,
    /// What to do next.
    pub message: String,
    /// The nearest starts that were free at that moment.
    pub alternatives: Vec<Alternative>,
}

/// Another start that was free when a booking was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// Who.
    pub staff_id: String,
    /// Start of the service.
    pub start: Timestamp,
}

impl Refused {
    /// A refusal without alternatives.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), alternatives: Vec::new() }
    }

    /// The slot went to somebody else. The answer of a store whose database refused an overlap.
    pub fn slot_taken() -> Self {
        Self::new(code::SLOT_TAKEN, "this slot has just been taken: look for available slots again")
    }

    /// The customer has too many open bookings.
    pub fn limit_reached(open: u64) -> Self {
        let message = format!(
            "this customer has {open} open bookings already: one must take place or be cancelled first"
        );
        Self::new(code::LIMIT_REACHED, message)
    }

    /// No such booking.
    pub fn not_found() -> Self {
        Self::new(code::NOT_FOUND, "there is no such booking: list the bookings and choose one of them")
    }

    /// Somebody else changed the booking since it was read.
    pub fn changed_since() -> Self {
        Self::new(code::CONFLICT, "this booking was changed in the meantime: read it again")
    }

    /// The booking is not in a state that allows the change.
    pub fn not_in(state: &str) -> Self {
        Self::new(code::CONFLICT, format!("this booking is {state} and cannot be changed like that"))
    }

    /// Whether the slot went to somebody else.
    pub fn is_slot_taken(&self) -> bool {
        self.code == code::SLOT_TAKEN
    }
}

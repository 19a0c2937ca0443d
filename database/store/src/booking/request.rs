//! Requests to book or to change, decided inside the transaction.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Agenda, Booking, BookingRow, BookingState, Refused};
use crate::{
    audit::NewAudit,
    lanes::{LaneMove, Occupation},
};

/// What was chosen: what is written if the database agrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The booking. For a move only its items, currency, state and `hold_until` count.
    pub booking: Booking,
    /// What it occupies; at least one.
    pub occupations: Vec<Occupation>,
    /// Occupations of other bookings that make room.
    pub moves: Vec<LaneMove>,
    /// When reminders are due. Those of a booking that is not confirmed wait until it is; a past one is not
    /// written.
    pub reminders: Vec<Timestamp>,
}

/// Chooses what to write over what the transaction itself reads. May be called more than once where a transaction
/// is tried again; must have no effect of its own.
pub type ChooseSlot = Arc<dyn Fn(&Agenda) -> Result<Choice, Refused> + Send + Sync>;

/// Decides over the booking as the transaction reads it whether the change may be made (ownership, notice).
pub type AllowChange = Arc<dyn Fn(&BookingRow) -> Result<(), Refused> + Send + Sync>;

/// A request to book or to hold.
#[derive(Clone)]
pub struct BookingRequest {
    /// Key of the effect; see [`IdempotencyStore`](crate::idempotency::IdempotencyStore).
    pub idempotency_key: String,
    /// Digest of the request: the same key with another digest is refused.
    pub digest: String,
    /// Who may have a hold, `customer:12`: at most one per holder. Whatever this holder holds gives way to this
    /// request, before the agenda is read. Written with a booking in state held.
    pub holder: Option<String>,
    /// A hold to confirm. Where it stands and is this holder's, it becomes the booking and `choose` is not asked.
    /// Where it does not (expired, or never there), the request books by `choose`: a late tap still books if the
    /// slot is free.
    pub confirm: Option<ConfirmHold>,
    /// The customer whose open bookings are limited.
    pub limit: Option<OpenLimit>,
    /// The span of everything that can be in the way of what `choose` would choose best, where that alone can settle
    /// it: `choose` is first asked over what takes lanes or is busy in this span (nothing in `standing`, adjustments as
    /// in `around`). What it then chooses without moving anybody is written.
    pub near: Option<(Timestamp, Timestamp)>,
    /// The span whose agenda `choose` is given, where `near` is none or has not settled it.
    pub around: (Timestamp, Timestamp),
    /// Chooses.
    pub choose: ChooseSlot,
    /// Entry of the audit, written if something is booked; its subject is filled in.
    pub audit: Option<NewAudit>,
}

/// A hold to confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmHold {
    /// The held booking.
    pub booking_id: String,
    /// What it becomes: requested or confirmed.
    pub state: BookingState,
    /// Name to book under, where it changed.
    pub customer_name: Option<String>,
}

impl fmt::Debug for BookingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BookingRequest")
            .field("idempotency_key", &self.idempotency_key)
            .field("confirm", &self.confirm)
            .finish_non_exhaustive()
    }
}

/// Most open bookings of one customer: those that stand and are not over at `now`, the holder's own holds not
/// counted.
#[derive(Clone, Copy, Debug)]
pub struct OpenLimit {
    /// The customer.
    pub customer_id: i64,
    /// How many may be open before this one.
    pub most: u32,
}

/// A request to change one booking.
#[derive(Clone)]
pub struct ChangeRequest {
    /// Key of the effect; see [`IdempotencyStore`](crate::idempotency::IdempotencyStore).
    pub idempotency_key: String,
    /// Digest of the request: the same key with another digest is refused.
    pub digest: String,
    /// The booking.
    pub booking_id: String,
    /// The revision the caller has read; another one is refused as `conflict`. `None` for any.
    pub revision: Option<i64>,
    /// May it be changed?
    pub allow: AllowChange,
    /// How.
    pub change: Change,
    /// Entry of the audit, written if something is changed; its subject is filled in.
    pub audit: Option<NewAudit>,
}

impl fmt::Debug for ChangeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeRequest")
            .field("idempotency_key", &self.idempotency_key)
            .field("booking_id", &self.booking_id)
            .field("change", &self.change)
            .finish_non_exhaustive()
    }
}

/// How a booking changes, and from which states; from any other it is refused as `conflict`.
#[derive(Clone)]
pub enum Change {
    /// held → requested: the customer confirmed, the owner has not.
    Request,
    /// held, requested → confirmed.
    Confirm,
    /// requested → cancelled: the owner does not want it.
    Decline {
        /// Why, for the customer.
        reason: Option<String>,
    },
    /// held, requested, confirmed → cancelled.
    Cancel {
        /// Why.
        reason: Option<String>,
    },
    /// confirmed, no-show → completed.
    Complete,
    /// confirmed, completed → no-show.
    NoShow,
    /// held, requested, confirmed: other items, lanes and reminders on the same row, in the state chosen. The agenda
    /// given to `choose` is without this booking.
    Move {
        /// The span whose agenda `choose` is given.
        around: (Timestamp, Timestamp),
        /// Chooses.
        choose: ChooseSlot,
    },
}

impl Change {
    /// Its name: `request`, `confirm`, `decline`, `cancel`, `complete`, `no_show`, `move`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Confirm => "confirm",
            Self::Decline { .. } => "decline",
            Self::Cancel { .. } => "cancel",
            Self::Complete => "complete",
            Self::NoShow => "no_show",
            Self::Move { .. } => "move",
        }
    }

    /// The state it leads to from a state; `None` where it is not allowed. A move leads to the state chosen: here
    /// it says the state it came from.
    pub fn next(&self, from: BookingState) -> Option<BookingState> {
        use BookingState::{Cancelled, Completed, Confirmed, Held, NoShow, Requested};
        match (self, from) {
            (Self::Request, Held) => Some(Requested),
            (Self::Confirm, Held | Requested) => Some(Confirmed),
            (Self::Decline { .. }, Requested) | (Self::Cancel { .. }, Held | Requested | Confirmed) => {
                Some(Cancelled)
            }
            (Self::Complete, Confirmed | NoShow) => Some(Completed),
            (Self::NoShow, Confirmed | Completed) => Some(NoShow),
            (Self::Move { .. }, Held | Requested | Confirmed) => Some(from),
            _ => None,
        }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What came of a request to book or to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingOutcome {
    /// A new row stands, or a hold was confirmed.
    Booked(Box<BookingRow>),
    /// The row was changed.
    Changed(Box<BookingRow>),
    /// Nothing was written.
    Refused(Refused),
}

impl BookingOutcome {
    /// The row as committed, where something was done.
    pub fn row(&self) -> Option<&BookingRow> {
        match self {
            Self::Booked(row) | Self::Changed(row) => Some(row),
            Self::Refused(_) => None,
        }
    }
}

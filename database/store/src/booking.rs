//! Bookings: rows, requests, outcomes, and their mirror in an outside calendar.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// States of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingState {
    /// Taken by the customer, waiting for the owner or for the calendar to be read.
    Requested,
    /// Stands.
    Confirmed,
    /// Over without taking place.
    Cancelled,
}

impl BookingState {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
        }
    }

    /// From storage.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "requested" => Some(Self::Requested),
            "confirmed" => Some(Self::Confirmed),
            "cancelled" => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// For whom a booking is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BookedFor {
    /// A customer known from the channel.
    Customer(i64),
    /// A customer an agent named.
    Named {
        /// Name.
        name: String,
        /// Telephone number in digits, where given.
        phone: Option<String>,
    },
}

/// What is written when a slot is booked. Name, price and staff are snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBooking {
    /// Id (32 hex digits, also the id of the calendar event's first revision).
    pub id: String,
    /// What the customer quotes, `K7QF2M`.
    pub reference: String,
    /// Who comes.
    pub booked_for: BookedFor,
    /// Name to book under.
    pub customer_name: String,
    /// Service.
    pub service_id: String,
    /// Its name when booked.
    pub service_name: String,
    /// Who does it: the lane that must be free.
    pub staff_id: String,
    /// Their name when booked.
    pub staff_name: String,
    /// Start of the service.
    pub start: Timestamp,
    /// End of the service.
    pub end: Timestamp,
    /// Start with the buffer.
    pub occupies_from: Timestamp,
    /// End with the buffer.
    pub occupies_to: Timestamp,
    /// Price in the smallest unit.
    pub price_cents: u64,
    /// ISO 4217.
    pub currency: String,
    /// State to begin in.
    pub state: BookingState,
}

/// A booking as committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingRow {
    /// What was written.
    pub booking: NewBooking,
    /// Grows with every change; part of the mirrored event's id.
    pub revision: i64,
    /// The customer, where known from the channel.
    pub customer_id: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Time a staff member is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupied {
    /// Who.
    pub staff_id: String,
    /// From.
    pub from: Timestamp,
    /// To, exclusive.
    pub to: Timestamp,
}

/// Chooses the booking to write over the occupied times the transaction itself reads. An `Err` is the stable code
/// and the sentence of a refusal.
pub type ChooseSlot = std::sync::Arc<dyn Fn(&[Occupied]) -> Result<NewBooking, Refused> + Send + Sync>;

/// Why a booking was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Stable code: `slot_taken`, `outside_hours`, `notice_too_short`, `limit_reached`.
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

    /// The slot went to somebody else.
    pub fn slot_taken() -> Self {
        Self::new("slot_taken", "this slot has just been taken: look for available slots again")
    }
}

/// A request to book, decided inside the transaction.
#[derive(Clone)]
pub struct BookingRequest {
    /// Key of the effect; a second request with the same key gets the first one's outcome.
    pub idempotency_key: String,
    /// Digest of the request: the same key with another digest is refused.
    pub digest: String,
    /// The customer whose open bookings are limited.
    pub limit: Option<OpenLimit>,
    /// Reads the occupied times of this span.
    pub around: (Timestamp, Timestamp),
    /// Decides.
    pub choose: ChooseSlot,
}

impl std::fmt::Debug for BookingRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BookingRequest")
            .field("idempotency_key", &self.idempotency_key)
            .finish_non_exhaustive()
    }
}

/// Most open bookings of one customer.
#[derive(Clone, Copy, Debug)]
pub struct OpenLimit {
    /// The customer.
    pub customer_id: i64,
    /// How many may be open.
    pub most: u32,
}

/// What came of a request to book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookingOutcome {
    /// The row stands.
    Booked(Box<BookingRow>),
    /// No row was written.
    Refused(Refused),
}

/// A booking whose outside event is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorJob {
    /// The booking as it is.
    pub row: BookingRow,
    /// How often this revision was tried.
    pub attempt: u32,
}

/// Bookings and their mirror.
#[async_trait]
pub trait BookingStore: Send + Sync {
    /// Times in which staff are taken and which share an instant with the span.
    async fn occupied(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Occupied>, StoreError>;

    /// A customer's bookings that stand and are not over, the next one first, at most twenty.
    async fn open_of(&self, customer_id: i64, now: Timestamp) -> Result<Vec<BookingRow>, StoreError>;

    /// Books in one transaction. Overlaps are refused by the database itself.
    async fn book(&self, request: &BookingRequest, now: Timestamp) -> Result<BookingOutcome, StoreError>;

    /// The next booking whose mirrored event is behind and due; its next try is put off to `retry_at`.
    async fn claim_mirror(
        &self,
        now: Timestamp,
        retry_at: Timestamp,
    ) -> Result<Option<MirrorJob>, StoreError>;

    /// Records that a revision is mirrored.
    async fn mirrored(&self, booking_id: &str, revision: i64) -> Result<(), StoreError>;

    /// Records why a try failed and when the next one is due.
    async fn mirror_failed(&self, booking_id: &str, why: &str, retry_at: Timestamp)
    -> Result<(), StoreError>;

    /// When the next mirror job is due.
    async fn next_mirror_at(&self) -> Result<Option<Timestamp>, StoreError>;
}

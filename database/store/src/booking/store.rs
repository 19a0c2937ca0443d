//! What can be done with bookings.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Agenda, BookingOutcome, BookingRequest, BookingRow, ChangeRequest};
use crate::StoreError;

/// Bookings and holds.
///
/// # A booking transaction
///
/// [`BookingStore::book`] and [`BookingStore::change`], and the same inside
/// [`TurnStore::commit_turn`](crate::turn::TurnStore::commit_turn), do in this order, in one transaction:
///
/// 1. The key: a repeat gets the first outcome, word for word; another digest is [`StoreError::KeyReused`].
/// 2. Holds whose `hold_until <= now` are removed, whoever's they are. (A removed hold leaves no row.)
/// 3. `book`: the confirmation of a hold, if it stands, which ends here. Otherwise the holder's holds are removed,
///    the limit is counted, the agenda is read, `choose` is asked: over what is near first, where the request says what
///    that is, and over all around where that does not settle it.
///    `change`: the row, the revision, `allow`, the state ([`Change::next`](super::Change::next)); for a move, the
///    agenda and `choose`.
/// 4. Moves of other bookings' occupations (one that is not there, or is pinned, is `slot_taken`), the row, its occupations, its reminders, its work for the mirror, the audit's entry.
///    Where the database refuses an overlap, nothing of this stands, and the outcome is
///    [`Refused::slot_taken`](super::Refused::slot_taken).
/// 5. The outcome is kept under the key, unless nothing was written: a refused request may be asked again with the
///    same key and is decided anew.
///
/// A refused request changes nothing: the holder's hold stands as before. Instants are cut to microseconds, references
/// are kept in upper case. A booking's items lie within [`LONGEST`](crate::lanes::LONGEST) of each other
/// ([`StoreError::Invalid`]).
#[async_trait]
pub trait BookingStore: Send + Sync {
    /// What stands in a span at `now`.
    async fn agenda(&self, from: Timestamp, to: Timestamp, now: Timestamp) -> Result<Agenda, StoreError>;

    /// A booking by id. An expired hold may or may not be there.
    async fn booking(&self, id: &str) -> Result<Option<BookingRow>, StoreError>;

    /// A booking by what the customer quotes, upper or lower case.
    async fn booking_by_reference(&self, reference: &str) -> Result<Option<BookingRow>, StoreError>;

    /// A customer's requested and confirmed bookings that are not over, the next one first, at most twenty.
    async fn open_of(&self, customer_id: i64, now: Timestamp) -> Result<Vec<BookingRow>, StoreError>;

    /// Bookings in any state but held that begin in a span, in order of (start, id), at most `most`.
    async fn bookings(
        &self,
        from: Timestamp,
        to: Timestamp,
        most: u32,
    ) -> Result<Vec<BookingRow>, StoreError>;

    /// Requested bookings that begin at `from` or later, in order of (start, id), at most `most`. Asked often: it costs
    /// what there is of them, not what is booked.
    async fn requested(&self, from: Timestamp, most: u32) -> Result<Vec<BookingRow>, StoreError>;

    /// Books or holds in one transaction. Overlaps are refused by the database itself.
    async fn book(&self, request: &BookingRequest, now: Timestamp) -> Result<BookingOutcome, StoreError>;

    /// Changes one booking in one transaction.
    async fn change(&self, request: &ChangeRequest, now: Timestamp) -> Result<BookingOutcome, StoreError>;
}

//! Bookings and holds: states of one row, over lanes.

mod agenda;
mod refused;
mod request;
pub mod round;
mod row;
mod store;

pub use agenda::{Agenda, Standing};
pub use refused::{Alternative, Refused, code};
pub use request::{
    AllowChange, BookingOutcome, BookingRequest, Change, ChangeRequest, Choice, ChooseSlot, ConfirmHold,
    OpenLimit,
};
pub use row::{BookedFor, Booking, BookingItem, BookingRow, BookingState};
pub use store::BookingStore;

//! What can be booked, and booking it: one desk for every door. WhatsApp and MCP differ in who acts, never in what
//! is free or how a row comes to be.

mod busy;
mod choose;
mod desk;
mod receipt;
mod slot_ref;

pub use desk::{Desk, FindError, Found, OfferedSlot, Wish};
pub use receipt::{receipt, refusal};
pub use slot_ref::{Principal, SlotRef, SlotRefs};

//! What can be booked, and booking it: one desk for every door. WhatsApp and MCP differ in who acts, never in what
//! is free or how a row comes to be.

mod audit;
mod busy;
mod change;
mod choose;
mod days;
mod desk;
pub mod pages;
mod principal;
mod receipt;
mod references;
pub mod scheduler;
mod slot_ref;
pub mod system;
pub mod waits;
mod wish;

pub use audit::Action;
pub use desk::{Desk, FindError, Found, OfferedSlot};
pub use principal::Principal;
pub use receipt::{receipt, refusal};
pub use references::SlotRefs;
pub use scheduler::Scheduler;
pub use slot_ref::{SlotPart, SlotRef};
pub use wish::Wish;

#[cfg(test)]
mod tests;

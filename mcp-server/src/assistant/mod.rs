//! The assistant: one turn answers one burst of messages of one customer.
//!
//! `turn` is the order of a turn: what is too old, voice notes, what needs no model (`plain`), the model with its tools
//! (`dialogue`), menus where it cannot. Reading tools run while the model thinks; a writing tool only *stages* its
//! effect and ends the model's part, and the effect, the history and the answer are committed together. What a customer
//! reads about a booking is written by code from the committed row (`staged`), and whatever else the model says passes
//! the `guard`.

mod burst;
mod decided;
mod dialogue;
pub mod gemini;
mod guard;
pub mod handover;
mod history;
mod incoming;
mod meter;
mod owner;
pub mod plain;
mod prompt;
mod spend;
mod staged;
mod tools;
mod turn;
mod voice;
mod worker;

#[cfg(test)]
mod tests;

pub use decided::{Decided, Render};
pub use meter::Meter;
pub use turn::{Assistant, TurnError};
pub use voice::Recordings;
pub use worker::{BURST, TURN_DEADLINE, TurnLoop};

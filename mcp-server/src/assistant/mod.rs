//! The assistant: one turn answers one burst of messages of one customer.
//!
//! Reading tools run while the model thinks; a writing tool only *stages* its effect and ends the turn, and the
//! effect, the history and the answer are committed together. What a customer reads about a booking is written by
//! code from the committed row.

pub mod gemini;
mod guard;
mod history;
mod prompt;
mod tools;
mod turn;
mod worker;

pub use turn::{Assistant, TurnError};
pub use worker::TurnLoop;

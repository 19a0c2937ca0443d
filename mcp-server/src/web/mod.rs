//! The two listeners.

pub mod body;
pub mod connections;
pub mod internal;
pub mod programs;
pub mod public;
pub mod rest;
pub mod webhook;

pub use connections::serve;

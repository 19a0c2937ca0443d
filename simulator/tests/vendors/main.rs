//! The stand-ins, as a client over HTTP sees them.

#![expect(clippy::unwrap_used, reason = "everything here is a test")]

mod control;
mod gemini;
mod google;
mod graph;
mod load;
mod number;
mod webhook;
mod world;

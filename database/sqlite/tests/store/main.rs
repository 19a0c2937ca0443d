//! The embedded database against the rules of `mcp-store`, on real files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod booking;
mod changes;
mod copies;
mod customers;
mod holds;
mod inbox;
mod log;
mod mirror;
mod notices;
mod opening;
mod outbox;
mod people;
mod small;
mod support;
mod turns;

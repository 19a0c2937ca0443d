//! The embedded database against the rules of `mcp-store`, on real files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod booking;
mod inbox;
mod outbox;
mod support;
mod turns;

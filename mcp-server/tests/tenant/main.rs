//! The tenant as a process, with real files and real sockets, against the stand-ins.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod agents;
mod conversation;
mod copies;
mod crashes;
mod database;
mod harness;
mod trouble;
mod webhook;

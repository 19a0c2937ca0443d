//! The tenant as a process, with real files and real sockets, against the stand-ins.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod agents;
mod attacks;
mod calendar;
mod channel;
mod conversation;
mod copies;
mod crashes;
mod database;
mod doors;
#[cfg_attr(feature = "failpoints", expect(dead_code, reason = "the chaos suite uses the rest"))]
mod harness;
mod keys;
mod logs;
mod on_postgres;
#[cfg_attr(feature = "failpoints", expect(dead_code, reason = "the chaos suite uses the rest"))]
mod postgres;
mod process;
mod replicas;
mod rest;
mod seen;
mod status;
mod trouble;
mod turn_changes;
mod turn_model;
mod webhook;

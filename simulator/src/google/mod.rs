//! Google's token endpoint and Calendar, as stand-ins.

pub(crate) mod calendar;
pub(crate) mod error;
pub(crate) mod free_busy;
pub(crate) mod list;
pub(crate) mod settings;
pub(crate) mod store;
pub(crate) mod time;
pub(crate) mod token;
pub(crate) mod watch;

pub(crate) use error::{calendar_fault, token_fault};

//! The cases, by what they are about. The name of a case is its sentence.

#![expect(missing_docs, reason = "the name of a case is its sentence")]

pub mod adjustments;
pub mod agenda;
pub mod audit;
pub mod beside;
pub mod bookings;
pub mod calendars;
pub mod changes;
pub mod clocks;
pub mod conversations;
pub mod crashes;
pub mod customers;
pub mod holds;
pub mod inbox;
pub mod keys;
pub mod lanes;
pub mod maintenance;
pub mod mirror;
pub mod outbox;
pub mod person;
pub mod races;
pub mod reminders;
pub mod schema;
pub mod statuses;
pub mod together;
pub mod turns;
pub mod usage;
pub mod waitlist;

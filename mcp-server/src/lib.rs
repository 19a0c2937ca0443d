//! The tenant process: answers the customers of one business on WhatsApp, books their appointments, and is an
//! MCP server for agents.
//!
//! `web` receives, `whatsapp` keeps what arrived and sends what is to be said, `assistant` answers a burst of
//! messages in one turn, `booking` decides what can be booked, `calendar` mirrors bookings into Google Calendar,
//! `mcp` is the agents' door, and `serve` puts the parts together. Time, randomness and the store are handed in.

pub mod args;
pub mod assistant;
pub mod booking;
pub mod breaker;
pub mod calendar;
pub mod check;
pub mod clock;
pub mod database;
#[cfg(feature = "dev")]
pub mod dev;
pub mod doctor;
pub mod failpoint;
pub mod http_client;
pub mod ids;
pub mod mcp;
pub mod metrics;
pub mod notices;
pub mod outbox_command;
pub mod owner;
pub mod profile_file;
pub mod queues;
pub mod serve;
pub mod settings;
pub mod status;
pub mod telemetry;
pub mod token;
pub mod wake;
pub mod web;
pub mod whatsapp;
pub mod words;

#[cfg(test)]
pub(crate) mod test_bed;

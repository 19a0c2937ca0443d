//! The tenant process: answers the customers of one business on WhatsApp, books their appointments, and is an
//! MCP server for agents.
//!
//! `web` receives (the webhook, and under `web::rest` what programs ask for), `whatsapp` keeps what arrived and sends
//! what is to be said, `assistant` answers a burst of messages in one turn, `owner` takes the orders of whoever runs the
//! business, `booking` decides what can be booked, `notices` says what no turn asked for, `calendar` keeps the bookings
//! and Google Calendar in step, `mcp` is the agents' door, `words` has the sentences, and `serve` puts the parts
//! together. Time, randomness and the store are handed in.

pub mod args;
pub mod assistant;
pub mod booking;
pub mod breaker;
pub mod calendar;
pub mod check;
pub mod clock;
pub mod clock_watch;
pub mod database;
#[cfg(feature = "dev")]
pub mod dev;
pub mod doctor;
pub mod failpoint;
pub mod http_client;
pub mod ids;
pub mod look;
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
pub mod traces;
pub mod wake;
pub mod watchdog;
pub mod web;
pub mod whatsapp;
pub mod words;

#[cfg(test)]
pub(crate) mod test_bed;

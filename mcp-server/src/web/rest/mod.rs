//! The programs' door: chat and appointments over HTTP with JSON, behind the same tokens as `/mcp`.
//!
//! Errors are problem details (RFC 9457) with a stable `code`. `Idempotency-Key` (up to 128 characters, kept for a day)
//! makes a repeat harmless.

mod appointments;
mod chat;
mod input;
mod problem;
pub mod waiting;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
    Router,
    http::HeaderMap,
    routing::{get, patch, post},
};

use crate::{
    booking::{Scheduler, scheduler::Failure},
    whatsapp::intake::Intake,
};
use waiting::Waiting;

/// What the door works with.
#[derive(Clone)]
pub struct Rest {
    /// What can be booked and changed.
    pub scheduler: Scheduler,
    /// Keeps messages like those of the webhook.
    pub intake: Intake,
    /// Who waits for an answer.
    pub waiting: Arc<Waiting>,
}

/// How this door is called in keys of effects.
const DOOR: &str = "rest";

/// `/api/v1/chat` and `/api/v1/appointments/…`. They belong behind the gate, and into the room of programs.
pub fn router(rest: Rest) -> Router {
    Router::new()
        .route("/api/v1/chat", post(chat::chat))
        .route("/api/v1/appointments/available", get(appointments::available))
        .route("/api/v1/appointments/create", post(appointments::create))
        .route("/api/v1/appointments/list", get(appointments::list))
        .route(
            "/api/v1/appointments/{id}",
            patch(appointments::change).delete(appointments::cancel).get(appointments::one),
        )
        .with_state(rest)
}

impl Rest {
    /// The caller's key, or one of our own where there is none: such a request is done anew each time it comes.
    fn key(&self, headers: &HeaderMap) -> Result<String, Failure> {
        match headers.get("idempotency-key") {
            None => Ok(self.scheduler.desk.ids.id()),
            Some(value) => match value.to_str().map(str::trim) {
                Ok(key) if !key.is_empty() && key.len() <= 128 => Ok(key.to_owned()),
                _ => Err(Failure::field(
                    "Idempotency-Key",
                    "the header Idempotency-Key must have 1 to 128 visible ASCII characters",
                )),
            },
        }
    }
}

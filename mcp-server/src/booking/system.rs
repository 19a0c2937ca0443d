//! What the process does with a booking by itself.

use std::sync::Arc;

use mcp_store::{
    audit::NewAudit,
    booking::{BookingRow, Change, ChangeRequest},
};

/// Who acts where nobody does, in the audit.
pub const ACTOR: &str = "system";

/// A change of a booking as it was read, once under its key; `action` is what the audit calls it.
pub fn change(row: &BookingRow, key: String, action: &str, change: Change) -> ChangeRequest {
    ChangeRequest {
        digest: key.clone(),
        idempotency_key: key,
        booking_id: row.booking.id.clone(),
        revision: Some(row.revision),
        allow: Arc::new(|_| Ok(())),
        change,
        audit: Some(NewAudit {
            actor: ACTOR.to_owned(),
            action: action.to_owned(),
            subject: String::new(),
            payload: None,
        }),
    }
}

//! What the audit says of each thing done with a booking.

use mcp_store::audit::{AuditPayload, NewAudit};
use serde_json::{Value, json};

use super::{Principal, SlotRef};
use crate::ids::Ids;

/// Done with a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Booked, or a hold confirmed.
    Book,
    /// Reserved for a few minutes.
    Hold,
    /// Put elsewhere.
    Move,
    /// Cancelled.
    Cancel,
    /// A requested one was approved.
    Approve,
    /// A requested one was declined.
    Decline,
    /// It took place.
    Complete,
    /// The customer did not come.
    NoShow,
}

impl Action {
    /// As the audit names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Book => "booking.book",
            Self::Hold => "booking.hold",
            Self::Move => "booking.move",
            Self::Cancel => "booking.cancel",
            Self::Approve => "booking.approve",
            Self::Decline => "booking.decline",
            Self::Complete => "booking.complete",
            Self::NoShow => "booking.no_show",
        }
    }
}

/// An entry; its subject is filled in by the store. What tells about a person goes into the erasable part.
pub fn entry(ids: &dyn Ids, principal: &Principal, action: Action, content: Option<Value>) -> NewAudit {
    NewAudit {
        actor: principal.actor(),
        action: action.as_str().to_owned(),
        subject: String::new(),
        payload: content.map(|content| AuditPayload { customer_id: None, salt: ids.id(), content }),
    }
}

/// What was asked for.
pub fn asked(slot: &SlotRef) -> Value {
    let services: Vec<&str> = slot.parts.iter().map(|part| part.service.as_str()).collect();
    let staff: Vec<&str> = slot.parts.iter().map(|part| part.staff.as_str()).collect();
    json!({"services": services, "staff": staff, "start": slot.start.to_string()})
}

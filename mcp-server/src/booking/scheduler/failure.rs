//! Why something was not done, with the stable codes that every door shares.

use mcp_store::StoreError;
use serde_json::{Value, json};

use super::super::{FindError, OfferedSlot};
use crate::{telemetry, token::Scope};

/// The stable codes, the same in REST, MCP and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCode {
    /// Not understood.
    Validation,
    /// No such thing.
    NotFound,
    /// The slot went to somebody else.
    SlotTaken,
    /// Not a time at which bookings are made.
    OutsideHours,
    /// Too soon.
    NoticeTooShort,
    /// As many as are taken.
    LimitReached,
    /// Somebody else's.
    NotYours,
    /// Not in the state for it, or a key used for something else.
    Conflict,
    /// No valid token.
    Unauthorized,
    /// The token does not allow it.
    Forbidden,
    /// Too often.
    RateLimited,
    /// The business is set up wrongly.
    Configuration,
    /// Not now.
    ServiceUnavailable,
    /// The database failed while booking.
    BookingFailed,
    /// The database failed while changing.
    UpdateFailed,
    /// The database failed while cancelling.
    CancellationFailed,
    /// A defect.
    Internal,
}

impl FailureCode {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Validation,
        Self::NotFound,
        Self::SlotTaken,
        Self::OutsideHours,
        Self::NoticeTooShort,
        Self::LimitReached,
        Self::NotYours,
        Self::Conflict,
        Self::Unauthorized,
        Self::Forbidden,
        Self::RateLimited,
        Self::Configuration,
        Self::ServiceUnavailable,
        Self::BookingFailed,
        Self::UpdateFailed,
        Self::CancellationFailed,
        Self::Internal,
    ];

    /// On the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::NotFound => "not_found",
            Self::SlotTaken => "slot_taken",
            Self::OutsideHours => "outside_hours",
            Self::NoticeTooShort => "notice_too_short",
            Self::LimitReached => "limit_reached",
            Self::NotYours => "not_yours",
            Self::Conflict => "conflict",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate_limited",
            Self::Configuration => "configuration",
            Self::ServiceUnavailable => "service_unavailable",
            Self::BookingFailed => "booking_failed",
            Self::UpdateFailed => "update_failed",
            Self::CancellationFailed => "cancellation_failed",
            Self::Internal => "internal",
        }
    }

    /// Codes of refusals are stable already; anything else is a defect and says so.
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|code| code.as_str() == text).unwrap_or(Self::Internal)
    }
}

/// Why something was not done. Nothing of it was.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Stable code.
    pub code: FailureCode,
    /// What to do next.
    pub message: String,
    /// The field that is wrong, where one is.
    pub field: Option<String>,
    /// The scope that the token lacks, where that is why.
    pub scope: Option<Scope>,
    /// Slots that were free at that moment, where a start was refused.
    pub alternatives: Vec<OfferedSlot>,
}

impl Failure {
    /// With a code and what to do next.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, scope: None, alternatives: Vec::new() }
    }

    /// A field is wrong.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(FailureCode::Validation, message) }
    }

    /// The token lacks a scope.
    pub fn lacking(scope: Scope) -> Self {
        let message = format!("the token lacks the scope {}: ask for one that has it", scope.as_str());
        Self { scope: Some(scope), ..Self::new(FailureCode::Forbidden, message) }
    }

    /// The database could not be read.
    pub fn of_reading(error: &StoreError) -> Self {
        tracing::error!(error = telemetry::chain(error), "the bookings could not be read");
        Self::new(FailureCode::ServiceUnavailable, "the bookings cannot be read now: try again")
    }

    /// Nothing could be looked up.
    pub fn of_find(error: FindError) -> Self {
        match error {
            FindError::Store(error) => Self::of_reading(&error),
            FindError::Unknown(reason) => Self::new(FailureCode::parse(reason.code()), reason.to_string()),
            FindError::Zone(_) => Self::new(FailureCode::Configuration, error.to_string()),
            FindError::When(_) => Self::new(FailureCode::Validation, error.to_string()),
        }
    }

    /// As every door says it.
    pub fn json(&self) -> Value {
        let mut value = json!({"code": self.code.as_str(), "message": self.message});
        if let Some(field) = &self.field {
            value["field"] = json!(field);
        }
        if let Some(scope) = self.scope {
            value["scope"] = json!(scope.as_str());
        }
        value
    }
}

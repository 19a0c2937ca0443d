//! Errors as Google words them.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// Why Calendar refused a request.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// No Bearer token, or not one of ours, or an expired one.
    #[error("Request had invalid authentication credentials. Expected OAuth 2 access token.")]
    Unauthenticated,
    /// A token without a Calendar scope.
    #[error("Request had insufficient authentication scopes.")]
    Scope,
    /// A body or parameter that is not allowed.
    #[error("{0}")]
    Invalid(String),
    /// Something Calendar demands is absent.
    #[error("Missing {0}.")]
    Required(&'static str),
    /// An end that is not after its start.
    #[error("The specified time range is empty.")]
    EmptyRange,
    /// Attendees from a service account without delegation.
    #[error("Service accounts cannot invite attendees without Domain-Wide Delegation of Authority.")]
    Attendees,
    /// The account may not use the events of this calendar.
    #[error("Forbidden")]
    Forbidden,
    /// A channel id that is in use.
    #[error("Channel id not unique")]
    ChannelTaken,
    /// A push address without TLS.
    #[error("WebHook callback must be HTTPS")]
    NotHttps,
    /// No such event.
    #[error("Not Found")]
    NotFound,
    /// An id that is taken, be it by a deleted event.
    #[error("The requested identifier already exists.")]
    Duplicate,
    /// Deleted already.
    #[error("Resource has been deleted")]
    Deleted,
    /// `If-Match` named another version.
    #[error("Precondition Failed")]
    Precondition,
    /// A sync token that is not known.
    #[error("Sync token is no longer valid, a full sync is required.")]
    FullSync,
}

impl CalendarError {
    /// HTTP status and reason.
    fn class(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "authError"),
            Self::Scope => (StatusCode::FORBIDDEN, "insufficientPermissions"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
            Self::Required(_) => (StatusCode::BAD_REQUEST, "required"),
            Self::EmptyRange => (StatusCode::BAD_REQUEST, "timeRangeEmpty"),
            Self::Attendees => (StatusCode::FORBIDDEN, "forbiddenForServiceAccounts"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::ChannelTaken => (StatusCode::BAD_REQUEST, "channelIdNotUnique"),
            Self::NotHttps => (StatusCode::BAD_REQUEST, "push.webhookUrlNotHttps"),
            Self::NotFound => (StatusCode::NOT_FOUND, "notFound"),
            Self::Duplicate => (StatusCode::CONFLICT, "duplicate"),
            Self::Deleted => (StatusCode::GONE, "deleted"),
            Self::Precondition => (StatusCode::PRECONDITION_FAILED, "conditionNotMet"),
            Self::FullSync => (StatusCode::GONE, "fullSyncRequired"),
        }
    }

    /// The rule that the caller broke, if it is one: a lost race, an expired token or a deleted event is none.
    pub fn broken_rule(&self) -> Option<&'static str> {
        match self {
            Self::Scope => Some("scope"),
            Self::Invalid(_) => Some("schema"),
            Self::Required(_) => Some("required"),
            Self::EmptyRange => Some("time_range"),
            Self::Attendees => Some("attendees"),
            Self::ChannelTaken | Self::NotHttps => Some("channel"),
            Self::Unauthenticated
            | Self::Forbidden
            | Self::NotFound
            | Self::Duplicate
            | Self::Deleted
            | Self::Precondition
            | Self::FullSync => None,
        }
    }
}

impl IntoResponse for CalendarError {
    fn into_response(self) -> Response {
        let (status, reason) = self.class();
        calendar(status, reason, &self.to_string())
    }
}

/// The error Calendar answers with this HTTP status.
pub(crate) fn calendar_fault(status: StatusCode) -> Response {
    let (reason, message) = match status.as_u16() {
        401 => ("authError", "Invalid Credentials"),
        403 => ("forbidden", "Forbidden"),
        404 => ("notFound", "Not Found"),
        409 => ("duplicate", "The requested identifier already exists."),
        410 => ("deleted", "Resource has been deleted"),
        412 => ("conditionNotMet", "Precondition Failed"),
        429 => ("rateLimitExceeded", "Rate Limit Exceeded"),
        400..500 => ("invalid", "Invalid Value"),
        _ => ("backendError", "Backend Error"),
    };
    calendar(status, reason, message)
}

fn calendar(status: StatusCode, reason: &str, message: &str) -> Response {
    let body = json!({"error": {
        "code": status.as_u16(),
        "message": message,
        "errors": [{"domain": "global", "reason": reason, "message": message}],
    }});
    (status, Json(body)).into_response()
}

/// The error the token endpoint answers with this HTTP status.
pub(crate) fn token_fault(status: StatusCode) -> Response {
    let error = if status.is_server_error() { "internal_failure" } else { "invalid_grant" };
    token(status, error, "Requested by the test.")
}

/// An error of the token endpoint.
pub(crate) fn token(status: StatusCode, error: &str, description: &str) -> Response {
    let body: Value = json!({"error": error, "error_description": description});
    (status, Json(body)).into_response()
}

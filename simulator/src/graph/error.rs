//! Errors as the Graph API words them.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::rules::Refusal;
use crate::shared::Shared;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No Bearer token.
    #[error("An access token is required to request this resource.")]
    NoToken,
    /// A token the number does not know.
    #[error("Error validating access token: The session has been invalidated.")]
    ExpiredToken,
    /// An API version that is not alive.
    #[error("Unknown API version {0}: use v21.0 to v26.0")]
    Version(String),
    /// Not a JSON object.
    #[error("The request body is not a JSON object: {0}")]
    Json(String),
    /// No file and no number of this id.
    #[error("Object with ID '{0}' does not exist or cannot be loaded due to missing permissions.")]
    NoObject(String),
    /// The address did not repeat the challenge, or is none.
    #[error("The callback URL or verify token couldn't be validated: {0}")]
    Callback(String),
    /// The customer did not write for a day.
    #[error(
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number."
    )]
    Window,
    /// Too many messages to one customer.
    #[error(
        "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time."
    )]
    Pair,
    /// Not approved.
    #[error("Template name does not exist in the translation: {0}")]
    NoTemplate(String),
    /// Not as many as the template has.
    #[error("The number of variable parameter values included in the request did not match the template.")]
    TemplateParameters,
    /// Line ends, tabs or many spaces.
    #[error("Param text cannot have new-line/tab characters or more than 4 consecutive spaces")]
    TemplateText,
    /// The content.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// A problem with the id that Meta gives to every failed request.
pub struct RouteError {
    pub problem: Problem,
    pub trace: String,
}

impl IntoResponse for RouteError {
    fn into_response(self) -> Response {
        let (status, code, title) = match &self.problem {
            Problem::NoToken => (StatusCode::UNAUTHORIZED, 104, "An access token is required"),
            Problem::ExpiredToken => (StatusCode::UNAUTHORIZED, 190, "Invalid OAuth access token"),
            Problem::Version(_) => (StatusCode::BAD_REQUEST, 2635, "(#2635) Unsupported API version"),
            Problem::NoObject(_) => (StatusCode::BAD_REQUEST, 100, "Unsupported get request."),
            Problem::Callback(_) => (StatusCode::BAD_REQUEST, 2200, "(#2200) Callback verification failed"),
            Problem::Window => (StatusCode::BAD_REQUEST, 131_047, "(#131047) Re-engagement message"),
            Problem::Pair => (StatusCode::BAD_REQUEST, 131_056, "(#131056) Pair rate limit hit"),
            Problem::NoTemplate(_) => (StatusCode::NOT_FOUND, 132_001, "(#132001) Template does not exist"),
            Problem::TemplateParameters => {
                (StatusCode::BAD_REQUEST, 132_000, "(#132000) Number of parameters does not match")
            }
            Problem::TemplateText | Problem::Json(_) | Problem::Refused(Refusal::Parameter(_)) => {
                (StatusCode::BAD_REQUEST, 100, "(#100) Invalid parameter")
            }
            Problem::Refused(Refusal::Missing(_)) => {
                (StatusCode::BAD_REQUEST, 131_008, "(#131008) Required parameter is missing")
            }
            Problem::Refused(Refusal::Invalid(_)) => {
                (StatusCode::BAD_REQUEST, 131_009, "(#131009) Parameter value is not valid")
            }
        };
        body(status, code, title, &self.problem.to_string(), &self.trace)
    }
}

/// The error Meta answers with this HTTP status.
pub(crate) fn fault(shared: &Shared, status: StatusCode) -> Response {
    let (code, title) = match status.as_u16() {
        401 => (190, "Invalid OAuth access token"),
        403 => (131_005, "(#131005) Access denied"),
        429 => (130_429, "(#130429) Rate limit hit"),
        500 => (131_000, "(#131000) Something went wrong"),
        503 => (2, "(#2) Service temporarily unavailable"),
        400..500 => (100, "(#100) Invalid parameter"),
        _ => (1, "(#1) An unknown error occurred"),
    };
    body(status, code, title, "Requested by the test.", &shared.ids.short("trace"))
}

/// Meta's error of this code, with the status it comes with.
pub(crate) fn coded(code: u32) -> (StatusCode, serde_json::Value) {
    let status = match code {
        0 | 190 => StatusCode::UNAUTHORIZED,
        3 | 10 | 200..=299 | 131_005 => StatusCode::FORBIDDEN,
        1 | 131_000 => StatusCode::INTERNAL_SERVER_ERROR,
        2 | 131_016 | 131_057 => StatusCode::SERVICE_UNAVAILABLE,
        4 | 80_007 | 130_429 => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    };
    let title = format!("(#{code}) Requested by the test");
    (status, error(code, &title, "Requested by the test.", "trace"))
}

fn body(status: StatusCode, code: u32, title: &str, details: &str, trace: &str) -> Response {
    (status, Json(error(code, title, details, trace))).into_response()
}

fn error(code: u32, title: &str, details: &str, trace: &str) -> serde_json::Value {
    json!({"error": {
        "message": title,
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": trace,
    }})
}

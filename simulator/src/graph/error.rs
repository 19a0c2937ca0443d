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
            Problem::Json(_) | Problem::Refused(Refusal::Parameter(_)) => {
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

fn body(status: StatusCode, code: u32, title: &str, details: &str, trace: &str) -> Response {
    let error = json!({"error": {
        "message": title,
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": trace,
    }});
    (status, Json(error)).into_response()
}

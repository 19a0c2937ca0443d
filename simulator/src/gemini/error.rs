//! Errors as Gemini words them.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::json;

/// The error Gemini answers with this HTTP status; `retry_after` in seconds also goes into the details.
pub(crate) fn fault(status: StatusCode, retry_after: Option<u64>) -> Response {
    let (name, message) = match status.as_u16() {
        401 => ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
        403 => ("PERMISSION_DENIED", "The caller does not have permission"),
        404 => ("NOT_FOUND", "Requested entity was not found."),
        429 => (
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        503 => ("UNAVAILABLE", "The model is overloaded. Please try again later."),
        504 => ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
        400..500 => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
        _ => ("INTERNAL", "An internal error has occurred. Please retry."),
    };
    let mut error = json!({"code": status.as_u16(), "message": message, "status": name});
    if let Some(seconds) = retry_after {
        let retry =
            json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s")});
        error["details"] = json!([retry]);
    }
    (status, Json(json!({"error": error}))).into_response()
}

/// An error of Gemini.
pub(crate) fn body(status: StatusCode, name: &str, message: &str) -> Response {
    (status, Json(json!({"error": {"code": status.as_u16(), "message": message, "status": name}})))
        .into_response()
}

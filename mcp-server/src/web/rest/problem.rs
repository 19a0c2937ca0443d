//! Failures as problem details (RFC 9457).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::Rest;
use crate::booking::scheduler::{Failure, FailureCode};

fn status(code: FailureCode) -> StatusCode {
    match code {
        FailureCode::Validation => StatusCode::BAD_REQUEST,
        FailureCode::NotFound => StatusCode::NOT_FOUND,
        FailureCode::SlotTaken | FailureCode::Conflict => StatusCode::CONFLICT,
        FailureCode::OutsideHours | FailureCode::NoticeTooShort | FailureCode::LimitReached => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        FailureCode::NotYours | FailureCode::Forbidden => StatusCode::FORBIDDEN,
        FailureCode::Unauthorized => StatusCode::UNAUTHORIZED,
        FailureCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        FailureCode::ServiceUnavailable
        | FailureCode::BookingFailed
        | FailureCode::UpdateFailed
        | FailureCode::CancellationFailed => StatusCode::SERVICE_UNAVAILABLE,
        FailureCode::Configuration | FailureCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Rest {
    /// What a handler answers.
    pub(super) fn answer(&self, status: StatusCode, result: Result<Value, Failure>) -> Response {
        match result {
            Ok(value) => (status, Json(value)).into_response(),
            Err(failure) => {
                if failure.code == FailureCode::Internal {
                    tracing::error!(message = failure.message, "a request failed in a way that has no code");
                }
                self.problem(&failure)
            }
        }
    }

    /// A failure as it goes over the wire; with a scope missing, the challenge of RFC 6750 section 3.1 too.
    fn problem(&self, failure: &Failure) -> Response {
        let status = status(failure.code);
        let mut body = json!({
            "type": "about:blank",
            "title": failure.code.as_str(),
            "status": status.as_u16(),
            "code": failure.code.as_str(),
            "detail": failure.message,
        });
        if let Some(field) = &failure.field {
            body["errors"] = json!([{"field": field, "message": failure.message}]);
        }
        if !failure.alternatives.is_empty() {
            body["alternatives"] =
                failure.alternatives.iter().map(|slot| self.scheduler.slot(slot)).collect();
        }
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if failure.code == FailureCode::Forbidden {
            let challenge = HeaderValue::from_static("Bearer error=\"insufficient_scope\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

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
            Err(failure) => self.problem(&failure),
        }
    }

    /// A failure as it goes over the wire; with a scope missing, the challenge of RFC 6750 section 3.1 too.
    fn problem(&self, failure: &Failure) -> Response {
        let status = status(failure.code);
        let mut body = self.scheduler.refused(failure);
        if let Some(fields) = body.as_object_mut() {
            let detail = fields.remove("message").unwrap_or_default();
            if let Some(field) = fields.remove("field") {
                fields.insert("errors".into(), json!([{"field": field, "message": detail}]));
            }
            fields.insert("detail".into(), detail);
            fields.insert("type".into(), json!("about:blank"));
            fields.insert("title".into(), json!(failure.code.as_str()));
            fields.insert("status".into(), json!(status.as_u16()));
        }
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(scope) = failure.scope {
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", scope.as_str());
            // Scopes are words of plain ASCII.
            headers.extend(
                challenge.try_into().ok().map(|value: HeaderValue| (header::WWW_AUTHENTICATE, value)),
            );
        }
        response
    }
}

//! Nobody reaches a tool without a token of this tenant.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{booking::scheduler::FailureCode, clock::SharedClock, metrics::Metrics, token::Keys};

/// Checks tokens.
pub struct Gate {
    /// The tenant's keys.
    pub keys: Arc<Keys>,
    /// The tokens' issuer and audience.
    pub public_url: String,
    /// Time.
    pub clock: SharedClock,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

/// Puts the bearer into the request, or answers 401 with a challenge (RFC 6750 section 3).
pub async fn authenticate(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let Some(token) = token else {
        return gate.refuse("Bearer", "send a token in the header: Authorization: Bearer …");
    };
    match gate.keys.verify(token, &gate.public_url, gate.clock.now()) {
        Ok(bearer) => {
            request.extensions_mut().insert(bearer);
            next.run(request).await
        }
        Err(error) => gate.refuse("Bearer error=\"invalid_token\"", &error.to_string()),
    }
}

impl Gate {
    fn refuse(&self, header: &'static str, message: &str) -> Response {
        self.metrics.refused(FailureCode::Unauthorized);
        challenge(header, message)
    }
}

fn challenge(challenge: &'static str, message: &str) -> Response {
    let body = json!({"type": "about:blank", "title": "unauthorized", "status": 401, "code": "unauthorized", "detail": message});
    let mut response = (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

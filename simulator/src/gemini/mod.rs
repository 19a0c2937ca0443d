//! The Gemini stand-in: checks a request as Google does, then answers from a script or from the brain.

mod brain;
mod error;
pub mod manner;
mod reply;
mod request;
mod rules;
mod signature;
pub mod voice;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use error::fault;

use crate::{
    fault as faults,
    hold::Point,
    shared::App,
    state::{ModelCall, Vendor},
};

/// A key may come in the query instead of the header.
#[derive(Deserialize)]
pub(crate) struct KeyParameter {
    key: Option<String>,
}

/// `POST /v1beta/models/{model}:generateContent`, or the same under `/v1`
pub(crate) async fn generate(
    State(app): State<App>,
    Path(call): Path<String>,
    Query(query): Query<KeyParameter>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(failure) = faults::take(&app, Vendor::Gemini).await {
        return failure;
    }
    let header = headers.get("x-goog-api-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let Some(key) = header.or(query.key).filter(|key| !key.is_empty()) else {
        app.violation(Vendor::Gemini, "key", "a request came without an API key");
        return error::body(
            StatusCode::FORBIDDEN,
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers (callers without established identity). Please use API Key \
             or other form of API consumer identity to call this API.",
        );
    };
    let Some(model) = call.strip_suffix(":generateContent").filter(|model| alive(model)) else {
        app.violation(Vendor::Gemini, "model", format!("unknown model or method {call}"));
        let text =
            format!("models/{call} is not found for API version v1beta, or is not supported for the method.");
        return error::body(StatusCode::NOT_FOUND, "NOT_FOUND", &text);
    };
    app.holds.pass(Point::GeminiBefore).await;
    let checked = serde_json::from_slice::<Value>(&body)
        .map_err(|error| rules::Refusal::Payload(error.to_string()))
        .and_then(|body| rules::check(app.schemas, model, &body).map(|request| (body, request)));
    let (body, request) = match checked {
        Ok(checked) => checked,
        Err(refusal) => {
            app.violation(Vendor::Gemini, refusal.rule(), refusal.to_string());
            return error::body(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", &refusal.to_string());
        }
    };
    let scripted = app.with(|state| state.script.pop_front());
    let response = match scripted {
        Some(reply) => reply::scripted(&app, model, &request, reply),
        None => reply::from_brain(&app, model, &request),
    };
    let call = ModelCall { at: app.clock.now(), model: model.to_owned(), key, request: body, response };
    let response = call.response.clone();
    app.called(call);
    app.holds.pass(Point::GeminiAfter).await;
    Json(response).into_response()
}

/// `GET /v1beta/models/{model}`
pub(crate) async fn describe(
    State(app): State<App>,
    Path(model): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(failure) = faults::take(&app, Vendor::Gemini).await {
        return failure;
    }
    if headers.get("x-goog-api-key").is_none() {
        return error::body(
            StatusCode::FORBIDDEN,
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers.",
        );
    }
    if !alive(&model) {
        let text = format!("models/{model} is not found for API version v1beta.");
        return error::body(StatusCode::NOT_FOUND, "NOT_FOUND", &text);
    }
    Json(json!({
        "name": format!("models/{model}"),
        "displayName": model,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }))
    .into_response()
}

/// Generations 1 and 2 are shut down.
fn alive(model: &str) -> bool {
    model.starts_with("gemini-3") || model.starts_with("gemini-4")
}

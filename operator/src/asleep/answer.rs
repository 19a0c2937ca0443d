//! The answer: a 503 in the form that was asked for.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{Sleepers, words};

/// When to come again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("600");

/// Answers any request: a page for browsers, a problem (RFC 9457) for everything else. Nothing of the request is repeated.
pub async fn answer(State(sleepers): State<Arc<Sleepers>>, uri: Uri, headers: HeaderMap) -> Response {
    let text =
        |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let words = words::of(text(header::ACCEPT_LANGUAGE));
    let reason = sleepers.reason(text(header::HOST), uri.path());
    let (kind, body) = if text(header::ACCEPT).contains("text/html") {
        ("text/html; charset=utf-8", page(words, reason.as_deref()))
    } else {
        let detail = reason.as_deref().unwrap_or(words.sentence);
        let problem = json!({
            "type": "about:blank", "title": words.title, "status": 503, "code": "service_unavailable", "detail": detail,
        });
        ("application/problem+json", problem.to_string())
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(words.language)),
        (header::RETRY_AFTER, RETRY_AFTER),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, body).into_response()
}

fn page(words: &words::Words, reason: Option<&str>) -> String {
    let words::Words { language, title, sentence } = words;
    let reason = reason.map(|reason| format!("<p>{}</p>", escaped(reason))).unwrap_or_default();
    format!(
        "<!doctype html><html lang=\"{language}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <h1>{title}</h1>{reason}<p>{sentence}</p></html>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

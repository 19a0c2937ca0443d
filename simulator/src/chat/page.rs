//! The page and what it asks for.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::json;

use super::{Panels, Recorded, timeline};
use crate::shared::App;

/// `/`, its script and style, and `/chat/state`. What is said goes to `/_sim/say`.
pub(crate) fn routes() -> Router<App> {
    const SCRIPT: &str = include_str!("page.js");
    const STYLE: &str = include_str!("page.css");
    Router::new()
        .route("/", get(document))
        .route(
            "/chat/page.js",
            get(|| async { ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT) }),
        )
        .route(
            "/chat/page.css",
            get(|| async { ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE) }),
        )
        .route("/chat/state", get(state))
}

/// The page speaks to this server only, and runs nothing but its own script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async fn document() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)],
        include_str!("page.html"),
    )
}

#[derive(Deserialize)]
struct Seen {
    /// What the page has; the same again is answered with 204.
    #[serde(default)]
    version: String,
    /// Whose turns are shown.
    #[serde(default)]
    phone: String,
}

async fn state(State(app): State<App>, Query(seen): Query<Seen>) -> Response {
    let (snapshot, panels) = app.with(|state| (state.snapshot(), state.panels.clone()));
    let panels: Arc<dyn Panels> = panels.unwrap_or_else(|| Arc::new(Recorded(app.clone())));
    let numbers: Vec<String> = app.with(|state| state.numbers.keys().cloned().collect());
    let content = json!({
        "number": numbers.first(),
        "chats": timeline::chats(&snapshot, app.clock.now()),
        "agenda": panels.agenda().await,
        "trace": panels.trace(&seen.phone).await,
        "violations": snapshot.violations.iter().map(|v| format!("{}: {}", v.what, v.detail)).collect::<Vec<_>>(),
    });
    let mut hasher = DefaultHasher::new();
    content.to_string().hash(&mut hasher);
    let version = format!("{:x}", hasher.finish());
    if version == seen.version {
        return StatusCode::NO_CONTENT.into_response();
    }
    Json(json!({"version": version, "content": content})).into_response()
}

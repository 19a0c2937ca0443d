//! Which path is whose.

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, Uri},
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::{chat, control, gemini, google, graph, shared::App, state::Vendor};

/// All stand-ins and the control API on one listener, each vendor under its own paths.
pub(crate) fn router(app: App) -> Router {
    let vendors = Router::new()
        .route("/{version}/{phone_number_id}/messages", post(graph::messages))
        .route("/{version}/{id}", get(graph::number::get).post(graph::number::post))
        .route("/whatsapp_business/attachments/{id}", get(graph::media::file))
        .route("/v1beta/models/{model}", post(gemini::generate).get(gemini::describe))
        // Google's own client has moved here.
        .route("/v1/models/{model}", post(gemini::generate).get(gemini::describe))
        .route("/token", post(google::token::issue))
        .route(
            "/calendar/v3/calendars/{calendar}/events",
            post(google::calendar::insert).get(google::calendar::list),
        )
        .route(
            "/calendar/v3/calendars/{calendar}/events/{event}",
            get(google::calendar::get).patch(google::calendar::patch).delete(google::calendar::delete),
        )
        .route("/calendar/v3/calendars/{calendar}/events/watch", post(google::watch::watch))
        .route("/calendar/v3/channels/stop", post(google::watch::stop))
        .route("/calendar/v3/freeBusy", post(google::calendar::busy));
    let control = Router::new()
        .route("/health", get(control::health))
        .route("/state", get(control::state))
        .route("/reset", post(control::reset))
        .route("/numbers", post(control::register_number))
        .route("/say", post(control::say))
        .route("/voice", post(control::voice))
        .route("/echo", post(control::echo))
        .route("/media", post(control::media))
        .route("/webhook", post(control::webhook))
        .route("/google-key", post(control::register_google_key))
        .route("/events", post(control::insert_event))
        .route("/events/change", post(control::change_event))
        .route("/events/delete", post(control::delete_event))
        .route("/calendars", post(control::configure_calendar))
        .route("/ingress", post(control::ingress))
        .route("/holds", post(control::hold).get(control::holds))
        .route("/release", post(control::release))
        .route("/faults", post(control::fault))
        .route("/script", post(control::script))
        .route("/manner", post(control::behave));
    vendors.merge(chat::routes()).nest("/_sim", control).fallback(unknown).with_state(app)
}

/// A path that no stand-in has. A caller who needs it is told, and so is the test.
async fn unknown(State(app): State<App>, uri: Uri) -> (StatusCode, Json<Value>) {
    let path = uri.path();
    let vendor = match path.split('/').nth(1) {
        Some("v1" | "v1beta") => Some(Vendor::Gemini),
        Some("calendar") => Some(Vendor::Calendar),
        Some(version) if version.starts_with("v2") => Some(Vendor::Graph),
        _ => None,
    };
    if let Some(vendor) = vendor {
        app.violation(vendor, "path", format!("no stand-in for {path}"));
    }
    (
        StatusCode::NOT_FOUND,
        Json(json!({"error": {"code": 404, "message": format!("no stand-in for {path}")}})),
    )
}

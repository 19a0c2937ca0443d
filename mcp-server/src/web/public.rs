//! What the world sees: the webhook, `/mcp` and `/api/v1`, under the root and under the base path.

use std::sync::Arc;

use axum::{Json, Router, routing::get};
use serde_json::json;

use super::webhook::{self, Webhook};

/// The public router.
pub fn router(webhook: Arc<Webhook>, mcp: Router, base_path: &str) -> Router {
    let hooks = get(webhook::verify).post(webhook::receive);
    let paths = Router::new()
        .route("/", get(about))
        .route("/health", get(health))
        .route("/webhooks/whatsapp", hooks.clone())
        .route("/api/v1/webhooks/whatsapp", hooks)
        .with_state(webhook)
        .merge(mcp);
    if base_path.is_empty() { paths } else { paths.clone().nest(base_path, paths) }
}

async fn about() -> Json<serde_json::Value> {
    Json(json!({
        "name": "mcp-server",
        "version": env!("CARGO_PKG_VERSION"),
        "mcp": "mcp",
        "health": "health",
        "webhook": "webhooks/whatsapp",
    }))
}

async fn health() -> Json<serde_json::Value> {
    Json(json!({"status": "ok"}))
}

//! The agents' door: an MCP server over streamable HTTP, stateless, JSON replies, a bearer token on every request.

mod auth;
mod tools;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use tokio_util::sync::CancellationToken;

pub use auth::{Gate, authenticate};
pub use tools::TenantTools;

/// `/mcp` behind its gate.
pub fn router(
    tools: TenantTools,
    gate: Arc<Gate>,
    allowed_hosts: &[String],
    stop: CancellationToken,
) -> Router {
    let hosts: Vec<String> = ["localhost", "127.0.0.1", "::1"]
        .into_iter()
        .map(str::to_owned)
        .chain(allowed_hosts.iter().cloned())
        .collect();
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(hosts)
        .enforce_origin_validation()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MOST_BYTES)
        .with_cancellation_token(stop);
    let service = StreamableHttpService::new(
        move || Ok(tools.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    Router::new()
        .nest_service("/mcp", service)
        .route_layer(axum::middleware::from_fn(whole))
        // On this route only: unknown paths stay unknown, not forbidden.
        .route_layer(axum::middleware::from_fn_with_state(gate, auth::authenticate))
}

/// Longest call, in bytes.
const MOST_BYTES: usize = 256 * 1024;
/// How long a call may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Passes a call on when it is here as a whole, and in time: rmcp waits for a body as long as it takes.
async fn whole(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(PATIENCE, to_bytes(body, MOST_BYTES)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(_)) => (StatusCode::PAYLOAD_TOO_LARGE, "a call has at most 256 KiB\n").into_response(),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "the call did not arrive in time\n").into_response(),
    }
}

//! The agents' door: an MCP server over streamable HTTP, stateless, JSON replies, a bearer token on every request.

mod args;
mod auth;
mod tools;

use std::sync::Arc;

use axum::Router;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use tokio_util::sync::CancellationToken;

pub use auth::{Gate, authenticate};
pub use tools::TenantTools;

use crate::web::programs::MOST_BYTES;

/// `/mcp`. It belongs behind the gate, and into the room of programs.
pub fn router(tools: TenantTools, allowed_hosts: &[String], stop: CancellationToken) -> Router {
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
    Router::new().nest_service("/mcp", service)
}

//! The two listeners.

pub mod body;
pub mod internal;
pub mod public;
pub mod rest;
pub mod webhook;

use axum::{Router, serve::ListenerExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves until stopped. Without `TCP_NODELAY` small answers wait for the peer's delayed acknowledgement.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> std::io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // A socket that refuses it is slower, not wrong.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

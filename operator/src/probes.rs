//! The small listener for the kubelet and Prometheus.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// What the listener tells.
#[derive(Clone, Debug)]
pub struct Probes {
    /// Counters for `/metrics`.
    pub metrics: Arc<Metrics>,
    /// Set once the watches have shown the whole state.
    pub ready: Arc<AtomicBool>,
}

impl Probes {
    fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { "ok" }))
            .route("/readyz", get(readyz))
            .route("/metrics", get(|State(probes): State<Self>| async move { probes.metrics.render() }))
            .with_state(self)
    }

    /// Serves until `stop`.
    ///
    /// Errors when the address cannot be listened on.
    pub async fn serve(self, address: SocketAddr, stop: CancellationToken) -> Result<(), std::io::Error> {
        let listener = tokio::net::TcpListener::bind(address).await?;
        axum::serve(listener, self.router()).with_graceful_shutdown(stop.cancelled_owned()).await
    }
}

async fn readyz(State(probes): State<Probes>) -> (StatusCode, &'static str) {
    if probes.ready.load(Ordering::Relaxed) {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the state of the cluster is still being read")
    }
}

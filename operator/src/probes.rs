//! The small listener for the kubelet and Prometheus.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
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
            .route("/metrics", get(metrics))
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

/// `OpenMetrics` text, as Prometheus asks for it.
async fn metrics(State(probes): State<Probes>) -> impl IntoResponse {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, TYPE)], probes.metrics.render())
}

async fn readyz(State(probes): State<Probes>) -> (StatusCode, &'static str) {
    if probes.ready.load(Ordering::Relaxed) {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the state of the cluster is still being read")
    }
}

//! Counts the requests of a client by kind. What a reconcile costs the API server is a promise; this is its measure.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Method, Request};
use tower::{Layer, Service};

use crate::metrics::Metrics;

/// Puts a [`Count`] around a service.
#[derive(Clone, Debug)]
pub struct CountLayer(pub Arc<Metrics>);

impl<S> Layer<S> for CountLayer {
    type Service = Count<S>;

    fn layer(&self, inner: S) -> Count<S> {
        Count { inner, metrics: Arc::clone(&self.0) }
    }
}

/// A service that counts what passes.
#[derive(Clone, Debug)]
pub struct Count<S> {
    inner: S,
    metrics: Arc<Metrics>,
}

impl<S, B> Service<Request<B>> for Count<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        let query = request.uri().query().unwrap_or_default();
        let counter = if request.method() != Method::GET {
            &self.metrics.writes
        } else if query.split('&').any(|pair| pair == "watch=true") {
            &self.metrics.watches
        } else {
            &self.metrics.reads
        };
        counter.add_one();
        self.inner.call(request)
    }
}

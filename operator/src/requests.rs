//! Counts the requests of a client by verb, resource and answer. What a reconcile costs the API server is a promise;
//! this is its measure. And gives up those that nobody answers: a list or an Event has no other deadline, and whoever waits
//! for it would wait for as long as the process lives.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Method, Request, Response, Uri};
use tower::{BoxError, Layer, Service};

use crate::metrics::{Asked, Metrics};

/// Longest until an answer begins; what a watch tells comes after. Longer than a call of [`crate::api`] may take, which knows
/// better what it was for.
const BEGINS_WITHIN: Duration = Duration::from_secs(40);

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

impl<S, B, R> Service<Request<B>> for Count<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (verb, resource) = (verb(request.method(), request.uri()), resource(request.uri()));
        // The lease is renewed all the time, whatever clients there are.
        if resource != "leases" {
            match verb {
                "watch" => {}
                "get" | "list" => drop(self.metrics.reads.inc()),
                _ => drop(self.metrics.writes.inc()),
            }
        }
        let (answer, metrics) = (self.inner.call(request), Arc::clone(&self.metrics));
        Box::pin(async move {
            let answer = match tokio::time::timeout(BEGINS_WITHIN, answer).await {
                Ok(answer) => answer.map_err(Into::into),
                Err(_) => Err(format!("no answer within {} s", BEGINS_WITHIN.as_secs()).into()),
            };
            let code = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
            metrics.asked(&Asked { verb, resource, code });
            answer
        })
    }
}

/// The parts of a path after group and version: `namespaces/x/secrets/y` or `mcpplans/z`.
fn parts(uri: &Uri) -> Vec<&str> {
    let segments: Vec<&str> = uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
    let skipped = if segments.first() == Some(&"apis") { 3 } else { 2 };
    let mut parts = segments.get(skipped..).unwrap_or_default().to_vec();
    if parts.len() > 2 && parts[0] == "namespaces" && !["status", "finalize"].contains(&parts[2]) {
        parts.drain(..2);
    }
    parts
}

/// The verb as the API server's authorization and audit log name it.
fn verb(method: &Method, uri: &Uri) -> &'static str {
    let watches = || uri.query().unwrap_or_default().split('&').any(|pair| pair == "watch=true");
    match method.as_str() {
        "GET" if watches() => "watch",
        "GET" if parts(uri).len() > 1 => "get",
        "GET" => "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "other",
    }
}

/// The resource with its subresource, without names: as few as there are kinds.
fn resource(uri: &Uri) -> String {
    match parts(uri).as_slice() {
        [] => "discovery".to_owned(),
        [kind] | [kind, _] => (*kind).to_owned(),
        [kind, _, subresource, ..] => format!("{kind}/{subresource}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_counted_under_its_kind_and_never_under_a_name() {
        let table = [
            ("GET", "/api/v1/namespaces?watch=true&resourceVersion=7", "watch", "namespaces"),
            ("GET", "/api/v1/namespaces", "list", "namespaces"),
            ("GET", "/api/v1/namespaces/ze-production", "get", "namespaces"),
            ("PATCH", "/api/v1/namespaces/ze-production?fieldManager=x", "patch", "namespaces"),
            ("PATCH", "/api/v1/namespaces/ze-production/secrets/ze-keys", "patch", "secrets"),
            ("GET", "/api/v1/namespaces/ze-production/pods", "list", "pods"),
            ("DELETE", "/apis/apps/v1/namespaces/a/deployments/ze", "delete", "deployments"),
            (
                "PATCH",
                "/apis/mcp-platform.dev/v1alpha1/namespaces/a/mcpclients/ze/status",
                "patch",
                "mcpclients/status",
            ),
            ("GET", "/apis/mcp-platform.dev/v1alpha1/mcpplans/basic", "get", "mcpplans"),
            ("PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", "update", "leases"),
            ("POST", "/apis/events.k8s.io/v1/namespaces/a/events", "create", "events"),
            ("GET", "/api/v1/namespaces/status", "get", "namespaces"),
            ("GET", "/version", "list", "discovery"),
        ];
        for (method, path, expected_verb, expected_resource) in table {
            let (method, uri) = (Method::from_bytes(method.as_bytes()).unwrap(), Uri::from_static(path));
            assert_eq!(
                (verb(&method, &uri), resource(&uri).as_str()),
                (expected_verb, expected_resource),
                "{path}"
            );
        }
    }
}

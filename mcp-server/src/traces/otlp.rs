//! The way to a collector: OTLP over HTTP with JSON (OpenTelemetry Protocol, "OTLP/HTTP": `POST /v1/traces`). The client
//! and the JSON are here anyway; the protocol's own crates would add protobuf for the same bytes on the wire.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Span, Traces, Value};
use crate::settings::TraceSettings;

/// Spans in one request.
const AT_ONCE: usize = 512;
/// How long spans are collected before they go.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Brings spans to the collector.
pub struct Exporter {
    http: reqwest::Client,
    settings: TraceSettings,
    resource: Json,
    spans: mpsc::Receiver<Span>,
}

impl Traces {
    /// Traces to this collector, and what brings them there.
    pub fn exported(
        http: &reqwest::Client,
        settings: TraceSettings,
        secret: &[u8],
        tenant: &mcp_store::Tenant,
    ) -> (Self, Exporter) {
        let (traces, spans) = Self::new(secret);
        let resource = json!({"attributes": [
            word("service.name", &settings.service),
            word("service.namespace", &tenant.client),
            word("service.version", env!("CARGO_PKG_VERSION")),
            word("deployment.environment.name", &tenant.environment),
        ]});
        (traces, Exporter { http: http.clone(), settings, resource, spans })
    }
}

impl Exporter {
    /// Runs until stopped; what waits then is still brought.
    pub async fn run(mut self, stop: CancellationToken) {
        let (mut batch, mut works) = (Vec::with_capacity(AT_ONCE), true);
        loop {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
            let last = stop.is_cancelled();
            while let Ok(span) = self.spans.try_recv() {
                batch.push(span);
                if batch.len() == AT_ONCE {
                    self.bring(&mut batch, &mut works).await;
                }
            }
            self.bring(&mut batch, &mut works).await;
            if last {
                return;
            }
        }
    }

    /// Spans that a collector does not take are gone: they are no customer's message.
    async fn bring(&self, batch: &mut Vec<Span>, works: &mut bool) {
        if batch.is_empty() {
            return;
        }
        let spans: Vec<Json> = batch.drain(..).map(|span| wire(&span)).collect();
        let scope = json!({"name": "mcp-server", "version": env!("CARGO_PKG_VERSION")});
        let body = json!({"resourceSpans": [{
            "resource": self.resource, "scopeSpans": [{"scope": scope, "spans": spans}],
        }]});
        let mut request = self.http.post(&self.settings.endpoint).timeout(PATIENCE).json(&body);
        for (name, value) in &self.settings.headers {
            let value = HeaderValue::from_str(value.expose_secret());
            if let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name.as_str()), value) {
                value.set_sensitive(true);
                request = request.header(name, value);
            }
        }
        let taken = request.send().await.is_ok_and(|answer| answer.status().is_success());
        if taken != *works {
            *works = taken;
            if taken {
                tracing::info!("the collector takes traces again");
            } else {
                tracing::warn!("the collector takes no traces; check OTEL_EXPORTER_OTLP_ENDPOINT");
            }
        }
    }
}

/// A span as in `opentelemetry/proto/trace/v1/trace.proto`, in JSON: ids in hex, 64-bit numbers as text.
fn wire(span: &Span) -> Json {
    let attributes: Vec<Json> = span
        .attributes
        .iter()
        .map(|(key, value)| match value {
            Value::Word(text) => word(key, text),
            Value::Number(n) => json!({"key": key, "value": {"intValue": n.to_string()}}),
        })
        .collect();
    let (internal, server, client) = (1, 2, 3);
    let kind = match span.name {
        "webhook" => server,
        "send" => client,
        _ => internal,
    };
    let mut wire = json!({
        "traceId": hex::encode(span.place.trace),
        "spanId": hex::encode(span.place.span),
        "name": span.name,
        "kind": kind,
        "startTimeUnixNano": span.began.as_nanosecond().to_string(),
        "endTimeUnixNano": span.ended.max(span.began).as_nanosecond().to_string(),
        "attributes": attributes,
        "status": {"code": if span.failed { 2 } else { 0 }},
    });
    if let Some(parent) = span.parent {
        wire["parentSpanId"] = json!(hex::encode(parent.span));
    }
    wire
}

fn word(key: &str, text: &str) -> Json {
    json!({"key": key, "value": {"stringValue": text}})
}

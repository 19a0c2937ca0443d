//! Failures on request: the next requests to a vendor are answered with an error, or late.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{gemini, google, graph, shared::Shared, state::Vendor};

/// How the next requests to a vendor fail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Whose requests.
    pub vendor: Vendor,
    /// The HTTP status; none only delays and then answers as usual.
    pub status: Option<u16>,
    /// The body: an object is sent as JSON, a string as it is; left out, the vendor's own error of that status.
    #[serde(default)]
    pub body: Option<Value>,
    /// How many requests.
    #[serde(default = "once")]
    pub times: u32,
    /// `Retry-After`, in seconds.
    #[serde(default)]
    pub retry_after: Option<u64>,
    /// How long to wait before answering, in milliseconds.
    #[serde(default)]
    pub delay_ms: Option<u64>,
}

impl Fault {
    /// The next send, or other request to the Graph API, is refused with this code of Meta
    /// (WhatsApp Cloud API, "Error codes").
    pub fn graph(code: u32) -> Self {
        let (status, body) = graph::coded(code);
        Self {
            vendor: Vendor::Graph,
            status: Some(status.as_u16()),
            body: Some(body),
            times: 1,
            retry_after: None,
            delay_ms: None,
        }
    }
}

fn once() -> u32 {
    1
}

/// The answer that a fault prescribes for this request, after its delay.
pub(crate) async fn take(shared: &Shared, vendor: Vendor) -> Option<Response> {
    let fault = shared.with(|state| {
        let fault = state.faults.iter_mut().find(|fault| fault.vendor == vendor && fault.times > 0)?;
        fault.times -= 1;
        let fault = fault.clone();
        state.faults.retain(|fault| fault.times > 0);
        Some(fault)
    })?;
    if let Some(delay) = fault.delay_ms {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    answer(shared, &fault)
}

fn answer(shared: &Shared, fault: &Fault) -> Option<Response> {
    let status = StatusCode::from_u16(fault.status?).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match &fault.body {
        Some(Value::String(text)) => (status, Body::from(text.clone())).into_response(),
        Some(body) => (status, axum::Json(body.clone())).into_response(),
        None => match fault.vendor {
            Vendor::Graph | Vendor::Webhook => graph::fault(shared, status),
            Vendor::Gemini => gemini::fault(status, fault.retry_after),
            Vendor::Calendar => google::calendar_fault(status),
            Vendor::Token => google::token_fault(status),
        },
    };
    if let Some(seconds) = fault.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Some(response)
}

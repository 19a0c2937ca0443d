//! The programs' door, with a database and without a network.

mod access;
mod appointments;
mod chat;

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
    middleware::from_fn_with_state,
};
use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    Store,
    outbox::{NewOutgoing, SendRule},
    turn::{BurstRule, ClaimedTurn, Effect, TurnResult},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{
    Rest, router,
    waiting::{Waiting, addressed},
};
use crate::{
    assistant::Decided,
    booking::Scheduler,
    mcp::{Gate, authenticate},
    test_bed::{Bed, local, profile},
    token::{Keys, Scopes, tests::fresh_pem},
    wake::Wake,
    whatsapp::intake::Intake,
};

const URL: &str = "http://tenant.example";
const ALL: &str = "booking:read booking:write customer:read conversation:reply";

/// Every route with a body that would be taken.
const ROUTES: [(&str, &str, &str, &str); 7] = [
    ("POST", "/api/v1/chat", r#"{"message":"oi","user_id":"u"}"#, "booking:write"),
    ("GET", "/api/v1/appointments/available?service=corte", "", "booking:read"),
    (
        "POST",
        "/api/v1/appointments/create",
        r#"{"service":"corte","start":"2026-11-17T10:00","customer":{"name":"Ana"}}"#,
        "booking:write",
    ),
    ("GET", "/api/v1/appointments/list", "", "booking:read"),
    ("GET", "/api/v1/appointments/REF001", "", "booking:read"),
    ("PATCH", "/api/v1/appointments/REF001", r#"{"start":"2026-11-17T11:00"}"#, "booking:write"),
    ("DELETE", "/api/v1/appointments/REF001", "", "booking:write"),
];

struct Door {
    bed: Bed,
    keys: Arc<Keys>,
    router: Router,
    waiting: Arc<Waiting>,
    metrics: Arc<crate::metrics::Metrics>,
}

struct Reply {
    status: StatusCode,
    kind: String,
    body: Value,
    challenge: bool,
}

impl Reply {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("none")
    }

    fn field(&self) -> &str {
        self.body["errors"][0]["field"].as_str().unwrap_or("none")
    }
}

impl Door {
    async fn new() -> Self {
        Self::with(&profile("")).await
    }

    async fn with(profile: &str) -> Self {
        let bed = Bed::with(profile).await;
        let keys = Arc::new(Keys::from_pem(&fresh_pem()).unwrap());
        let (wake, waiting) = (Arc::new(Wake::default()), Arc::new(Waiting::default()));
        let (intake, keeping) = Intake::start(
            Arc::clone(&bed.store),
            bed.clock.clone(),
            Arc::clone(&wake),
            Arc::new(crate::status::StatusBoard::new(crate::test_bed::MONDAY)),
            crate::watchdog::Watchdog::default().watch("deliveries"),
            CancellationToken::new(),
        );
        tokio::spawn(keeping);
        let scheduler = Scheduler { desk: Arc::clone(&bed.desk), wake, metrics: Arc::default() };
        let gate = Gate {
            keys: Arc::clone(&keys),
            public_url: URL.into(),
            clock: bed.clock.clone(),
            metrics: Arc::clone(&scheduler.metrics),
        };
        let metrics = Arc::clone(&scheduler.metrics);
        let rest = Rest { scheduler, intake, waiting: Arc::clone(&waiting) };
        Self {
            router: router(rest).route_layer(from_fn_with_state(Arc::new(gate), authenticate)),
            bed,
            keys,
            waiting,
            metrics,
        }
    }

    fn token(&self, subject: &str, scopes: &str) -> String {
        self.minted(&self.keys, URL, subject, scopes)
    }

    fn minted(&self, keys: &Keys, audience: &str, subject: &str, scopes: &str) -> String {
        let scopes = Scopes::parse(scopes).unwrap();
        keys.mint(audience, subject, &scopes, "10m".parse().unwrap(), self.bed.desk.clock.now()).unwrap()
    }

    async fn ask(
        &self,
        token: Option<&str>,
        key: Option<&str>,
        method: &str,
        path: &str,
        body: &str,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Reply {
            status,
            kind: headers.get(header::CONTENT_TYPE).map_or("", |value| value.to_str().unwrap()).to_owned(),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            challenge: headers.contains_key(header::WWW_AUTHENTICATE),
        }
    }

    /// As an agent that may do everything.
    async fn agent(&self, method: &str, path: &str, body: Value) -> Reply {
        self.ask(Some(&self.token("agent-1", ALL)), None, method, path, &text(&body)).await
    }

    async fn booked(&self, start: &str) -> Value {
        let body = json!({"service": "corte", "staff": "ze", "start": start, "customer": {"name": "Ana", "phone": "+55 11 98888-7777"}});
        let reply = self.agent("POST", "/api/v1/appointments/create", body).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
        reply.body["appointment"].clone()
    }
}

fn text(body: &Value) -> String {
    if body.is_null() { String::new() } else { body.to_string() }
}

//! What the cluster and a collector of traces see of a tenant.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, http::HeaderMap, routing::post};
use serde_json::{Value, json};

use crate::harness::Tenant;

const PHONE: &str = "5511999990001";

#[tokio::test]
async fn a_database_that_a_newer_program_narrowed_is_not_ready_and_one_it_only_widened_is() {
    let tenant = Tenant::start().await;
    tenant.db.write("INSERT INTO schema_version (version, kind) VALUES (1001, 'expand')").await;
    assert_eq!(tenant.internal("/readyz").await, "ok\n");
    tenant.db.write("INSERT INTO schema_version (version, kind) VALUES (1002, 'contract')").await;
    let why = tenant.internal("/readyz").await;
    assert!(why.contains("1002") && why.contains("run that version"), "{why}");
    tenant.db.write("DELETE FROM schema_version").await;
    let why = tenant.internal("/readyz").await;
    assert!(why.contains("mcp-server migrate"), "{why}");
    assert_eq!(tenant.internal("/healthz").await, "ok\n");
}

#[tokio::test]
async fn the_metrics_tell_of_everything_that_happens() {
    let tenant = Tenant::start().await;
    let token = tenant.token("booking:read booking:write").await;
    tenant.say(PHONE, "Quero um corte amanhã às 15h").await;
    tenant.one_of_each().await;
    let found = json!({"service": "corte", "when": {"offset_days": 1}});
    tenant.tool(&token, "find_available_slots", found).await;
    tenant.tool(&token, "get_booking", json!({"booking": "NADA"})).await;
    let order = json!({"service": "corte", "staff": "ze", "start": "2020-01-01T15:00", "customer": {"name": "Bia"}, "idempotency_key": "k"});
    tenant.tool(&token, "create_booking", order).await;
    let text = tenant.internal("/metrics").await;
    for line in [
        r#"mcp_webhook_answers_total{status="200"}"#,
        r#"mcp_webhook_items_total{outcome="message"} 1"#,
        r#"mcp_turns_total{outcome="committed"} 1"#,
        "mcp_tool_calls_total{tool=",
        r#"mcp_agent_tool_calls_total{tool="find_available_slots",outcome="done"} 1"#,
        r#"mcp_model_tokens_total{direction="in"}"#,
        r#"mcp_model_tokens_total{direction="out"}"#,
        r#"mcp_sends_total{outcome="sent"} 1"#,
        r#"mcp_outbox_messages{state="sent"} 1"#,
        r#"mcp_bookings_total{outcome="booked"} 1"#,
        r#"mcp_refusals_total{code="not_found"} 1"#,
        r#"mcp_refusals_total{code="notice_too_short"} 1"#,
        r#"mcp_dead_letters{source="outbox"} 0"#,
        "mcp_handovers_total 0",
        "mcp_turns_late_seconds 0",
        "mcp_outbox_late_seconds 0",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains(PHONE) && !text.contains("Ana"));
}

/// What a collector was brought: the key that came along, and the spans.
type Brought = Arc<Mutex<Vec<(Option<String>, Value)>>>;

/// A collector that keeps what it is brought.
async fn collector() -> (String, Brought) {
    let brought = Brought::default();
    let kept = Arc::clone(&brought);
    let take = move |headers: HeaderMap, Json(body): Json<Value>| async move {
        let key = headers.get("x-key").map(|key| key.to_str().unwrap().to_owned());
        kept.lock().unwrap().push((key, body));
        Json(json!({"partialSuccess": {}}))
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/traces", post(take));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, brought)
}

#[tokio::test]
async fn a_collector_gets_the_way_of_a_message_from_webhook_to_send_and_nobodys_data() {
    let (url, brought) = collector().await;
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=collector-canary"),
    ];
    let mut tenant = Tenant::start_with(&settings, |_| ()).await;
    tenant.say(PHONE, "Quero um corte amanhã às 15h").await;
    tenant.one_of_each().await;
    assert!(tenant.stop().await.success());
    let brought = brought.lock().unwrap().clone();
    assert!(brought.iter().all(|(key, _)| key.as_deref() == Some("collector-canary")));
    let spans: Vec<&Value> = brought
        .iter()
        .flat_map(|(_, body)| body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap())
        .collect();
    let one =
        |name: &str| *spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("{spans:?}"));
    let (webhook, turn, tool, send) = (one("webhook"), one("turn"), one("tool"), one("send"));
    for (child, parent) in [(turn, webhook), (tool, turn), (send, turn)] {
        assert_eq!(child["traceId"], webhook["traceId"]);
        assert_eq!(child["parentSpanId"], parent["spanId"], "{child}");
        let at = |span: &Value, name: &str| span[name].as_str().unwrap().parse::<u64>().unwrap();
        assert!(at(child, "startTimeUnixNano") <= at(child, "endTimeUnixNano"));
        assert!(at(child, "startTimeUnixNano") >= at(parent, "startTimeUnixNano"));
    }
    for span in &spans {
        assert_eq!(span["traceId"].as_str().unwrap().len(), 32);
        assert_eq!(span["spanId"].as_str().unwrap().len(), 16);
    }
    let said = format!("{brought:?}");
    for private in [PHONE, "99999", "Ana", "corte amanhã", "wamid", "canary-", "confirmado"] {
        assert!(!said.replace("collector-canary", "").contains(private), "{private}: {said}");
    }
    assert!(!tenant.log().contains("collector-canary"));
}

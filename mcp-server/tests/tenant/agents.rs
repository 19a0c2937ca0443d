//! The agents' door.

use serde_json::{Value, json};

use crate::harness::{Tenant, http};

const BOTH: &str = "booking:read booking:write";

async fn slot_at(tenant: &Tenant, token: &str, time: &str) -> String {
    let found = tenant
        .tool(token, "find_available_slots", json!({"service": "corte", "when": {"offset_days": 1}}))
        .await;
    let slots = found["structuredContent"]["slots"].as_array().unwrap_or_else(|| panic!("{found}"));
    slots.iter().find(|slot| slot["time"] == time).unwrap()["slot"].as_str().unwrap().to_owned()
}

fn book(slot: &str, key: &str) -> Value {
    json!({"slot": slot, "customer": {"name": "Bruno"}, "idempotency_key": key})
}

#[tokio::test]
async fn an_agent_lists_finds_and_books_and_a_repeat_books_once() {
    let tenant = Tenant::start().await;
    let token = tenant.token(BOTH).await;
    let services = tenant.tool(&token, "list_services", json!({})).await;
    assert_eq!(services["structuredContent"]["services"][0]["id"], "corte", "{services}");
    let slot = slot_at(&tenant, &token, "15:00").await;
    let first = tenant.tool(&token, "create_booking", book(&slot, "k1")).await;
    let again = tenant.tool(&token, "create_booking", book(&slot, "k1")).await;
    assert_eq!(first["structuredContent"], again["structuredContent"]);
    assert_eq!(first["structuredContent"]["booking"]["state"], "confirmed", "{first}");
    let refused = tenant.tool(&token, "create_booking", book(&slot, "k2")).await;
    assert_eq!(
        (refused["isError"].as_bool(), refused["structuredContent"]["error"]["code"].as_str()),
        (Some(true), Some("slot_taken"))
    );
    let other =
        tenant.tool(&token, "create_booking", book(&slot_at(&tenant, &token, "17:00").await, "k1")).await;
    assert_eq!(other["structuredContent"]["error"]["code"], "conflict");
    tenant.until("the event", |s| s.events.len() == 1).await;
    assert_eq!(tenant.db.bookings().await.len(), 1);
}

#[tokio::test]
async fn whatsapp_and_an_agent_who_race_for_one_slot_get_one_booking() {
    let tenant = Tenant::start().await;
    let token = tenant.token(BOTH).await;
    let slot = slot_at(&tenant, &token, "15:00").await;
    tenant.say("5511999990001", "Quero um corte amanhã às 15h").await;
    let mut agent = Value::Null;
    while tenant.sim.state().messages.is_empty() {
        agent = tenant.tool(&token, "create_booking", book(&slot, "k1")).await;
        if agent["isError"] == json!(true) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let state = tenant.until("an answer", |s| s.messages.len() == 1).await;
    let customer_booked = state.messages[0].text().contains("confirmado");
    let agent_booked = agent["structuredContent"]["booking"].is_object();
    assert!(customer_booked ^ agent_booked, "customer {customer_booked}, agent {agent}");
    assert_eq!(tenant.db.bookings().await.len(), 1);
}

#[tokio::test]
async fn without_a_good_token_nobody_gets_in() {
    let tenant = Tenant::start().await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for path in ["/mcp", "/barbearia/production/mcp"] {
        for header in [None, Some("Bearer nonsense".to_owned()), Some("Basic eDp5".to_owned())] {
            let mut request = http()
                .post(tenant.url(path))
                .json(&body)
                .header("accept", "application/json, text/event-stream");
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 401);
            assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found_whoever_asks() {
    let tenant = Tenant::start().await;
    for path in ["/metrics", "/status", "/readyz", "/nothing"] {
        assert_eq!(http().get(tenant.url(path)).send().await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_reader_cannot_book() {
    let tenant = Tenant::start().await;
    let slot = slot_at(&tenant, &tenant.token(BOTH).await, "15:00").await;
    let refused = tenant.tool(&tenant.token("booking:read").await, "create_booking", book(&slot, "k")).await;
    assert_eq!(refused["structuredContent"]["error"]["code"], "forbidden", "{refused}");
    assert_eq!(tenant.db.bookings().await.len(), 0);
}

#[tokio::test]
async fn bad_arguments_are_refused_with_what_to_do() {
    let tenant = Tenant::start().await;
    let token = tenant.token(BOTH).await;
    let customer = json!({"name": "Bruno"});
    for (arguments, code) in [
        (
            json!({"service": "corte", "start": "amanhã", "customer": customer, "idempotency_key": "a"}),
            "validation",
        ),
        (
            json!({"service": "tintura", "start": "2030-01-01T15:00", "customer": customer, "idempotency_key": "b"}),
            "not_found",
        ),
        (
            json!({"service": "corte", "start": "2020-01-01T15:00", "customer": customer, "idempotency_key": "c"}),
            "notice_too_short",
        ),
        (
            json!({"service": "corte", "start": "2050-01-01T15:00", "customer": customer, "idempotency_key": "d"}),
            "outside_hours",
        ),
        (json!({"slot": "x", "customer": customer, "idempotency_key": "e"}), "not_yours"),
        (json!({"customer": customer, "idempotency_key": "f"}), "validation"),
        (json!({"slot": "x", "customer": {"name": " "}, "idempotency_key": "g"}), "validation"),
    ] {
        let refused = tenant.tool(&token, "create_booking", arguments.clone()).await;
        assert_eq!(refused["structuredContent"]["error"]["code"], code, "{arguments}: {refused}");
    }
    assert_eq!(tenant.db.bookings().await.len(), 0);
}

#[tokio::test]
async fn the_same_door_stands_under_the_base_path_and_refuses_foreign_origins() {
    let tenant = Tenant::start().await;
    let token = tenant.token(BOTH).await;
    let ask = async |path: &str, origin: Option<&str>| {
        let mut request = http()
            .post(tenant.url(path))
            .bearer_auth(&token)
            .header("accept", "application/json, text/event-stream")
            .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request.send().await.unwrap().status().as_u16()
    };
    for path in ["/mcp", "/barbearia/production/mcp"] {
        assert_eq!(ask(path, None).await, 200, "{path}");
        assert_eq!(ask(path, Some("https://evil.example")).await, 403, "{path}");
    }
}

#[tokio::test]
async fn a_start_beyond_all_bounds_is_refused_and_the_tenant_goes_on() {
    let tenant = Tenant::start().await;
    let token = tenant.token(BOTH).await;
    let far = json!({"service": "corte", "start": "9999-12-28T12:00:00Z", "customer": {"name": "Bruno"}, "idempotency_key": "k"});
    let refused = tenant.tool(&token, "create_booking", far).await;
    assert_eq!(refused["structuredContent"]["error"]["code"], "outside_hours", "{refused}");
    assert_eq!(tenant.say("5511999990001", "oi").await, 200);
}

#[tokio::test]
async fn a_foreign_host_name_is_refused() {
    let tenant = Tenant::start().await;
    let token = tenant.token(BOTH).await;
    let response = http()
        .post(tenant.url("/mcp"))
        .header("host", "evil.example")
        .bearer_auth(token)
        .header("accept", "application/json, text/event-stream")
        .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
}

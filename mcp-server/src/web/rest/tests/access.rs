//! Who may ask, and what a refusal is.

use super::*;

#[tokio::test]
async fn no_route_is_reached_without_a_good_token_of_this_tenant_with_the_scope() {
    let door = Door::new().await;
    let other = Keys::from_pem(&fresh_pem()).unwrap();
    let (foreign, forged) =
        (door.minted(&door.keys, "http://other.example", "a", ALL), door.minted(&other, URL, "a", ALL));
    let expired = door.token("a", ALL);
    door.bed.clock.pass(SignedDuration::from_mins(11));
    for (method, path, body, scope) in ROUTES {
        let tokens = [None, Some(forged.as_str()), Some(foreign.as_str()), Some(expired.as_str()), Some("x")];
        for token in tokens {
            let reply = door.ask(token, None, method, path, body).await;
            assert_eq!(
                (reply.status, reply.code()),
                (StatusCode::UNAUTHORIZED, "unauthorized"),
                "{method} {path}"
            );
            assert!(reply.challenge && reply.kind == "application/problem+json", "{method} {path}");
        }
        let lacking = if scope == "booking:read" { "booking:write" } else { "booking:read" };
        let token = door.token("a", lacking);
        let reply = door.ask(Some(&token), None, method, path, body).await;
        assert_eq!((reply.status, reply.code()), (StatusCode::FORBIDDEN, "forbidden"), "{method} {path}");
        assert!(reply.challenge && reply.kind == "application/problem+json", "{method} {path}");
    }
    assert!(
        door.bed
            .store
            .bookings(local("2026-11-16T00:00"), local("2026-12-01T00:00"), 9)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn what_is_not_known_is_refused_by_name_and_times_are_never_guessed() {
    let door = Door::new().await;
    let create = "/api/v1/appointments/create";
    let customer = json!({"name": "Ana"});
    for (method, path, body, field) in [
        (
            "POST",
            create,
            json!({"service": "corte", "start": "2026-11-17T10:00", "customer": customer, "price": 1}),
            "price",
        ),
        (
            "POST",
            create,
            json!({"service": "corte", "start": "2026-11-17T10:00", "customer": {"nome": "Ana"}}),
            "nome",
        ),
        ("POST", create, json!({"service": "corte", "start": "2026-11-17T10:00"}), "customer"),
        ("POST", create, json!({"service": "corte", "start": "amanhã", "customer": customer}), "start"),
        (
            "POST",
            create,
            json!({"service": "corte", "start": "2026-11-17T10:00", "customer": {"name": " "}}),
            "customer.name",
        ),
        (
            "POST",
            create,
            json!({"service": "corte", "start": "2026-11-17T10:00", "customer": {"name": "A", "phone": "x"}}),
            "customer.phone",
        ),
        ("POST", create, json!({"slot": "x", "start": "2026-11-17T10:00", "customer": customer}), "slot"),
        ("GET", "/api/v1/appointments/available?service=corte&date=17/11/2026", Value::Null, "date"),
        ("GET", "/api/v1/appointments/available?day=1", Value::Null, "day"),
        ("GET", "/api/v1/appointments/available", Value::Null, "service"),
        ("GET", "/api/v1/appointments/available?duration=7", Value::Null, "duration"),
        ("GET", "/api/v1/appointments/list?status=held", Value::Null, "status"),
        ("GET", "/api/v1/appointments/list?limit=0", Value::Null, "limit"),
        ("GET", "/api/v1/appointments/list?cursor=x", Value::Null, "cursor"),
        ("GET", "/api/v1/appointments/list?phone=ana", Value::Null, "phone"),
        ("PATCH", "/api/v1/appointments/REF001", json!({"status": "held"}), "status"),
        (
            "PATCH",
            "/api/v1/appointments/REF001",
            json!({"status": "confirmed", "start": "2026-11-17T10:00"}),
            "status",
        ),
        ("POST", "/api/v1/chat", json!({"message": "oi", "user_id": ""}), "user_id"),
        ("POST", "/api/v1/chat", json!({"message": " ", "user_id": "u"}), "message"),
        (
            "POST",
            "/api/v1/chat",
            json!({"message": "oi", "user_id": "u", "send_whatsapp": true}),
            "whatsapp_number",
        ),
        ("POST", "/api/v1/chat", json!({"message": "oi", "user_id": "u", "lang": "de"}), "lang"),
    ] {
        let reply = door.agent(method, path, body).await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::BAD_REQUEST, "validation"),
            "{path} {}",
            reply.body
        );
        assert_eq!(reply.field(), field, "{}", reply.body);
    }
}

#[tokio::test]
async fn every_refusal_has_its_stable_code() {
    let door = Door::new().await;
    let make =
        |service: &str, start: &str| json!({"service": service, "start": start, "customer": {"name": "Ana"}});
    for (body, status, code) in [
        (make("corte", "2026-11-17T03:00"), 422, "outside_hours"),
        (make("corte", "2026-11-16T09:15"), 422, "notice_too_short"),
        (make("corte", "2027-11-16T10:00"), 422, "outside_hours"),
        (make("nada", "2026-11-17T10:00"), 404, "not_found"),
    ] {
        let reply = door.agent("POST", "/api/v1/appointments/create", body).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (status, code), "{}", reply.body);
        assert_eq!(
            (reply.kind.as_str(), reply.body["status"].as_u64()),
            ("application/problem+json", Some(status.into()))
        );
    }
    let nobody = door.agent("GET", "/api/v1/appointments/NADA", Value::Null).await;
    assert_eq!((nobody.status.as_u16(), nobody.code()), (404, "not_found"));
}

#[tokio::test]
async fn whose_a_booking_is_only_customer_read_may_see() {
    let door = Door::new().await;
    let made = door.booked("2026-11-17T10:00").await;
    let one = format!("/api/v1/appointments/{}", made["reference"].as_str().unwrap());
    let as_ = async |scopes: &str, method: &str, path: &str, body: Value| {
        door.ask(Some(&door.token("agent-2", scopes)), None, method, path, &text(&body)).await
    };
    let list = "/api/v1/appointments/list?date=2026-11-17";
    let move_to = |start: &str| json!({"start": start});
    for (scopes, method, path, body) in [
        ("booking:read", "GET", list, Value::Null),
        ("booking:read", "GET", one.as_str(), Value::Null),
        ("booking:write", "PATCH", one.as_str(), move_to("2026-11-17T11:00")),
        (
            "booking:write conversation:reply settings:write",
            "PATCH",
            one.as_str(),
            move_to("2026-11-17T15:00"),
        ),
    ] {
        let reply = as_(scopes, method, path, body).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        let said = reply.body.to_string();
        assert!(!said.contains("Ana") && !said.contains("88887777"), "{method} {path} {said}");
    }
    let by_phone = "/api/v1/appointments/list?phone=5511988887777";
    let refused = as_("booking:read", "GET", by_phone, Value::Null).await;
    assert_eq!((refused.code(), refused.body["scope"].as_str()), ("forbidden", Some("customer:read")));
    assert!(refused.challenge);
    let seen = as_("booking:read customer:read", "GET", by_phone, Value::Null).await;
    assert_eq!(seen.body["appointments"][0]["customer"], "Ana", "{}", seen.body);
}

#[tokio::test]
async fn a_refusal_counts_under_its_code_whether_or_not_there_was_a_token() {
    let door = Door::new().await;
    door.ask(None, None, "GET", "/api/v1/appointments/list", "").await;
    let token = door.token("a", "booking:write");
    door.ask(Some(&token), None, "GET", "/api/v1/appointments/list", "").await;
    door.agent("GET", "/api/v1/appointments/NADA", Value::Null).await;
    door.agent("GET", "/api/v1/appointments/list?day=1", Value::Null).await;
    let text = door.metrics.render();
    for code in ["unauthorized", "forbidden", "not_found", "validation"] {
        assert!(text.contains(&format!(r#"mcp_refusals_total{{code="{code}"}} 1"#)), "{code}: {text}");
    }
}

//! The programs' door, with a database and without a network.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
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
    mcp::Gate,
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
            Arc::default(),
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
        Self { router: router(rest, Arc::new(gate)), bed, keys, waiting, metrics }
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
async fn an_appointment_is_found_made_moved_and_cancelled() {
    let door = Door::new().await;
    let path = "/api/v1/appointments/available?service=corte&staff=ze&date=2026-11-17";
    let found = door.agent("GET", path, Value::Null).await;
    let slot = found.body["slots"][0]["slot"].as_str().unwrap();
    let body = json!({"slot": slot, "customer": {"name": "Ana"}});
    let made = door.agent("POST", "/api/v1/appointments/create", body).await;
    assert_eq!(
        (made.status, made.body["appointment"]["state"].as_str()),
        (StatusCode::CREATED, Some("confirmed"))
    );
    assert_eq!(made.body["appointment"]["start"], found.body["slots"][0]["start"]);
    let id = made.body["appointment"]["id"].as_str().unwrap();
    let one = format!("/api/v1/appointments/{id}");
    let moved = door.agent("PATCH", &one, json!({"start": "2026-11-18T10:00"})).await;
    assert_eq!(moved.body["appointment"]["start"], "2026-11-18T10:00:00-03:00", "{}", moved.body);
    let gone = door.agent("DELETE", &format!("{one}?reason=doente"), Value::Null).await;
    let gone = &gone.body["appointment"];
    assert_eq!((gone["state"].as_str(), gone["reason"].as_str()), (Some("cancelled"), Some("doente")));
    assert_eq!(door.agent("GET", &one, Value::Null).await.body["appointment"], *gone);
    let by_code = format!("/api/v1/appointments/{}", gone["reference"].as_str().unwrap().to_lowercase());
    assert_eq!(door.agent("GET", &by_code, Value::Null).await.body["appointment"], *gone);
    let again = door.agent("DELETE", &one, Value::Null).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "conflict"));
    let audit = door.bed.store.audit(0, 9).await.unwrap();
    let done: Vec<_> = audit.iter().map(|row| (row.actor.as_str(), row.action.as_str())).collect();
    let agent = "agent:agent-1";
    assert_eq!(done, [(agent, "booking.book"), (agent, "booking.move"), (agent, "booking.cancel")]);
}

#[tokio::test]
async fn a_repeat_with_the_same_key_is_done_once() {
    let door = Door::new().await;
    let token = door.token("agent-1", ALL);
    let body =
        |start: &str| json!({"service": "corte", "start": start, "customer": {"name": "Ana"}}).to_string();
    let make = async |token: &str, start: &str| {
        door.ask(Some(token), Some("k"), "POST", "/api/v1/appointments/create", &body(start)).await
    };
    let first = make(&token, "2026-11-17T10:00").await;
    assert_eq!(make(&token, "2026-11-17T10:00").await.body, first.body);
    let other = make(&token, "2026-11-17T15:00").await;
    assert_eq!((other.status, other.code()), (StatusCode::CONFLICT, "conflict"));
    let somebody = door.token("agent-2", ALL);
    assert_eq!(
        make(&somebody, "2026-11-17T15:00").await.status,
        StatusCode::CREATED,
        "keys are each caller's own"
    );
}

#[tokio::test]
async fn a_taken_slot_is_refused_with_slots_that_are_free_and_can_be_booked() {
    let door = Door::new().await;
    door.booked("2026-11-18T10:00").await;
    let body =
        json!({"service": "corte", "staff": "ze", "start": "2026-11-18T10:00", "customer": {"name": "Bia"}});
    let refused = door.agent("POST", "/api/v1/appointments/create", body).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "slot_taken"));
    let slot = &refused.body["alternatives"][0]["slot"];
    let made = door
        .agent("POST", "/api/v1/appointments/create", json!({"slot": slot, "customer": {"name": "Bia"}}))
        .await;
    assert_eq!(made.body["appointment"]["start"], refused.body["alternatives"][0]["start"], "{}", made.body);
    let somebody = door.token("agent-2", ALL);
    let stolen = json!({"slot": slot, "customer": {"name": "Bia"}}).to_string();
    let stolen = door.ask(Some(&somebody), None, "POST", "/api/v1/appointments/create", &stolen).await;
    assert_eq!((stolen.status, stolen.code()), (StatusCode::FORBIDDEN, "not_yours"));
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
async fn lists_go_page_by_page_by_day_by_phone_and_by_state() {
    let door = Door::new().await;
    for start in
        ["2026-11-17T10:00", "2026-11-17T15:00", "2026-11-18T10:00", "2026-11-18T15:00", "2026-11-19T10:00"]
    {
        door.booked(start).await;
    }
    let starts = |reply: &Reply| -> Vec<String> {
        let rows = reply.body["appointments"].as_array().unwrap();
        rows.iter().map(|row| row["start"].as_str().unwrap()[5..16].to_owned()).collect()
    };
    let list = async |query: &str| {
        door.agent("GET", &format!("/api/v1/appointments/list?{query}"), Value::Null).await
    };
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = list(&query).await;
        seen.extend(starts(&page));
        let Some(next) = page.body["next"].as_str() else { break };
        query = format!("limit=2&cursor={next}");
    }
    assert_eq!(seen, ["11-17T10:00", "11-17T15:00", "11-18T10:00", "11-18T15:00", "11-19T10:00"]);
    assert_eq!(starts(&list("date=2026-11-18").await), ["11-18T10:00", "11-18T15:00"]);
    assert_eq!(list("phone=5511988887777").await.body["appointments"].as_array().unwrap().len(), 5);
    assert_eq!(starts(&list("phone=5511988880000").await), [""; 0]);
    let first = door.agent("GET", "/api/v1/appointments/list?limit=1", Value::Null).await;
    let id = first.body["appointments"][0]["id"].as_str().unwrap();
    door.agent("DELETE", &format!("/api/v1/appointments/{id}"), Value::Null).await;
    assert_eq!(starts(&list("status=cancelled").await), ["11-17T10:00"]);
    assert_eq!(starts(&list("status=confirmed&date=2026-11-17").await), ["11-17T15:00"]);
}

#[tokio::test]
async fn what_is_requested_waits_for_a_token_of_the_staff() {
    let asking = profile("").replace("slotStep: 15m", "slotStep: 15m, confirmation: owner-approves");
    let door = Door::with(&asking).await;
    let made = door.booked("2026-11-17T10:00").await;
    assert_eq!(made["state"], "requested");
    let path = format!("/api/v1/appointments/{}", made["reference"].as_str().unwrap());
    let body = json!({"status": "confirmed"});
    let agent = door.agent("PATCH", &path, body.clone()).await;
    assert_eq!((agent.status, agent.code()), (StatusCode::FORBIDDEN, "forbidden"));
    let staff = door.token("staff:ze", ALL);
    let reply = door.ask(Some(&staff), None, "PATCH", &path, &body.to_string()).await;
    assert_eq!(reply.body["appointment"]["state"], "confirmed", "{}", reply.body);
}

#[tokio::test]
async fn a_hold_is_confirmed_by_its_id() {
    let door = Door::new().await;
    let order = json!({"service": "corte", "staff": "ze", "start": "2026-11-17T10:00", "customer": {"name": "Ana", "phone": "+5511988887777"}});
    let with = |name: &str, value: Value| {
        let mut body = order.clone();
        body[name] = value;
        body
    };
    let held = door.agent("POST", "/api/v1/appointments/create", with("hold", json!(true))).await;
    assert_eq!(held.body["appointment"]["state"], "held", "{}", held.body);
    assert!(held.body["appointment"]["hold_until"].is_string());
    let id = &held.body["appointment"]["id"];
    let made = door.agent("POST", "/api/v1/appointments/create", with("confirm", id.clone())).await;
    assert_eq!(made.body["appointment"]["state"], "confirmed", "{}", made.body);
    assert_eq!(made.body["appointment"]["reference"], held.body["appointment"]["reference"]);
}

#[tokio::test]
async fn a_customer_is_told_what_a_program_did_with_their_booking() {
    let door = Door::new().await;
    let ana = door.bed.writes("5511988880001", "oi").await;
    let slot = crate::booking::SlotRef::one("corte", "ze", local("2026-11-17T10:00"), true);
    let wish = crate::booking::Wish::of_customer(ana, slot, "Ana", "k");
    let request = door.bed.desk.request(wish).await;
    let booked = door.bed.store.book(&request, door.bed.desk.clock.now()).await.unwrap();
    let path = format!("/api/v1/appointments/{}", booked.row().unwrap().booking.reference);
    let token = door.token("agent-1", ALL);
    for _ in 0..2 {
        door.ask(Some(&token), Some("k"), "DELETE", &format!("{path}?reason=O+Ze+est%C3%A1+doente"), "")
            .await;
    }
    let said = door.bed.said().await;
    let texts: Vec<_> = said.iter().map(|one| one.body["text"]["body"].as_str().unwrap()).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("cancelad") && texts[0].contains("Motivo: O Ze está doente"), "{}", texts[0]);
}

/// Commits as the worker does.
async fn commit(store: &dyn Store, turn: &ClaimedTurn, effect: Effect, now: Timestamp) {
    let decided = addressed(turn, Decided::plain(effect, Vec::new()));
    store.commit_turn(turn, decided.result, &*decided.render, now).await.unwrap();
}

/// Answers every message with its own words, as turns and the sender would.
async fn echo(store: Arc<dyn Store>, clock: crate::clock::SharedClock, waiting: Arc<Waiting>, effect: bool) {
    let rule = BurstRule {
        quiet: SignedDuration::ZERO,
        longest: SignedDuration::ZERO,
        lease: SignedDuration::from_secs(60),
        history: 9,
    };
    let send = SendRule { lease: SignedDuration::from_secs(30), unknown_wait: SignedDuration::from_secs(30) };
    loop {
        if let Some(turn) = store.claim_turn(&rule, clock.now()).await.unwrap() {
            let text = turn.messages[0].text.clone().unwrap_or_else(|| "tap".into());
            let buttons = json!([{"type": "reply", "reply": {"id": "b1", "title": "Sim"}}]);
            let body = json!({"type": "interactive", "interactive": {"type": "button", "body": {"text": text}, "action": {"buttons": buttons}}});
            let answer = NewOutgoing::answer(format!("o{}.{}", turn.conversation.id, turn.epoch), body);
            let effect = if effect { Effect::Answer(answer) } else { Effect::Silence };
            commit(&*store, &turn, effect, clock.now()).await;
        }
        while let Some(message) = store.claim_outgoing(&send, clock.now()).await.unwrap() {
            assert!(waiting.take(&*store, &*clock, &message).await, "it would have gone to WhatsApp");
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_program_talks_for_its_user_and_nothing_of_it_goes_to_whatsapp() {
    let door = Door::new().await;
    let (store, clock) = (Arc::clone(&door.bed.store), door.bed.clock.clone());
    let working = tokio::spawn(echo(store, clock, Arc::clone(&door.waiting), true));
    let token = door.token("agent-1", ALL);
    let said = json!({"message": "Quero um corte", "user_id": "u-1"}).to_string();
    let first = door.ask(Some(&token), Some("m1"), "POST", "/api/v1/chat", &said).await;
    assert_eq!(
        first.body,
        json!({"answer": "Quero um corte", "actions": [{"id": "b1", "title": "Sim"}], "state": "answered"})
    );
    let again = door.ask(Some(&token), Some("m1"), "POST", "/api/v1/chat", &said).await;
    assert_eq!(again.body, first.body, "a repeat is not a second message");
    let tap = json!({"action": "b1", "user_id": "u-1"}).to_string();
    let tapped = door.ask(Some(&token), None, "POST", "/api/v1/chat", &tap).await;
    assert_eq!(tapped.body["answer"], "tap");
    let elsewhere = door.token("agent-2", ALL);
    let other = door.ask(Some(&elsewhere), Some("m1"), "POST", "/api/v1/chat", &said).await;
    assert_eq!(other.body, first.body);
    let conversations = door.bed.store.conversations(None, 9).await.unwrap();
    assert_eq!(conversations.len(), 2, "two programs may have users of the same name");
    working.abort();
}

#[tokio::test]
async fn a_late_answer_reaches_only_the_request_whose_message_it_answers() {
    let door = Door::new().await;
    let (store, clock) = (Arc::clone(&door.bed.store), door.bed.clock.clone());
    let now = || crate::clock::Clock::now(&*clock);
    let rule = BurstRule {
        quiet: SignedDuration::ZERO,
        longest: SignedDuration::ZERO,
        lease: SignedDuration::from_secs(60),
        history: 9,
    };
    let send = SendRule { lease: SignedDuration::from_secs(30), unknown_wait: SignedDuration::from_secs(30) };
    let token = door.token("agent-1", ALL);
    let said = |words: &str| json!({"message": words, "user_id": "u-1"}).to_string();
    let (one, two) = (said("one"), said("two"));
    let ask = |key: &'static str, body| door.ask(Some(&token), Some(key), "POST", "/api/v1/chat", body);
    let answered = async |words: &str| loop {
        if let Some(turn) = store.claim_turn(&rule, now()).await.unwrap() {
            let body = json!({"type": "text", "text": {"body": format!("answer to {words}")}});
            let answer = NewOutgoing::answer(format!("o{}", turn.epoch), body);
            return commit(&*store, &turn, Effect::Answer(answer), now()).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let handed_over = async || {
        let message = store.claim_outgoing(&send, now()).await.unwrap().unwrap();
        assert!(door.waiting.take(&*store, &*clock, &message).await);
    };
    // The first request is given up while its answer is on its way.
    tokio::select! {
        _ = ask("k1", &one) => unreachable!("nothing is handed over yet"),
        () = answered("one") => {}
    }
    let late = async {
        answered("two").await;
        handed_over().await;
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        handed_over().await;
    };
    let (second, ()) = tokio::join!(ask("k2", &two), late);
    assert_eq!(second.body["answer"], "answer to two", "{}", second.body);
    let repeated = ask("k1", &one).await;
    assert_eq!(repeated.body["answer"], "answer to one", "{}", repeated.body);
    assert_eq!(ask("k2", &two).await.body, second.body);
}

#[tokio::test]
async fn where_a_person_answers_the_program_hears_that_nothing_is_said() {
    let door = Door::new().await;
    let (store, clock) = (Arc::clone(&door.bed.store), door.bed.clock.clone());
    let working = tokio::spawn(echo(store, clock, Arc::clone(&door.waiting), false));
    let reply = door.agent("POST", "/api/v1/chat", json!({"message": "oi", "user_id": "u-1"})).await;
    assert_eq!(reply.body, json!({"answer": null, "actions": [], "state": "silent"}));
    working.abort();
}

#[tokio::test]
async fn an_answer_goes_on_to_a_customer_only_within_their_window_and_with_the_scope() {
    let door = Door::new().await;
    door.bed.writes("5511988880001", "oi").await;
    let (store, clock) = (Arc::clone(&door.bed.store), door.bed.clock.clone());
    // The customer's own message is done with, so that nobody answers it here.
    let rule = BurstRule {
        quiet: SignedDuration::ZERO,
        longest: SignedDuration::ZERO,
        lease: SignedDuration::from_secs(60),
        history: 9,
    };
    let turn = store.claim_turn(&rule, door.bed.desk.clock.now()).await.unwrap().unwrap();
    let nothing = |_: &_| unreachable!("no booking was staged");
    store
        .commit_turn(&turn, TurnResult::of(Effect::Silence), &nothing, door.bed.desk.clock.now())
        .await
        .unwrap();
    let waiting = Arc::clone(&door.waiting);
    let say = |number: &str| json!({"message": "Chegou!", "user_id": "u", "send_whatsapp": true, "whatsapp_number": number});
    let lacking = door.token("agent-1", "booking:write");
    let body = say("+55 11 98888-0001").to_string();
    let refused = door.ask(Some(&lacking), None, "POST", "/api/v1/chat", &body).await;
    assert_eq!(refused.code(), "forbidden");
    let working = tokio::spawn(async move {
        // One turn and its answer; what is for WhatsApp stays in the outbox.
        let send =
            SendRule { lease: SignedDuration::from_secs(30), unknown_wait: SignedDuration::from_secs(30) };
        loop {
            if let Some(turn) = store.claim_turn(&rule, crate::clock::Clock::now(&*clock)).await.unwrap() {
                let answer = NewOutgoing::answer(
                    format!("o{}", turn.epoch),
                    json!({"type": "text", "text": {"body": "Chegou!"}}),
                );
                let now = crate::clock::Clock::now(&*clock);
                commit(&*store, &turn, Effect::Answer(answer), now).await;
                let message = store.claim_outgoing(&send, now).await.unwrap().unwrap();
                assert!(waiting.take(&*store, &*clock, &message).await);
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    let sent = door.agent("POST", "/api/v1/chat", say("+55 11 98888-0001")).await;
    assert_eq!(sent.body["whatsapp"], json!({"sent": true}), "{}", sent.body);
    let said = door.bed.said().await;
    let texts: Vec<_> = said.iter().map(|one| one.body["text"]["body"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Chegou!"]);
    assert_eq!(said[0].recipient.wa_id.as_deref(), Some("5511988880001"));
    let unknown = door.agent("POST", "/api/v1/chat", say("+55 11 98888-0009")).await;
    assert_eq!(unknown.body["whatsapp"]["code"], "not_found", "{}", unknown.body);
    door.bed.clock.pass(SignedDuration::from_hours(25));
    let late = door.agent("POST", "/api/v1/chat", say("+55 11 98888-0001")).await;
    assert_eq!(late.body["whatsapp"]["sent"], false, "{}", late.body);
    working.abort();
    assert!(door.bed.said().await.is_empty());
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

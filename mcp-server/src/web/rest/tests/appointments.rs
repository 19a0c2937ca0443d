//! Appointments: found, made, listed, changed.

use super::*;

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

//! Holds, faults and the state, over HTTP.

use std::time::Duration;

use crate::world::{World, answer};
use serde_json::{Value, json};

fn message() -> Value {
    json!({"messaging_product": "whatsapp", "to": "5511987654321", "type": "text", "text": {"body": "Olá"}})
}

async fn waiting(world: &World, point: &str, n: u64) {
    for _ in 0..500 {
        let (_, holds) = answer(world.get("/_sim/holds")).await;
        let found = holds["waiting"].as_array().unwrap().iter().find(|at| at["point"] == point).cloned();
        if found.is_some_and(|at| at["n"] == n) || n == 0 && holds["waiting"] == json!([]) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{point} never held {n}");
}

#[tokio::test]
async fn a_request_held_after_its_effect_is_recorded_even_if_its_client_goes() {
    let world = World::start().await;
    answer(world.post("/_sim/holds").json(&json!({"point": "graph.after"}))).await;
    let held = tokio::spawn(world.post("/v26.0/1065/messages").bearer_auth("t").json(&message()).send());
    waiting(&world, "graph.after", 1).await;
    held.abort();
    waiting(&world, "graph.after", 0).await;
    assert_eq!(world.sim.state().messages.len(), 1);
}

#[tokio::test]
async fn a_request_held_before_its_effect_is_forgotten_if_its_client_goes() {
    let world = World::start().await;
    answer(world.post("/_sim/holds").json(&json!({"point": "graph.before"}))).await;
    let held = tokio::spawn(world.post("/v26.0/1065/messages").bearer_auth("t").json(&message()).send());
    waiting(&world, "graph.before", 1).await;
    held.abort();
    waiting(&world, "graph.before", 0).await;
    answer(world.post("/_sim/release").json(&json!({"all": true}))).await;
    assert!(world.sim.state().messages.is_empty());
}

#[tokio::test]
async fn a_released_request_goes_on() {
    let world = World::start().await;
    answer(world.post("/_sim/holds").json(&json!({"point": "graph.before", "count": 2}))).await;
    let held: Vec<_> = (0..2)
        .map(|_| tokio::spawn(world.post("/v26.0/1065/messages").bearer_auth("t").json(&message()).send()))
        .collect();
    waiting(&world, "graph.before", 2).await;
    assert!(world.sim.state().messages.is_empty());
    answer(world.post("/_sim/release").json(&json!({"point": "graph.before"}))).await;
    for held in held {
        assert_eq!(held.await.unwrap().unwrap().status().as_u16(), 200);
    }
    assert_eq!(world.sim.state().messages.len(), 2);
}

#[tokio::test]
async fn faults_are_answered_as_often_as_asked_in_the_vendors_own_words() {
    let world = World::start().await;
    let fault = json!({"vendor": "graph", "status": 429, "times": 2, "retry_after": 7});
    answer(world.post("/_sim/faults").json(&fault)).await;
    for _ in 0..2 {
        let response =
            world.post("/v26.0/1065/messages").bearer_auth("t").json(&message()).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (429, &"7".parse().unwrap())
        );
        assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], 130_429);
    }
    assert_eq!(answer(world.post("/v26.0/1065/messages").bearer_auth("t").json(&message())).await.0, 200);
    let broken = json!({"vendor": "gemini", "status": 200, "body": "{\"candidates\": [", "times": 1});
    answer(world.post("/_sim/faults").json(&broken)).await;
    let text = world
        .post("/v1beta/models/gemini-3.8-flash:generateContent")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(text, "{\"candidates\": [");
}

#[tokio::test]
async fn the_state_over_http_has_the_documented_fields_and_no_app_secret() {
    let world = World::start().await;
    let number = json!({"phone_number_id": "1065", "webhook_url": "http://127.0.0.1:1/", "app_secret": "app-secret-1"});
    assert_eq!(answer(world.post("/_sim/numbers").json(&number)).await.0, 200);
    answer(world.post("/v26.0/1065/messages").bearer_auth("t").json(&message())).await;
    let (status, state) = answer(world.get("/_sim/state")).await;
    assert_eq!(
        (status, &state["messages"][0]["type"], &state["messages"][0]["token"]),
        (200, &json!("text"), &json!("t"))
    );
    for list in ["gemini", "events", "calendar_calls", "violations", "reads"] {
        assert_eq!(state[list], json!([]), "{list}");
    }
    assert_eq!(state["tokens_issued"], 0);
    assert!(!state.to_string().contains("app-secret-1"));
    answer(world.post("/_sim/reset")).await;
    assert_eq!(answer(world.get("/_sim/state")).await.1["messages"], json!([]));
}

//! Webhooks, as Meta posts them.

use std::time::Duration;

use crate::world::{Receiver, World, answer};
use mcp_simulator::{Number, Say, sign};
use serde_json::{Value, json};

fn value(raw: &str) -> Value {
    let body: Value = serde_json::from_str(raw).unwrap();
    body.pointer("/entry/0/changes/0/value").unwrap().clone()
}

async fn registered(statuses: &[u16]) -> (World, Receiver) {
    let world = World::start().await;
    let (receiver, url) = Receiver::start(statuses).await;
    world.sim.register_number(Number::new("1065", &url, "secret"));
    (world, receiver)
}

#[tokio::test]
async fn a_customers_message_arrives_signed_over_its_escaped_bytes() {
    let (world, receiver) = registered(&[]).await;
    let said = world.sim.say(Say::text("1065", "5511987654321", "João", "Olá, às 15h?")).await.unwrap();
    assert_eq!(said.status, 200);
    let (raw, signature) = receiver.received().remove(0);
    assert!(raw.is_ascii() && raw.contains(r"Jo\u00e3o"));
    assert_eq!(signature, sign("secret", raw.as_bytes()));
    let value = value(&raw);
    assert_eq!(value["metadata"]["phone_number_id"], "1065");
    assert_eq!(value["contacts"][0]["profile"]["name"], "João");
    assert_eq!(value["contacts"][0]["wa_id"], "5511987654321");
    let message = &value["messages"][0];
    assert_eq!((&message["id"], &message["type"]), (&json!(said.wamid), &json!("text")));
    assert_eq!(message["text"]["body"], "Olá, às 15h?");
    assert_eq!(message["from_user_id"], value["contacts"][0]["user_id"]);
    assert!(world.sim.state().violations.is_empty());
}

#[tokio::test]
async fn a_refused_webhook_is_posted_again_with_the_same_bytes_until_it_is_accepted() {
    let (world, receiver) = registered(&[500, 503]).await;
    let said = world.sim.say(Say::text("1065", "5511987654321", "João", "oi")).await.unwrap();
    assert_eq!(said.status, 500);
    let posts = receiver.wait_for(3).await;
    assert!(posts.iter().all(|post| *post == posts[0]));
    world.until(|state| state.deliveries[0].attempts == 3 && state.deliveries[0].accepted()).await;
}

#[tokio::test]
async fn a_webhook_follows_its_number_to_a_new_address() {
    let world = World::start().await;
    world.sim.register_number(Number::new("1065", "http://127.0.0.1:1/gone", "secret"));
    let said = world.sim.say(Say::text("1065", "5511987654321", "João", "oi")).await.unwrap();
    assert_eq!(said.status, 0);
    let (receiver, url) = Receiver::start(&[]).await;
    world.sim.register_number(Number::new("1065", &url, "secret"));
    assert_eq!(value(&receiver.wait_for(1).await[0].0)["messages"][0]["id"], said.wamid);
}

#[tokio::test]
async fn an_accepted_message_is_reported_sent_and_delivered_with_our_data() {
    let (world, receiver) = registered(&[]).await;
    let message = json!({"messaging_product": "whatsapp", "to": "5511987654321", "type": "text",
        "text": {"body": "Olá"}, "biz_opaque_callback_data": "outbox-7"});
    let (_, sent) = answer(world.post("/v26.0/1065/messages").bearer_auth("t").json(&message)).await;
    let posts = receiver.wait_for(2).await;
    let reports: Vec<Value> = posts.iter().map(|(raw, _)| value(raw)["statuses"][0].clone()).collect();
    // Two deliveries may overtake each other, as Meta's do.
    for status in ["sent", "delivered"] {
        assert!(reports.iter().any(|report| report["status"] == status), "{status}");
    }
    for report in &reports {
        assert_eq!(report["id"], sent["messages"][0]["id"]);
        assert_eq!(report["biz_opaque_callback_data"], "outbox-7");
        assert_eq!(report["recipient_id"], "5511987654321");
    }
    assert!(world.sim.state().violations.is_empty());
}

#[tokio::test]
async fn a_reset_ends_deliveries_under_way() {
    let (world, receiver) = registered(&[500; 100]).await;
    world.sim.say(Say::text("1065", "5511987654321", "João", "oi")).await.unwrap();
    world.sim.reset();
    let before = receiver.received().len();
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!((receiver.received().len(), world.sim.state().deliveries.len()), (before, 0));
}

#[tokio::test]
async fn the_control_api_says_and_posts_over_http() {
    let (world, receiver) = registered(&[]).await;
    let said = json!({"phone_number_id": "1065", "from": "5511987654321", "name": "João", "text": "oi",
        "wamid": "wamid.X", "timestamp": 1_764_000_000, "phone": false});
    let (status, body) = answer(world.post("/_sim/say").json(&said)).await;
    assert_eq!((status, body), (200, json!({"wamid": "wamid.X", "status": 200})));
    let heard = value(&receiver.received()[0].0);
    assert_eq!((heard["messages"][0].get("from"), heard["contacts"][0].get("wa_id")), (None, None));
    assert_eq!(heard["messages"][0]["timestamp"], "1764000000");
    let (name, sample) = &mcp_simulator::samples()[0];
    let (status, body) =
        answer(world.post("/_sim/webhook").json(&json!({"phone_number_id": "1065", "body": sample}))).await;
    assert_eq!((status, body), (200, json!({"status": 200})), "{name}");
    let unknown = json!({"phone_number_id": "1", "from": "5511", "name": "x", "text": "x"});
    assert_eq!(answer(world.post("/_sim/say").json(&unknown)).await.0, 404);
}

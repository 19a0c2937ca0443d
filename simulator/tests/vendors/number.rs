//! A number's files, its callback address, and what Meta refuses although it is well formed.

use crate::world::{Receiver, World, answer};
use mcp_simulator::{Echo, Fault, Number, Say, Template};
use serde_json::{Value, json};

const CUSTOMER: &str = "5511987654321";

fn send(kind: &str, content: Value) -> Value {
    let mut body = json!({"messaging_product": "whatsapp", "to": CUSTOMER, "type": kind});
    body[kind] = content;
    body
}

async fn code(world: &World, body: &Value) -> Value {
    answer(world.post("/v26.0/1065/messages").bearer_auth("t").json(body)).await.1["error"]["code"].clone()
}

fn template(name: &str, text: &str) -> Value {
    let parameters = json!([{"type": "text", "text": text}]);
    let components = json!([{"type": "body", "parameters": parameters}]);
    send("template", json!({"name": name, "language": {"code": "pt_BR"}, "components": components}))
}

#[tokio::test]
async fn a_file_is_handed_out_by_id_and_only_with_a_token() {
    let world = World::start().await;
    let media = world.sim.put_media("audio/ogg", b"OggS".to_vec());
    let path = format!("/v26.0/{}", media.id);
    let (status, about) = answer(world.get(&path).bearer_auth("t")).await;
    assert_eq!((status, &about["file_size"]), (200, &json!(4)));
    let url = about["url"].as_str().unwrap();
    assert_eq!(world.http.get(url).send().await.unwrap().status(), 401);
    let bytes = world.http.get(url).bearer_auth("t").send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.as_ref(), b"OggS");
    assert_eq!(answer(world.get("/v26.0/404").bearer_auth("t")).await.0, 400);
}

#[tokio::test]
async fn a_callback_address_has_to_prove_itself() {
    let world = World::start().await;
    let (_receiver, url) = Receiver::start(&[]).await;
    world.sim.register_number(Number::new("1065", "http://127.0.0.1:1/gone", "secret"));
    let set =
        |url: &str| json!({"webhook_configuration": {"override_callback_uri": url, "verify_token": "v"}});
    // The receiver repeats no challenge.
    let (status, body) = answer(world.post("/v26.0/1065").bearer_auth("t").json(&set(&url))).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(2200)));
    let (_, about) = answer(world.get("/v26.0/1065?fields=webhook_configuration").bearer_auth("t")).await;
    assert_eq!(about["webhook_configuration"].get("phone_number"), None);
}

#[tokio::test]
async fn outside_the_window_only_an_approved_template_is_taken() {
    let world = World::start().await;
    let approved = Template { name: "lembrete".into(), language: "pt_BR".into(), parameters: 1, buttons: 0 };
    let (_receiver, url) = Receiver::start(&[]).await;
    let number = Number { window: true, templates: Some(vec![approved]), ..Number::new("1065", &url, "s") };
    world.sim.register_number(number);
    let text = send("text", json!({"body": "oi"}));
    assert_eq!(code(&world, &text).await, 131_047);
    assert_eq!(code(&world, &template("lembrete", "Amanhã às 15:00")).await, Value::Null);
    assert!(world.broken().is_empty());
    assert_eq!(code(&world, &template("outro", "x")).await, 132_001);
    assert_eq!(code(&world, &template("lembrete", "duas\nlinhas")).await, 100);
    assert_eq!(world.broken(), ["graph/template", "graph/template"]);
    world.sim.say(Say::text("1065", CUSTOMER, "Ana", "oi")).await.unwrap();
    assert_eq!(code(&world, &text).await, Value::Null);
}

#[tokio::test]
async fn one_customer_is_not_sent_to_without_end_and_any_code_can_be_asked_for() {
    let world = World::start().await;
    world.sim.register_number(Number { pair_rate: true, ..Number::new("1065", "http://127.0.0.1:1/", "s") });
    let text = send("text", json!({"body": "oi"}));
    world.sim.fail(Fault::graph(131_026));
    assert_eq!(code(&world, &text).await, 131_026);
    for _ in 0..45 {
        assert_eq!(code(&world, &text).await, Value::Null);
    }
    assert_eq!(code(&world, &text).await, 131_056);
}

#[tokio::test]
async fn echoes_and_what_was_taken_back_are_posted_as_meta_does() {
    let world = World::start().await;
    let (receiver, url) = Receiver::start(&[]).await;
    world.sim.register_number(Number::new("1065", &url, "s"));
    let echo =
        Echo { phone_number_id: "1065".into(), to: CUSTOMER.into(), text: "Já ligo".into(), wamid: None };
    world.sim.echo(echo).await.unwrap();
    world.sim.say(Say::revoke("1065", CUSTOMER, "Ana", "wamid.1")).await.unwrap();
    world.sim.say(Say::edit("1065", CUSTOMER, "Ana", "wamid.1", "às 16h")).await.unwrap();
    let moved =
        json!({"type": "system", "system": {"type": "user_changed_number", "wa_id": "5511000000000"}});
    world.sim.say(Say::other("1065", CUSTOMER, "Ana", moved)).await.unwrap();
    let posts = receiver.wait_for(4).await;
    let change = |at: usize| {
        let body: Value = serde_json::from_str(&posts[at].0).unwrap();
        body["entry"][0]["changes"][0].clone()
    };
    assert_eq!(change(0)["field"], "smb_message_echoes");
    assert_eq!(change(0)["value"]["message_echoes"][0]["to"], CUSTOMER);
    assert_eq!(change(1)["value"]["messages"][0]["revoke"]["original_message_id"], "wamid.1");
    assert_eq!(change(2)["value"]["messages"][0]["edit"]["message"]["text"]["body"], "às 16h");
    let system = &change(3)["value"];
    assert!(system.get("contacts").is_none() && system["messages"][0].get("from_user_id").is_none());
    assert!(world.broken().is_empty(), "{:?}", world.broken());
}

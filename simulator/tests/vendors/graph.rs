//! Sending, as Meta's Graph API takes it.

use crate::world::{World, answer};
use mcp_simulator::Number;
use serde_json::{Value, json};

const PATH: &str = "/v26.0/1065/messages";

fn text(body: &str) -> Value {
    json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "5511987654321",
        "type": "text", "text": {"body": body}, "biz_opaque_callback_data": "outbox-7",
    })
}

fn interactive(interactive: &Value) -> Value {
    json!({"messaging_product": "whatsapp", "to": "5511987654321", "type": "interactive", "interactive": interactive})
}

fn button(id: &str, title: &str) -> Value {
    json!({"type": "reply", "reply": {"id": id, "title": title}})
}

fn list(rows: usize, sections: usize) -> Value {
    let row = |section: usize, row: usize| json!({"id": format!("{section}-{row}"), "title": format!("Linha {row}")});
    let section = |section: usize| json!({"title": format!("Parte {section}"), "rows": (0..rows).map(|at| row(section, at)).collect::<Vec<_>>()});
    let sections: Vec<Value> = (0..sections).map(section).collect();
    interactive(&json!({
        "type": "list", "body": {"text": "Escolha"}, "action": {"button": "Ver", "sections": sections},
    }))
}

#[tokio::test]
async fn a_message_is_accepted_recorded_and_answered_as_meta_does() {
    let world = World::start().await;
    let (status, body) = answer(world.post(PATH).bearer_auth("token-1").json(&text("Olá"))).await;
    assert_eq!(status, 200);
    assert_eq!(body["contacts"], json!([{"input": "5511987654321", "wa_id": "5511987654321"}]));
    let state = world.sim.state();
    let sent = &state.messages[0];
    assert_eq!(body["messages"][0]["id"], sent.wamid);
    assert_eq!((sent.token.as_str(), sent.opaque.as_deref()), ("token-1", Some("outbox-7")));
    assert_eq!((sent.kind.as_str(), sent.text()), ("text", "Olá"));
    assert!(state.violations.is_empty());
}

#[tokio::test]
async fn a_recipient_by_user_id_gets_no_wa_id_and_a_phone_wins_over_it() {
    let world = World::start().await;
    let mut message = text("Olá");
    message["recipient"] = json!("BR.1502576394655843");
    let (_, body) = answer(world.post(PATH).bearer_auth("t").json(&message)).await;
    assert_eq!(body["contacts"][0]["wa_id"], "5511987654321");
    message.as_object_mut().unwrap().remove("to");
    let (status, body) = answer(world.post(PATH).bearer_auth("t").json(&message)).await;
    assert_eq!((status, body["contacts"][0].get("wa_id")), (200, None));
    let state = world.sim.state();
    assert_eq!(state.messages[0].recipient, None);
    assert_eq!(state.messages[1].recipient.as_deref(), Some("BR.1502576394655843"));
}

#[tokio::test]
async fn interactive_messages_within_the_limits_are_accepted() {
    let world = World::start().await;
    for message in [
        interactive(&json!({
            "type": "button", "body": {"text": "Confirma?"}, "footer": {"text": "Barbearia"},
            "action": {"buttons": [button("yes", "Sim"), button("no", "Não")]},
        })),
        list(5, 2),
        interactive(&json!({
            "type": "cta_url", "body": {"text": "Mapa"},
            "action": {"name": "cta_url", "parameters": {"display_text": "Abrir", "url": "https://example.com"}},
        })),
        interactive(&json!({
            "type": "request_contact_info", "body": {"text": "Seu telefone?"},
            "action": {"name": "request_contact_info"},
        })),
        json!({
            "messaging_product": "whatsapp", "to": "5511987654321", "type": "template",
            "template": {"name": "reminder", "language": {"code": "pt_BR"}, "components": [
                {"type": "body", "parameters": [{"type": "text", "text": "15:00"}]},
                {"type": "button", "sub_type": "quick_reply", "index": "0",
                 "parameters": [{"type": "payload", "payload": "confirm"}]},
            ]},
        }),
    ] {
        let (status, body) = answer(world.post(PATH).bearer_auth("t").json(&message)).await;
        assert_eq!(status, 200, "{message} {body}");
    }
    assert_eq!(world.broken(), [""; 0]);
}

#[tokio::test]
async fn every_broken_rule_is_refused_and_noted() {
    let without = |field: &str| {
        let mut message = text("Olá");
        message.as_object_mut().unwrap().remove(field);
        message
    };
    let with = |field: &str, value: Value| {
        let mut message = text("Olá");
        message[field] = value;
        message
    };
    let buttons = |buttons: Value| {
        interactive(&json!({"type": "button", "body": {"text": "x"}, "action": {"buttons": buttons}}))
    };
    let cases = [
        ("no recipient", without("to"), 131_008),
        ("no type", without("type"), 131_008),
        ("no content", without("text"), 131_008),
        ("no product", without("messaging_product"), 100),
        ("letters in the phone", with("to", json!("joao")), 131_009),
        ("unknown field", with("txt", json!({})), 100),
        ("text of another shape", with("text", json!("Olá")), 131_009),
        ("unknown field in text", with("text", json!({"body": "x", "markdown": true})), 131_009),
        ("empty text", text("  "), 131_009),
        ("text over 4096", text(&"a".repeat(4097)), 100),
        ("text over 4096 in UTF-16", text(&"💈".repeat(2049)), 100),
        ("opaque data over 512", with("biz_opaque_callback_data", json!("x".repeat(513))), 100),
        (
            "four buttons",
            buttons(json!([button("1", "1"), button("2", "2"), button("3", "3"), button("4", "4")])),
            131_009,
        ),
        ("same button title", buttons(json!([button("1", "Sim"), button("2", "Sim")])), 131_009),
        ("button title over 20", buttons(json!([button("1", &"a".repeat(21))])), 131_009),
        ("button title over 20 in UTF-16", buttons(json!([button("1", &"💈".repeat(11))])), 100),
        ("eleven rows", list(11, 1), 131_009),
        ("eleven rows in all", list(6, 2), 131_009),
        (
            "no body",
            interactive(&json!({"type": "button", "action": {"buttons": [button("1", "1")]}})),
            131_008,
        ),
        (
            "unknown type",
            json!({"messaging_product": "whatsapp", "to": "5511987654321", "type": "poll", "poll": {}}),
            100,
        ),
    ];
    for (name, message, code) in cases {
        let world = World::start().await;
        let (status, body) = answer(world.post(PATH).bearer_auth("t").json(&message)).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!(code)), "{name}: {body}");
        assert_eq!(world.broken(), ["graph/send"], "{name}");
        assert!(world.sim.state().messages.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_missing_token_breaks_a_rule_and_an_expired_one_is_only_refused() {
    let world = World::start().await;
    let (status, _) = answer(world.post(PATH).json(&text("Olá"))).await;
    assert_eq!((status, world.broken().as_slice()), (401, ["graph/token".to_owned()].as_slice()));
    world.sim.reset();
    let mut number = Number::new("1065", "http://127.0.0.1:1/", "secret");
    number.access_tokens = Some(vec!["new".to_owned()]);
    world.sim.register_number(number);
    let (status, body) = answer(world.post(PATH).bearer_auth("old").json(&text("Olá"))).await;
    assert_eq!((status, &body["error"]["code"]), (401, &json!(190)));
    let (status, _) = answer(world.post(PATH).bearer_auth("new").json(&text("Olá"))).await;
    assert_eq!((status, world.broken().len()), (200, 0));
}

#[tokio::test]
async fn marking_as_read_shows_typing_and_sends_nothing() {
    let world = World::start().await;
    let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A",
        "typing_indicator": {"type": "text"}});
    let (status, body) = answer(world.post(PATH).bearer_auth("t").json(&read)).await;
    assert_eq!((status, body), (200, json!({"success": true})));
    let state = world.sim.state();
    assert!(state.reads[0].typing && state.messages.is_empty());
    let nameless = json!({"messaging_product": "whatsapp", "status": "read"});
    assert_eq!(answer(world.post(PATH).bearer_auth("t").json(&nameless)).await.0, 400);
    assert_eq!(world.broken(), ["graph/read"]);
}

#[tokio::test]
async fn an_api_version_that_has_expired_is_refused() {
    let world = World::start().await;
    let (status, body) = answer(world.post("/v20.0/1065/messages").bearer_auth("t").json(&text("Olá"))).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(2635)));
}

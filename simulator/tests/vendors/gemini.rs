//! `generateContent`, as Gemini answers and refuses it.

use crate::world::{World, answer};
use serde_json::{Value, json};

const PATH: &str = "/v1beta/models/gemini-3.8-flash:generateContent";

fn request(contents: &Value) -> Value {
    json!({
        "systemInstruction": {"parts": [{"text": "- corte: Corte | 45 min | R$ 80,00"}]},
        "contents": contents,
        "tools": [{"functionDeclarations": [
            {"name": "find_available_slots", "description": "Finds slots", "parametersJsonSchema": {
                "type": "object",
                "properties": {
                    "service": {"type": "string", "enum": ["corte"]},
                    "weekday": {"type": "string", "enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
                    "from": {"type": "string"}, "to": {"type": "string"},
                },
                "required": ["service"], "additionalProperties": false}},
            {"name": "book_appointment", "description": "Books", "parametersJsonSchema": {
                "type": "object", "properties": {"slot": {"type": "string"}}, "required": ["slot"]}},
        ]}],
        "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}},
        "generationConfig": {"maxOutputTokens": 512, "thinkingConfig": {"thinkingLevel": "LOW"}},
    })
}

fn user(text: &str) -> Value {
    json!({"role": "user", "parts": [{"text": text}]})
}

async fn generate(world: &World, body: &Value) -> (u16, Value) {
    answer(world.post(PATH).header("x-goog-api-key", "key-1").json(body)).await
}

fn found(call: &Value) -> Value {
    let slots =
        json!([{"slot": "opaque-1", "date": "2026-11-24", "weekday": "terça-feira", "time": "15:00"}]);
    json!({"role": "user", "parts": [{"functionResponse": {
        "id": call["id"], "name": call["name"], "response": {"output": {"slots": slots}}}}]})
}

/// The first step of a booking: the contents so far, with the model's call in them.
async fn first_step(world: &World) -> (Vec<Value>, Value) {
    let asked = user("quero um corte terça às 15h");
    let (status, body) = generate(world, &request(&json!([asked]))).await;
    assert_eq!(status, 200, "{body}");
    let content = body["candidates"][0]["content"].clone();
    let call = content["parts"][0]["functionCall"].clone();
    (vec![asked, content, found(&call)], call)
}

#[tokio::test]
async fn a_booking_is_found_then_booked_with_every_call_signed() {
    let world = World::start().await;
    let (mut contents, call) = first_step(&world).await;
    assert_eq!(call["args"], json!({"service": "corte", "weekday": "tue", "from": "15:00", "to": "16:00"}));
    let (status, body) = generate(&world, &request(&json!(contents))).await;
    assert_eq!(status, 200, "{body}");
    let content = body["candidates"][0]["content"].clone();
    assert_eq!(content["parts"][0]["functionCall"]["args"], json!({"slot": "opaque-1"}));
    assert_ne!(content["parts"][0]["thoughtSignature"], contents[1]["parts"][0]["thoughtSignature"]);
    let id = content["parts"][0]["functionCall"]["id"].clone();
    contents.push(content);
    contents.push(json!({"role": "user", "parts": [{"functionResponse": {
        "id": id, "name": "book_appointment", "response": {"output": {"staged": true}}}}]}));
    assert_eq!(generate(&world, &request(&json!(contents))).await.0, 200);
    let state = world.sim.state();
    assert_eq!((state.gemini.len(), state.gemini[0].key.as_str()), (3, "key-1"));
    assert!(state.violations.is_empty(), "{:?}", state.violations);
}

#[tokio::test]
async fn a_signature_outlives_the_simulator_that_gave_it() {
    let (contents, _) = first_step(&World::start().await).await;
    assert_eq!(generate(&World::start().await, &request(&json!(contents))).await.0, 200);
}

#[tokio::test]
async fn a_replayed_call_needs_its_very_signature() {
    let world = World::start().await;
    let (contents, _) = first_step(&world).await;
    let mut missing = contents.clone();
    missing[1]["parts"][0].as_object_mut().unwrap().remove("thoughtSignature");
    let mut altered = contents.clone();
    altered[1]["parts"][0]["functionCall"]["args"]["from"] = json!("14:00");
    for broken in [missing, altered] {
        let (status, body) = generate(&world, &request(&json!(broken))).await;
        assert_eq!((status, &body["error"]["status"]), (400, &json!("INVALID_ARGUMENT")));
        assert!(
            body["error"]["message"]
                .as_str()
                .unwrap()
                .starts_with("Function call is missing a thought_signature")
        );
    }
    assert_eq!(world.broken(), ["gemini/thought_signature"; 2]);
}

#[tokio::test]
async fn calls_and_responses_come_in_complete_pairs() {
    let world = World::start().await;
    let (contents, _) = first_step(&world).await;
    let mut other_name = contents.clone();
    other_name[2]["parts"][0]["functionResponse"]["name"] = json!("book_appointment");
    let mut other_id = contents.clone();
    other_id[2]["parts"][0]["functionResponse"]["id"] = json!("x");
    let mut twice = contents.clone();
    let response = twice[2]["parts"][0].clone();
    twice[2]["parts"].as_array_mut().unwrap().push(response);
    let unanswered = vec![contents[0].clone(), contents[1].clone(), user("e aí?")];
    let orphan = vec![contents[0].clone(), contents[2].clone()];
    let first = vec![contents[1].clone(), contents[2].clone()];
    for (name, contents, rule) in [
        ("another name", other_name, "gemini/function_response"),
        ("another id", other_id, "gemini/function_response"),
        ("a response too many", twice, "gemini/turns"),
        ("a call without response", unanswered, "gemini/turns"),
        ("a response without call", orphan, "gemini/turns"),
        ("a call that begins the history", first, "gemini/turns"),
    ] {
        world.sim.reset();
        let (status, body) = generate(&world, &request(&json!(contents))).await;
        assert_eq!((status, world.broken()), (400, vec![rule.to_owned()]), "{name}: {body}");
    }
}

#[tokio::test]
async fn every_other_rule_refuses_what_breaks_it() {
    let change = |path: &str, value: Value| {
        let mut body = request(&json!([user("oi")]));
        let (parent, field) = path.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[field] = value;
        body
    };
    let declaration = "/tools/0/functionDeclarations/0";
    let schema = format!("{declaration}/parametersJsonSchema");
    let name = format!("{declaration}/name");
    let cases = [
        (change("/generationConfig/temperature", json!(0.2)), "sampling"),
        (change("/generationConfig/thinkingConfig", json!({"thinkingLevel": "MINIMAL"})), "value"),
        (change("/generationConfig/maxOutputTokens", json!(0)), "value"),
        (change("/generationConfig/maxTokens", json!(1)), "schema"),
        (change("/toolConfig/functionCallingConfig", json!({"mode": "SOMETIMES"})), "schema"),
        (
            change(
                "/toolConfig/functionCallingConfig",
                json!({"mode": "AUTO", "allowedFunctionNames": ["book_appointment"]}),
            ),
            "value",
        ),
        (
            change(
                "/toolConfig/functionCallingConfig",
                json!({"mode": "ANY", "allowedFunctionNames": ["pay"]}),
            ),
            "value",
        ),
        (change(&name, json!("find slots")), "declaration"),
        (change(&name, json!("book_appointment")), "declaration"),
        (change(&schema, json!({"type": "objekt"})), "declaration"),
        (change(&schema, json!({"type": "string"})), "declaration"),
        (request(&json!([])), "turns"),
        (request(&json!([{"role": "system", "parts": [{"text": "x"}]}])), "turns"),
        (request(&json!([{"role": "user", "parts": []}])), "turns"),
        (request(&json!([{"role": "user", "parts": [{}]}])), "turns"),
        (request(&json!([user("oi"), {"role": "model", "parts": [{"text": "olá"}]}])), "turns"),
        (
            request(
                &json!([{"role": "user", "parts": [{"text": "x", "inlineData": {"mimeType": "audio/ogg", "data": ""}}]}]),
            ),
            "turns",
        ),
    ];
    for (body, rule) in cases {
        let world = World::start().await;
        let (status, answer) = generate(&world, &body).await;
        assert_eq!((status, world.broken()), (400, vec![format!("gemini/{rule}")]), "{body}: {answer}");
        assert!(world.sim.state().gemini.is_empty());
    }
}

#[tokio::test]
async fn a_key_and_a_living_model_are_needed() {
    let world = World::start().await;
    let (status, body) = answer(world.post(PATH).json(&request(&json!([user("oi")])))).await;
    assert_eq!((status, &body["error"]["status"]), (403, &json!("PERMISSION_DENIED")));
    let old = "/v1beta/models/gemini-2.0-flash:generateContent";
    let (status, body) =
        answer(world.post(old).header("x-goog-api-key", "k").json(&request(&json!([user("oi")])))).await;
    assert_eq!((status, &body["error"]["status"]), (404, &json!("NOT_FOUND")));
    assert_eq!(world.broken(), ["gemini/key", "gemini/model"]);
}

#[tokio::test]
async fn a_script_answers_before_the_brain_does() {
    let world = World::start().await;
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}, "candidates": []});
    let malformed = json!({"finishReason": "MALFORMED_FUNCTION_CALL", "content": {"role": "model"}});
    let calls = json!({"call": {"name": "book_appointment", "args": {"slot": "invented"}}});
    let (status, _) = answer(
        world
            .post("/_sim/script")
            .json(&json!({"replies": [blocked, malformed, {"text": "Marquei às 15:00!"}, calls]})),
    )
    .await;
    assert_eq!(status, 200);
    let body = request(&json!([user("oi")]));
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(generate(&world, &body).await.1);
    }
    assert_eq!(answers[0]["promptFeedback"]["blockReason"], "SAFETY");
    assert_eq!(answers[1]["candidates"][0]["finishReason"], "MALFORMED_FUNCTION_CALL");
    assert_eq!(answers[2]["candidates"][0]["content"]["parts"][0]["text"], "Marquei às 15:00!");
    let call = &answers[3]["candidates"][0]["content"];
    assert_eq!(call["parts"][0]["functionCall"]["args"]["slot"], "invented");
    assert!(answers[4]["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap().starts_with("Olá"));
    let answered = json!({"role": "user", "parts": [{"functionResponse": {
        "id": call["parts"][0]["functionCall"]["id"], "name": "book_appointment",
        "response": {"error": {"code": "not_found", "message": "no such slot"}}}}]});
    assert_eq!(generate(&world, &request(&json!([user("oi"), call, answered]))).await.0, 200);
    assert_eq!(world.broken(), [""; 0]);
}

//! Responses of the model.

use serde_json::{Map, Value, json};

use super::{
    brain::{self, Answer},
    request::{FunctionCall, Request},
    signature,
};
use crate::{
    schema::{compile, first_error},
    shared::Shared,
    state::Vendor,
};

/// Tokens a short thought takes.
const THOUGHT: usize = 32;

/// What the brain answers.
pub(super) fn from_brain(app: &Shared, model: &str, request: &Request) -> Value {
    let candidate = match brain::answer(request) {
        Answer::Text(text) => candidate(&json!({"text": text})),
        Answer::Call { name, args } => match misfit(request, name, &args) {
            None => candidate(&json!({"functionCall": {"name": name, "args": args}})),
            Some(wrong) => {
                // Gemini gives up a call that does not fit its schema; here it means the brain cannot use the tool.
                app.violation(Vendor::Gemini, "brain", format!("{name}: {wrong}"));
                json!({"content": {"role": "model"}, "finishReason": "MALFORMED_FUNCTION_CALL", "index": 0,
                    "finishMessage": format!("Malformed function call: {wrong}")})
            }
        },
    };
    let mut response = json!({"candidates": [candidate]});
    complete(app, model, request, &mut response);
    app.own_answer(Vendor::Gemini, &app.schemas.generated, &response);
    response
}

/// What a test wrote: a whole response, a candidate, `{"text": …}`, or `{"call": {"name", "args"}}`.
pub(super) fn scripted(app: &Shared, model: &str, request: &Request, reply: Value) -> Value {
    let mut response = if reply.get("candidates").is_some() || reply.get("promptFeedback").is_some() {
        reply
    } else if let Some(text) = reply.get("text") {
        json!({"candidates": [candidate(&json!({"text": text}))]})
    } else if let Some(call) = reply.get("call") {
        json!({"candidates": [candidate(&json!({"functionCall": call}))]})
    } else {
        json!({"candidates": [reply]})
    };
    complete(app, model, request, &mut response);
    response
}

fn candidate(part: &Value) -> Value {
    json!({"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0})
}

/// Adds what every response has, where it is absent: ids and a signature for calls, usage, names.
fn complete(app: &Shared, model: &str, request: &Request, response: &mut Value) {
    for candidate in response.get_mut("candidates").and_then(Value::as_array_mut).into_iter().flatten() {
        sign(app, model, candidate);
    }
    let prompt: usize = request.contents.iter().map(|content| content.text().len() / 4 + 4).sum();
    let prompt = prompt + request.system_instruction.as_ref().map_or(0, |system| system.text().len() / 4);
    let answered = response["candidates"].to_string().len() / 4;
    let usage = json!({
        "promptTokenCount": prompt,
        "candidatesTokenCount": answered,
        "thoughtsTokenCount": THOUGHT,
        "totalTokenCount": prompt + answered + THOUGHT,
    });
    if let Some(fields) = response.as_object_mut() {
        for (name, value) in [
            ("usageMetadata", usage),
            ("modelVersion", json!(model)),
            ("responseId", json!(app.ids.short("response"))),
        ] {
            fields.entry(name).or_insert(value);
        }
    }
}

/// Every call gets an id, and the first one the signature over all of them, unless the script gave its own.
fn sign(app: &Shared, model: &str, candidate: &mut Value) {
    let Some(parts) = candidate.pointer_mut("/content/parts").and_then(Value::as_array_mut) else { return };
    let mut calls = Vec::new();
    for part in parts.iter_mut() {
        if let Some(call) = part.get_mut("functionCall").and_then(Value::as_object_mut) {
            call.entry("id").or_insert_with(|| json!(app.ids.short("call")));
            call.entry("args").or_insert_with(|| json!({}));
            calls.push(function_call(call));
        }
    }
    let first =
        parts.iter_mut().find(|part| part.get("functionCall").is_some()).and_then(Value::as_object_mut);
    if let Some(first) = first {
        first
            .entry("thoughtSignature")
            .or_insert_with(|| json!(signature::sign(app.ids.nonce(), model, calls.iter())));
    }
}

fn function_call(call: &Map<String, Value>) -> FunctionCall {
    let text = |name: &str| call.get(name).and_then(Value::as_str).map(str::to_owned);
    FunctionCall {
        id: text("id"),
        name: text("name").unwrap_or_default(),
        args: call.get("args").cloned().unwrap_or_default(),
    }
}

/// How arguments differ from what the function declares.
fn misfit(request: &Request, name: &str, args: &Value) -> Option<String> {
    let declaration = request.declarations().find(|declaration| declaration.name == name)?;
    let schema = declaration.parameters_json_schema.as_ref()?;
    match compile(name, schema) {
        Ok(schema) => first_error(&schema, args),
        Err(error) => Some(error.to_string()),
    }
}

//! Responses of the model.

use serde_json::{Map, Value, json};

use super::{
    manner::{self, Manner},
    request::{FunctionCall, Request},
    signature, voice,
};
use crate::{
    schema::{compile, first_error},
    shared::Shared,
    state::{State, Vendor},
};

/// Tokens a short thought takes.
const THOUGHT: usize = 32;

/// What the brain answers.
pub(super) fn from_brain(app: &Shared, model: &str, request: &Request) -> Value {
    if let Some(words) = voice::heard(request) {
        let mut response = json!({"candidates": [candidate(&json!([{"text": words}]))]});
        complete(app, model, request, &mut response);
        return response;
    }
    let manner = app.with(State::manner);
    let mut response = match manner::respond(manner, request) {
        Err(response) => response,
        Ok(parts) => {
            let wrong =
                parts.iter().find_map(|part| misfit(request, part)).filter(|_| manner == Manner::Helpful);
            let candidate = match wrong {
                None => candidate(&Value::Array(parts)),
                Some(wrong) => {
                    // Gemini gives up a call that does not fit its schema; here it means the brain cannot use the tool.
                    let name = parts[0]["functionCall"]["name"].as_str().unwrap_or_default();
                    app.violation(Vendor::Gemini, "brain", format!("{name}: {wrong}"));
                    json!({"content": {"role": "model"}, "finishReason": "MALFORMED_FUNCTION_CALL", "index": 0,
                        "finishMessage": format!("Malformed function call: {wrong}")})
                }
            };
            json!({"candidates": [candidate]})
        }
    };
    complete(app, model, request, &mut response);
    if manner != Manner::Unheard {
        app.own_answer(Vendor::Gemini, &app.schemas.generated, &response);
    }
    response
}

/// What a test wrote: a whole response, a candidate, `{"text": …}`, `{"call": {"name", "args"}}` or `{"calls": […]}`.
pub(super) fn scripted(app: &Shared, model: &str, request: &Request, reply: Value) -> Value {
    let mut response = if reply.get("candidates").is_some() || reply.get("promptFeedback").is_some() {
        reply
    } else if let Some(text) = reply.get("text") {
        json!({"candidates": [candidate(&json!([{"text": text}]))]})
    } else if let Some(call) = reply.get("call") {
        json!({"candidates": [candidate(&json!([{"functionCall": call}]))]})
    } else if let Some(calls) = reply.get("calls") {
        json!({"candidates": [at_once(calls)]})
    } else {
        json!({"candidates": [reply]})
    };
    complete(app, model, request, &mut response);
    response
}

/// `{"calls": [{"name", "args"}, …]}`, made at once.
fn at_once(calls: &Value) -> Value {
    let calls = calls.as_array().into_iter().flatten();
    candidate(&calls.map(|call| json!({"functionCall": call})).collect())
}

fn candidate(parts: &Value) -> Value {
    json!({"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0})
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
fn misfit(request: &Request, part: &Value) -> Option<String> {
    let call = part.get("functionCall")?;
    let (name, args) = (call["name"].as_str()?, &call["args"]);
    let declaration = request.declarations().find(|declaration| declaration.name == name)?;
    let schema = declaration.parameters_json_schema.as_ref()?;
    match compile(name, schema) {
        Ok(schema) => first_error(&schema, args),
        Err(error) => Some(error.to_string()),
    }
}

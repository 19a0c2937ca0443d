//! What Meta accepts as a send: the envelope, the parts by its schema, and the limits its documentation states.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::schema::{Schemas, first_error};

/// Fields of the envelope; any other is refused.
const ENVELOPE: [&str; 7] =
    ["messaging_product", "recipient_type", "to", "recipient", "type", "context", "biz_opaque_callback_data"];
const LONGEST_TEXT: usize = 4096;
const LONGEST_OPAQUE: usize = 512;
const MOST_ROWS: usize = 10;

/// What is wrong with a body, in Meta's classes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Code 131008.
    #[error("{0}")]
    Missing(String),
    /// Code 131009.
    #[error("{0}")]
    Invalid(String),
    /// Code 100.
    #[error("{0}")]
    Parameter(String),
}

/// Checks a read receipt.
pub fn read(schemas: &Schemas, body: &Value) -> Result<(), Refusal> {
    if let Some(wrong) = first_error(&schemas.read, body) {
        return Err(Refusal::Parameter(wrong));
    }
    match body.pointer("/typing_indicator/type") {
        None if body.get("typing_indicator").is_some() => {
            Err(Refusal::Missing("typing_indicator.type is required".to_owned()))
        }
        Some(kind) if kind != "text" => {
            Err(Refusal::Invalid("typing_indicator.type must be text".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Checks a send and returns the type of message.
pub fn send<'a>(schemas: &Schemas, body: &'a Map<String, Value>) -> Result<&'a str, Refusal> {
    let kind = text(body, "type").ok_or_else(|| missing("type"))?;
    if text(body, "messaging_product") != Some("whatsapp") {
        return Err(Refusal::Parameter("messaging_product must be whatsapp".to_owned()));
    }
    if let Some(unexpected) = body.keys().find(|key| !ENVELOPE.contains(&key.as_str()) && *key != kind) {
        return Err(Refusal::Parameter(format!("Unexpected key \"{unexpected}\" on param \"messages\".")));
    }
    if body.get("recipient_type").is_some_and(|kind| kind != "individual" && kind != "group") {
        return Err(Refusal::Invalid("recipient_type must be individual or group".to_owned()));
    }
    recipient(body)?;
    if body.get("context").is_some_and(|context| context.get("message_id").and_then(Value::as_str).is_none())
    {
        return Err(missing("context.message_id"));
    }
    if let Some(opaque) = body.get("biz_opaque_callback_data") {
        let opaque = opaque.as_str().ok_or_else(|| invalid("biz_opaque_callback_data must be a string"))?;
        at_most("biz_opaque_callback_data", opaque, LONGEST_OPAQUE)?;
    }
    let content = body.get(kind).ok_or_else(|| missing(kind))?;
    let schema = match kind {
        "text" => Some(&schemas.text),
        "interactive" => Some(&schemas.interactive),
        "template" => Some(&schemas.template),
        "image" | "audio" | "video" | "document" | "sticker" => Some(&schemas.media),
        "location" | "reaction" | "contacts" => None,
        other => {
            return Err(Refusal::Parameter(format!(
                "Param type must be one of the message types, got {other}"
            )));
        }
    };
    if let Some(wrong) = schema.and_then(|schema| first_error(schema, content)) {
        return Err(Refusal::Invalid(format!("{kind}{wrong}")));
    }
    match kind {
        "text" => filled("text.body", content.pointer("/body"), LONGEST_TEXT)?,
        "interactive" => interactive(content)?,
        _ => {}
    }
    Ok(kind)
}

fn recipient(body: &Map<String, Value>) -> Result<(), Refusal> {
    match (body.get("to"), body.get("recipient")) {
        (None, None) => Err(missing("to")),
        (Some(to), _) => {
            let digits = to.as_str().map(|to| to.strip_prefix('+').unwrap_or(to)).unwrap_or_default();
            let phone = (5..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            if phone { Ok(()) } else { Err(invalid("to must be a phone number in digits")) }
        }
        (None, Some(recipient)) => {
            let id = recipient.as_str().unwrap_or_default();
            if is_user_id(id) { Ok(()) } else { Err(invalid("recipient must be a business-scoped user id")) }
        }
    }
}

/// `CC.<1 to 128 letters and digits>`, for a parent account `CC.ENT.<…>`.
fn is_user_id(id: &str) -> bool {
    let Some((country, rest)) = id.split_once('.') else { return false };
    let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=128).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What the schema does not say about interactive messages: lengths as Meta counts them, and uniqueness.
fn interactive(content: &Value) -> Result<(), Refusal> {
    let kind = content["type"].as_str().unwrap_or_default();
    filled("interactive.body.text", content.pointer("/body/text"), 1024)?;
    if let Some(footer) = content.pointer("/footer/text") {
        filled("interactive.footer.text", Some(footer), 60)?;
    }
    if let Some(header) = content.get("header") {
        if kind == "list" && header["type"] != "text" {
            return Err(invalid("the header of a list must be text"));
        }
        if header["type"] == "text" {
            filled("interactive.header.text", header.get("text"), 60)?;
        }
    }
    let action = &content["action"];
    match kind {
        "button" => buttons(action),
        "list" => list(action),
        _ => Ok(()),
    }
}

fn buttons(action: &Value) -> Result<(), Refusal> {
    let buttons = action["buttons"].as_array().ok_or_else(|| missing("interactive.action.buttons"))?;
    let (mut ids, mut titles) = (HashSet::new(), HashSet::new());
    for button in buttons {
        let (id, title) = (button.pointer("/reply/id"), button.pointer("/reply/title"));
        filled("button reply id", id, 256)?;
        filled("button reply title", title, 20)?;
        if !ids.insert(id) || !titles.insert(title) {
            return Err(invalid("ids and titles of buttons must be unique"));
        }
    }
    Ok(())
}

fn list(action: &Value) -> Result<(), Refusal> {
    filled("interactive.action.button", action.get("button"), 20)?;
    let sections = action["sections"].as_array().ok_or_else(|| missing("interactive.action.sections"))?;
    let mut ids = HashSet::new();
    for section in sections {
        if sections.len() > 1 || section.get("title").is_some() {
            filled("section title", section.get("title"), 24)?;
        }
        let rows = section["rows"].as_array().ok_or_else(|| missing("section rows"))?;
        for row in rows {
            filled("row id", row.get("id"), 200)?;
            filled("row title", row.get("title"), 24)?;
            if let Some(description) = row.get("description") {
                filled("row description", Some(description), 72)?;
            }
            if !ids.insert(row["id"].as_str()) {
                return Err(invalid("ids of rows must be unique"));
            }
        }
    }
    if ids.is_empty() || ids.len() > MOST_ROWS {
        return Err(invalid("a list must have 1 to 10 rows in total"));
    }
    Ok(())
}

/// A text that is there, is not blank, and is not too long.
fn filled(name: &str, value: Option<&Value>, most: usize) -> Result<(), Refusal> {
    let value = value.and_then(Value::as_str).ok_or_else(|| missing(name))?;
    if value.trim().is_empty() {
        return Err(invalid(&format!("{name} must not be empty")));
    }
    at_most(name, value, most)
}

/// Meta counts as JavaScript does, in UTF-16 units: the strictest reading of its documentation.
fn at_most(name: &str, value: &str, most: usize) -> Result<(), Refusal> {
    let length = value.encode_utf16().count();
    if length > most {
        return Err(Refusal::Parameter(format!("{name} must be at most {most} characters, it has {length}")));
    }
    Ok(())
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    body.get(key).and_then(Value::as_str)
}

fn missing(name: &str) -> Refusal {
    Refusal::Missing(format!("The parameter {name} is required."))
}

fn invalid(what: &str) -> Refusal {
    Refusal::Invalid(what.to_owned())
}

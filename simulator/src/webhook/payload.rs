//! Webhook bodies of today's shape.

use aws_lc_rs::digest;
use serde_json::{Map, Value, json};

use super::{Echo, Number, Say};
use crate::state::SentMessage;

/// A customer's message. `timestamp` is in Unix seconds.
pub(crate) fn message(number: &Number, say: &Say, wamid: &str, timestamp: i64) -> Value {
    let user_id = say.user_id.clone().unwrap_or_else(|| user_id(&number.business_account_id, &say.from));
    let mut contact = json!({"profile": {"name": say.name}, "user_id": user_id});
    let mut message = json!({"from_user_id": user_id, "id": wamid, "timestamp": timestamp.to_string()});
    if say.phone {
        contact["wa_id"] = json!(say.from);
        message["from"] = json!(say.from);
    }
    match &say.message {
        None => {
            message["type"] = json!("text");
            message["text"] = json!({"body": say.text});
        }
        Some(other) => {
            for (name, value) in other {
                message[name] = value.clone();
            }
        }
    }
    // Meta's news of a customer come without a contact, and under the old number alone.
    if message["type"] == "system" {
        message.as_object_mut().map(|message| message.remove("from_user_id"));
        return envelope(number, json!({"messages": [message]}));
    }
    envelope(number, json!({"contacts": [contact], "messages": [message]}))
}

/// What a person of the business wrote from the phone.
pub(crate) fn echo(number: &Number, echo: &Echo, wamid: &str, timestamp: i64) -> Value {
    let message = json!({
        "from": number.display_phone_number, "to": echo.to, "id": wamid, "timestamp": timestamp.to_string(),
        "type": "text", "text": {"body": echo.text},
    });
    let contact = json!({"wa_id": echo.to, "user_id": user_id(&number.business_account_id, &echo.to)});
    let mut body = envelope(number, json!({"contacts": [contact], "message_echoes": [message]}));
    body["entry"][0]["changes"][0]["field"] = json!("smb_message_echoes");
    body
}

/// Whether the published schema, which is older, knows what is in the body.
pub(crate) fn is_published(body: &Value) -> bool {
    let change = &body["entry"][0]["changes"][0];
    let newer = |message: &Value| ["edit", "revoke", "system"].iter().any(|kind| message["type"] == *kind);
    let messages = change["value"]["messages"].as_array();
    change["field"] == "messages" && !messages.into_iter().flatten().any(newer)
}

/// A report that a message of ours was `sent`, `delivered`, `read` or `failed`.
pub(crate) fn status(
    number: &Number,
    sent: &SentMessage,
    status: &str,
    conversation: &str,
    timestamp: i64,
) -> Value {
    let phone = sent.to.as_deref();
    let user =
        sent.recipient.clone().or_else(|| phone.map(|phone| user_id(&number.business_account_id, phone)));
    let category = if sent.kind == "template" { "utility" } else { "service" };
    let mut report = json!({
        "id": sent.wamid,
        "status": status,
        "timestamp": timestamp.to_string(),
        "conversation": {"id": conversation, "origin": {"type": category}},
        "pricing": {"billable": true, "pricing_model": "PMP", "category": category, "type": "regular"},
    });
    for (field, value) in [
        ("recipient_id", phone),
        ("recipient_user_id", user.as_deref()),
        ("biz_opaque_callback_data", sent.opaque.as_deref()),
    ] {
        if let Some(value) = value {
            report[field] = json!(value);
        }
    }
    // Since there are user ids, a report says whom it is about as a message does.
    let mut contact = Map::new();
    for (field, value) in [("wa_id", phone), ("user_id", user.as_deref())] {
        if let Some(value) = value {
            contact.insert(field.to_owned(), json!(value));
        }
    }
    envelope(number, json!({"contacts": [contact], "statuses": [report]}))
}

fn envelope(number: &Number, facts: Value) -> Value {
    let mut value = Map::new();
    value.insert("messaging_product".to_owned(), json!("whatsapp"));
    value.insert(
        "metadata".to_owned(),
        json!({"display_phone_number": number.display_phone_number, "phone_number_id": number.phone_number_id}),
    );
    if let Value::Object(facts) = facts {
        value.extend(facts);
    }
    json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": number.business_account_id, "changes": [{"value": value, "field": "messages"}]}],
    })
}

/// A business-scoped user id: the same person has the same one towards the same business, and another towards
/// another.
pub(crate) fn user_id(business: &str, phone: &str) -> String {
    let country = match phone {
        phone if phone.starts_with("55") => "BR",
        phone if phone.starts_with("49") => "DE",
        phone if phone.starts_with("52") => "MX",
        _ => "US",
    };
    let hash = digest::digest(&digest::SHA256, format!("{business}/{phone}").as_bytes());
    let number = hash.as_ref().iter().take(7).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{country}.{:016}", number % 10_000_000_000_000_000)
}

/// The body with what the published schema (older than usernames) still demands filled in, to validate it with.
pub(crate) fn as_published(body: &Value) -> Value {
    let mut body = body.clone();
    for (list, field) in [("messages", "from"), ("statuses", "recipient_id")] {
        let items =
            body.pointer_mut(&format!("/entry/0/changes/0/value/{list}")).and_then(Value::as_array_mut);
        for item in items.into_iter().flatten() {
            if item.get(field).is_none() {
                item[field] = json!("");
            }
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{first_error, schemas};

    fn number() -> Number {
        Number::new("106540352242922", "http://127.0.0.1:1/webhooks/whatsapp", "secret")
    }

    #[test]
    fn a_message_is_valid_by_metas_schema_with_and_without_a_phone() {
        let schemas = schemas().unwrap();
        let mut say = Say::text("106540352242922", "5511987654321", "João", "Olá");
        let body = message(&number(), &say, "wamid.A", 1_764_000_000);
        assert_eq!(first_error(&schemas.webhook, &body), None);
        say.phone = false;
        let body = message(&number(), &say, "wamid.A", 1_764_000_000);
        let found = body.pointer("/entry/0/changes/0/value/messages/0").unwrap();
        assert_eq!(found.get("from"), None);
        assert_eq!(body.pointer("/entry/0/changes/0/value/contacts/0/wa_id"), None);
        assert!(found["from_user_id"].as_str().unwrap().starts_with("BR."));
        assert!(first_error(&schemas.webhook, &body).is_some());
        assert_eq!(first_error(&schemas.webhook, &as_published(&body)), None);
    }

    #[test]
    fn a_status_names_the_recipient_as_the_send_did() {
        let schemas = schemas().unwrap();
        let sent = SentMessage {
            wamid: "wamid.B".to_owned(),
            phone_number_id: "106540352242922".to_owned(),
            to: None,
            recipient: Some("BR.1".to_owned()),
            kind: "text".to_owned(),
            body: json!({}),
            token: "token".to_owned(),
            opaque: Some("outbox-1".to_owned()),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        let body = status(&number(), &sent, "delivered", "c1", 1_764_000_000);
        let report = body.pointer("/entry/0/changes/0/value/statuses/0").unwrap();
        assert_eq!(report["recipient_user_id"], "BR.1");
        assert_eq!(report["biz_opaque_callback_data"], "outbox-1");
        assert_eq!(report.get("recipient_id"), None);
        assert_eq!(first_error(&schemas.webhook, &as_published(&body)), None);
    }

    #[test]
    fn a_user_id_differs_between_businesses() {
        assert_eq!(user_id("1", "5511"), user_id("1", "5511"));
        assert_ne!(user_id("1", "5511"), user_id("2", "5511"));
    }
}

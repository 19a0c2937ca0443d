//! What a webhook body holds, read leniently: unknown fields and types are accepted, never refused, because a
//! refusal makes Meta retry and then throttle the subscription.

use jiff::Timestamp;
use mcp_store::inbox::{DeadLetter, DeadSource, Delivery, DeliveryStatus, IncomingMessage, Sender};
use serde_json::Value;

/// What a body held for one number.
#[derive(Debug, Default, PartialEq)]
pub struct Parsed {
    /// What is to be kept.
    pub delivery: Delivery,
    /// Messages and statuses of other numbers, dropped.
    pub foreign: usize,
    /// Parts of no known kind, dropped.
    pub unknown: usize,
}

/// Reads a body whose signature is good. What belongs to another number is counted and dropped: the app secret is
/// shared by all numbers of an app, so a good signature does not say whose message it is.
pub fn parse(body: &[u8], phone_number_id: &str, now: Timestamp) -> Parsed {
    let mut parsed = Parsed::default();
    let envelope: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => {
            parsed.delivery.dead.push(dead(&format!("not JSON: {error}"), body));
            return parsed;
        }
    };
    let changes = items(&envelope, "entry").flat_map(|entry| items(entry, "changes"));
    let mut known = 0_usize;
    for change in changes {
        let value = &change["value"];
        if value["metadata"]["phone_number_id"].as_str() != Some(phone_number_id) {
            parsed.foreign += items(value, "messages").count() + items(value, "statuses").count();
            known += 1;
            continue;
        }
        known += 1;
        for message in items(value, "messages") {
            match read_message(message, value, now) {
                Some(message) => parsed.delivery.messages.push(message),
                None => parsed
                    .delivery
                    .dead
                    .push(dead("a message without id or sender", message.to_string().as_bytes())),
            }
        }
        for status in items(value, "statuses") {
            match read_status(status, now) {
                Some(status) => parsed.delivery.statuses.push(status),
                None => parsed.unknown += 1,
            }
        }
        if !value["messages"].is_array() && !value["statuses"].is_array() {
            parsed.unknown += 1;
        }
    }
    if known == 0 {
        parsed.unknown += 1;
    }
    parsed
}

/// At most this much of a body that cannot be read is kept.
const DEAD_BYTES: usize = 16 * 1024;

fn dead(reason: &str, body: &[u8]) -> DeadLetter {
    let kept = String::from_utf8_lossy(&body[..body.len().min(DEAD_BYTES)]).into_owned();
    DeadLetter { source: DeadSource::Webhook, reason: reason.to_owned(), payload: kept }
}

fn items<'a>(value: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    value[list].as_array().into_iter().flatten()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn read_message(message: &Value, value: &Value, now: Timestamp) -> Option<IncomingMessage> {
    let id = text(&message["id"])?;
    let mut sender =
        Sender { user_id: text(&message["from_user_id"]), wa_id: text(&message["from"]), name: None };
    let contacts: Vec<&Value> = items(value, "contacts").collect();
    let differ =
        |own: &Option<String>, other: Option<String>| own.is_some() && other.is_some() && *own != other;
    let is_another = |contact: &Value| {
        differ(&sender.wa_id, text(&contact["wa_id"])) || differ(&sender.user_id, text(&contact["user_id"]))
    };
    let same = |contact: &&&Value| {
        !is_another(contact)
            && ((sender.wa_id.is_some() && text(&contact["wa_id"]) == sender.wa_id)
                || (sender.user_id.is_some() && text(&contact["user_id"]) == sender.user_id))
    };
    // The only contact is the sender's, even where Meta leaves the ids of the message out, unless its ids are another's.
    let only = contacts.first().filter(|contact| contacts.len() == 1 && !is_another(contact));
    let contact = contacts.iter().find(same).or(only);
    if let Some(contact) = contact {
        sender.user_id = sender.user_id.or_else(|| text(&contact["user_id"]));
        sender.wa_id = sender.wa_id.or_else(|| text(&contact["wa_id"]));
        sender.name = text(&contact["profile"]["name"]);
    }
    if sender.user_id.is_none() && sender.wa_id.is_none() {
        return None;
    }
    Some(IncomingMessage {
        id,
        sender,
        kind: text(&message["type"]).unwrap_or_else(|| kind_by_payload(message)),
        text: spoken(message),
        sent_at: instant(&message["timestamp"]).unwrap_or(now),
        raw: message.clone(),
    })
}

/// Some of Meta's own samples leave `type` out; the payload's name says it.
fn kind_by_payload(message: &Value) -> String {
    const PAYLOADS: [&str; 12] = [
        "text",
        "image",
        "audio",
        "video",
        "document",
        "sticker",
        "location",
        "contacts",
        "interactive",
        "button",
        "order",
        "reaction",
    ];
    PAYLOADS.iter().find(|name| !message[**name].is_null()).map_or("unknown", |name| name).to_owned()
}

/// The words of a message: its text, or the title of what was tapped.
fn spoken(message: &Value) -> Option<String> {
    let interactive = &message["interactive"];
    text(&message["text"]["body"])
        .or_else(|| text(&message["button"]["text"]))
        .or_else(|| text(&interactive["button_reply"]["title"]))
        .or_else(|| text(&interactive["list_reply"]["title"]))
}

fn read_status(status: &Value, now: Timestamp) -> Option<DeliveryStatus> {
    Some(DeliveryStatus {
        wamid: text(&status["id"])?,
        status: text(&status["status"])?,
        outbox_id: text(&status["biz_opaque_callback_data"]),
        error_code: items(status, "errors").next().and_then(|error| error["code"].as_i64()),
        at: instant(&status["timestamp"]).unwrap_or(now),
    })
}

/// Unix seconds, as text (documented) or as a number (seen).
fn instant(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn envelope(number: &str, value: &Value) -> Vec<u8> {
        let mut value = value.clone();
        value["messaging_product"] = json!("whatsapp");
        value["metadata"] = json!({"display_phone_number": "5511", "phone_number_id": number});
        json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn a_text_message_keeps_both_ids_and_the_name() {
        let body = envelope(
            "77",
            &json!({
                "contacts": [{"profile": {"name": "Ana"}, "wa_id": "5511999", "user_id": "BR.1"}],
                "messages": [{"from": "5511999", "from_user_id": "BR.1", "id": "wamid.1", "timestamp": "1700000000",
                              "type": "text", "text": {"body": " oi "}, "brand_new_field": {"a": 1}}]}),
        );
        let message = parse(&body, "77", NOW).delivery.messages.remove(0);
        assert_eq!(message.sender.user_id.as_deref(), Some("BR.1"));
        assert_eq!(message.sender.wa_id.as_deref(), Some("5511999"));
        assert_eq!(message.sender.name.as_deref(), Some("Ana"));
        assert_eq!(message.text.as_deref(), Some("oi"));
        assert_eq!(message.sent_at.as_second(), 1_700_000_000);
    }

    #[test]
    fn a_sender_without_a_phone_is_known_by_the_user_id() {
        let body = envelope(
            "77",
            &json!({
                "contacts": [{"profile": {"name": "Ana", "username": "ana"}, "user_id": "BR.1"}],
                "messages": [{"from_user_id": "BR.1", "id": "wamid.1", "timestamp": "1700000000", "type": "text",
                              "text": {"body": "oi"}}]}),
        );
        let message = parse(&body, "77", NOW).delivery.messages.remove(0);
        assert_eq!((message.sender.user_id.as_deref(), message.sender.wa_id), (Some("BR.1"), None));
    }

    #[test]
    fn one_contact_is_not_lent_to_another_sender() {
        let body = envelope(
            "77",
            &json!({
                "contacts": [{"profile": {"name": "Ana"}, "wa_id": "551", "user_id": "BR.1"}],
                "messages": [{"from": "551", "id": "w1", "type": "text", "text": {"body": "a"}},
                             {"from": "552", "id": "w2", "type": "text", "text": {"body": "b"}}]}),
        );
        let senders: Vec<Sender> =
            parse(&body, "77", NOW).delivery.messages.into_iter().map(|m| m.sender).collect();
        assert_eq!(senders[0].user_id.as_deref(), Some("BR.1"));
        assert_eq!(senders[1], Sender { wa_id: Some("552".into()), ..Sender::default() });
    }

    #[test]
    fn another_numbers_messages_are_counted_and_dropped() {
        let body = envelope(
            "78",
            &json!({"messages": [{"from": "1", "id": "w", "type": "text", "text": {"body": "x"}}]}),
        );
        let parsed = parse(&body, "77", NOW);
        assert_eq!((parsed.foreign, parsed.delivery.messages.len()), (1, 0));
    }

    #[test]
    fn a_status_carries_our_id_and_metas_error() {
        let body = envelope(
            "77",
            &json!({"statuses": [
                {"id": "wamid.9", "status": "failed", "timestamp": "1700000000", "biz_opaque_callback_data": "o1",
                 "errors": [{"code": 131_047}]},
                {"id": "wamid.9", "status": "brand_new", "timestamp": 1_700_000_000}]}),
        );
        let statuses = parse(&body, "77", NOW).delivery.statuses;
        assert_eq!((statuses[0].error_code, statuses[0].outbox_id.as_deref()), (Some(131_047), Some("o1")));
        assert_eq!(statuses[1].status, "brand_new");
    }

    #[test]
    fn what_cannot_be_read_becomes_a_dead_letter_and_never_an_error() {
        for body in ["", "{", "[]", "null", "\"x\"", r#"{"entry":"x"}"#, r#"{"entry":[{"changes":[null]}]}"#]
        {
            let parsed = parse(body.as_bytes(), "77", NOW);
            assert!(parsed.delivery.messages.is_empty(), "{body}");
        }
        assert_eq!(parse(b"{", "77", NOW).delivery.dead.len(), 1);
        let nameless = envelope("77", &json!({"messages": [{"type": "text"}]}));
        assert_eq!(parse(&nameless, "77", NOW).delivery.dead.len(), 1);
    }
}

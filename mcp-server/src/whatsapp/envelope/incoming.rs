//! A customer's message, and who sent it.

use jiff::Timestamp;
use mcp_store::inbox::{IncomingMessage, Sender};
use serde_json::Value;

use super::{id, instant, items};
use crate::whatsapp::message::{text, words};

/// A message; `None` without an id or a sender.
pub(super) fn read(message: &Value, value: &Value, now: Timestamp) -> Option<IncomingMessage> {
    let given = Sender { user_id: id(&message["from_user_id"]), wa_id: id(&message["from"]), name: None };
    let sender = completed(given, value);
    if sender.user_id.is_none() && sender.wa_id.is_none() {
        return None;
    }
    let kind = id(&message["type"]).unwrap_or_else(|| kind_by_payload(message));
    Some(IncomingMessage {
        id: id(&message["id"])?,
        sender,
        kind,
        text: words(message),
        sent_at: instant(&message["timestamp"]).unwrap_or(now),
        raw: message.clone(),
    })
}

/// The sender with what the contact beside the message says of them.
pub(super) fn completed(given: Sender, value: &Value) -> Sender {
    let contacts: Vec<&Value> = items(value, "contacts").collect();
    let differ =
        |own: &Option<String>, other: Option<String>| own.is_some() && other.is_some() && *own != other;
    let is_another = |contact: &Value| {
        differ(&given.wa_id, id(&contact["wa_id"])) || differ(&given.user_id, id(&contact["user_id"]))
    };
    let same = |contact: &&&Value| {
        !is_another(contact)
            && ((given.wa_id.is_some() && id(&contact["wa_id"]) == given.wa_id)
                || (given.user_id.is_some() && id(&contact["user_id"]) == given.user_id))
    };
    // The only contact is the sender's, even where Meta leaves the ids of the message out, unless its ids are another's.
    let only = contacts.first().filter(|contact| contacts.len() == 1 && !is_another(contact));
    let Some(contact) = contacts.iter().find(same).or(only) else { return given };
    Sender {
        user_id: given.user_id.clone().or_else(|| id(&contact["user_id"])),
        wa_id: given.wa_id.clone().or_else(|| id(&contact["wa_id"])),
        name: text(&contact["profile"]["name"]),
    }
}

/// Some of Meta's own samples leave `type` out; the payload's name says it.
fn kind_by_payload(message: &Value) -> String {
    const PAYLOADS: [&str; 14] = [
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
        "revoke",
        "edit",
    ];
    PAYLOADS.iter().find(|name| !message[**name].is_null()).map_or("unknown", |name| name).to_owned()
}

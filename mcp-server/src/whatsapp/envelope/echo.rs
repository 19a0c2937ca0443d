//! A message that a person of the business sent from the phone (Meta, `smb_message_echoes`).

use jiff::{SignedDuration, Timestamp};
use mcp_store::inbox::{Echo, Sender};
use serde_json::{Value, json};

use super::{id, incoming::completed, instant};
use crate::whatsapp::message::{text, words};

/// An echo; `None` where it is none: the business deleted what it had sent, or nobody knows to whom it went.
pub(super) fn read(message: &Value, value: &Value, silence: SignedDuration, now: Timestamp) -> Option<Echo> {
    let kind = text(&message["type"]).unwrap_or_else(|| "text".to_owned());
    if ["revoke", "reaction", "system"].contains(&kind.as_str()) {
        return None;
    }
    let to = Sender { user_id: id(&message["to_user_id"]), wa_id: id(&message["to"]), name: None };
    if to.user_id.is_none() && to.wa_id.is_none() {
        return None;
    }
    let said = words(message).or_else(|| words(&message["edit"]["message"]));
    let said = match (kind.as_str(), said) {
        ("text" | "edit", Some(words)) => words,
        // The history is the model's: it has no other way to learn that a picture was sent.
        (_, Some(words)) => format!("[{kind}] {words}"),
        (_, None) => format!("[{kind}]"),
    };
    // A clock that is ahead must not make the assistant silent for longer.
    let sent_at = instant(&message["timestamp"]).unwrap_or(now).min(now);
    Some(Echo {
        id: id(&message["id"])?,
        to: completed(to, value),
        content: json!({"role": "model", "parts": [{"text": said}]}),
        until: sent_at.saturating_add(silence).unwrap_or(Timestamp::MAX),
    })
}

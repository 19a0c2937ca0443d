//! What a webhook body holds, read leniently: unknown fields and types are accepted, never refused, because a
//! refusal makes Meta retry and then throttle the subscription.

mod echo;
mod identity;
mod incoming;
mod repair;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use mcp_store::inbox::{DeadLetter, DeadSource, Delivery, DeliveryStatus};
use serde_json::Value;

use super::message::text;

/// Whose deliveries are kept.
#[derive(Clone, Debug, Default)]
pub struct Ours {
    /// Our number.
    pub phone_number_id: String,
    /// Our WhatsApp business account; `None` where the settings do not say, and then it is not looked at.
    pub business_account_id: Option<String>,
    /// How long the assistant is silent after a person of the business wrote from the phone.
    pub silence: SignedDuration,
}

/// What a body held for one number.
#[derive(Debug, Default, PartialEq)]
pub struct Parsed {
    /// What is to be kept.
    pub delivery: Delivery,
    /// Messages and statuses of other numbers, dropped.
    pub foreign: usize,
    /// Parts of no known kind, dropped.
    pub unknown: usize,
    /// Parts that are known and of no use here, dropped: old messages of a number that was connected, what users do
    /// in a chat, a message in a group.
    pub ignored: usize,
    /// Codes of errors that Meta reports of our number.
    pub errors: Vec<i64>,
    /// Whether the body had to be repaired to be read.
    pub repaired: bool,
}

/// Reads a body whose signature is good. What belongs to another number is counted and dropped: the app secret is
/// shared by all numbers of an app, so a good signature does not say whose message it is.
pub fn parse(body: &[u8], ours: &Ours, now: Timestamp) -> Parsed {
    let mut parsed = Parsed::default();
    let envelope = match repair::read(body) {
        Ok((value, repaired)) => {
            parsed.repaired = repaired;
            value
        }
        Err(error) => {
            parsed.dead(&format!("not JSON: {error}"), body);
            return parsed;
        }
    };
    let mut changes = 0_usize;
    for entry in items(&envelope, "entry") {
        let account = text(&entry["id"]);
        // Meta's schema has the account's id in every entry; where it is missing the number alone decides.
        let another =
            account.is_some() && ours.business_account_id.is_some() && account != ours.business_account_id;
        for change in items(entry, "changes") {
            changes += 1;
            parsed.change(change, another, ours, now);
        }
    }
    if changes == 0 {
        parsed.unknown += 1;
    }
    parsed
}

/// At most this much of a body that cannot be read is kept.
const DEAD_BYTES: usize = 16 * 1024;
/// At most so many dead letters of one body.
const MOST_DEAD: usize = 16;
/// Longer ids are nobody's: Meta's have some 60 characters.
const LONGEST_ID: usize = 512;

impl Parsed {
    fn change(&mut self, change: &Value, another_account: bool, ours: &Ours, now: Timestamp) {
        const LISTS: [&str; 3] = ["messages", "statuses", "message_echoes"];
        let value = &change["value"];
        let number = value["metadata"]["phone_number_id"].as_str();
        if another_account || number != Some(ours.phone_number_id.as_str()) {
            let held: usize = LISTS.iter().map(|list| items(value, list).count()).sum();
            // News of templates and accounts carry no number.
            if held == 0 && number.is_none() {
                self.unknown += 1;
            } else {
                self.foreign += held.max(1);
            }
            return;
        }
        match change["field"].as_str() {
            // What was said before the number was connected: nobody waits for an answer to it.
            Some("history" | "smb_app_state_sync") => return self.ignored += 1,
            Some("smb_message_echoes" | "message_echoes") => {
                for echo in items(value, "message_echoes") {
                    match echo::read(echo, value, ours.silence, now) {
                        Some(echo) => self.delivery.echoes.push(echo),
                        None => self.ignored += 1,
                    }
                }
                return;
            }
            _ => {}
        }
        for message in items(value, "messages") {
            self.message(message, value, now);
        }
        for status in items(value, "statuses") {
            match status_of(status, now) {
                Some(status) => self.delivery.statuses.push(status),
                None => self.unknown += 1,
            }
        }
        self.ignored += items(value, "user_actions").count();
        self.errors.extend(items(value, "errors").map(|error| error["code"].as_i64().unwrap_or_default()));
        if !["messages", "statuses", "user_actions", "errors"].iter().any(|list| value[*list].is_array()) {
            self.unknown += 1;
        }
    }

    fn message(&mut self, message: &Value, value: &Value, now: Timestamp) {
        // An answer to one of a group would go to that person alone.
        if text(&message["group_id"]).is_some() {
            return self.ignored += 1;
        }
        if message["type"] == "system" {
            match identity::read(message) {
                Some(change) => self.delivery.identities.push(change),
                None => self.ignored += 1,
            }
            return;
        }
        match incoming::read(message, value, now) {
            Some(message) => self.delivery.messages.push(message),
            None => self.dead("a message without a usable id or sender", message.to_string().as_bytes()),
        }
    }

    fn dead(&mut self, reason: &str, body: &[u8]) {
        if self.delivery.dead.len() >= MOST_DEAD {
            return self.unknown += 1;
        }
        // A database takes no NUL in a text.
        let payload = String::from_utf8_lossy(&body[..body.len().min(DEAD_BYTES)]).replace('\0', "\u{fffd}");
        let letter = DeadLetter { source: DeadSource::Webhook, reason: reason.to_owned(), payload };
        self.delivery.dead.push(letter);
    }
}

fn items<'a>(value: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    value[list].as_array().into_iter().flatten()
}

/// An id of a length that an id can have.
fn id(value: &Value) -> Option<String> {
    text(value).filter(|id| id.len() <= LONGEST_ID)
}

fn status_of(status: &Value, now: Timestamp) -> Option<DeliveryStatus> {
    Some(DeliveryStatus {
        wamid: id(&status["id"])?,
        status: id(&status["status"])?,
        outbox_id: id(&status["biz_opaque_callback_data"]),
        error_code: items(status, "errors").next().and_then(|error| error["code"].as_i64()),
        at: instant(&status["timestamp"]).unwrap_or(now),
    })
}

/// Unix seconds, as text (documented) or as a number (seen).
fn instant(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Timestamp::from_second(seconds).ok()
}

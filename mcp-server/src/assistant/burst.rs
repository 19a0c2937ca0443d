//! A burst of messages as one thing to answer.

use jiff::{SignedDuration, Timestamp};
use mcp_store::turn::{Also, ClaimedTurn};
use serde_json::{Value, json};

use super::incoming::{self, Asks};
use crate::{whatsapp::message::Voice, words::turn::Unreadable};

/// Longest text the assistant reads of one burst, in characters.
const LONGEST: usize = 4000;

/// What a burst holds, after what the customer took back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Burst {
    /// Words, a message each, in order of arrival.
    pub said: Vec<Said>,
    /// Voice notes that nobody has listened to yet.
    pub voices: Vec<(String, Voice)>,
    /// What cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// The customer's own number, where it was shared.
    pub phone: Option<String>,
    /// What becomes of messages that were revoked or rewritten.
    pub retracted: Vec<Also>,
}

/// The words of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Meta's id.
    pub id: String,
    /// Its words.
    pub text: String,
    /// Whether they were spoken and written down by the model.
    pub heard: bool,
}

impl Burst {
    /// Reads the messages of a turn. A message revoked or rewritten in the same burst counts as it is now.
    pub fn of(turn: &ClaimedTurn) -> Self {
        let mut burst = Self::default();
        for message in &turn.messages {
            let id = message.id.clone();
            match incoming::read(message) {
                Asks::Words(text) => burst.said.push(Said { id, text, heard: false }),
                Asks::Voice(voice) => burst.voices.push((id, voice)),
                Asks::Unreadable(what) => burst.unreadable.push(what),
                Asks::Phone(phone) => burst.phone = Some(phone),
                Asks::Revoke { of } => {
                    burst.said.retain(|said| said.id != of);
                    burst.voices.retain(|(voice, _)| *voice != of);
                    burst.retracted.push(Also::Retract { message_id: of, replacement: None });
                }
                // An earlier message was answered as it was, and the answer says what was done: it is replaced and not
                // answered again.
                Asks::Edit { of, text: Some(text) } => {
                    if let Some(said) = burst.said.iter_mut().find(|said| said.id == of) {
                        said.text.clone_from(&text);
                    }
                    burst.retracted.push(Also::Retract { message_id: of, replacement: Some(text) });
                }
                Asks::Edit { text: None, .. } | Asks::Nothing => {}
            }
        }
        burst
    }

    /// Nothing in it asks for an answer.
    pub fn is_quiet(&self) -> bool {
        self.said.is_empty() && self.voices.is_empty() && self.unreadable.is_empty() && self.phone.is_none()
    }

    /// All words, a line each.
    pub fn text(&self) -> String {
        let lines: Vec<&str> = self.said.iter().map(|said| said.text.as_str()).collect();
        lines.join("\n").chars().take(LONGEST).collect()
    }

    /// The words that were spoken.
    pub fn heard(&self) -> Option<String> {
        let heard: Vec<&str> =
            self.said.iter().filter(|said| said.heard).map(|said| said.text.as_str()).collect();
        (!heard.is_empty()).then(|| heard.join(" "))
    }

    /// What the model and the history get: one part for each message, so that one can be taken back later. `None`
    /// where there are no words; Gemini refuses a content without parts.
    pub fn content(&self) -> Option<Value> {
        if self.said.is_empty() {
            return None;
        }
        let mut left = LONGEST;
        let mut parts: Vec<Value> = Vec::new();
        for said in &self.said {
            let text: String = said.text.chars().take(left).collect();
            left -= text.chars().count();
            if !text.trim().is_empty() {
                parts.push(json!({"text": text}));
            }
        }
        if !self.unreadable.is_empty() {
            parts
                .push(json!({"text": "[beside this, the customer sent something that cannot be read here]"}));
        }
        if self.phone.is_some() {
            parts.push(json!({"text": "[the customer shared their phone number; it is noted]"}));
        }
        (!parts.is_empty()).then(|| json!({"role": "user", "parts": parts}))
    }

    /// The turn with the words of its voice notes in their messages, for whoever reads texts only.
    pub fn spelled_out(&self, turn: &ClaimedTurn) -> ClaimedTurn {
        let mut turn = turn.clone();
        for message in &mut turn.messages {
            if let Some(said) = self.said.iter().find(|said| said.id == message.id) {
                message.text = Some(said.text.clone());
            }
        }
        turn
    }
}

/// How long the newest message of a turn has waited.
pub fn age(turn: &ClaimedTurn, now: Timestamp) -> SignedDuration {
    let newest = turn.messages.iter().map(|message| message.sent_at).max().unwrap_or(now);
    now.duration_since(newest)
}

#[cfg(test)]
mod tests {
    use mcp_store::{
        conversation::{ConversationRow, Owner},
        customer::Sender,
        turn::PendingMessage,
    };

    use super::*;

    fn turn(messages: &[(&str, &str, Value)]) -> ClaimedTurn {
        let messages = messages
            .iter()
            .map(|(id, kind, payload)| PendingMessage {
                id: (*id).to_owned(),
                kind: (*kind).to_owned(),
                text: payload["body"].as_str().map(str::to_owned),
                sent_at: Timestamp::UNIX_EPOCH,
                raw: json!({"id": id, "type": kind, *kind: payload}),
            })
            .collect();
        let conversation = ConversationRow {
            id: 1,
            customer_id: 1,
            owner: Owner::Bot,
            window_until: None,
            language: None,
            informed_at: None,
            notices: None,
        };
        let sender = Sender::default();
        ClaimedTurn {
            conversation,
            epoch: 1,
            attempt: 1,
            sender,
            messages,
            redone: false,
            history: Vec::new(),
        }
    }

    fn text(id: &'static str, body: &str) -> (&'static str, &'static str, Value) {
        (id, "text", json!({"body": body}))
    }

    #[test]
    fn each_message_is_a_part_of_its_own() {
        let burst = Burst::of(&turn(&[text("a", "oi"), text("b", "quero um corte")]));
        assert_eq!(burst.text(), "oi\nquero um corte");
        let content = burst.content().unwrap();
        assert_eq!(content["parts"], json!([{"text": "oi"}, {"text": "quero um corte"}]));
    }

    #[test]
    fn a_message_revoked_in_its_own_burst_is_not_answered_and_is_taken_back_for_good() {
        let revoke = ("c", "revoke", json!({"original_message_id": "a"}));
        let burst = Burst::of(&turn(&[text("a", "segredo"), text("b", "oi"), revoke.clone()]));
        assert_eq!(burst.text(), "oi");
        assert_eq!(burst.retracted, [Also::Retract { message_id: "a".into(), replacement: None }]);
        let alone = Burst::of(&turn(&[text("a", "segredo"), revoke]));
        assert!(alone.is_quiet() && alone.content().is_none());
        assert_eq!(alone.retracted.len(), 1);
    }

    #[test]
    fn an_edit_replaces_and_asks_for_no_second_answer() {
        let edit =
            json!({"original_message_id": "a", "message": {"type": "text", "text": {"body": "às 16h"}}});
        let burst = Burst::of(&turn(&[text("a", "às 15h"), ("b", "edit", edit.clone())]));
        assert_eq!(burst.text(), "às 16h");
        let retract = Also::Retract { message_id: "a".into(), replacement: Some("às 16h".into()) };
        assert!(burst.retracted.contains(&retract));
        let later = Burst::of(&turn(&[("b", "edit", edit)]));
        assert!(later.is_quiet() && later.retracted == [retract]);
    }

    #[test]
    fn reactions_are_quiet_and_what_has_no_words_is_named() {
        assert!(Burst::of(&turn(&[("a", "reaction", json!({"emoji": "👍"}))])).is_quiet());
        let burst = Burst::of(&turn(&[
            ("a", "image", json!({"id": "1"})),
            ("b", "document", json!({"id": "2", "caption": "meu pedido"})),
            ("c", "audio", json!({"id": "3", "mime_type": "audio/ogg; codecs=opus"})),
            ("d", "a_new_type", json!({})),
        ]));
        assert_eq!(burst.unreadable, [Unreadable::Image, Unreadable::Other]);
        assert_eq!(burst.text(), "meu pedido");
        assert_eq!(burst.voices[0].1.media_id, "3");
    }

    #[test]
    fn a_burst_without_end_is_cut() {
        let burst =
            Burst::of(&turn(&[text("a", &"ã".repeat(3000)), text("b", &"b".repeat(3000)), text("c", "x")]));
        assert_eq!(burst.text().chars().count(), LONGEST);
        assert_eq!(burst.content().unwrap()["parts"].as_array().unwrap().len(), 2);
    }
}

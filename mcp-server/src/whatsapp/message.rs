//! A received message as what it means to a turn. Read from the message as Meta delivered it, leniently: a part that is
//! missing is `None` or empty, and a type nobody knows is [`Incoming::Unsupported`], never an error.

use mcp_store::turn::PendingMessage;
use serde_json::Value;

/// What a customer sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// Words, trimmed, never empty.
    Text(String),
    /// A button or a row of a list was tapped, or a quick reply of a template.
    Tap {
        /// The id we gave it (`button.payload` of a template). It carries our state; what it says must be checked.
        id: String,
        /// What the customer saw. Never trusted.
        title: String,
    },
    /// A voice note or another audio file.
    Voice(Voice),
    /// A picture.
    Image {
        /// What was written under it.
        caption: Option<String>,
    },
    /// A film.
    Video {
        /// What was written under it.
        caption: Option<String>,
    },
    /// A file.
    Document {
        /// What was written under it.
        caption: Option<String>,
        /// Its name.
        name: Option<String>,
    },
    /// A sticker.
    Sticker,
    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// Name or address, where given.
        name: Option<String>,
    },
    /// Contact cards.
    Contacts {
        /// Phone numbers on them: digits as WhatsApp knows them (`wa_id`), else as written.
        phones: Vec<String>,
        /// The answer to our own request for the customer's phone (`origin: contact_request`).
        requested: bool,
    },
    /// An order from a catalogue.
    Order {
        /// What was written with it.
        text: Option<String>,
    },
    /// An emoji on a message, or its removal. Never a reason to answer.
    Reaction {
        /// Meta's id of the message.
        of: String,
        /// `None` where it was removed.
        emoji: Option<String>,
    },
    /// The customer deleted an earlier message.
    Revoke {
        /// Meta's id of the earlier message.
        of: String,
    },
    /// The customer changed an earlier message.
    Edit {
        /// Meta's id of the earlier message.
        of: String,
        /// The words that count now; `None` where they are not words.
        text: Option<String>,
    },
    /// News of the channel itself, a new number for instance. Never a reason to answer.
    System,
    /// Anything else: a poll, a disappearing picture, a type that came later.
    Unsupported {
        /// Meta's word for it, where it has one.
        what: Option<String>,
    },
}

/// Where an audio file is, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Meta's id of the file; good for seven days.
    pub media_id: String,
    /// Its type, `audio/ogg; codecs=opus` for a voice note.
    pub mime: String,
    /// SHA-256 of its bytes as Meta wrote it: base64, or hex.
    pub sha256: Option<String>,
    /// How long it is, where Meta says so.
    pub seconds: Option<u32>,
}

impl Incoming {
    /// Reads a message that waits for an answer.
    pub fn read(message: &PendingMessage) -> Self {
        Self::of(&message.kind, &message.raw)
    }

    /// Reads a message as received; `kind` is its type.
    pub fn of(kind: &str, raw: &Value) -> Self {
        Self::known(kind, raw).unwrap_or_else(|| Self::Unsupported { what: unsupported(kind, raw) })
    }

    fn known(kind: &str, raw: &Value) -> Option<Self> {
        let part = &raw[kind];
        let caption = text(&part["caption"]);
        Some(match kind {
            "text" => Self::Text(text(&part["body"])?),
            "button" => {
                let title = text(&part["text"]).unwrap_or_default();
                Self::Tap { id: text(&part["payload"]).unwrap_or_else(|| title.clone()), title }
            }
            "interactive" => {
                let reply = ["button_reply", "list_reply"].iter().find_map(|name| part.get(*name))?;
                Self::Tap { id: text(&reply["id"])?, title: text(&reply["title"]).unwrap_or_default() }
            }
            "audio" | "voice" => Self::Voice(Voice {
                media_id: text(&part["id"])?,
                mime: text(&part["mime_type"]).unwrap_or_else(|| "audio/ogg".to_owned()),
                sha256: text(&part["sha256"]),
                seconds: part["duration"].as_u64().and_then(|seconds| seconds.try_into().ok()),
            }),
            "image" => Self::Image { caption },
            "video" => Self::Video { caption },
            "document" => Self::Document { caption, name: text(&part["filename"]) },
            "sticker" => Self::Sticker,
            "location" => Self::Location {
                latitude: part["latitude"].as_f64()?,
                longitude: part["longitude"].as_f64()?,
                name: text(&part["name"]).or_else(|| text(&part["address"])),
            },
            "contacts" => Self::Contacts {
                phones: phones(part),
                requested: [&raw["origin"], &part[0]["origin"]].contains(&&Value::from("contact_request")),
            },
            "order" => Self::Order { text: text(&part["text"]) },
            "reaction" => Self::Reaction {
                // Meta's own samples have both names.
                of: text(&part["message_id"]).or_else(|| text(&part["id"])).unwrap_or_default(),
                emoji: text(&part["emoji"]),
            },
            "revoke" => Self::Revoke { of: earlier(part)? },
            "edit" => Self::Edit { of: earlier(part)?, text: words(&part["message"]) },
            "system" => Self::System,
            _ => return None,
        })
    }

    /// Whether anybody waits for an answer to it.
    pub fn wants_answer(&self) -> bool {
        !matches!(self, Self::Reaction { .. } | Self::Revoke { .. } | Self::Edit { .. } | Self::System)
    }
}

/// The customer's own words in a message: its text, the title of what was tapped, or what stands under a picture.
pub fn words(raw: &Value) -> Option<String> {
    let interactive = &raw["interactive"];
    [
        &raw["text"]["body"],
        &raw["button"]["text"],
        &interactive["button_reply"]["title"],
        &interactive["list_reply"]["title"],
        &raw["image"]["caption"],
        &raw["video"]["caption"],
        &raw["document"]["caption"],
        &raw["order"]["text"],
    ]
    .into_iter()
    .find_map(text)
}

/// A text that is there and not blank, trimmed.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn earlier(part: &Value) -> Option<String> {
    ["original_message_id", "message_id", "id"].iter().find_map(|name| text(&part[*name]))
}

fn phones(contacts: &Value) -> Vec<String> {
    let cards = contacts.as_array().into_iter().flatten();
    let phones = cards.flat_map(|card| card["phones"].as_array().into_iter().flatten());
    phones.filter_map(|phone| text(&phone["wa_id"]).or_else(|| text(&phone["phone"]))).collect()
}

fn unsupported(kind: &str, raw: &Value) -> Option<String> {
    text(&raw["unsupported"]["type"])
        .or_else(|| text(&raw["errors"][0]["title"]))
        .or_else(|| (kind != "unsupported" && kind != "unknown").then(|| kind.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(raw: &Value) -> Incoming {
        Incoming::of(raw["type"].as_str().unwrap(), raw)
    }

    #[test]
    fn taps_carry_the_id_and_not_only_the_title() {
        let button = json!({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "a:1", "title": "Sim"}}});
        let row = json!({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "a:2", "title": "Corte", "description": "45 min"}}});
        let quick = json!({"type": "button", "button": {"payload": "a:3", "text": "Confirmar"}});
        for (raw, id) in [(button, "a:1"), (row, "a:2"), (quick, "a:3")] {
            assert!(matches!(read(&raw), Incoming::Tap { id: found, .. } if found == id));
        }
    }

    #[test]
    fn a_voice_note_names_its_file() {
        let raw = json!({"type": "audio", "audio": {"id": "9", "mime_type": "audio/ogg; codecs=opus", "sha256": "aGk=", "voice": true}});
        let voice = Voice {
            media_id: "9".into(),
            mime: "audio/ogg; codecs=opus".into(),
            sha256: Some("aGk=".into()),
            seconds: None,
        };
        assert_eq!(read(&raw), Incoming::Voice(voice));
    }

    #[test]
    fn what_is_taken_back_or_changed_names_the_earlier_message() {
        let revoke = json!({"type": "revoke", "id": "w2", "revoke": {"original_message_id": "w1"}});
        assert_eq!(read(&revoke), Incoming::Revoke { of: "w1".into() });
        let edit = json!({"type": "edit", "edit": {"original_message_id": "w1", "message": {"type": "text", "text": {"body": "às 16h"}}}});
        assert_eq!(read(&edit), Incoming::Edit { of: "w1".into(), text: Some("às 16h".into()) });
    }

    #[test]
    fn a_shared_contact_gives_its_phone_and_says_whether_it_was_asked_for() {
        let raw = json!({"type": "contacts", "origin": "contact_request", "contacts": [{"phones": [{"phone": "+55 11 98765-4321", "wa_id": "5511987654321"}, {"phone": "+55 11 3333"}]}]});
        assert_eq!(
            read(&raw),
            Incoming::Contacts {
                phones: vec!["5511987654321".into(), "+55 11 3333".into()],
                requested: true
            }
        );
    }

    #[test]
    fn nobody_waits_for_an_answer_to_a_reaction_and_everybody_to_words() {
        let quiet = [
            json!({"type": "reaction", "reaction": {"message_id": "w", "emoji": "👍"}}),
            json!({"type": "revoke", "revoke": {"original_message_id": "w"}}),
            json!({"type": "system", "system": {"type": "user_changed_number"}}),
        ];
        assert!(quiet.into_iter().all(|raw| !read(&raw).wants_answer()));
        let loud = [
            json!({"type": "text", "text": {"body": "oi"}}),
            json!({"type": "sticker", "sticker": {"id": "1"}}),
            json!({"type": "unsupported", "errors": [{"code": 131_051, "title": "Message type unknown"}]}),
        ];
        assert!(loud.into_iter().all(|raw| read(&raw).wants_answer()));
    }

    #[test]
    fn broken_and_unknown_messages_are_unsupported_and_never_an_error() {
        for raw in [
            json!({"type": "text"}),
            json!({"type": "text", "text": {"body": "  "}}),
            json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}}),
            json!({"type": "audio", "audio": []}),
            json!({"type": "location", "location": {"latitude": "x"}}),
            json!({"type": "revoke", "revoke": null}),
            json!({"type": "hologram", "hologram": {}}),
        ] {
            assert!(matches!(read(&raw), Incoming::Unsupported { .. }), "{raw}");
        }
        let poll = json!({"type": "unsupported", "unsupported": {"type": "poll_creation"}});
        assert_eq!(read(&poll), Incoming::Unsupported { what: Some("poll_creation".into()) });
    }
}

//! Meta's side of the webhook: what it posts, how it signs it, how it retries.

pub(crate) mod deliver;
pub(crate) mod payload;
pub mod signature;

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::graph::{limits::Template, media::Media};

/// A WhatsApp number that the stand-in knows, and where its webhooks go.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// Meta's id of the number.
    pub phone_number_id: String,
    /// Where its webhooks are posted. Registering the number again changes it for deliveries under way, too.
    pub webhook_url: String,
    /// What its webhooks are signed with.
    pub app_secret: String,
    /// As people see it.
    #[serde(default = "display_phone_number")]
    pub display_phone_number: String,
    /// The WhatsApp business account it belongs to.
    #[serde(default = "business_account_id")]
    pub business_account_id: String,
    /// If given, sends from this number with any other token are refused as expired.
    #[serde(default)]
    pub access_tokens: Option<Vec<String>>,
    /// Templates that are approved; if left out, any is.
    #[serde(default)]
    pub templates: Option<Vec<Template>>,
    /// Whether anything but a template is refused where the customer did not write for a day.
    #[serde(default)]
    pub window: bool,
    /// Whether many messages to one customer are refused.
    #[serde(default)]
    pub pair_rate: bool,
    /// The number's own callback address, once set through the Graph API.
    #[serde(skip)]
    pub callback_override: Option<String>,
}

impl Number {
    /// A number with everything else as usual.
    pub fn new(phone_number_id: &str, webhook_url: &str, app_secret: &str) -> Self {
        Self {
            phone_number_id: phone_number_id.to_owned(),
            webhook_url: webhook_url.to_owned(),
            app_secret: app_secret.to_owned(),
            display_phone_number: display_phone_number(),
            business_account_id: business_account_id(),
            access_tokens: None,
            templates: None,
            window: false,
            pair_rate: false,
            callback_override: None,
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Number")
            .field("phone_number_id", &self.phone_number_id)
            .field("webhook_url", &self.webhook_url)
            .field("app_secret", &"[redacted]")
            .finish_non_exhaustive()
    }
}

fn display_phone_number() -> String {
    "15550783881".to_owned()
}

fn business_account_id() -> String {
    "102290129340398".to_owned()
}

/// A message a customer sends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// The number written to.
    pub phone_number_id: String,
    /// The customer's phone, digits only.
    pub from: String,
    /// The customer's profile name.
    pub name: String,
    /// The text.
    #[serde(default)]
    pub text: String,
    /// The message id; made if absent. Saying the same id twice is how a duplicate delivery looks.
    #[serde(default)]
    pub wamid: Option<String>,
    /// Unix seconds; now if absent.
    #[serde(default)]
    pub timestamp: Option<i64>,
    /// `false` for a customer with a username whose phone Meta withholds.
    #[serde(default = "yes")]
    pub phone: bool,
    /// The business-scoped user id; derived from the number and the phone if absent.
    #[serde(default)]
    pub user_id: Option<String>,
    /// Instead of a text: `{"type": "image", "image": {…}}`, merged into the message.
    #[serde(default)]
    pub message: Option<serde_json::Map<String, serde_json::Value>>,
}

impl Say {
    /// A text message.
    pub fn text(phone_number_id: &str, from: &str, name: &str, text: &str) -> Self {
        Self {
            phone_number_id: phone_number_id.to_owned(),
            from: from.to_owned(),
            name: name.to_owned(),
            text: text.to_owned(),
            wamid: None,
            timestamp: None,
            phone: true,
            user_id: None,
            message: None,
        }
    }
}

impl Say {
    /// A message of another type: `fields` are its `type` and its payload.
    pub fn other(phone_number_id: &str, from: &str, name: &str, fields: Value) -> Self {
        let fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Self { message: Some(fields), ..Self::text(phone_number_id, from, name, "") }
    }

    /// A voice note.
    pub fn voice(phone_number_id: &str, from: &str, name: &str, media: &Media) -> Self {
        let audio =
            json!({"id": media.id, "mime_type": media.mime_type, "sha256": media.sha256, "voice": true});
        Self::other(phone_number_id, from, name, json!({"type": "audio", "audio": audio}))
    }

    /// The customer deletes an earlier message.
    pub fn revoke(phone_number_id: &str, from: &str, name: &str, of: &str) -> Self {
        let revoke = json!({"original_message_id": of});
        Self::other(phone_number_id, from, name, json!({"type": "revoke", "revoke": revoke}))
    }

    /// The customer changes an earlier message.
    pub fn edit(phone_number_id: &str, from: &str, name: &str, of: &str, text: &str) -> Self {
        let message = json!({"type": "text", "text": {"body": text}});
        let edit = json!({"original_message_id": of, "message": message});
        Self::other(phone_number_id, from, name, json!({"type": "edit", "edit": edit}))
    }
}

/// What a person of the business writes to a customer from the phone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Echo {
    /// The number written from.
    pub phone_number_id: String,
    /// The customer's phone, digits only.
    pub to: String,
    /// The text.
    pub text: String,
    /// The message id; made if absent.
    #[serde(default)]
    pub wamid: Option<String>,
}

fn yes() -> bool {
    true
}

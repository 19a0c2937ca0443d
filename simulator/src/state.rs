//! What the stand-ins have recorded. All of it in memory, behind one lock.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    fault::Fault,
    gemini::manner::Manner,
    google::{
        store::Calendars,
        watch::{Channels, Push, WatchChannel},
    },
    webhook::Number,
};

/// The stand-in a fact belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// Meta's Graph API.
    Graph,
    /// Gemini.
    Gemini,
    /// Google Calendar.
    Calendar,
    /// Google's token endpoint.
    Token,
    /// Our own webhooks.
    Webhook,
}

/// A WhatsApp message that was accepted.
#[derive(Clone, Debug, Serialize)]
pub struct SentMessage {
    /// The id it got.
    pub wamid: String,
    /// The number it was sent from.
    pub phone_number_id: String,
    /// The recipient's phone, if given.
    pub to: Option<String>,
    /// The recipient's business-scoped user id, if given.
    pub recipient: Option<String>,
    /// `text`, `interactive`, `template`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The whole body as received.
    pub body: Value,
    /// The Bearer token it came with.
    pub token: String,
    /// `biz_opaque_callback_data`.
    pub opaque: Option<String>,
    /// When it was accepted.
    pub at: Timestamp,
}

impl SentMessage {
    /// The text a person reads: a text's body, or the body of an interactive message.
    pub fn text(&self) -> &str {
        let text = self.body.pointer("/text/body").or_else(|| self.body.pointer("/interactive/body/text"));
        text.and_then(Value::as_str).unwrap_or_default()
    }
}

/// A message a customer sent.
#[derive(Clone, Debug, Serialize)]
pub struct SaidMessage {
    /// Its id.
    pub wamid: String,
    /// The customer's phone.
    pub from: String,
    /// The customer's business-scoped user id.
    pub user_id: String,
    /// The customer's profile name.
    pub name: String,
    /// Its text, or what a voice note says.
    pub text: String,
    /// What it is instead of a text.
    pub message: Option<serde_json::Map<String, Value>>,
    /// When.
    pub at: Timestamp,
}

/// A message that was marked read.
#[derive(Clone, Debug, Serialize)]
pub struct ReadReceipt {
    /// The number that read it.
    pub phone_number_id: String,
    /// The customer's message.
    pub message_id: String,
    /// Whether "typing…" was shown.
    pub typing: bool,
    /// When.
    pub at: Timestamp,
}

/// A `generateContent` call that was answered.
#[derive(Clone, Debug, Serialize)]
pub struct ModelCall {
    /// When.
    pub at: Timestamp,
    /// The model asked for.
    pub model: String,
    /// The API key it came with.
    pub key: String,
    /// The request's body.
    pub request: Value,
    /// The response's body.
    pub response: Value,
}

/// A request to the Calendar stand-in.
#[derive(Clone, Debug, Serialize)]
pub struct CalendarCall {
    /// When.
    pub at: Timestamp,
    /// `insert`, `get`, `list`, `patch`, `update`, `delete`, `freeBusy`, `watch` or `stop`.
    pub method: &'static str,
    /// The calendar, if one was named.
    pub calendar_id: Option<String>,
    /// The event, if one was named.
    pub event_id: Option<String>,
    /// The HTTP status it was answered with.
    pub status: u16,
}

/// An event as the Calendar stand-in holds it.
#[derive(Clone, Debug, Serialize)]
pub struct EventRow {
    /// The calendar it is in.
    pub calendar_id: String,
    /// Its id.
    pub id: String,
    /// `confirmed`, `tentative`, or `cancelled` when deleted.
    pub status: String,
    /// The event as `get` answers it.
    pub event: Value,
    /// Inserts of this id that succeeded.
    pub created_count: u32,
    /// Inserts of this id that were received, refused duplicates included.
    pub insert_attempts: u32,
}

/// A rule of a vendor that the program under test broke.
#[derive(Clone, Debug, Serialize)]
pub struct Violation {
    /// When.
    pub at: Timestamp,
    /// Whose rule.
    pub vendor: Vendor,
    /// Which, as a short name.
    pub what: &'static str,
    /// What was wrong, for a person.
    pub detail: String,
}

/// A webhook on its way to the program under test.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    /// The number it is about.
    pub phone_number_id: String,
    /// `message`, or the status it reports.
    pub kind: String,
    /// The message it is about.
    pub wamid: String,
    /// Times it was posted.
    pub attempts: u32,
    /// The last HTTP status, 0 if there was no answer.
    pub last_status: u16,
}

impl Delivery {
    /// Whether it was accepted.
    pub fn accepted(&self) -> bool {
        self.last_status == 200
    }
}

/// An access token of the token stand-in.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub client_email: String,
    pub scope: String,
    pub expires_at: Timestamp,
}

/// Everything recorded, for a test to look at.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// What customers sent, oldest first.
    pub said: Vec<SaidMessage>,
    /// Accepted WhatsApp messages, oldest first.
    pub messages: Vec<SentMessage>,
    /// Messages marked read.
    pub reads: Vec<ReadReceipt>,
    /// Answered model calls.
    pub gemini: Vec<ModelCall>,
    /// Events of all calendars, deleted ones included.
    pub events: Vec<EventRow>,
    /// Requests to the Calendar stand-in.
    pub calendar_calls: Vec<CalendarCall>,
    /// Open push channels of calendars.
    pub channels: Vec<WatchChannel>,
    /// Notifications of changed calendars.
    pub pushes: Vec<Push>,
    /// Access tokens issued.
    pub tokens_issued: u64,
    /// Webhooks posted or being posted.
    pub deliveries: Vec<Delivery>,
    /// Rules that were broken. Empty is what a test wants.
    pub violations: Vec<Violation>,
}

/// The mutable half of a simulator.
#[derive(Default)]
pub(crate) struct State {
    pub said: Vec<SaidMessage>,
    pub panels: Option<std::sync::Arc<dyn crate::chat::Panels>>,
    pub messages: Vec<SentMessage>,
    pub reads: Vec<ReadReceipt>,
    pub gemini: Vec<ModelCall>,
    pub calendars: Calendars,
    pub channels: Channels,
    pub calendar_calls: Vec<CalendarCall>,
    pub tokens: HashMap<String, AccessToken>,
    pub tokens_issued: u64,
    pub google_keys: HashMap<String, jsonwebtoken::DecodingKey>,
    pub violations: Vec<Violation>,
    pub numbers: BTreeMap<String, Number>,
    pub deliveries: Vec<Delivery>,
    /// Files that customers sent, by id.
    pub media: BTreeMap<String, crate::graph::media::File>,
    /// When a customer wrote last, by number and phone or user id.
    pub heard: HashMap<(String, String), Timestamp>,
    /// When the bucket of a customer is full again, in milliseconds.
    pub pairs: HashMap<(String, String), i64>,
    pub faults: VecDeque<Fault>,
    pub script: VecDeque<Value>,
    /// How the model behaves, and for how many answers; for ever without a number.
    pub manner: (Manner, Option<u32>),
    /// Cancelled by a reset: ends deliveries of what has been forgotten.
    pub epoch: CancellationToken,
}

impl State {
    /// How the model behaves this time.
    pub fn manner(&mut self) -> Manner {
        match &mut self.manner {
            (_, Some(0)) => Manner::Helpful,
            (manner, Some(left)) => {
                *left -= 1;
                *manner
            }
            (manner, None) => *manner,
        }
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            said: self.said.clone(),
            messages: self.messages.clone(),
            reads: self.reads.clone(),
            gemini: self.gemini.clone(),
            events: self.calendars.rows(),
            calendar_calls: self.calendar_calls.clone(),
            channels: self.channels.open.values().cloned().collect(),
            pushes: self.channels.pushes.clone(),
            tokens_issued: self.tokens_issued,
            deliveries: self.deliveries.clone(),
            violations: self.violations.clone(),
        }
    }
}

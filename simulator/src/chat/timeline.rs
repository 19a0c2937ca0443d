//! What a phone shows of a chat: both sides in order, with ticks, and whether somebody is typing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::state::{SentMessage, Snapshot};

/// How long "typing…" stands, unless an answer comes (Meta: typing indicators).
const TYPING: SignedDuration = SignedDuration::from_secs(25);

/// One bubble.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Bubble {
    id: String,
    /// Whether the customer wrote it.
    mine: bool,
    at: Timestamp,
    text: String,
    /// What the customer can tap: `[{"id": …, "title": …}]`.
    buttons: Vec<Value>,
    /// What opens a list, where there is one.
    menu: Option<String>,
    /// Its rows: `[{"id": …, "title": …, "description": …}]`.
    rows: Vec<Value>,
    /// Of a customer's message: 1 on its way, 2 arrived, 3 read.
    ticks: u8,
}

/// One customer's chat.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Chat {
    phone: String,
    name: String,
    bubbles: Vec<Bubble>,
    typing: bool,
}

/// All chats of a number, by phone.
pub(super) fn chats(snapshot: &Snapshot, now: Timestamp) -> Vec<Chat> {
    let mut chats: BTreeMap<&str, Chat> = BTreeMap::new();
    for said in &snapshot.said {
        let chat = chats.entry(&said.from).or_insert_with(|| Chat {
            phone: said.from.clone(),
            name: said.name.clone(),
            bubbles: Vec::new(),
            typing: false,
        });
        chat.name.clone_from(&said.name);
        let arrived = snapshot.deliveries.iter().any(|d| d.wamid == said.wamid && d.accepted());
        let read = snapshot.reads.iter().any(|read| read.message_id == said.wamid);
        chat.bubbles.push(Bubble {
            id: said.wamid.clone(),
            mine: true,
            at: said.at,
            text: spoken(&said.text, said.message.as_ref()),
            buttons: Vec::new(),
            menu: None,
            rows: Vec::new(),
            ticks: if read { 3 } else { 1 + u8::from(arrived) },
        });
    }
    for chat in chats.values_mut() {
        let user_id =
            snapshot.said.iter().rev().find(|said| said.from == chat.phone).map(|said| &said.user_id);
        let theirs = |sent: &&SentMessage| {
            sent.to.as_ref() == Some(&chat.phone)
                || (sent.recipient.is_some() && sent.recipient.as_ref() == user_id)
        };
        let answers: Vec<Bubble> = snapshot.messages.iter().filter(theirs).map(answer).collect();
        let last = answers.last().map_or(Timestamp::MIN, |bubble| bubble.at);
        chat.typing = snapshot.reads.iter().any(|read| {
            read.typing
                && read.at >= last
                && now.duration_since(read.at) < TYPING
                && chat.bubbles.iter().any(|bubble| bubble.id == read.message_id)
        });
        chat.bubbles.extend(answers);
        chat.bubbles.sort_by_key(|bubble| bubble.at);
    }
    chats.into_values().collect()
}

fn answer(sent: &SentMessage) -> Bubble {
    let action = &sent.body["interactive"]["action"];
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let buttons = items(&action["buttons"])
        .iter()
        .map(|button| json!({"id": button["reply"]["id"], "title": button["reply"]["title"]}))
        .collect();
    let rows = items(&action["sections"]).iter().flat_map(|section| items(&section["rows"])).collect();
    let text = if sent.kind == "template" {
        format!(
            "[{}] {}",
            sent.body["template"]["name"].as_str().unwrap_or("template"),
            parameters(&sent.body)
        )
    } else {
        sent.text().to_owned()
    };
    Bubble {
        id: sent.wamid.clone(),
        mine: false,
        at: sent.at,
        text,
        buttons,
        menu: action["button"].as_str().map(str::to_owned),
        rows,
        ticks: 0,
    }
}

/// What a template says beside its name.
fn parameters(body: &Value) -> String {
    let components = body["template"]["components"].as_array().into_iter().flatten();
    let parameters =
        components.flat_map(|component| component["parameters"].as_array().into_iter().flatten());
    parameters.filter_map(|parameter| parameter["text"].as_str()).collect::<Vec<_>>().join(" · ")
}

/// What a customer's message shows in the chat.
fn spoken(text: &str, message: Option<&Map<String, Value>>) -> String {
    let Some(message) = message else { return text.to_owned() };
    let title = ["button_reply", "list_reply"]
        .iter()
        .find_map(|kind| message.get("interactive")?.get(*kind)?.get("title")?.as_str());
    match (title, message.get("type").and_then(Value::as_str)) {
        (Some(title), _) => title.to_owned(),
        (None, Some("audio")) => format!("🎤 {text}"),
        (None, Some(kind)) => format!("[{kind}] {text}"),
        (None, None) => text.to_owned(),
    }
}

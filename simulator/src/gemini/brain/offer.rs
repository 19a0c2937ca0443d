//! Slots that the tool offered, now or earlier in the conversation.

use serde_json::Value;

use super::{super::request::Content, when::Clock};

/// The tool that finds slots.
pub(crate) const FIND: &str = "find_available_slots";
/// The tool that books one.
pub(crate) const BOOK: &str = "book_appointment";

/// A start that can be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// What the booking tool takes.
    pub token: String,
    /// `2026-11-24`
    pub date: String,
    /// In the customer's language, or empty.
    pub weekday: String,
    /// `15:00`
    pub time: String,
}

/// The slots in one response of [`FIND`]; none if it failed.
pub(crate) fn slots(response: &Value) -> Vec<Slot> {
    let items = response.pointer("/output/slots").and_then(Value::as_array);
    let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    items
        .into_iter()
        .flatten()
        .map(|item| Slot {
            token: text(item, "slot"),
            date: text(item, "date"),
            weekday: text(item, "weekday"),
            time: text(item, "time"),
        })
        .filter(|slot| !slot.token.is_empty())
        .collect()
}

/// What was offered last.
pub(crate) fn latest(contents: &[Content]) -> Vec<Slot> {
    offers(contents).find(|offered| !offered.is_empty()).unwrap_or_default()
}

/// The newest offer at this time of day.
pub(crate) fn at(contents: &[Content], time: Clock) -> Option<Slot> {
    offers(contents).flatten().find(|slot| slot.time == time.text())
}

/// Newest first.
fn offers(contents: &[Content]) -> impl Iterator<Item = Vec<Slot>> {
    contents
        .iter()
        .rev()
        .flat_map(Content::responses)
        .filter(|response| response.name == FIND)
        .map(|response| slots(&response.response))
}

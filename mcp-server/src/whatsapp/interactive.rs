//! Bodies of messages within Meta's limits (WhatsApp Cloud API, "Interactive messages"): what a person reads is
//! shortened by [`cut`], ids are never changed. Bodies are the channel's JSON without recipient, as the outbox takes
//! them.

use serde_json::{Value, json};

use super::cut::{cut, units};

/// A text has at most so many units.
pub const LONGEST_TEXT: usize = 4096;
/// What stands above buttons or a list has at most so many units.
pub const LONGEST_BODY: usize = 1024;
/// Buttons of one message.
pub const MOST_BUTTONS: usize = 3;
/// Rows of one list.
pub const MOST_ROWS: usize = 10;
const BUTTON_TITLE: usize = 20;
const BUTTON_ID: usize = 256;
const ROW_TITLE: usize = 24;
const ROW_DESCRIPTION: usize = 72;
const ROW_ID: usize = 200;

/// A button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What comes back when it is tapped; at most 256 units, unique in its message.
    pub id: String,
    /// What the customer reads; 20 units are shown.
    pub title: String,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What comes back when it is tapped; at most 200 units, unique in its message.
    pub id: String,
    /// What the customer reads; 24 units are shown.
    pub title: String,
    /// What stands under it; 72 units are shown. Where there is none and the title is too long, the title.
    pub description: Option<String>,
}

impl Button {
    /// A button.
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self { id: id.into(), title: title.into() }
    }
}

impl Row {
    /// A row without description.
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self { id: id.into(), title: title.into(), description: None }
    }

    /// The row with a description.
    #[must_use]
    pub fn described(self, description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..self }
    }
}

/// A text.
pub fn text(body: &str) -> Value {
    json!({"type": "text", "text": {"body": shown(body, LONGEST_TEXT)}})
}

/// A text above at most three buttons; more are left out. Without any usable button, a text.
pub fn buttons(body: &str, buttons: &[Button]) -> Value {
    let mut titles: Vec<String> = Vec::new();
    let mut shown_buttons = Vec::new();
    for button in usable(buttons, |button| (&button.id, &button.title), BUTTON_ID, MOST_BUTTONS) {
        let title = distinct(&button.title, BUTTON_TITLE, &titles);
        shown_buttons.push(json!({"type": "reply", "reply": {"id": button.id, "title": title}}));
        titles.push(title);
    }
    if shown_buttons.is_empty() {
        return text(body);
    }
    json!({"type": "interactive", "interactive": {
        "type": "button",
        "body": {"text": shown(body, LONGEST_BODY)},
        "action": {"buttons": shown_buttons},
    }})
}

/// A text above a button that opens a list of at most ten rows; more are left out. Without any usable row, a text.
pub fn list(body: &str, button: &str, rows: &[Row]) -> Value {
    let shown_rows: Vec<Value> = usable(rows, |row| (&row.id, &row.title), ROW_ID, MOST_ROWS)
        .map(|row| {
            let title = cut(&row.title, ROW_TITLE);
            let whole = (units(row.title.trim()) > ROW_TITLE).then_some(&row.title);
            let description = row.description.as_ref().filter(|text| !text.trim().is_empty()).or(whole);
            let mut shown = json!({"id": row.id, "title": title});
            if let Some(description) = description {
                shown["description"] = json!(cut(description, ROW_DESCRIPTION));
            }
            shown
        })
        .collect();
    if shown_rows.is_empty() {
        return text(body);
    }
    json!({"type": "interactive", "interactive": {
        "type": "list",
        "body": {"text": shown(body, LONGEST_BODY)},
        "action": {"button": shown(button, BUTTON_TITLE), "sections": [{"rows": shown_rows}]},
    }})
}

/// Asks for the customer's phone; the answer is a contact with `origin: contact_request`.
pub fn ask_phone(body: &str) -> Value {
    json!({"type": "interactive", "interactive": {
        "type": "request_contact_info",
        "body": {"text": shown(body, LONGEST_BODY)},
        "action": {"name": "request_contact_info"},
    }})
}

/// What the customer reads of a message of ours: for the history, and for logs of tests.
pub fn readable(body: &Value) -> &str {
    let texts = [&body["text"]["body"], &body["interactive"]["body"]["text"]];
    texts.into_iter().find_map(Value::as_str).unwrap_or_default()
}

/// Meta refuses a blank text; one that says nothing is still better than a conversation that hangs.
fn shown(text: &str, most: usize) -> String {
    let short = cut(text, most);
    if short.is_empty() { "…".to_owned() } else { short }
}

/// Those with an id and a title, without a second one of the same id, and without ids that are too long to send.
fn usable<T>(
    items: &[T],
    parts: impl Fn(&T) -> (&String, &String),
    longest_id: usize,
    most: usize,
) -> impl Iterator<Item = &T> {
    let mut seen: Vec<String> = Vec::new();
    let kept: Vec<&T> = items
        .iter()
        .filter(|item| {
            let (id, title) = parts(item);
            let sound =
                !id.is_empty() && units(id) <= longest_id && !title.trim().is_empty() && !seen.contains(id);
            seen.push(id.clone());
            sound
        })
        .take(most)
        .collect();
    if kept.len() < items.len() {
        tracing::error!(given = items.len(), kept = kept.len(), "choices were left out of a message");
    }
    kept.into_iter()
}

/// A short title that none of the others has: Meta refuses buttons of the same title.
fn distinct(title: &str, most: usize, others: &[String]) -> String {
    let short = cut(title, most);
    if !others.contains(&short) {
        return short;
    }
    let numbered = |number: usize| {
        let mark = format!(" ({number})");
        format!("{}{mark}", cut(title, most - mark.len()))
    };
    (2..10).map(numbered).find(|candidate| !others.contains(candidate)).unwrap_or(short)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_has_ten_rows_and_long_titles_go_on_below() {
        let rows: Vec<Row> = (0..12)
            .map(|n| Row::new(format!("r{n}"), format!("Corte e barba completo às {n:02}:30")))
            .collect();
        let body = list("Quando?", "Horários", &rows);
        let shown = body["interactive"]["action"]["sections"][0]["rows"].as_array().unwrap().clone();
        assert_eq!(shown.len(), 10);
        assert_eq!(shown[3]["title"], "Corte e barba completo…");
        assert_eq!(shown[3]["description"], "Corte e barba completo às 03:30");
    }

    #[test]
    fn buttons_that_look_alike_are_told_apart_and_ids_stay() {
        let title = "Barbearia do Zé Centro";
        let body =
            buttons("Onde?", &[Button::new("a", title), Button::new("b", title), Button::new("a", "x")]);
        let shown = &body["interactive"]["action"]["buttons"];
        assert_eq!(shown[0]["reply"], json!({"id": "a", "title": "Barbearia do Zé…"}));
        assert_eq!(shown[1]["reply"], json!({"id": "b", "title": "Barbearia do Zé… (2)"}));
        assert_eq!(shown[2], Value::Null);
    }

    #[test]
    fn without_a_choice_it_is_a_text() {
        assert_eq!(buttons("oi", &[]), text("oi"));
        assert_eq!(list("oi", "x", &[Row::new("", "sem id")]), text("oi"));
        assert_eq!(readable(&text("oi")), "oi");
        assert_eq!(readable(&buttons("oi", &[Button::new("a", "b")])), "oi");
    }

    fn within(value: &Value, most: usize) -> bool {
        let text = value.as_str().unwrap_or_default();
        !text.trim().is_empty() && units(text) <= most
    }

    proptest! {
        #[test]
        fn whatever_is_given_stays_within_metas_limits(
            body in ".{0,1500}", button in ".{0,40}",
            choices in prop::collection::vec((".{0,260}", ".{0,60}", prop::option::of(".{0,150}")), 0..14),
        ) {
            let rows: Vec<Row> = choices
                .iter()
                .map(|(id, title, description)| Row { id: id.clone(), title: title.clone(), description: description.clone() })
                .collect();
            let taps: Vec<Button> = choices.iter().map(|(id, title, _)| Button::new(id, title)).collect();
            let shown = list(&body, &button, &rows);
            if let Some(rows) = shown["interactive"]["action"]["sections"][0]["rows"].as_array() {
                prop_assert!(within(&shown["interactive"]["body"]["text"], 1024));
                prop_assert!(within(&shown["interactive"]["action"]["button"], 20));
                prop_assert!((1..=10).contains(&rows.len()));
                for row in rows {
                    prop_assert!(within(&row["title"], 24) && units(row["id"].as_str().unwrap()) <= 200);
                    prop_assert!(row.get("description").is_none_or(|text| within(text, 72)));
                }
            }
            let shown = buttons(&body, &taps);
            if let Some(taps) = shown["interactive"]["action"]["buttons"].as_array() {
                prop_assert!((1..=3).contains(&taps.len()));
                let titles: std::collections::HashSet<_> = taps.iter().map(|tap| tap["reply"]["title"].as_str()).collect();
                prop_assert_eq!(titles.len(), taps.len());
                prop_assert!(taps.iter().all(|tap| within(&tap["reply"]["title"], 20) && units(tap["reply"]["id"].as_str().unwrap()) <= 256));
            }
        }
    }
}

//! What may be sent when the customer's 24-hour window is closed: templates that Meta approved beforehand, named in the
//! settings.
//!
//! The rule: `parameters` of the body come from the message itself where it brings them ([`FOR_TEMPLATE`]), else the
//! text the customer would have read is the only parameter. Quick replies carry the ids of the message's buttons.

use mcp_store::outbox::OutgoingKind;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{cut::cut, interactive::readable};

/// A field beside the channel's own in a message's body: `{"parameters": ["Ana", "12/11"]}` for a template with
/// several parameters. Never sent.
pub const FOR_TEMPLATE: &str = "for_template";

/// The approved templates of a tenant, by what they are for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Templates {
    /// For reminders of bookings.
    pub reminder: Option<Template>,
    /// For any other news: a cancellation by the business, an offer of the waitlist.
    pub notice: Option<Template>,
}

/// An approved template.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name at Meta.
    pub name: String,
    /// Its language as Meta writes it, `pt_BR`.
    pub language: String,
    /// How many parameters its body has.
    #[serde(default = "one")]
    pub parameters: usize,
    /// How many quick replies it has.
    #[serde(default)]
    pub buttons: usize,
}

fn one() -> usize {
    1
}

/// A parameter is shown inside a text of 1024; Meta counts both.
const LONGEST_PARAMETER: usize = 700;

impl Templates {
    /// The message as a template; `None` where none is approved for what it is, or the message does not fit it.
    pub fn instead_of(&self, kind: OutgoingKind, body: &Value) -> Option<Value> {
        let template = match kind {
            OutgoingKind::Reminder => self.reminder.as_ref(),
            OutgoingKind::Notice => self.notice.as_ref(),
            // An answer too late is worth nothing, and a person's words are not those of a template.
            OutgoingKind::Answer | OutgoingKind::Person => None,
        }?;
        template.filled(body)
    }
}

impl Template {
    fn filled(&self, body: &Value) -> Option<Value> {
        let own = body[FOR_TEMPLATE]["parameters"].as_array();
        let texts: Vec<&str> = match own {
            Some(own) => own.iter().filter_map(Value::as_str).collect(),
            None => vec![readable(body)],
        };
        let taps: Vec<&str> = body["interactive"]["action"]["buttons"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|button| button["reply"]["id"].as_str())
            .collect();
        let fitting = self.parameters == 0 || texts.len() == self.parameters;
        if !fitting || taps.len() < self.buttons {
            return None;
        }
        let mut components = Vec::new();
        if self.parameters > 0 {
            let parameters: Vec<Value> =
                texts.iter().map(|text| json!({"type": "text", "text": one_line(text)})).collect();
            components.push(json!({"type": "body", "parameters": parameters}));
        }
        for (index, id) in taps.iter().take(self.buttons).enumerate() {
            components.push(json!({
                "type": "button", "sub_type": "quick_reply", "index": index.to_string(),
                "parameters": [{"type": "payload", "payload": id}],
            }));
        }
        Some(json!({"type": "template", "template": {
            "name": self.name, "language": {"code": self.language}, "components": components,
        }}))
    }
}

/// Meta refuses line ends, tabs and more than four spaces in a row in a parameter.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = cut(&words.join(" "), LONGEST_PARAMETER);
    if line.is_empty() { "…".to_owned() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whatsapp::interactive::{Button, buttons, text};

    fn templates(json: &str) -> Templates {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_reminder_keeps_its_words_on_one_line_and_its_buttons() {
        let templates = templates(r#"{"reminder": {"name": "r", "language": "pt_BR", "buttons": 1}}"#);
        let body = buttons(
            "Amanhã às 15:00\n\nCorte  com Zé",
            &[Button::new("c:1", "Confirmar"), Button::new("c:2", "Cancelar")],
        );
        let template = templates.instead_of(OutgoingKind::Reminder, &body).unwrap();
        let components = &template["template"]["components"];
        assert_eq!(components[0]["parameters"][0]["text"], "Amanhã às 15:00 Corte com Zé");
        assert_eq!(components[1]["parameters"][0]["payload"], "c:1");
        assert_eq!(components[2], Value::Null);
    }

    #[test]
    fn a_message_that_does_not_fit_its_template_is_not_forced_into_it() {
        let templates =
            templates(r#"{"notice": {"name": "n", "language": "de", "parameters": 2, "buttons": 1}}"#);
        let mut body = buttons("x", &[Button::new("a", "b")]);
        assert_eq!(templates.instead_of(OutgoingKind::Notice, &body), None, "one parameter for two");
        body[FOR_TEMPLATE] = json!({"parameters": ["Ana", "12.11."]});
        assert!(templates.instead_of(OutgoingKind::Notice, &body).is_some());
        let mut without = text("x");
        without[FOR_TEMPLATE] = body[FOR_TEMPLATE].clone();
        assert_eq!(templates.instead_of(OutgoingKind::Notice, &without), None, "a button without an id");
        assert_eq!(templates.instead_of(OutgoingKind::Reminder, &body), None);
        assert_eq!(templates.instead_of(OutgoingKind::Answer, &body), None);
    }
}

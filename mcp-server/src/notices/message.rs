//! The channel's messages for notices.

use jiff::Timestamp;
use mcp_store::conversation::ConversationRow;
use serde_json::{Value, json};

use crate::whatsapp::{
    interactive::{self, Button},
    template::{FOR_TEMPLATE, Template, Templates},
};

/// For which notices there is a template that Meta approved, with the number of parameters of its body. Without one
/// nothing can be said outside of the customer service window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Approved {
    /// For reminders. With three parameters they are services, staff and moment; with one, the whole text.
    pub reminder: Option<usize>,
    /// For any other news.
    pub notice: Option<usize>,
}

impl Approved {
    /// As the settings name them.
    pub fn of(templates: &Templates) -> Self {
        let parameters = |template: &Option<Template>| template.as_ref().map(|template| template.parameters);
        Self { reminder: parameters(&templates.reminder), notice: parameters(&templates.notice) }
    }
}

/// A notice as it may be sent.
pub(super) struct Notice {
    /// Its words.
    pub body: String,
    /// Its facts, one by one.
    pub parameters: Vec<String>,
    /// Ids and titles of its buttons.
    pub buttons: Vec<(String, &'static str)>,
}

impl Notice {
    /// The message, if one may be sent now: any text within the customer service window, else only what a template can
    /// say. The sender puts it into the template.
    pub fn message(
        self,
        conversation: &ConversationRow,
        template: Option<usize>,
        now: Timestamp,
    ) -> Option<Value> {
        if conversation.window_until.is_none_or(|until| until <= now) && template.is_none() {
            return None;
        }
        let buttons: Vec<Button> =
            self.buttons.into_iter().map(|(id, title)| Button::new(id, title)).collect();
        let mut message = interactive::buttons(&self.body, &buttons);
        if template.is_some_and(|count| count > 1 && count == self.parameters.len()) {
            message[FOR_TEMPLATE] = json!({"parameters": self.parameters});
        }
        Some(message)
    }
}

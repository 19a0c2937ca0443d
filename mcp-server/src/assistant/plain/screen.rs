//! One message of a menu.

use mcp_store::{
    booking::BookingOutcome,
    outbox::NewOutgoing,
    turn::{Effect, TurnResult},
};
use serde_json::Value;

use super::{super::decided::Decided, super::history, Menu, Step};
use crate::{
    whatsapp::interactive::{self, Button, Row},
    words::menu::{Title, title},
};

/// Rows for choices, beside one that leads on and one for a person.
pub const CHOICES: usize = 8;

/// A text above choices.
pub struct Screen {
    body: String,
    rows: Vec<Row>,
    buttons: Vec<Button>,
}

impl Screen {
    /// A text without choices yet.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), rows: Vec::new(), buttons: Vec::new() }
    }

    /// With a row.
    pub fn row(
        mut self,
        menu: &Menu<'_>,
        step: &Step,
        words: impl Into<String>,
        description: Option<String>,
    ) -> Self {
        self.rows.push(Row { id: menu.id(step), title: words.into(), description });
        self
    }

    /// With a row of code's own words.
    pub fn titled_row(self, menu: &Menu<'_>, step: &Step, words: Title) -> Self {
        let words = title(menu.language(), words);
        self.row(menu, step, words, None)
    }

    /// With a button.
    pub fn button(mut self, menu: &Menu<'_>, step: &Step, words: Title) -> Self {
        self.buttons.push(Button::new(menu.id(step), title(menu.language(), words)));
        self
    }

    /// With the way to one more service, where there is one.
    pub fn also(self, menu: &Menu<'_>, step: Option<&Step>) -> Self {
        match step {
            Some(step) => self.titled_row(menu, step, Title::Also),
            None => self,
        }
    }

    /// With the way to a person: every menu has it.
    pub fn person(self, menu: &Menu<'_>) -> Self {
        if self.rows.is_empty() {
            self.button(menu, &Step::Person, Title::Person)
        } else {
            self.titled_row(menu, &Step::Person, Title::Person)
        }
    }

    /// The channel's message, and what joins the history: the text and what could be chosen.
    pub fn message(&self, menu: &Menu<'_>, id: String) -> (NewOutgoing, Vec<Value>) {
        let choose = title(menu.language(), Title::Choose);
        let (body, titles): (Value, Vec<&str>) = if self.rows.is_empty() {
            let titles = self.buttons.iter().map(|button| button.title.as_str()).collect();
            (interactive::buttons(&self.body, &self.buttons), titles)
        } else {
            let titles = self.rows.iter().map(|row| row.title.as_str()).collect();
            (interactive::list(&self.body, choose, &self.rows), titles)
        };
        let mut said = self.body.clone();
        for words in titles {
            said.push_str("\n• ");
            said.push_str(words);
        }
        (NewOutgoing::answer(id, body), vec![history::model(&said)])
    }

    /// A turn that shows it.
    pub fn shown(&self, menu: &Menu<'_>) -> Decided {
        let (message, history) = self.message(menu, menu.ctx.desk.ids.id());
        Decided::plain(Effect::Answer(message), history)
    }
}

/// A turn with an effect; the screen is rendered from what came of it.
pub fn effect(
    menu: &Menu<'_>,
    effect: Effect,
    screen: impl Fn(&Menu<'_>, &BookingOutcome) -> Screen + Send + Sync + 'static,
) -> Decided {
    let (ctx, turn, id) = (menu.ctx.clone(), menu.turn.clone(), menu.ctx.desk.ids.id());
    let render = move |outcome: &BookingOutcome| {
        let menu = Menu::new(&ctx, &turn);
        screen(&menu, outcome).message(&menu, id.clone())
    };
    Decided { result: TurnResult::of(effect), render: Box::new(render) }
}

//! The owner on WhatsApp: who writes from one of the profile's owners' numbers is a person of the business. They change
//! hours, decide about requests and look at the agenda, in a few words and by buttons; nothing is done without one.

mod act;
mod affected;
pub mod again;
pub mod approvals;
mod ask;
mod command;
pub mod dates;
mod hours;
mod lapse;
mod late;
mod person;
pub mod proposals;
mod screens;
mod step;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::{Timestamp, civil::Date};
use mcp_store::{
    StoreError,
    outbox::NewOutgoing,
    turn::{ClaimedTurn, Effect},
};
use mcp_tenant::{slots::Calendar, words::Language};
use serde_json::Value;

pub(crate) use self::person::first_owner;
use self::{
    command::Command,
    person::is_owner,
    step::{Step, Tapped},
};
use crate::{
    assistant::{
        Decided,
        plain::{Context, phrase},
    },
    booking::{Desk, FindError, Principal},
    profile_file::Loaded,
    whatsapp::interactive::{self, Button, Row},
    words::owner::{Line, Title, line, title},
};

/// The name of an owner in the audit and in references: a number of ours, nothing personal.
fn principal(customer: i64) -> Principal {
    Principal::Staff(format!("whatsapp-{customer}"))
}

/// One turn of an owner.
pub struct Owner<'a> {
    ctx: &'a Context,
    turn: &'a ClaimedTurn,
    loaded: Arc<Loaded>,
    principal: Principal,
    now: Timestamp,
}

/// The owner who writes in this turn; nothing where it is a customer.
pub async fn who<'a>(ctx: &'a Context, turn: &'a ClaimedTurn) -> Result<Option<Owner<'a>>, StoreError> {
    let loaded = ctx.desk.profile();
    if loaded.profile.business.owners.is_empty() {
        return Ok(None);
    }
    let customer = turn.conversation.customer_id;
    let owner = is_owner(&ctx.desk, customer, &turn.sender).await?;
    let now = ctx.desk.clock.now();
    Ok(owner.then(|| Owner { ctx, turn, loaded, principal: principal(customer), now }))
}

/// Answers an owner: what was tapped, else what was written.
pub async fn answer(owner: &Owner<'_>, words: &str, tap: Option<&str>) -> Result<Decided, FindError> {
    match tap {
        Some(id) => match Step::read(&owner.ctx.desk.refs, &owner.principal, id, owner.now) {
            Some(Tapped::Step(step)) => owner.step(step).await,
            Some(Tapped::Old) | None => Ok(owner.main(Some(Line::Changed)).shown(owner)),
        },
        None => owner.written(words).await,
    }
}

impl Owner<'_> {
    fn language(&self) -> Language {
        self.ctx.language
    }

    fn line(&self, which: Line) -> &'static str {
        line(self.language(), which)
    }

    fn desk(&self) -> &Desk {
        &self.ctx.desk
    }

    fn today(&self) -> Result<Date, FindError> {
        Ok(Calendar::new(&self.loaded.profile)?.local(self.now).date())
    }

    fn key(&self, what: &str) -> String {
        let first = self.turn.messages.first().map_or("", |message| message.id.as_str());
        format!("turn:{first}:{what}")
    }

    async fn written(&self, words: &str) -> Result<Decided, FindError> {
        match command::read(words, &self.loaded.profile, self.today()?) {
            Some(Command::Adjust(wanted)) => self.adjust_ask(wanted).await,
            Some(Command::Undo) => self.undo_last().await,
            Some(Command::Agenda(day)) => self.agenda(day).await,
            Some(Command::Pending) => self.pending().await,
            Some(Command::Changes) => self.changes().await,
            None if words.trim().is_empty() || phrase::read(words) == Some(phrase::Phrase::Menu) => {
                Ok(self.main(None).shown(self))
            }
            None => Ok(self.main(Some(Line::NotUnderstood)).shown(self)),
        }
    }

    async fn step(&self, step: Step) -> Result<Decided, FindError> {
        match step {
            Step::Main => Ok(self.main(None).shown(self)),
            Step::Nothing => Ok(self.main(Some(Line::Nothing)).shown(self)),
            Step::Agenda(day) => self.agenda(day).await,
            Step::Pending => self.pending().await,
            Step::Request(booking) => self.request(&booking).await,
            Step::Decide(booking, revision, yes) => self.decide(&booking, revision, yes).await,
            Step::Changes => self.changes().await,
            Step::UndoAsk(id) => self.undo_ask(&id).await,
            Step::Undo(id) => self.undo(&id).await,
            Step::Adjust(wanted) => self.adjust(wanted).await,
            Step::Tell(id) => self.tell(&id).await,
            Step::Move(booking, revision, start) => self.move_to(&booking, revision, start).await,
            Step::Cancel(booking, revision) => self.cancel(&booking, revision).await,
            Step::Keep(booking) => self.keep(&booking).await,
        }
    }
}

/// A message to an owner: a text above buttons or rows.
struct Screen {
    body: String,
    buttons: Vec<Button>,
    rows: Vec<Row>,
}

impl Screen {
    fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), buttons: Vec::new(), rows: Vec::new() }
    }

    fn button(mut self, owner: &Owner<'_>, step: &Step, words: Title) -> Self {
        let id = step.id(&owner.ctx.desk.refs, &owner.principal, owner.now);
        self.buttons.push(Button::new(id, title(owner.language(), words)));
        self
    }

    fn row(
        mut self,
        owner: &Owner<'_>,
        step: &Step,
        words: impl Into<String>,
        about: Option<String>,
    ) -> Self {
        let id = step.id(&owner.ctx.desk.refs, &owner.principal, owner.now);
        self.rows.push(Row { id, title: words.into(), description: about });
        self
    }

    fn body(&self, language: Language) -> Value {
        if self.rows.is_empty() {
            interactive::buttons(&self.body, &self.buttons)
        } else {
            interactive::list(&self.body, title(language, Title::Menu), &self.rows)
        }
    }

    /// An owner's words and ours are no part of any customer's history, and no model reads them.
    fn shown(self, owner: &Owner<'_>) -> Decided {
        let message = NewOutgoing::answer(owner.desk().ids.id(), self.body(owner.language()));
        Decided::plain(Effect::Answer(message), Vec::new())
    }
}

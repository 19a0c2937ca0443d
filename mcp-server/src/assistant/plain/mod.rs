//! What is answered without the model: taps on our buttons and rows, a few words that mean one thing in any language,
//! and menus that do the whole job where the model cannot.

mod appointments;
mod book;
mod guess;
mod notices;
pub mod phrase;
mod pick;
mod said;
mod screen;
mod services;
mod step;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    turn::{Also, ClaimedTurn, Effect},
};
use mcp_tenant::words::Language;

pub use self::appointments::slot_at;
pub use self::step::{Step, Tapped, Want};
use self::{phrase::Phrase, said::Said, screen::Screen};
use super::{
    decided::{self, Decided},
    handover::hand_over,
    history,
};
use crate::{
    booking::{Desk, FindError, Principal},
    notices::NoticeTap,
    owner,
    profile_file::Loaded,
    telemetry,
    words::{
        self,
        menu::{Line, Title, line},
    },
};

/// What answers without the model work with.
#[derive(Clone)]
pub struct Context {
    /// What can be booked.
    pub desk: Arc<Desk>,
    /// The language of the conversation.
    pub language: Language,
}

/// Why the model does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuReason {
    /// The model cannot be asked.
    ModelDown,
    /// The model took too long.
    ModelSlow,
    /// The day's budget is used up.
    OverBudget,
    /// The model's answers were not fit to be sent.
    Blocked,
    /// The messages waited for hours.
    Late,
}

/// Answers what needs no model; `None` is the model's turn.
pub async fn first(ctx: &Context, turn: &ClaimedTurn) -> Option<Decided> {
    let menu = Menu::new(ctx, turn);
    if turn.conversation.owner.is_human_at(menu.now) {
        return Some(Decided::plain(Effect::Silence, Vec::new()));
    }
    let said = said::read(turn);
    let decided = match owner::who(ctx, turn).await {
        Ok(Some(owner)) => owner::answer(&owner, &said_words(&said), tap(&said)).await.map(Some),
        Ok(None) => menu.first(&said).await,
        Err(error) => Err(error.into()),
    };
    match decided {
        Ok(decided) => decided,
        Err(error) => {
            // What the database cannot give now it may give the next turn: where it cannot, that turn fails and is
            // tried again.
            tracing::error!(error = telemetry::chain(&error), "a menu could not be made");
            matches!(said, Said::Tap(_)).then(|| menu.sorry())
        }
    }
}

/// Answers where the model cannot.
pub async fn menu(ctx: &Context, turn: &ClaimedTurn, why: MenuReason) -> Decided {
    let menu = Menu::new(ctx, turn);
    let why = match why {
        MenuReason::Late => Line::Late,
        _ => Line::Instead,
    };
    // The words of an answer that is late may be about another day: nothing is guessed from them.
    let guessed = match said::read(turn) {
        Said::Words(text) if said::is_thanks(&text) => Ok(Some(menu.main(Some(Line::Welcome)).shown(&menu))),
        Said::Words(text) if why == Line::Instead => menu.guessed(&text, menu.line(why)).await,
        _ => Ok(None),
    };
    match guessed {
        Ok(Some(decided)) => decided,
        Ok(None) => menu.main(Some(why)).shown(&menu),
        Err(error) => {
            tracing::error!(error = telemetry::chain(&error), "a menu could not be made");
            menu.main(Some(why)).shown(&menu)
        }
    }
}

/// The main menu, which needs nothing that can fail or hang: the last resort.
pub fn last(ctx: &Context, turn: &ClaimedTurn) -> Decided {
    let menu = Menu::new(ctx, turn);
    menu.main(Some(Line::Instead)).shown(&menu)
}

/// Whether the customer says in this turn that they want no notices, or want them again: heard even where nothing is
/// answered.
pub fn wanted_notices(turn: &ClaimedTurn) -> Option<Also> {
    let texts = turn.messages.iter().rev().filter_map(|message| message.text.as_deref());
    texts.filter_map(phrase::read).find_map(|said| match said {
        Phrase::Stop => Some(Also::Notices(false)),
        Phrase::Start => Some(Also::Notices(true)),
        _ => None,
    })
}

fn tap(said: &Said) -> Option<&str> {
    match said {
        Said::Tap(id) => Some(id),
        _ => None,
    }
}

fn said_words(said: &Said) -> String {
    match said {
        Said::Words(text) => text.clone(),
        _ => String::new(),
    }
}

/// One turn without the model.
pub struct Menu<'a> {
    ctx: &'a Context,
    turn: &'a ClaimedTurn,
    loaded: Arc<Loaded>,
    principal: Principal,
    now: Timestamp,
}

impl<'a> Menu<'a> {
    fn new(ctx: &'a Context, turn: &'a ClaimedTurn) -> Self {
        let principal = Principal::Customer(turn.conversation.customer_id);
        Self { ctx, turn, loaded: ctx.desk.profile(), principal, now: ctx.desk.clock.now() }
    }

    fn language(&self) -> Language {
        self.ctx.language
    }

    fn id(&self, step: &Step) -> String {
        step.id(&self.ctx.desk.refs, &self.principal, self.now)
    }

    fn line(&self, which: Line) -> &'static str {
        line(self.language(), words::formal(&self.loaded.profile), which)
    }

    /// One effect of a turn has one key: a repeat of the turn gets the first one's outcome.
    fn key(&self, what: &str) -> String {
        let first = self.turn.messages.first().map_or("", |message| message.id.as_str());
        format!("turn:{first}:{what}")
    }

    /// What the customer is booked under.
    fn name(&self) -> String {
        let sender = &self.turn.sender;
        sender.name.clone().or_else(|| sender.wa_id.clone()).unwrap_or_default()
    }

    /// The main menu, with a line before it.
    fn main(&self, why: Option<Line>) -> Screen {
        let body = match why {
            Some(why) => format!("{}\n\n{}", self.line(why), self.line(Line::Main)),
            None => self.line(Line::Main).to_owned(),
        };
        self.main_under(body)
    }

    /// The main menu under any text.
    fn main_under(&self, body: impl Into<String>) -> Screen {
        Screen::new(body)
            .button(self, &Step::Services(0), Title::Book)
            .button(self, &Step::Mine(0), Title::Mine)
            .person(self)
    }

    /// Said where the database does not answer.
    fn sorry(&self) -> Decided {
        let person = words::person::person(self.language(), &self.loaded.profile);
        let text = words::sorry::cannot_answer(self.language(), &person);
        let message = decided::text(self.ctx.desk.ids.id(), &text);
        Decided::plain(Effect::Answer(message), vec![history::model(&text)])
    }

    async fn first(&self, said: &Said) -> Result<Option<Decided>, FindError> {
        match said {
            Said::Tap(id) => self.tapped(id).await.map(Some),
            Said::Words(text) => match phrase::read(text) {
                Some(phrase) => Ok(Some(self.phrase(phrase).await?)),
                None => Ok(None),
            },
            Said::Nothing => Ok(None),
        }
    }

    async fn phrase(&self, phrase: Phrase) -> Result<Decided, StoreError> {
        Ok(match phrase {
            Phrase::Stop => self.notices(false),
            Phrase::Start => self.notices(true),
            Phrase::Menu => self.main(None).shown(self),
            Phrase::Person => self.person().await?,
        })
    }

    fn notices(&self, wanted: bool) -> Decided {
        let text = self.line(if wanted { Line::Started } else { Line::Stopped });
        let message = decided::text(self.ctx.desk.ids.id(), text);
        Decided::plain(Effect::Answer(message), vec![history::model(text)]).beside([Also::Notices(wanted)])
    }

    async fn person(&self) -> Result<Decided, StoreError> {
        let handed = hand_over(&self.ctx.desk, self.turn, self.language(), None).await?;
        let message = decided::text(self.ctx.desk.ids.id(), &handed.text);
        let history = vec![history::model(&handed.text)];
        Ok(Decided::plain(Effect::Answer(message), history).beside(handed.also))
    }

    async fn tapped(&self, id: &str) -> Result<Decided, FindError> {
        let refs = &self.ctx.desk.refs;
        if let Some(tap) = NoticeTap::read(refs, self.turn.conversation.customer_id, id) {
            return self.noticed(tap).await;
        }
        match Step::read(refs, &self.principal, id, self.now) {
            Some(Tapped::Step(step)) => self.step(step).await,
            Some(Tapped::Old) => Ok(self.main(Some(Line::Old)).shown(self)),
            None => Ok(self.main(Some(Line::Unknown)).shown(self)),
        }
    }

    async fn step(&self, step: Step) -> Result<Decided, FindError> {
        let decided = match step {
            Step::Main => Ok(self.main(None).shown(self)),
            Step::Services(page) => self.services(page).await,
            Step::Also(services, page) => self.also(&services, page).await,
            Step::Staff(services, page) => self.staff(&services, page, "").await,
            Step::Days(want, from) => self.days(&want, from, ("", None)).await,
            Step::Times(want, day, from) => self.times(&want, day, from).await,
            Step::Hold(want, start) => self.hold(want, start).await,
            Step::Confirm { hold, want, pinned, start } => self.confirm(&hold, &want, pinned, start).await,
            Step::Mine(page) => self.mine(page, "").await,
            Step::One(booking) => self.one(&booking, None).await,
            Step::Keep(booking) => self.one(&booking, Some(Line::Kept)).await,
            Step::MoveDays(booking, from) => self.move_days(&booking, from, Line::MoveDay).await,
            Step::MoveTimes(booking, day, from) => self.move_times(&booking, day, from).await,
            Step::MoveAsk(booking, revision, start) => self.move_ask(&booking, revision, start).await,
            Step::Move(booking, revision, start) => self.move_to(&booking, revision, start).await,
            Step::CancelAsk(booking) => self.cancel_ask(&booking).await,
            Step::Cancel(booking, revision) => self.cancel(&booking, revision).await,
            Step::Person => Ok(self.person().await?),
        };
        match decided {
            // The profile changed since the menu was shown.
            Err(FindError::Unknown(_)) => Ok(self.main(Some(Line::Old)).shown(self)),
            other => other,
        }
    }
}

//! What an owner decides about a booking. Each decision names the revision the owner has seen; the customer is told in
//! the same transaction.

use std::sync::Arc;

use jiff::Timestamp;
use mcp_store::{
    booking::{BookingOutcome, BookingRow, BookingState, ChangeRequest},
    outbox::{NewOutgoing, OutgoingKind},
    turn::{Effect, Tells, TurnResult},
};
use mcp_tenant::{Profile, words::Language};
use serde_json::Value;

use super::{Owner, Screen, Step, ask};
use crate::{
    assistant::{Decided, plain::slot_at},
    booking::FindError,
    whatsapp::interactive,
    words::{
        self, notice,
        owner::{Line, Title, line},
        receipt,
    },
};

impl Owner<'_> {
    /// The booking as the owner saw it, in a state that can still be changed.
    async fn seen(&self, booking: &str, revision: i64) -> Result<Option<BookingRow>, FindError> {
        let row = self.desk().store.booking(booking).await?;
        let open = |row: &BookingRow| {
            row.revision == revision
                && matches!(row.booking.state, BookingState::Requested | BookingState::Confirmed)
        };
        Ok(row.filter(open))
    }

    fn changed(&self) -> Decided {
        self.main(Some(Line::Changed)).shown(self)
    }

    /// Approves or declines.
    pub(super) async fn decide(&self, booking: &str, revision: i64, yes: bool) -> Result<Decided, FindError> {
        let row = self.seen(booking, revision).await?;
        let Some(row) = row.filter(|row| row.booking.state == BookingState::Requested) else {
            return Ok(self.changed());
        };
        let request = self.desk().decide(&self.principal, booking, yes, self.key("decide"), None);
        let tells = match self.customer(&row).await? {
            Some((conversation, language)) if yes => Some(self.tells(conversation, move |profile, row| {
                interactive::text(&receipt::receipt(profile, language, row))
            })),
            Some((conversation, language)) => {
                let times = ask::other_times(self.desk(), &row, language, ask::Instead::Anew).await?;
                Some(self.tells(conversation, move |profile, row| {
                    ask::with_times(&receipt::declined(profile, language, row), &times, language)
                }))
            }
            None => None,
        };
        let done = if yes { Line::Approved } else { Line::Declined };
        Ok(self.effect(ChangeRequest { revision: Some(revision), ..request }, done, tells))
    }

    /// Cancels a booking whose event was deleted.
    pub(super) async fn cancel(&self, booking: &str, revision: i64) -> Result<Decided, FindError> {
        let Some(row) = self.seen(booking, revision).await? else { return Ok(self.changed()) };
        let request = self.desk().cancel(&self.principal, booking, self.key("cancel"), None);
        let tells = self.customer(&row).await?.map(|(conversation, language)| {
            self.tells(conversation, move |profile, row| {
                news(profile, language, &receipt::receipt(profile, language, row))
            })
        });
        Ok(self.effect(ChangeRequest { revision: Some(revision), ..request }, Line::Cancelled, tells))
    }

    /// Moves a booking to where its event was moved.
    pub(super) async fn move_to(
        &self,
        booking: &str,
        revision: i64,
        start: Timestamp,
    ) -> Result<Decided, FindError> {
        let Some(row) = self.seen(booking, revision).await? else { return Ok(self.changed()) };
        let slot = slot_at(&row, start);
        let request = self.desk().relocate(&self.principal, booking, slot, self.key("move")).await;
        let tells = self.customer(&row).await?.map(|(conversation, language)| {
            self.tells(conversation, move |profile, row| {
                news(profile, language, &receipt::moved(profile, language, row))
            })
        });
        Ok(self.effect(ChangeRequest { revision: Some(revision), ..request }, Line::Moved, tells))
    }

    /// Leaves a booking as it is.
    pub(super) async fn keep(&self, booking: &str) -> Result<Decided, FindError> {
        let row = self.desk().store.booking(booking).await?;
        let Some(row) = row.filter(|row| row.booking.state.stands()) else { return Ok(self.changed()) };
        let screen = Screen::new(self.described(Line::Kept, &row)).button(self, &Step::Main, Title::Menu);
        Ok(screen.shown(self))
    }

    /// The conversation of a booking's customer, and its language. What they asked for is told also to those who want no
    /// notices.
    async fn customer(&self, row: &BookingRow) -> Result<Option<(i64, Language)>, FindError> {
        let Some(customer) = row.booking.customer_id() else { return Ok(None) };
        let conversation = self.desk().store.conversation_of(customer).await?;
        Ok(Some((conversation.id, words::held_in(&self.loaded.profile, &conversation))))
    }

    /// Tells the customer what the row says once it is committed; under the key that other doors use for it.
    fn tells(
        &self,
        conversation_id: i64,
        body: impl Fn(&Profile, &BookingRow) -> Value + Send + Sync + 'static,
    ) -> Tells {
        let (loaded, id) = (self.loaded.clone(), self.desk().ids.id());
        let render = move |row: &BookingRow| NewOutgoing {
            id: id.clone(),
            kind: OutgoingKind::Notice,
            dedupe_key: Some(format!("changed:{}:{}", row.booking.id, row.revision)),
            body: body(&loaded.profile, row),
        };
        Tells { conversation_id, render: Arc::new(render) }
    }

    fn effect(&self, request: ChangeRequest, done: Line, tells: Option<Tells>) -> Decided {
        let (loaded, language, id) = (self.loaded.clone(), self.language(), self.desk().ids.id());
        let menu = Step::Main.id(&self.desk().refs, &self.principal, self.now);
        let render = move |outcome: &BookingOutcome| {
            let text = match outcome {
                BookingOutcome::Booked(row) | BookingOutcome::Changed(row) => format!(
                    "{}\n{}\n{}",
                    line(language, done.of(row.booking.state)),
                    row.booking.customer_name,
                    receipt::details(&loaded.profile, language, row)
                ),
                BookingOutcome::Refused(refused) => {
                    let tried = words::refusal::Tried::Decide;
                    words::refusal::refusal(&loaded.profile, language, tried, refused)
                }
            };
            let menu = interactive::Button::new(&menu, words::owner::title(language, Title::Menu));
            (NewOutgoing::answer(id.clone(), interactive::buttons(&text, &[menu])), Vec::new())
        };
        let result = TurnResult { tells, ..TurnResult::of(Effect::Change(Box::new(request))) };
        Decided { result, render: Box::new(render) }
    }
}

/// What the business did with a booking, for its customer.
fn news(profile: &Profile, language: Language, receipt: &str) -> Value {
    let head = notice::from_business(language, &profile.business.name);
    interactive::text(&format!("{head}\n{receipt}"))
}

impl Line {
    /// What is true of a row in this state: a booking that was moved while no calendar answered is only requested.
    fn of(self, state: BookingState) -> Self {
        match self {
            Self::Moved if state == BookingState::Requested => Self::MovedRequested,
            other => other,
        }
    }
}

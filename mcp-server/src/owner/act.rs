//! What an owner decides about a booking. Each decision names the revision the owner has seen; the customer is told in
//! the same transaction.

use jiff::Timestamp;
use mcp_store::{
    booking::{BookingOutcome, BookingRow, BookingState, ChangeRequest},
    outbox::{NewOutgoing, OutgoingKind},
    turn::{Also, Effect, TurnResult},
};
use mcp_tenant::{slots::Calendar, words::Language};
use serde_json::Value;

use super::{Owner, Screen, Step, ask};
use crate::{
    assistant::{Decided, plain::slot_at},
    booking::FindError,
    whatsapp::interactive,
    words::{
        owner::{Line, Title, line, moved_by_business},
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
        let state = if yes { BookingState::Confirmed } else { BookingState::Cancelled };
        let after = with_state(&row, state);
        let profile = &self.loaded.profile;
        let told = self.customer(&row).await?;
        let tell = match told {
            Some((conversation, language)) if yes => {
                let text = receipt::receipt(profile, language, &after);
                Some(self.tells(conversation, &after, interactive::text(&text)))
            }
            Some((conversation, language)) => {
                let text = receipt::declined(profile, language, &after);
                let body = ask::other_times(self.desk(), &row, language, text, ask::Instead::Anew).await?;
                Some(self.tells(conversation, &after, body))
            }
            None => None,
        };
        let done = if yes { Line::Approved } else { Line::Declined };
        Ok(self.effect(ChangeRequest { revision: Some(revision), ..request }, done).beside(tell))
    }

    /// Cancels a booking whose event was deleted.
    pub(super) async fn cancel(&self, booking: &str, revision: i64) -> Result<Decided, FindError> {
        let Some(row) = self.seen(booking, revision).await? else { return Ok(self.changed()) };
        let request = self.desk().cancel(&self.principal, booking, self.key("cancel"), None);
        let after = with_state(&row, BookingState::Cancelled);
        let tell = self.customer(&row).await?.map(|(conversation, language)| {
            let profile = &self.loaded.profile;
            let mut text = crate::words::notice::from_business(language, &profile.business.name);
            text.push('\n');
            text.push_str(&receipt::receipt(profile, language, &after));
            self.tells(conversation, &after, interactive::text(&text))
        });
        Ok(self.effect(ChangeRequest { revision: Some(revision), ..request }, Line::Cancelled).beside(tell))
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
        let at = Calendar::new(&self.loaded.profile)?.local(start);
        let after = BookingRow { revision: row.revision.saturating_add(1), ..row.clone() };
        let tell = self.customer(&row).await?.map(|(conversation, language)| {
            let (services, staff) = (row.booking.service_names(), row.booking.staff_names());
            let name = &self.loaded.profile.business.name;
            let text = moved_by_business(language, name, &services, &staff, &language.moment(&at));
            self.tells(conversation, &after, interactive::text(&text))
        });
        Ok(self.effect(ChangeRequest { revision: Some(revision), ..request }, Line::Moved).beside(tell))
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
        let tag = conversation.language.as_deref().unwrap_or_else(|| self.loaded.profile.language());
        Ok(Some((conversation.id, Language::of(tag))))
    }

    /// Tells the customer what the row says after the change; under the key that other doors use for it.
    fn tells(&self, conversation_id: i64, after: &BookingRow, body: Value) -> Also {
        let key = format!("changed:{}:{}", after.booking.id, after.revision);
        let message =
            NewOutgoing { id: self.desk().ids.id(), kind: OutgoingKind::Notice, dedupe_key: Some(key), body };
        Also::Tell { conversation_id, message }
    }

    fn effect(&self, request: ChangeRequest, done: Line) -> Decided {
        let (loaded, language, id) = (self.loaded.clone(), self.language(), self.desk().ids.id());
        let menu = Step::Main.id(&self.desk().refs, &self.principal, self.now);
        let render = move |outcome: &BookingOutcome| {
            let text = match outcome {
                BookingOutcome::Booked(row) | BookingOutcome::Changed(row) => format!(
                    "{}\n{}\n{}",
                    line(language, done),
                    row.booking.customer_name,
                    receipt::details(&loaded.profile, language, row)
                ),
                BookingOutcome::Refused(refused) => {
                    let tried = crate::words::refusal::Tried::Decide;
                    crate::words::refusal::refusal(&loaded.profile, language, tried, refused)
                }
            };
            let menu = interactive::Button::new(&menu, crate::words::owner::title(language, Title::Menu));
            (NewOutgoing::answer(id.clone(), interactive::buttons(&text, &[menu])), Vec::new())
        };
        let result = TurnResult::of(Effect::Change(Box::new(request)));
        Decided { result, render: Box::new(render) }
    }
}

/// The row as the change will leave it, where nobody changed it since.
fn with_state(row: &BookingRow, state: BookingState) -> BookingRow {
    let mut after = row.clone();
    after.booking.state = state;
    after.revision = after.revision.saturating_add(1);
    after
}

//! A customer's appointments by menus: one of them, moved or cancelled.

use jiff::{Timestamp, civil::Date};
use mcp_store::{
    booking::{BookingOutcome, BookingRow, BookingState, ChangeRequest},
    turn::Effect,
};
use mcp_tenant::slots::Calendar;

use super::{
    Decided, Menu, Screen, Step,
    book::without_list,
    pick::Pick,
    screen::{CHOICES, effect},
};
use crate::{
    booking::{FindError, SlotPart, SlotRef},
    words::{
        menu::{Line, Title, move_to, short_moment},
        receipt::{details, moved, receipt},
        refusal::{Tried, refusal},
    },
};

/// The slot of a booking at another start: the same services by the same people.
pub fn slot_at(row: &BookingRow, start: Timestamp) -> SlotRef {
    slot_of(row, start, true)
}

/// As [`slot_at`]; where they are not `pinned`, others may do it.
pub fn slot_of(row: &BookingRow, start: Timestamp, pinned: bool) -> SlotRef {
    let part = |item: &mcp_store::booking::BookingItem| SlotPart {
        service: item.service_id.clone(),
        staff: item.staff_id.clone(),
        pinned,
    };
    SlotRef { start, parts: row.booking.items.iter().map(part).collect() }
}

impl Menu<'_> {
    /// The customer's appointments; at once the one, where there is one.
    pub(super) async fn mine(&self, page: usize, before: &str) -> Result<Decided, FindError> {
        let rows = self.ctx.desk.mine(self.turn.conversation.customer_id).await?;
        let calendar = Calendar::new(&self.loaded.profile)?;
        match rows.as_slice() {
            [] => {
                let body = format!("{before}{}", self.line(Line::NoMine));
                Ok(Screen::new(body).button(self, &Step::Services(0), Title::Book).person(self).shown(self))
            }
            [only] => Ok(self.options(only, before.to_owned()).shown(self)),
            _ => {
                let mut screen = Screen::new(format!("{before}{}", self.line(Line::WhichMine)));
                for row in rows.iter().skip(page * CHOICES).take(CHOICES) {
                    let booking = &row.booking;
                    let at = short_moment(self.language(), &calendar.local(booking.start()));
                    let what = format!("{} · {}", booking.service_names(), booking.staff_names());
                    screen = screen.row(self, &Step::One(booking.id.clone()), at, Some(what));
                }
                if rows.len() > (page + 1) * CHOICES {
                    screen = screen.titled_row(self, &Step::Mine(page + 1), Title::More);
                }
                Ok(screen.person(self).shown(self))
            }
        }
    }

    /// A booking of this customer that is not over; nobody else's is ever shown.
    async fn own(&self, booking: &str) -> Result<Option<BookingRow>, FindError> {
        let row = self.ctx.desk.store.booking(booking).await?;
        let mine = |row: &BookingRow| {
            let open = matches!(row.booking.state, BookingState::Requested | BookingState::Confirmed);
            row.booking.customer_id() == Some(self.turn.conversation.customer_id)
                && open
                && row.booking.end() > self.now
        };
        Ok(row.filter(mine))
    }

    async fn gone(&self) -> Result<Decided, FindError> {
        self.mine(0, &format!("{}\n\n", self.line(Line::Gone))).await
    }

    /// What stands, and what can be done with it.
    fn options(&self, row: &BookingRow, before: String) -> Screen {
        let id = || row.booking.id.clone();
        Screen::new(before + &receipt(&self.loaded.profile, self.language(), row))
            .button(self, &Step::MoveDays(id(), None), Title::Move)
            .button(self, &Step::CancelAsk(id()), Title::Cancel)
            .person(self)
    }

    /// One appointment, under a remark.
    pub(super) async fn one(&self, booking: &str, why: Option<Line>) -> Result<Decided, FindError> {
        let Some(row) = self.own(booking).await? else { return self.gone().await };
        let before = why.map_or_else(String::new, |why| format!("{}\n", self.line(why)));
        Ok(self.options(&row, before).shown(self))
    }

    /// What stands is said; nothing is done.
    pub(super) async fn stands(&self, row: &BookingRow) -> Result<Decided, FindError> {
        self.one(&row.booking.id, None).await
    }

    /// Days to move an appointment to.
    pub(super) async fn move_days(
        &self,
        booking: &str,
        from: Option<Date>,
        why: Line,
    ) -> Result<Decided, FindError> {
        let Some(row) = self.own(booking).await? else { return self.gone().await };
        let services: Vec<_> = row
            .booking
            .items
            .iter()
            .map(|item| (item.service_id.as_str(), Some(item.staff_id.as_str())))
            .collect();
        let from = from.unwrap_or(Date::MIN);
        let desk = &self.ctx.desk;
        let days = desk.free_days(&self.principal, &services, Some(booking), from, CHOICES + 1).await?;
        let head = details(&self.loaded.profile, self.language(), &row);
        if days.is_empty() {
            let before = format!("{}\n\n", self.line(Line::NoDay));
            return Ok(self.options(&row, before).shown(self));
        }
        let body = format!("{head}\n\n{}", self.line(why));
        Ok(self.day_rows(body, &days, Pick::Move(&row), None).shown(self))
    }

    /// Times of a day to move an appointment to.
    pub(super) async fn move_times(
        &self,
        booking: &str,
        day: Date,
        from: Option<u16>,
    ) -> Result<Decided, FindError> {
        let Some(row) = self.own(booking).await? else { return self.gone().await };
        let body = format!("{}\n{}", self.language().date(day), self.line(Line::Time));
        let (desk, row) = (&self.ctx.desk, &row);
        let find = |when| async move { desk.find_other(&self.principal, row, &when).await };
        match self.time_rows((body, day), from, find, Pick::Move(row)).await? {
            Some(screen) => Ok(screen.shown(self)),
            None => self.move_days(booking, None, Line::DayGone).await,
        }
    }

    /// Asks whether to move; the old slot stays until it is done.
    pub(super) async fn move_ask(
        &self,
        booking: &str,
        revision: i64,
        start: Timestamp,
    ) -> Result<Decided, FindError> {
        let Some(row) = self.own(booking).await? else { return self.gone().await };
        if row.revision != revision {
            return Ok(self.options(&row, format!("{}\n", self.line(Line::Changed))).shown(self));
        }
        let at = Calendar::new(&self.loaded.profile)?.local(start);
        let head = details(&self.loaded.profile, self.language(), &row);
        let id = || row.booking.id.clone();
        let screen = Screen::new(format!("{head}\n\n{}", move_to(self.language(), &at)))
            .button(self, &Step::Move(id(), revision, start), Title::YesMove)
            .button(self, &Step::Keep(id()), Title::Keep)
            .person(self);
        Ok(screen.shown(self))
    }

    /// Moves, as long as nobody else changed the booking since it was shown.
    pub(super) async fn move_to(
        &self,
        booking: &str,
        revision: i64,
        start: Timestamp,
    ) -> Result<Decided, FindError> {
        let Some(row) = self.own(booking).await? else { return self.gone().await };
        if row.revision != revision {
            // A second tap finds it where the first one put it.
            let why = if row.booking.start() == start { None } else { Some(Line::Changed) };
            return self.one(booking, why).await;
        }
        let slot = slot_at(&row, start);
        let request = self.ctx.desk.relocate(&self.principal, booking, slot, self.key("move")).await;
        let request = ChangeRequest { revision: Some(revision), ..request };
        Ok(effect(self, Effect::Change(Box::new(request)), move |menu, outcome| match outcome {
            BookingOutcome::Booked(row) | BookingOutcome::Changed(row) => {
                let text = moved(&menu.loaded.profile, menu.language(), row);
                Screen::new(text).button(menu, &Step::Main, Title::Menu).person(menu)
            }
            BookingOutcome::Refused(refused) => {
                let profile = &menu.loaded.profile;
                let why = refusal(profile, menu.language(), Tried::Move, &without_list(refused));
                // It is moved with its people or not at all: others are no times to move to.
                let first = row.booking.items.first().map(|item| item.staff_id.as_str());
                let same = refused.alternatives.iter().filter(|near| Some(near.staff_id.as_str()) == first);
                let near: Vec<_> = Calendar::new(profile)
                    .map(|calendar| same.map(|near| calendar.local(near.start)).collect())
                    .unwrap_or_default();
                if near.is_empty() {
                    return menu.main_under(why);
                }
                let staff = row.booking.staff_names();
                let slots =
                    near.iter().map(|start| (Pick::Move(&row).slot(start.timestamp()), start, &*staff));
                let body = format!("{why}\n\n{}", menu.line(Line::Nearest));
                menu.slot_rows(body, slots, &Step::MoveDays(row.booking.id.clone(), None))
            }
        }))
    }

    /// Asks whether to cancel.
    pub(super) async fn cancel_ask(&self, booking: &str) -> Result<Decided, FindError> {
        let Some(row) = self.own(booking).await? else { return self.gone().await };
        let text = details(&self.loaded.profile, self.language(), &row);
        let id = || row.booking.id.clone();
        let screen = Screen::new(format!("{}\n\n{text}", self.line(Line::ReallyCancel)))
            .button(self, &Step::Cancel(id(), row.revision), Title::YesCancel)
            .button(self, &Step::Keep(id()), Title::Keep)
            .person(self);
        Ok(screen.shown(self))
    }

    /// Cancels, as long as nobody else changed the booking since it was shown.
    pub(super) async fn cancel(&self, booking: &str, revision: i64) -> Result<Decided, FindError> {
        let Some(row) = self.own(booking).await? else { return self.gone().await };
        if row.revision != revision {
            return self.one(booking, Some(Line::Changed)).await;
        }
        let request = self.ctx.desk.cancel(&self.principal, booking, self.key("cancel"), None);
        let request = ChangeRequest { revision: Some(revision), ..request };
        Ok(effect(self, Effect::Change(Box::new(request)), |menu, outcome| match outcome {
            BookingOutcome::Booked(row) | BookingOutcome::Changed(row) => {
                menu.main_under(receipt(&menu.loaded.profile, menu.language(), row))
            }
            BookingOutcome::Refused(refused) => {
                menu.main_under(refusal(&menu.loaded.profile, menu.language(), Tried::Cancel, refused))
            }
        }))
    }
}

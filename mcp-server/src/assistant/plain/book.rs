//! A booking by menus, once it is known what and by whom: day, time, hold, confirmation.

use jiff::{Timestamp, civil::Date};
use mcp_store::{
    booking::{BookingOutcome, BookingRow, BookingState, Refused},
    turn::Effect,
};
use mcp_tenant::slots::Calendar;

use super::{
    Decided, Menu, Screen, Step, Want,
    appointments::slot_of,
    pick::Pick,
    screen::{CHOICES, effect},
};
use crate::{
    booking::{FindError, SlotPart, SlotRef, Wish},
    words::{
        menu::{Line, Title},
        receipt::receipt,
        refusal::{Tried, by_others, refusal, replaced},
    },
};

impl Menu<'_> {
    /// Days with a free slot, from a day on, under a remark; with a way to one more service.
    pub(super) async fn days(
        &self,
        want: &Want,
        from: Option<Date>,
        (before, also): (&str, Option<Step>),
    ) -> Result<Decided, FindError> {
        let from = from.unwrap_or(Date::MIN);
        let desk = &self.ctx.desk;
        let days = desk.free_days(&self.principal, &want.parts(), None, from, CHOICES + 1).await?;
        if days.is_empty() {
            let body = format!("{before}{}\n{}", self.head(want), self.line(Line::NoDay));
            return Ok(self.else_anyone(body, want).shown(self));
        }
        let body = format!("{before}{}\n{}", self.head(want), self.line(Line::Day));
        Ok(self.day_rows(body, &days, Pick::Book(want), also.as_ref()).shown(self))
    }

    /// Times of a day; other days where none is left.
    pub(super) async fn times(
        &self,
        want: &Want,
        day: Date,
        from: Option<u16>,
    ) -> Result<Decided, FindError> {
        let body = format!("{}\n{}\n{}", self.head(want), self.language().date(day), self.line(Line::Time));
        let find = |when| async move {
            let desk = &self.ctx.desk;
            desk.find_visit(&self.principal, &want.parts(), &when).await
        };
        match self.time_rows((body, day), from, find, Pick::Book(want)).await? {
            Some(screen) => Ok(screen.shown(self)),
            None => self.days(want, None, (&format!("{}\n\n", self.line(Line::DayGone)), None)).await,
        }
    }

    /// The slot of a wish: each service by the one who was asked for, else by the first who does it. Whoever is free may
    /// do it in the end, where nobody was asked for.
    fn slot(&self, want: &Want, pinned: bool, start: Timestamp) -> Option<SlotRef> {
        let profile = &self.loaded.profile;
        let part = |service: &String| {
            let mut people = profile.staff_for(profile.service(service)?);
            let asked = want.staff.as_deref();
            let staff = match asked {
                Some(asked) => people.find(|person| person.id == asked).map_or(asked, |person| &person.id),
                None => &people.next()?.id,
            };
            Some(SlotPart { service: service.clone(), staff: staff.to_owned(), pinned })
        };
        let parts: Option<Vec<SlotPart>> = want.services.iter().map(part).collect();
        parts.map(|parts| SlotRef { start, parts })
    }

    /// Holds a slot and asks for the confirmation.
    pub(super) async fn hold(&self, want: Want, start: Timestamp) -> Result<Decided, FindError> {
        let Some(slot) = self.slot(&want, want.staff.is_some(), start) else {
            return Ok(self.main(Some(Line::Old)).shown(self));
        };
        let customer = self.turn.conversation.customer_id;
        let wish = Wish::of_customer(customer, slot.clone(), self.name(), self.key("hold"));
        let request = self.ctx.desk.hold(wish).await;
        Ok(effect(self, Effect::Book(Box::new(request)), move |menu, outcome| match outcome {
            BookingOutcome::Booked(row) | BookingOutcome::Changed(row) => {
                let confirm = Step::Confirm {
                    hold: row.booking.id.clone(),
                    want: want.clone(),
                    pinned: want.staff.is_some(),
                    start,
                };
                Screen::new(receipt(&menu.loaded.profile, menu.language(), row))
                    .button(menu, &confirm, Title::Confirm)
                    .button(menu, &Step::Days(want.clone(), None), Title::OtherTime)
                    .person(menu)
            }
            BookingOutcome::Refused(refused) => menu.refused(&slot, refused),
        }))
    }

    /// Books what is held; a late tap still books where the slot is free.
    pub(super) async fn confirm(
        &self,
        hold: &str,
        want: &Want,
        pinned: bool,
        start: Timestamp,
    ) -> Result<Decided, FindError> {
        let (store, customer) = (&self.ctx.desk.store, self.turn.conversation.customer_id);
        let known = store.booking(hold).await?;
        // A second tap on the same button, or one after it was cancelled: what stands is said, nothing is done.
        if let Some(row) = known.as_ref().filter(|row| row.booking.state != BookingState::Held) {
            return self.stands(row).await;
        }
        let mine = self.ctx.desk.mine(customer).await?;
        let same = |row: &&BookingRow| {
            let services = row.booking.items.iter().map(|item| &item.service_id);
            row.booking.start() == start && services.eq(&want.services)
        };
        if let Some(row) = mine.iter().find(same) {
            return self.stands(row).await;
        }
        // What is held is done by whom it was held with: their calendars are read.
        let standing = known.filter(|row| row.booking.hold_until.is_some_and(|until| until > self.now));
        let slot = match &standing {
            Some(row) => Some(slot_of(row, start, pinned)),
            None => self.slot(want, pinned, start),
        };
        let Some(slot) = slot else {
            return Ok(self.main(Some(Line::Old)).shown(self));
        };
        let asked = Wish {
            confirm: standing.map(|row| row.booking.id),
            ..Wish::of_customer(customer, slot.clone(), self.name(), self.key("book"))
        };
        let request = self.ctx.desk.request(asked).await;
        Ok(effect(self, Effect::Book(Box::new(request)), move |menu, outcome| match outcome {
            BookingOutcome::Booked(row) | BookingOutcome::Changed(row) => menu.booked(row),
            BookingOutcome::Refused(refused) => menu.refused(&slot, refused),
        }))
    }

    /// The receipt, with what can be done with it.
    pub(super) fn booked(&self, row: &BookingRow) -> Screen {
        Screen::new(receipt(&self.loaded.profile, self.language(), row))
            .button(self, &Step::One(row.booking.id.clone()), Title::Move)
            .button(self, &Step::Main, Title::Menu)
            .person(self)
    }

    /// Why nothing was booked, and the nearest slots that can be.
    pub(super) fn refused(&self, slot: &SlotRef, refused: &Refused) -> Screen {
        let why = refusal(&self.loaded.profile, self.language(), Tried::Book, &without_list(refused));
        let profile = &self.loaded.profile;
        let Ok(calendar) = Calendar::new(profile) else { return self.main_under(why) };
        let want = Want::of(slot);
        if refused.alternatives.is_empty() {
            return self.else_anyone(why, &want);
        }
        let near: Vec<_> = refused
            .alternatives
            .iter()
            .map(|near| {
                // Somebody else is free there: who taps their name asks for them.
                let by = Want { staff: want.staff.as_ref().map(|_| near.staff_id.clone()), ..want.clone() };
                let name = match (by.staff.as_deref(), by.services.len()) {
                    (None, 2..) => None,
                    _ => profile.staff_member(&near.staff_id),
                };
                let step = Step::Hold(by, near.start);
                (step, calendar.local(near.start), name.map_or("", |staff| staff.name.as_str()))
            })
            .collect();
        let slots = near.iter().map(|(step, start, name)| (step.clone(), start, *name));
        let nearest = match replaced(profile, slot, refused) {
            Some(asked) => by_others(self.language(), asked),
            None => self.line(Line::Nearest).to_owned(),
        };
        let body = format!("{why}\n\n{nearest}");
        self.slot_rows(body, slots, &Step::Days(want, None))
    }

    /// The main menu under a text that says that nothing is free; where a person was asked for, with the choice of anyone
    /// else before it.
    fn else_anyone(&self, body: String, want: &Want) -> Screen {
        if want.staff.is_none() {
            return self.main_under(body);
        }
        Screen::new(body)
            .button(self, &Step::Days(want.by_anyone(), None), Title::Anyone)
            .button(self, &Step::Main, Title::Menu)
            .person(self)
    }
}

/// The refusal without its list: the slots are rows to tap.
pub(super) fn without_list(refused: &Refused) -> Refused {
    Refused { alternatives: Vec::new(), ..refused.clone() }
}

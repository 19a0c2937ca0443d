//! A booking by menus: service, who, day, time, hold, confirmation.

use jiff::{Timestamp, civil::Date};
use mcp_store::{
    booking::{BookingOutcome, BookingRow, BookingState, Refused},
    turn::Effect,
};
use mcp_tenant::{
    profile::{Service, localized},
    slots::Calendar,
};

use super::{
    Decided, Menu, Screen, Step, Want,
    pick::Pick,
    screen::{CHOICES, effect},
};
use crate::{
    booking::{FindError, SlotRef, Wish},
    words::{
        menu::{Line, Title},
        money,
        receipt::receipt,
        refusal::{Tried, refusal},
    },
};

impl Menu<'_> {
    /// Services, a page of them. A business with one service has nothing to choose.
    pub(super) async fn services(&self, page: usize) -> Result<Decided, FindError> {
        let services = &self.loaded.profile.services;
        if let [only] = services.as_slice() {
            return self.staff(&only.id, 0, "").await;
        }
        let mut screen = Screen::new(self.line(Line::Service));
        for service in services.iter().skip(page * CHOICES).take(CHOICES) {
            let name = localized(&service.name, self.language().tag());
            screen = screen.row(self, &Step::Staff(service.id.clone(), 0), name, Some(self.about(service)));
        }
        if services.len() > (page + 1) * CHOICES {
            screen = screen.titled_row(self, &Step::Services(page + 1), Title::More);
        }
        Ok(screen.person(self).shown(self))
    }

    fn about(&self, service: &Service) -> String {
        let minutes = service.duration.as_duration().as_mins();
        format!("{minutes} min · {}", money(service.price, &self.loaded.profile.business.currency))
    }

    /// Who does a service, anyone first; days at once where only one person does it.
    pub(super) async fn staff(&self, service: &str, page: usize, before: &str) -> Result<Decided, FindError> {
        let profile = &self.loaded.profile;
        let Some(found) = profile.service(service) else {
            return Ok(self.main(Some(Line::Old)).shown(self));
        };
        let people: Vec<_> = profile.staff_for(found).collect();
        if people.len() < 2 {
            return self.days(&Want::new(service, None), None, before).await;
        }
        let body =
            format!("{before}{}\n{}", localized(&found.name, self.language().tag()), self.line(Line::Staff));
        let days = |staff: Option<&str>| Step::Days(Want::new(service, staff), None);
        let mut screen = Screen::new(body).titled_row(self, &days(None), Title::Anyone);
        let most = CHOICES - 1;
        for person in people.iter().skip(page * most).take(most) {
            screen = screen.row(self, &days(Some(&person.id)), &person.name, None);
        }
        if people.len() > (page + 1) * most {
            screen = screen.titled_row(self, &Step::Staff(service.to_owned(), page + 1), Title::More);
        }
        Ok(screen.person(self).shown(self))
    }

    /// Service and staff as the head of a menu.
    fn head(&self, want: &Want) -> String {
        let profile = &self.loaded.profile;
        let service = profile.service(&want.service);
        let service = service.map_or("", |service| localized(&service.name, self.language().tag()));
        match want.staff.as_deref().and_then(|staff| profile.staff_member(staff)) {
            Some(staff) => format!("{service} · {}", staff.name),
            None => service.to_owned(),
        }
    }

    /// Days with a free slot, from a day on, under a remark.
    pub(super) async fn days(
        &self,
        want: &Want,
        from: Option<Date>,
        before: &str,
    ) -> Result<Decided, FindError> {
        let from = from.unwrap_or(Date::MIN);
        let services = [(want.service.as_str(), want.staff.as_deref())];
        let desk = &self.ctx.desk;
        let days = desk.free_days(&self.principal, &services, None, from, CHOICES + 1).await?;
        if days.is_empty() {
            let body = format!("{before}{}\n{}", self.head(want), self.line(Line::NoDay));
            return Ok(self.main_under(body).shown(self));
        }
        let body = format!("{before}{}\n{}", self.head(want), self.line(Line::Day));
        Ok(self.day_rows(body, &days, Pick::Book(want)).shown(self))
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
            desk.find(&self.principal, &want.service, want.staff.as_deref(), &when).await
        };
        match self.time_rows((body, day), from, find, Pick::Book(want)).await? {
            Some(screen) => Ok(screen.shown(self)),
            None => self.days(want, None, &format!("{}\n\n", self.line(Line::DayGone))).await,
        }
    }

    /// Who would do it, as the profile knows them: the one who was asked for, else the first who can. Whoever is free
    /// may do it in the end.
    fn by_whom(&self, want: &Want) -> Option<String> {
        let profile = &self.loaded.profile;
        let first =
            || profile.staff_for(profile.service(&want.service)?).next().map(|staff| staff.id.clone());
        want.staff.clone().or_else(first)
    }

    /// Holds a slot and asks for the confirmation.
    pub(super) async fn hold(&self, want: Want, start: Timestamp) -> Result<Decided, FindError> {
        let Some(staff) = self.by_whom(&want) else {
            return Ok(self.main(Some(Line::Old)).shown(self));
        };
        let slot = want.slot(&staff, start);
        let customer = self.turn.conversation.customer_id;
        let wish = Wish::of_customer(customer, slot.clone(), self.name(), self.key("hold"));
        let request = self.ctx.desk.hold(wish).await;
        Ok(effect(self, Effect::Book(Box::new(request)), move |menu, outcome| match outcome {
            BookingOutcome::Booked(row) | BookingOutcome::Changed(row) => {
                let done_by = row.booking.items.first().map_or("", |item| item.staff_id.as_str());
                let confirm = Step::Confirm {
                    hold: row.booking.id.clone(),
                    want: Want::new(&want.service, Some(done_by)),
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
        if let Some(row) = known.filter(|row| row.booking.state != BookingState::Held) {
            return self.stands(&row).await;
        }
        let mine = self.ctx.desk.mine(customer).await?;
        let same = |row: &&BookingRow| {
            let item = row.booking.items.first();
            row.booking.start() == start && item.is_some_and(|item| item.service_id == want.service)
        };
        if let Some(row) = mine.iter().find(same) {
            return self.stands(row).await;
        }
        let Some(staff) = self.by_whom(want) else {
            return Ok(self.main(Some(Line::Old)).shown(self));
        };
        let slot = SlotRef::one(&want.service, staff, start, pinned);
        let asked = Wish {
            confirm: Some(hold.to_owned()),
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
        let Some(part) = slot.parts.first() else { return self.main_under(why) };
        let want = Want::new(&part.service, part.pinned.then_some(part.staff.as_str()));
        let Ok(calendar) = Calendar::new(&self.loaded.profile) else { return self.main_under(why) };
        if refused.alternatives.is_empty() {
            return self.main_under(why);
        }
        let near: Vec<_> = refused
            .alternatives
            .iter()
            .map(|near| {
                let staff = self.loaded.profile.staff_member(&near.staff_id);
                let name = staff.map_or("", |staff| staff.name.as_str());
                let by = part.pinned.then_some(near.staff_id.as_str());
                let step = Step::Hold(Want::new(&want.service, by), near.start);
                (step, calendar.local(near.start), name)
            })
            .collect();
        let slots = near.iter().map(|(step, start, name)| (step.clone(), start, *name));
        let body = format!("{why}\n\n{}", self.line(Line::Nearest));
        self.slot_rows(body, slots, &Step::Days(want, None))
    }
}

/// The refusal without its list: the slots are rows to tap.
pub(super) fn without_list(refused: &Refused) -> Refused {
    Refused { alternatives: Vec::new(), ..refused.clone() }
}

//! What is to be booked and by whom: one service, or several of one visit, each after the other.

use mcp_tenant::profile::{Service, Staff, localized};

use super::{Decided, Menu, Screen, Step, Want, screen::CHOICES};
use crate::{
    booking::FindError,
    words::{
        menu::{Line, Title},
        money,
    },
};

impl Menu<'_> {
    /// Services, a page of them. A business with one service has nothing to choose.
    pub(super) async fn services(&self, page: usize) -> Result<Decided, FindError> {
        if let [only] = self.loaded.profile.services.as_slice() {
            return self.staff(std::slice::from_ref(&only.id), 0, "").await;
        }
        let all: Vec<&Service> = self.loaded.profile.services.iter().collect();
        let step = |service: &Service| Step::Staff(vec![service.id.clone()], 0);
        let screen =
            self.service_rows(self.line(Line::Service), (&all, page), step, &Step::Services(page + 1));
        Ok(screen.shown(self))
    }

    /// Which of some services is meant, under a remark; `step` follows on one, `more` on those that fit.
    pub(super) fn which(
        &self,
        before: &str,
        services: &[&Service],
        step: impl Fn(&Service) -> Step,
        more: &Step,
    ) -> Screen {
        let body = format!("{before}{}", self.line(Line::Service));
        self.service_rows(&body, (services, 0), step, more)
    }

    /// What else the visit shall have, a page of it.
    pub(super) async fn also(&self, services: &[String], page: usize) -> Result<Decided, FindError> {
        let others = self.others(services);
        if others.is_empty() {
            return self.staff(services, 0, "").await;
        }
        let with = |service: &Service| {
            let with = services.iter().chain([&service.id]).cloned();
            Step::Staff(with.collect(), 0)
        };
        let body = format!("{} + …\n{}", self.names(services), self.line(Line::Service));
        let more = Step::Also(services.to_vec(), page + 1);
        Ok(self.service_rows(&body, (&others, page), with, &more).shown(self))
    }

    fn service_rows(
        &self,
        body: &str,
        (services, page): (&[&Service], usize),
        step: impl Fn(&Service) -> Step,
        more: &Step,
    ) -> Screen {
        let mut screen = Screen::new(body);
        for service in services.iter().skip(page * CHOICES).take(CHOICES) {
            let name = localized(&service.name, self.language().tag());
            screen = screen.row(self, &step(service), name, Some(self.about(service)));
        }
        if services.len() > (page + 1) * CHOICES {
            screen = screen.titled_row(self, more, Title::More);
        }
        screen.person(self)
    }

    fn about(&self, service: &Service) -> String {
        let minutes = service.duration.as_duration().as_mins();
        format!("{minutes} min · {}", money(service.price, &self.loaded.profile.business.currency))
    }

    /// What a visit can have beside these services.
    fn others(&self, services: &[String]) -> Vec<&Service> {
        let fits = |service: &&Service| {
            !services.contains(&service.id)
                && self.loaded.profile.staff_for(service).next().is_some()
                && Want::has_room(services.iter().chain([&service.id]).map(String::as_str))
        };
        self.loaded.profile.services.iter().filter(fits).collect()
    }

    /// Who does the services, anyone first; days at once where there is nobody to choose. A visit can have more
    /// services here.
    pub(super) async fn staff(
        &self,
        services: &[String],
        page: usize,
        before: &str,
    ) -> Result<Decided, FindError> {
        let profile = &self.loaded.profile;
        let found: Option<Vec<&Service>> = services.iter().map(|service| profile.service(service)).collect();
        let Some(found) = found.filter(|found| !found.is_empty()) else {
            return Ok(self.main(Some(Line::Old)).shown(self));
        };
        let does =
            |person: &Staff, service: &Service| profile.staff_for(service).any(|one| one.id == person.id);
        let any: Vec<&Staff> =
            profile.staff.iter().filter(|person| found.iter().any(|service| does(person, service))).collect();
        let all = |person: &&Staff| found.iter().all(|service| does(person, service));
        let people: Vec<&Staff> = profile.staff.iter().filter(all).collect();
        let also = (!self.others(services).is_empty()).then(|| Step::Also(services.to_vec(), 0));
        if any.len() < 2 || people.is_empty() {
            // Who may have somebody else of the team in mind reads who it is.
            let only = people.first().filter(|_| profile.staff.len() > 1).map(|person| person.id.clone());
            return self.days(&Want::visit(services.to_vec(), only), None, (before, also)).await;
        }
        let body = format!("{before}{}\n{}", self.names(services), self.line(Line::Staff));
        let days =
            |staff: Option<&str>| Step::Days(Want::visit(services.to_vec(), staff.map(str::to_owned)), None);
        let mut screen = Screen::new(body).titled_row(self, &days(None), Title::Anyone);
        let most = CHOICES - 1 - usize::from(also.is_some());
        for person in people.iter().skip(page * most).take(most) {
            screen = screen.row(self, &days(Some(&person.id)), &person.name, None);
        }
        if people.len() > (page + 1) * most {
            screen = screen.titled_row(self, &Step::Staff(services.to_vec(), page + 1), Title::More);
        }
        Ok(screen.also(self, also.as_ref()).person(self).shown(self))
    }

    pub(super) fn names(&self, services: &[String]) -> String {
        let name = |service: &String| {
            let service = self.loaded.profile.service(service);
            service.map_or("", |service| localized(&service.name, self.language().tag()))
        };
        services.iter().map(name).collect::<Vec<_>>().join(" + ")
    }

    /// Services and staff as the head of a menu.
    pub(super) fn head(&self, want: &Want) -> String {
        let names = self.names(&want.services);
        match want.staff.as_deref().and_then(|staff| self.loaded.profile.staff_member(staff)) {
            Some(staff) => format!("{names} · {}", staff.name),
            None => names,
        }
    }
}

//! What free words mean where nobody who understands them can be asked: a service, a day, the customer's appointments.
//! A guess only chooses which menu is shown; nothing is done by it.

use jiff::civil::Date;
use mcp_tenant::{
    profile::{Service, Staff},
    slots::Calendar,
};

use super::{
    Decided, Menu, Screen, Step, Want,
    phrase::{folded, has},
};
use crate::{
    booking::FindError,
    owner::dates,
    words::menu::{Line, Title, does_not},
};

/// Words about appointments that stand.
const MINE: [&str; 36] = [
    "cancelar",
    "cancela",
    "desmarcar",
    "desmarca",
    "remarcar",
    "remarca",
    "reagendar",
    "meu horario",
    "minha hora",
    "meus horarios",
    "meu agendamento",
    "meus agendamentos",
    "anular",
    "cambiar",
    "mi cita",
    "mis citas",
    "reprogramar",
    "absagen",
    "stornieren",
    "verschieben",
    "umbuchen",
    "verlegen",
    "mein termin",
    "meinen termin",
    "meine termine",
    "cancel",
    "reschedule",
    "move my",
    "postpone",
    "my appointment",
    "my appointments",
    "my booking",
    "my bookings",
    "change my",
    "mudar",
    "trocar",
];

/// Words between things of which only one is meant.
const OR: [&str; 3] = ["ou", "oder", "or"];

/// A service with the longest of its names that stands in a text.
fn named<'a>(service: &'a Service, text: &str) -> Option<(&'a Service, String)> {
    let names = service.name.values().map(|name| folded(name)).filter(|name| has(text, name));
    names.max_by_key(String::len).map(|name| (service, name))
}

/// Whether a text has a word of a service's name: "corte" is like "Corte de mujer".
fn is_like(service: &Service, text: &str) -> bool {
    let long = |word: &&str| word.chars().count() >= LONG;
    service.name.values().any(|name| folded(name).split(' ').filter(long).any(|word| has(text, word)))
}

/// Shorter words of a name are "de" and "und".
const LONG: usize = 4;

impl Menu<'_> {
    /// The menu that comes nearest to what was written, under a remark; nothing where the words say nothing.
    pub(super) async fn guessed(&self, text: &str, why: &str) -> Result<Option<Decided>, FindError> {
        let text = folded(text);
        let before = format!("{why}\n\n");
        if MINE.iter().any(|words| has(&text, words)) {
            return self.mine(0, &before).await.map(Some);
        }
        let profile = &self.loaded.profile;
        let day = dates::day(&text, Calendar::new(profile)?.local(self.now).date());
        let named: Vec<(&Service, String)> =
            profile.services.iter().filter_map(|one| named(one, &text)).collect();
        // "Corte" is no service of its own in "Corte e Barba".
        let part = |name: &str| named.iter().any(|(_, other)| other != name && has(other, name));
        let named: Vec<_> = named.iter().filter(|(_, name)| !part(name)).collect();
        // The Spanish "o" is an article in Portuguese.
        let o = |one: &str| named.iter().any(|(_, two)| has(&text, &format!("{one} o {two}")));
        let either = OR.iter().any(|or| has(&text, or)) || named.iter().any(|(_, one)| o(one));
        let rest = named.iter().fold(format!(" {text} "), |rest, (_, name)| rest.replace(&**name, " "));
        let mut services: Vec<&Service> = named.iter().map(|(service, _)| *service).collect();
        let alike = profile.services.iter().filter(|one| !services.iter().any(|other| other.id == one.id));
        let alike: Vec<&Service> = alike.filter(|one| is_like(one, &rest)).collect();
        match (services.as_slice(), alike.as_slice(), profile.services.as_slice()) {
            ([_], [], _) => {}
            ([], [one], _) => services.push(one),
            ([], [], [only]) if day.is_some() => services.push(only),
            // A day and no service is a wish to book.
            ([], [], _) if day.is_some() => {
                services.extend(profile.services.iter());
                return Ok(Some(
                    self.asked(&before, &services, (&text, day), &Step::Services(1)).shown(self),
                ));
            }
            ([], [], _) => return Ok(None),
            ([_, _, ..], [], _) if !either && Want::has_room(services.iter().map(|one| &*one.id)) => {}
            // Some of them are meant: which, the customer says.
            _ => {
                services.extend(alike);
                return Ok(Some(
                    self.asked(&before, &services, (&text, day), &Step::Services(0)).shown(self),
                ));
            }
        }
        let does = |person: &&Staff| services.iter().all(|service| self.does(person, service));
        let staff = self.people(&text).find(does);
        if let (None, Some(asked)) = (staff, self.people(&text).next()) {
            return Ok(Some(self.cannot(&before, asked, &services, day).shown(self)));
        }
        let ids: Vec<String> = services.iter().map(|service| service.id.clone()).collect();
        let want = Want::visit(ids, staff.map(|staff| staff.id.clone()));
        match day {
            Some(day) => self.times(&want, day, None).await.map(Some),
            None if staff.is_none() => self.staff(&want.services, 0, &before).await.map(Some),
            None => self.days(&want, None, (&before, None)).await.map(Some),
        }
    }

    /// Those of the team who are named in a text.
    fn people<'t>(&'t self, text: &'t str) -> impl Iterator<Item = &'t Staff> {
        self.loaded.profile.staff.iter().filter(|person| has(text, &folded(&person.name)))
    }

    fn does(&self, person: &Staff, service: &Service) -> bool {
        self.loaded.profile.staff_for(service).any(|one| one.id == person.id)
    }

    /// Which of some services is meant; with the person who was named beside them, what they do is offered with them.
    fn asked(
        &self,
        before: &str,
        services: &[&Service],
        (text, day): (&str, Option<Date>),
        more: &Step,
    ) -> Screen {
        let by = |person: &Staff| {
            services.iter().filter(|service| self.does(person, service)).copied().collect::<Vec<_>>()
        };
        let with = self.people(text).map(|person| (person, by(person))).find(|(_, by)| !by.is_empty());
        let Some((person, services)) = with else {
            return self.which(before, services, |one| Step::Staff(vec![one.id.clone()], 0), more);
        };
        let before = format!("{before}{}\n", person.name);
        self.which(&before, &services, |one| on(Want::new(&one.id, Some(&person.id)), day), more)
    }

    /// Who was asked for does not do all of it: that is said, and the customer chooses what they do, or somebody else.
    fn cannot(&self, before: &str, asked: &Staff, services: &[&Service], day: Option<Date>) -> Screen {
        let ids = |does: bool| {
            let some = services.iter().filter(|service| self.does(asked, service) == does);
            some.map(|service| service.id.clone()).collect::<Vec<_>>()
        };
        let all: Vec<String> = services.iter().map(|service| service.id.clone()).collect();
        let why = does_not(self.language(), &asked.name, &self.names(&ids(false)));
        let mut screen = Screen::new(format!("{before}{why}\n{}", self.line(Line::Staff)));
        let own = ids(true);
        if !own.is_empty() {
            let what = self.names(&own);
            let want = Want::visit(own, Some(asked.id.clone()));
            screen = screen.row(self, &on(want, day), &asked.name, Some(what));
        }
        let people = self.loaded.profile.staff.iter();
        let whole = people.filter(|person| services.iter().all(|service| self.does(person, service)));
        for person in whole.take(MOST_OTHERS) {
            let want = Want::visit(all.clone(), Some(person.id.clone()));
            screen = screen.row(self, &on(want, day), &person.name, Some(self.names(&all)));
        }
        screen.titled_row(self, &on(Want::visit(all, None), day), Title::Anyone).person(self)
    }
}

/// Others who are offered by name in one's place.
const MOST_OTHERS: usize = 6;

/// Times of a day that was named, else days.
fn on(want: Want, day: Option<Date>) -> Step {
    match day {
        Some(day) => Step::Times(want, day, None),
        None => Step::Days(want, None),
    }
}

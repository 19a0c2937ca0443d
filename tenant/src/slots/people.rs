//! When people are taken, and the sessions of their classes.

use std::collections::BTreeMap;

use super::{
    Busy,
    clock::Clock,
    open::{Days, For},
    stretch::{Seconds, Set},
};
use crate::profile::{Service, Staff};

/// One person who may do some part of a visit.
pub(super) struct Person<'a> {
    pub staff: &'a Staff,
    /// When the business is open for this person; none where that is the same for everyone.
    pub business: Option<Set>,
    /// When the business is open and the person is there.
    pub open: Set,
    /// When anything at all takes the person.
    pub taken: Set,
    /// When anything but a class does; only known where the visit has a class.
    pub taken_alone: Set,
    /// The sessions of classes; only known where the visit has a class.
    pub classes: Vec<(Seconds, &'a str)>,
}

impl<'a> Person<'a> {
    pub fn new(days: &Days<'a>, clock: &Clock, common: &Set, staff: &'a Staff) -> Self {
        let business = days.personal.then(|| days.business(clock, For::Person(&staff.id)));
        let open = business.as_ref().unwrap_or(common);
        let open = days.person(clock, staff).map_or_else(|| open.clone(), |own| own.intersection(open));
        Self {
            staff,
            business,
            open,
            taken: Set::default(),
            taken_alone: Set::default(),
            classes: Vec::new(),
        }
    }

    /// Whether the time is taken by anything but this session.
    pub fn is_taken(&self, (from, to): Seconds, session: Option<&Session>) -> bool {
        let Some(session) = session else { return self.taken.meets(from, to) };
        let other = |((f, t), share): &(Seconds, &str)| *f < to && from < *t && *share != session.share;
        self.taken_alone.meets(from, to) || self.classes.iter().any(other)
    }
}

/// One session of a class: its customers share the person and the resources.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// `{service id}:{staff id}:{start in unix seconds}`.
    pub name: String,
    /// What stands in `share` of its rows.
    pub share: String,
    /// Seats that are taken, from 1.
    pub seats: Vec<u32>,
    /// Whether anybody is in it.
    pub open: bool,
}

impl Session {
    fn new(service: &str, staff: &str, start: i64) -> Self {
        let name = format!("{service}:{staff}:{start}");
        let share = format!("class:{name}");
        Self { name, share, seats: Vec::new(), open: false }
    }

    /// The lowest seat that is free.
    pub fn seat(&self, capacity: u32) -> Option<u32> {
        (1..=capacity).find(|seat| !self.seats.contains(seat))
    }
}

/// The sessions of one service with somebody in them.
pub(super) struct Sessions<'a> {
    service: &'a Service,
    by_person: BTreeMap<(&'a str, i64), Session>,
}

impl<'a> Sessions<'a> {
    /// The sessions of a class by these people; nothing where the service is no class.
    pub fn new(service: &'a Service, people: &[&'a Staff], busy: &Busy) -> Option<Self> {
        if service.capacity <= 1 {
            return None;
        }
        let prefixes: Vec<(String, &'a str)> = people
            .iter()
            .map(|person| (format!("{}:{}:", service.id, person.id), person.id.as_str()))
            .collect();
        let mut by_person: BTreeMap<(&'a str, i64), Session> = BTreeMap::new();
        for row in &busy.occupations {
            let (text, seat) = match (row.lane.strip_prefix("seat:"), row.share.strip_prefix("class:")) {
                (Some(seat), _) => match seat.rsplit_once('/') {
                    Some((session, n)) => (session, n.parse::<u32>().ok()),
                    None => continue,
                },
                (None, Some(session)) => (session, None),
                (None, None) => continue,
            };
            let of = prefixes.iter().find_map(|(prefix, person)| Some((text.strip_prefix(prefix)?, *person)));
            let Some((Ok(start), person)) = of.map(|(start, person)| (start.parse::<i64>(), person)) else {
                continue;
            };
            let session =
                by_person.entry((person, start)).or_insert_with(|| Session::new(&service.id, person, start));
            session.open = true;
            session.seats.extend(seat);
        }
        Some(Self { service, by_person })
    }

    /// The session of a person that starts at an instant.
    pub fn at(&self, person: &str, start: i64) -> Session {
        let known = self.by_person.get(&(person, start)).cloned();
        known.unwrap_or_else(|| Session::new(&self.service.id, person, start))
    }

    /// Whether somebody is in the session already.
    pub fn is_open(&self, person: &str, start: i64) -> bool {
        self.by_person.contains_key(&(person, start))
    }
}

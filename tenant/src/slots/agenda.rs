//! The one place where it is decided whether a visit may begin at an instant.

use super::{
    Busy, Reason, Visit,
    clock::{Clock, DAY},
    limits::{Limit, Limits},
    open::{Days, For},
    people::{Person, Session, Sessions},
    resources::{Assigned, Need, Pool},
    rows,
    stretch::{Seconds, Set, ceil},
};
use crate::{
    profile::{Alignment, Service},
    scalar::Span,
    slots::Calendar,
};

/// Everything that decides about one visit, made ready for many starts.
pub(super) struct Agenda<'a> {
    pub clock: Clock,
    pub parts: Vec<Part<'a>>,
    pub people: Vec<Person<'a>>,
    business: Set,
    pools: Vec<Pool<'a>>,
    pub alignment: Alignment,
    /// Seconds between two starts.
    pub step: i64,
    /// With [`Alignment::Opening`] the local opening intervals for each person, from whose beginnings steps are counted.
    pub anchors: Vec<Vec<Seconds>>,
    limits: Limits,
}

/// One part of the visit; times are seconds from the visit's start.
pub(super) struct Part<'a> {
    pub service: &'a Service,
    /// Who may do it: indices of the agenda's people.
    pub who: Vec<usize>,
    /// The service itself.
    pub served: Seconds,
    /// With its buffers.
    pub occupied: Seconds,
    /// Earliest and latest start, in exact time.
    bounds: Seconds,
    needs: Vec<usize>,
    sessions: Option<Sessions<'a>>,
}

/// Why a visit cannot begin: the reason of the part that stopped it, after those before it had been in order.
type Stopped = (usize, Reason);

impl<'a> Agenda<'a> {
    /// For starts on the local days of `starts` (epoch days), and no others.
    pub fn new(
        calendar: &Calendar<'a>,
        busy: &'a Busy,
        visit: &Visit<'a>,
        now: jiff::Timestamp,
        starts: std::ops::Range<i64>,
    ) -> Self {
        let profile = calendar.profile;
        let (mut parts, staff) = parts(calendar, visit, now);
        let length = parts.last().map_or(0, |part| part.occupied.1).max(0);
        let before = parts.first().map_or(0, |part| -part.occupied.0).max(0);
        // Zones lie within a day of UTC, and an interval within a day of the day on which it begins.
        let starts = starts.start..starts.end.max(starts.start);
        let days = starts.start - 3..starts.end + 3 + length.div_euclid(DAY);
        let range = (days.start * DAY - before, days.end * DAY);
        let clock = Clock::new(&calendar.zone, range.0, range.1);
        let of = Days::new(profile, &busy.adjustments, days.clone());
        let business = of.business(&clock, For::Anybody);
        let mut people: Vec<Person<'a>> =
            staff.into_iter().map(|staff| Person::new(&of, &clock, &business, staff)).collect();
        let mut pools: Vec<Pool<'a>> = Vec::new();
        for part in &mut parts {
            for id in &part.service.requires {
                let known = pools.iter().position(|pool| pool.id == id);
                let at = known.unwrap_or(pools.len());
                if known.is_none() {
                    pools.push(Pool::new(&of, &clock, id));
                }
                if !part.needs.contains(&at) {
                    part.needs.push(at);
                }
            }
            let staff: Vec<_> = part.who.iter().filter_map(|n| people.get(*n)).map(|p| p.staff).collect();
            part.sessions = Sessions::new(part.service, &staff, busy);
        }
        let classes = parts.iter().any(|part| part.sessions.is_some());
        rows::read(&mut people, &mut pools, busy, range, ceil(now), classes);
        let alignment = profile.rules.alignment;
        let anchors = match alignment {
            Alignment::Midnight => Vec::new(),
            Alignment::Opening => {
                people.iter().map(|person| of.business_local(For::Person(&person.staff.id))).collect()
            }
        };
        let of_services: Vec<_> =
            parts.iter().map(|part| (part.service.id.as_str(), part.service.max_per_day)).collect();
        let of_people: Vec<_> =
            people.iter().map(|person| (person.staff.id.as_str(), person.staff.max_per_day)).collect();
        let counted = (busy, &clock);
        let limits = Limits::new(profile.rules.max_per_day, &of_services, &of_people, counted, &days);
        Self {
            limits,
            step: i64::from(profile.rules.slot_step.as_minutes().max(1)) * 60,
            clock,
            parts,
            people,
            business,
            pools,
            alignment,
            anchors,
        }
    }

    /// Whether the visit may begin at an instant (seconds), and who then does its parts: indices of people.
    pub fn decide(&self, start: i64, who: &mut Vec<usize>) -> Result<(), Reason> {
        who.clear();
        self.place(start, who).map_err(|(_, reason)| reason)
    }

    /// Decides the parts from `who.len()` on.
    fn place(&self, start: i64, who: &mut Vec<usize>) -> Result<(), Stopped> {
        let at = who.len();
        let Some(part) = self.parts.get(at) else { return Ok(()) };
        let begins = start + part.served.0;
        if begins < part.bounds.0 {
            return Err((at, Reason::NoticeTooShort));
        }
        if begins > part.bounds.1 {
            return Err((at, Reason::BeyondHorizon));
        }
        let local = self.clock.local(begins);
        let mut worst: Stopped = (at, Reason::UnknownStaff);
        // A class that somebody is in already is joined before another one is opened.
        let joined = |n: &usize| {
            let staff = self.people.get(*n).map_or("", |person| person.staff.id.as_str());
            part.sessions.as_ref().is_some_and(|sessions| sessions.is_open(staff, begins))
        };
        let rounds: &[bool] = if part.sessions.is_some() { &[true, false] } else { &[false] };
        for round in rounds {
            for n in part.who.iter().filter(|n| joined(n) == *round) {
                let Some(person) = self.people.get(*n) else { continue };
                let fits =
                    self.fits(at, part, *n, person, (begins, local), start).map_err(|reason| (at, reason));
                let placed = fits.and_then(|()| {
                    who.push(*n);
                    let placed = self.units(start, who).and_then(|()| self.place(start, who));
                    if placed.is_err() {
                        who.truncate(at);
                    }
                    placed
                });
                match placed {
                    Ok(()) => return Ok(()),
                    Err(stopped) => {
                        worst = worst.max(stopped);
                        // Without a class it makes no difference to the rest who does this part.
                        if part.sessions.is_none() && (stopped.0 > at || stopped.1 == Reason::ResourceTaken) {
                            return Err(worst);
                        }
                    }
                }
            }
        }
        Err(worst)
    }

    /// Everything about one part and one person except units of resources.
    fn fits(
        &self,
        at: usize,
        part: &Part<'a>,
        n: usize,
        person: &Person<'a>,
        (begins, local): Seconds,
        start: i64,
    ) -> Result<(), Reason> {
        let no = |wrong: bool, reason: Reason| if wrong { Err(reason) } else { Ok(()) };
        let (from, to) = (begins, start + part.served.1);
        let occupied = (start + part.occupied.0, start + part.occupied.1);
        no(at == 0 && !self.is_on_step(n, begins, local), Reason::OffStep)?;
        if !person.open.covers(from, to) {
            let business = person.business.as_ref().unwrap_or(&self.business);
            no(!business.covers(from, to), Reason::BusinessClosed)?;
            return Err(Reason::StaffAway);
        }
        for pool in self.needed(part) {
            no(pool.open.as_ref().is_some_and(|open| !open.covers(from, to)), Reason::ResourceClosed)?;
        }
        let day = local.div_euclid(DAY);
        let reached = |limit: &Option<Limit>| limit.as_ref().is_some_and(|limit| limit.is_reached(day));
        no(at == 0 && reached(&self.limits.business), Reason::DayFull)?;
        no(self.limits.services.get(at).is_some_and(reached), Reason::ServiceFull)?;
        no(self.limits.people.get(n).is_some_and(reached), Reason::StaffFull)?;
        let session = part.sessions.as_ref().map(|sessions| sessions.at(&person.staff.id, begins));
        no(person.is_taken(occupied, session.as_ref()), Reason::StaffTaken)?;
        no(session.is_some_and(|s| s.seat(part.service.capacity).is_none()), Reason::ClassFull)
    }

    /// Whether bookings begin at this time: the first time the clocks show it, a whole number of steps after midnight
    /// or after the local time at which an opening interval that it lies in begins.
    fn is_on_step(&self, n: usize, at: i64, local: i64) -> bool {
        self.clock.exact(local) == Some(at)
            && match self.alignment {
                Alignment::Midnight => local.rem_euclid(DAY) % self.step == 0,
                Alignment::Opening => self.anchors.get(n).is_some_and(|anchors| {
                    anchors
                        .iter()
                        .any(|(from, to)| *from <= local && local < *to && (local - from) % self.step == 0)
                }),
            }
    }

    fn needed(&self, part: &Part<'a>) -> impl Iterator<Item = &Pool<'a>> {
        part.needs.iter().filter_map(|n| self.pools.get(*n))
    }

    /// Whether units are found for the parts that are placed so far.
    fn units(&self, start: i64, who: &[usize]) -> Result<(), Stopped> {
        let at = who.len().saturating_sub(1);
        let Some(part) = self.parts.get(at) else { return Ok(()) };
        for n in &part.needs {
            let sessions = self.sessions(start, who);
            let needs: Vec<Need<'_>> = self.needs(*n, start, &sessions).map(|(_, need)| need).collect();
            if self.pools.get(*n).is_some_and(|pool| !pool.has_room(&needs)) {
                return Err((at, Reason::ResourceTaken));
            }
        }
        Ok(())
    }

    /// The session of each placed part, where it is a class.
    pub fn sessions(&self, start: i64, who: &[usize]) -> Vec<Option<Session>> {
        let session = |(part, n): (&Part<'a>, &usize)| {
            let person = self.people.get(*n)?;
            Some(part.sessions.as_ref()?.at(&person.staff.id, start + part.served.0))
        };
        self.parts.iter().zip(who).map(session).collect()
    }

    /// What the placed parts need of one pool, with the number of the part.
    fn needs<'s>(
        &'s self,
        pool: usize,
        start: i64,
        sessions: &'s [Option<Session>],
    ) -> impl Iterator<Item = (usize, Need<'s>)> {
        self.parts
            .iter()
            .zip(sessions)
            .enumerate()
            .filter(move |(_, (part, _))| part.needs.contains(&pool))
            .map(move |(n, (part, session))| {
                let at = (start + part.occupied.0, start + part.occupied.1);
                (n, Need { at, class: session.as_ref().map(|session| session.share.as_str()) })
            })
    }

    /// Units for a visit that was decided, by pool: the parts that use it and what they get.
    pub fn assign(&self, start: i64, sessions: &[Option<Session>]) -> Option<Vec<(Vec<usize>, Assigned)>> {
        let used = (0..self.pools.len()).map(|n| {
            let (parts, needs): (Vec<usize>, Vec<Need<'_>>) = self.needs(n, start, sessions).unzip();
            Some((parts, self.pools.get(n)?.assign(&needs)?))
        });
        used.collect()
    }
}

/// The parts of a visit and everyone who may do one of them.
fn parts<'a>(
    calendar: &Calendar<'a>,
    visit: &Visit<'a>,
    now: jiff::Timestamp,
) -> (Vec<Part<'a>>, Vec<&'a crate::profile::Staff>) {
    let rules = &calendar.profile.rules;
    let mut staff: Vec<&'a crate::profile::Staff> = Vec::new();
    let mut parts: Vec<Part<'a>> = Vec::with_capacity(visit.wanted.len());
    for (wanted, Times { served, occupied }) in visit.wanted.iter().zip(times(visit)) {
        let service = wanted.service;
        let notice = seconds(Some(service.minimum_notice.unwrap_or(rules.minimum_notice)));
        let horizon = seconds(Some(service.horizon.unwrap_or(rules.horizon)));
        let who = wanted.people.iter().map(|person| {
            let known = staff.iter().position(|known| std::ptr::eq(*known, *person));
            known.unwrap_or_else(|| {
                staff.push(person);
                staff.len() - 1
            })
        });
        let who = who.collect();
        parts.push(Part {
            service,
            who,
            served,
            occupied,
            // Starts lie on whole seconds.
            bounds: (ceil(now) + notice, now.as_second() + horizon),
            needs: Vec::new(),
            sessions: None,
        });
    }
    (parts, staff)
}

/// When a part of a visit takes place, in seconds from the visit's start.
pub(super) struct Times {
    /// The service itself.
    pub served: Seconds,
    /// With its buffers.
    pub occupied: Seconds,
}

/// The times of a visit's parts, in order.
pub(super) fn times(visit: &Visit<'_>) -> Vec<Times> {
    let mut times: Vec<Times> = Vec::with_capacity(visit.wanted.len());
    for wanted in &visit.wanted {
        let service = wanted.service;
        let (before, after) = (seconds(service.buffer_before), seconds(service.buffer_after));
        let begins = times.last().map_or(0, |last| last.occupied.1 + before);
        let ends = begins + seconds(Some(service.duration)).max(60);
        times.push(Times { served: (begins, ends), occupied: (begins - before, ends + after) });
    }
    times
}

fn seconds(span: Option<Span>) -> i64 {
    span.map_or(0, |span| i64::from(span.as_minutes()) * 60)
}

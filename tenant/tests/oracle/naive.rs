//! The same answers, minute by minute: slow, obvious, and without a line of the code it is held against.

use std::collections::HashMap;

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use mcp_tenant::{
    Profile,
    adjustment::{Change, Target},
    hours::{Closure, Interval, WeeklyHours},
    profile::{Alignment, Service},
    scalar::Span,
    slots::{Busy, Reason},
};

use super::case::Case;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A case with everything marked minute by minute.
pub struct Naive<'c> {
    case: &'c Case,
    zone: TimeZone,
    /// The first minute that is marked.
    begin: Timestamp,
    days: Vec<Date>,
    business: HashMap<&'c str, Vec<bool>>,
    person: HashMap<&'c str, Vec<bool>>,
    resource: HashMap<&'c str, Vec<bool>>,
    /// For each minute of a person, with whom it may be shared.
    taken: HashMap<&'c str, Vec<Vec<&'c str>>>,
}

fn span(span: Option<Span>) -> SignedDuration {
    span.map_or(SignedDuration::ZERO, Span::as_duration)
}

fn in_closure(closures: &[Closure], day: Date) -> bool {
    closures.iter().any(|closure| closure.from <= day && day <= closure.to)
}

impl<'c> Naive<'c> {
    pub fn new(case: &'c Case) -> Self {
        let zone = TimeZone::get(&case.profile.business.time_zone).unwrap();
        let first = case.window.first.saturating_sub(3.days());
        let end = case.window.last.saturating_add(5.days());
        let days: Vec<Date> = first.series(1.day()).take_while(|day| *day < end).collect();
        let begin = first.to_zoned(TimeZone::UTC).unwrap().timestamp();
        let mut naive = Self {
            case,
            zone,
            begin,
            days,
            business: HashMap::new(),
            person: HashMap::new(),
            resource: HashMap::new(),
            taken: HashMap::new(),
        };
        let profile = &case.profile;
        let mut bounds = HashMap::new();
        for person in &profile.staff {
            let open = naive.mark(&mut bounds, |day| naive.business_on(day, Some(&person.id)));
            let own = naive.mark(&mut bounds, |day| naive.person_on(day, &person.id));
            let taken = naive.shares(&person.id);
            naive.business.insert(&person.id, open);
            naive.person.insert(&person.id, own);
            naive.taken.insert(&person.id, taken);
        }
        for resource in &profile.resources {
            let open = naive.mark(&mut bounds, |day| naive.resource_on(day, &resource.id));
            naive.resource.insert(&resource.id, open);
        }
        naive
    }

    fn local(&self, at: Timestamp) -> DateTime {
        at.to_zoned(self.zone.clone()).datetime()
    }

    /// The first instant at which the clock shows at least this.
    fn bound(&self, local: DateTime) -> Timestamp {
        let utc = local.to_zoned(TimeZone::UTC).unwrap().timestamp();
        let mut at = utc - SignedDuration::from_hours(28);
        while self.local(at) < local {
            at += SignedDuration::from_hours(1);
        }
        at -= SignedDuration::from_hours(3);
        while self.local(at) < local {
            at += MINUTE;
        }
        at
    }

    fn mark(
        &self,
        bounds: &mut HashMap<DateTime, Timestamp>,
        on: impl Fn(Date) -> Vec<Interval>,
    ) -> Vec<bool> {
        let mut marks = vec![false; self.days.len() * 1440];
        for day in &self.days {
            for interval in on(*day) {
                let end = if interval.to <= interval.from { day.tomorrow().unwrap() } else { *day };
                let mut bound = |local| *bounds.entry(local).or_insert_with(|| self.bound(local));
                let (mut at, to) =
                    (bound(day.to_datetime(interval.from)), bound(end.to_datetime(interval.to)));
                while at < to {
                    if let Some(mark) = self.index(at).and_then(|n| marks.get_mut(n)) {
                        *mark = true;
                    }
                    at += MINUTE;
                }
            }
        }
        marks
    }

    fn index(&self, at: Timestamp) -> Option<usize> {
        usize::try_from(at.duration_since(self.begin).as_secs().div_euclid(60)).ok()
    }

    fn adjusted(&self, day: Date, target: &Target) -> Option<Vec<Interval>> {
        let adjustments = self.case.busy.adjustments.iter().rev();
        adjustments.into_iter().find(|a| a.target == *target && a.first <= day && day <= a.last).map(|a| {
            match &a.change {
                Change::Closed => vec![],
                Change::Hours(hours) => hours.clone(),
            }
        })
    }

    fn weekly(hours: &WeeklyHours, day: Date) -> Vec<Interval> {
        hours.on(day.weekday()).to_vec()
    }

    fn business_on(&self, day: Date, person: Option<&str>) -> Vec<Interval> {
        let profile = &self.case.profile;
        if let Some(hours) = self.adjusted(day, &Target::Business) {
            return hours;
        }
        let openings: Vec<_> = profile.openings.iter().filter(|opening| opening.date == day).collect();
        if !openings.is_empty() {
            let mine = |staff: &[String]| {
                staff.is_empty() || person.is_none_or(|person| staff.iter().any(|id| id == person))
            };
            return openings.iter().filter(|o| mine(&o.staff)).flat_map(|o| o.hours.clone()).collect();
        }
        if in_closure(&profile.closures, day) { vec![] } else { Self::weekly(&profile.hours, day) }
    }

    fn person_on(&self, day: Date, id: &str) -> Vec<Interval> {
        let profile = &self.case.profile;
        let person = profile.staff_member(id).unwrap();
        if let Some(hours) = self.adjusted(day, &Target::Staff(id.to_owned())) {
            return hours;
        }
        if in_closure(&person.vacations, day) {
            return vec![];
        }
        let Some(own) = &person.hours else { return self.business_on(day, Some(id)) };
        let mut hours = Self::weekly(own, day);
        if self.adjusted(day, &Target::Business).is_none() {
            for opening in profile.openings.iter().filter(|o| o.date == day) {
                if opening.staff.iter().any(|named| named == id) {
                    hours.extend(opening.hours.clone());
                }
            }
        }
        hours
    }

    fn resource_on(&self, day: Date, id: &str) -> Vec<Interval> {
        let resource = self.case.profile.resource(id).unwrap();
        if let Some(hours) = self.adjusted(day, &Target::Resource(id.to_owned())) {
            return hours;
        }
        if in_closure(&resource.closures, day) {
            return vec![];
        }
        match &resource.hours {
            Some(own) => Self::weekly(own, day),
            None => self.business_on(day, None),
        }
    }

    fn shares(&self, person: &str) -> Vec<Vec<&'c str>> {
        let mut marks = vec![vec![]; self.days.len() * 1440];
        let mut mark = |from: Timestamp, to: Timestamp, share: &'c str| {
            let mut at = Timestamp::from_second(from.as_second().div_euclid(60) * 60).unwrap();
            while at < to && from < to {
                if let Some(minute) = self.index(at).and_then(|n| marks.get_mut(n)) {
                    minute.push(share);
                }
                at += MINUTE;
            }
        };
        let busy: &'c Busy = &self.case.busy;
        for row in busy.occupations.iter().filter(|row| row.lane == format!("staff:{person}")) {
            mark(row.stretch.from, row.stretch.to, &row.share);
        }
        for event in busy.mirrored.iter().filter(|e| e.staff.as_ref().is_none_or(|id| id == person)) {
            mark(event.stretch.from, event.stretch.to, "an event");
        }
        marks
    }

    fn all(&self, marks: &[bool], from: Timestamp, to: Timestamp) -> bool {
        let (from, to) = (self.index(from), self.index(to));
        from.zip(to).and_then(|(from, to)| marks.get(from..to)).is_some_and(|m| m.iter().all(|open| *open))
    }

    /// Every start in the window that can be booked, with who does its parts.
    pub fn free(&self) -> Vec<(Timestamp, Vec<&'c str>)> {
        let window = &self.case.window;
        let mut found = Vec::new();
        let mut at = self.begin + SignedDuration::from_hours(24);
        let end = self.begin + SignedDuration::from_hours(24 * (i64::try_from(self.days.len()).unwrap() - 2));
        while found.len() < self.case.limit && at < end {
            let local = self.local(at);
            let inside = self.days.iter().any(|day| {
                let midnight = day.to_datetime(jiff::civil::Time::midnight());
                let (from, to) = (i64::from(window.from), i64::from(window.to));
                window.first <= *day
                    && *day <= window.last
                    && midnight.checked_add(from.minutes()).unwrap() <= local
                    && local < midnight.checked_add(to.minutes()).unwrap()
            });
            if inside && let Ok(who) = self.decide(at) {
                found.push((at, who));
            }
            at += MINUTE;
        }
        found
    }

    /// Who does a visit that begins at an instant, or why it cannot.
    pub fn decide(&self, start: Timestamp) -> Result<Vec<&'c str>, Reason> {
        self.place(start, &mut Vec::new()).map_err(|(_, reason)| reason)
    }

    /// Start, end, and both with buffers of each part.
    fn times(&self, start: Timestamp) -> Vec<[Timestamp; 4]> {
        let mut times: Vec<[Timestamp; 4]> = Vec::new();
        for (id, _) in &self.case.visit {
            let service = self.case.profile.service(id).unwrap();
            let begins = times.last().map_or(start, |last| last[3] + span(service.buffer_before));
            let ends = begins + service.duration.as_duration();
            times.push([
                begins,
                ends,
                begins - span(service.buffer_before),
                ends + span(service.buffer_after),
            ]);
        }
        times
    }

    fn place(&self, start: Timestamp, who: &mut Vec<&'c str>) -> Result<Vec<&'c str>, (usize, Reason)> {
        let at = who.len();
        let Some((service, named)) = self.case.visit.get(at) else { return Ok(who.clone()) };
        let profile: &'c Profile = &self.case.profile;
        let service = profile.service(service).unwrap();
        let begins = self.times(start)[at][0];
        let may = |id: &str| {
            (service.staff.is_empty() || service.staff.iter().any(|s| s == id))
                && named.as_ref().is_none_or(|n| n == id)
        };
        let mut people: Vec<&'c str> =
            profile.staff.iter().map(|p| p.id.as_str()).filter(|id| may(id)).collect();
        if service.capacity > 1 {
            people.sort_by_key(|id| !self.is_in_session(&session(service, id, begins)));
        }
        let mut worst = (at, Reason::NumberOfServices);
        for person in people {
            who.push(person);
            let placed = match self.part(start, at, person).and_then(|()| self.units(start, who)) {
                Ok(()) => self.place(start, who),
                Err(reason) => Err((at, reason)),
            };
            match placed {
                Ok(who) => return Ok(who),
                Err(stopped) => worst = worst.max(stopped),
            }
            who.truncate(at);
        }
        Err(worst)
    }

    fn is_in_session(&self, session: &str) -> bool {
        self.case.busy.occupations.iter().any(|row| {
            row.share == format!("class:{session}") || row.lane.starts_with(&format!("seat:{session}/"))
        })
    }

    fn part(&self, start: Timestamp, at: usize, person: &str) -> Result<(), Reason> {
        let Case { profile, busy, now, visit, .. } = self.case;
        let service = profile.service(&visit[at].0).unwrap();
        let [begins, ends, from, to] = self.times(start)[at];
        if begins < *now + span(Some(service.minimum_notice.unwrap_or(profile.rules.minimum_notice))) {
            return Err(Reason::NoticeTooShort);
        }
        if begins > *now + span(Some(service.horizon.unwrap_or(profile.rules.horizon))) {
            return Err(Reason::BeyondHorizon);
        }
        if at == 0 && !self.on_step(start, person) {
            return Err(Reason::OffStep);
        }
        if !self.all(&self.business[person], begins, ends) {
            return Err(Reason::BusinessClosed);
        }
        if !self.all(&self.person[person], begins, ends) {
            return Err(Reason::StaffAway);
        }
        if service.requires.iter().any(|id| !self.all(&self.resource[id.as_str()], begins, ends)) {
            return Err(Reason::ResourceClosed);
        }
        let day = self.local(begins).date();
        let on_day = |at: Timestamp| self.local(at).date() == day;
        let with = |wanted: &dyn Fn(&str, &str) -> bool| {
            let has = |parts: &[mcp_tenant::slots::StandingPart]| {
                parts.iter().any(|part| on_day(part.start) && wanted(&part.service, &part.staff))
            };
            u32::try_from(busy.bookings.iter().filter(|booking| has(&booking.parts)).count()).unwrap()
        };
        let begin_that_day = busy.bookings.iter().filter(|booking| on_day(booking.parts[0].start)).count();
        let begin_that_day = u32::try_from(begin_that_day).unwrap();
        if at == 0 && profile.rules.max_per_day.is_some_and(|most| begin_that_day >= most) {
            return Err(Reason::DayFull);
        }
        if service.max_per_day.is_some_and(|most| with(&|s, _| s == service.id) >= most) {
            return Err(Reason::ServiceFull);
        }
        let most = profile.staff_member(person).unwrap().max_per_day;
        if most.is_some_and(|most| with(&|_, p| p == person) >= most) {
            return Err(Reason::StaffFull);
        }
        let session = session(service, person, begins);
        let share = if service.capacity > 1 { format!("class:{session}") } else { "mine".to_owned() };
        let (first, last) = (self.index(from).unwrap(), self.index(to).unwrap());
        if self.taken[person][first..last].iter().flatten().any(|other| *other != share) {
            return Err(Reason::StaffTaken);
        }
        let seats = (1..=service.capacity).map(|seat| format!("seat:{session}/{seat}"));
        if service.capacity > 1 && seats.into_iter().all(|s| busy.occupations.iter().any(|row| row.lane == s))
        {
            return Err(Reason::ClassFull);
        }
        Ok(())
    }

    fn on_step(&self, start: Timestamp, person: &str) -> bool {
        let local = self.local(start);
        let step = i64::from(self.case.profile.rules.slot_step.as_minutes());
        if local.second() != 0 || self.bound(local) != start {
            return false;
        }
        let since = |from: DateTime| local.duration_since(from).as_mins();
        if self.case.profile.rules.alignment == Alignment::Midnight {
            return since(local.date().to_datetime(jiff::civil::Time::midnight())) % step == 0;
        }
        self.days.iter().any(|day| {
            self.business_on(*day, Some(person)).iter().any(|interval| {
                let from = day.to_datetime(interval.from);
                let end = if interval.to <= interval.from { day.tomorrow().unwrap() } else { *day };
                from <= local && local < end.to_datetime(interval.to) && since(from) % step == 0
            })
        })
    }

    /// Whether every booking and the parts placed so far can be given a unit each.
    fn units(&self, start: Timestamp, who: &[&str]) -> Result<(), Reason> {
        let Case { profile, busy, now, visit, .. } = self.case;
        let times = self.times(start);
        let last = profile.service(&visit[who.len() - 1].0).unwrap();
        for resource in &last.requires {
            let capacity = profile.resource(resource).unwrap().capacity;
            // (from, to, the unit that must be kept, what makes two one)
            let mut all: Vec<(Timestamp, Timestamp, Option<u32>, String)> = Vec::new();
            for (n, row) in busy.occupations.iter().enumerate() {
                if let Some(unit) = row.lane.strip_prefix(&format!("resource:{resource}/")) {
                    let fixed = row.pinned || row.stretch.from <= *now;
                    let unit = fixed.then(|| unit.parse::<u32>().unwrap());
                    let class = row.share.starts_with("class:");
                    let key = if class { row.share.clone() } else { format!("row {n}") };
                    all.push((row.stretch.from, row.stretch.to, unit, key));
                }
            }
            for (n, person) in who.iter().enumerate() {
                let service = profile.service(&visit[n].0).unwrap();
                if service.requires.contains(resource) {
                    let class = format!("class:{}", session(service, person, times[n][0]));
                    let key = if service.capacity > 1 { class } else { format!("new {n}") };
                    all.push((times[n][2], times[n][3], None, key));
                }
            }
            // Customers of one session share its unit.
            let mut merged: Vec<(Timestamp, Timestamp, Option<u32>, String)> = Vec::new();
            for one in all {
                match merged.iter_mut().find(|other| other.3 == one.3) {
                    Some(other) => {
                        *other = (other.0.min(one.0), other.1.max(one.1), other.2.or(one.2), one.3);
                    }
                    None => merged.push(one),
                }
            }
            merged.sort_by_key(|one| one.0);
            if !spread(&merged, capacity, &mut Vec::new()) {
                return Err(Reason::ResourceTaken);
            }
        }
        Ok(())
    }
}

fn session(service: &Service, person: &str, start: Timestamp) -> String {
    format!("{}:{person}:{}", service.id, start.as_second())
}

/// Tries every unit for each in turn.
fn spread(all: &[(Timestamp, Timestamp, Option<u32>, String)], capacity: u32, units: &mut Vec<u32>) -> bool {
    let Some((from, to, fixed, _)) = all.get(units.len()) else { return true };
    (1..=capacity).any(|unit| {
        let fits = fixed.is_none_or(|fixed| fixed == unit)
            && !all
                .iter()
                .zip(units.iter())
                .any(|(other, has)| *has == unit && other.0 < *to && *from < other.1);
        units.push(unit);
        let found = fits && spread(all, capacity, units);
        units.pop();
        found
    })
}

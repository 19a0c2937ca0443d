//! When the business, its people and its resources are open.
//!
//! Each of them has, for each local day, intervals that BEGIN on that day; what applies to a day (an adjustment, a
//! closure, a vacation) applies to those whole intervals, also to the part of one that lies after midnight. Open is
//! every instant in the union of all of them, so `09:00-12:00` and `12:00-18:00` are one stretch. A bound that the
//! clocks skip lies at the moment they are changed; one that they show twice at the first time.

use jiff::civil::Date;

use super::{
    clock::{Clock, DAY, epoch_day, weekday},
    stretch::{Seconds, Set},
};
use crate::{
    Profile,
    adjustment::{Adjustment, Change, Target},
    hours::{Closure, Interval, Opening, WeeklyHours},
    profile::{Resource, Staff},
};

/// The days of a query with what the business does on each of them.
pub(super) struct Days<'a> {
    profile: &'a Profile,
    adjustments: Vec<&'a Adjustment>,
    openings: Vec<(i64, &'a Opening)>,
    range: std::ops::Range<i64>,
    kinds: Vec<Kind<'a>>,
    /// Whether some opening names people, so that the business's hours differ from person to person.
    pub personal: bool,
}

/// What the business does on a day.
#[derive(Clone, Copy)]
enum Kind<'a> {
    /// The same for everyone.
    Plain(&'a [Interval]),
    /// Special openings.
    Openings,
}

/// For whom the business's hours are asked.
#[derive(Clone, Copy)]
pub(super) enum For<'a> {
    /// One person: openings that name others do not count.
    Person(&'a str),
    /// Anybody at all.
    Anybody,
}

impl<'a> Days<'a> {
    /// The days from `days.start` on, before `days.end` (epoch days).
    pub fn new(profile: &'a Profile, adjustments: &'a [Adjustment], days: std::ops::Range<i64>) -> Self {
        let inside = |from: Date, to: Date| epoch_day(from) < days.end && epoch_day(to) >= days.start;
        let adjustments: Vec<_> = adjustments.iter().filter(|a| inside(a.first, a.last)).collect();
        let openings: Vec<_> = profile
            .openings
            .iter()
            .filter(|o| inside(o.date, o.date))
            .map(|o| (epoch_day(o.date), o))
            .collect();
        let closures: Vec<_> = spans(&profile.closures, &days);
        let week = week(&profile.hours);
        let kinds = days
            .clone()
            .map(|day| {
                if let Some(change) = changed(&adjustments, &Target::Business, day) {
                    return Kind::Plain(change);
                }
                if openings.iter().any(|(on, _)| *on == day) {
                    return Kind::Openings;
                }
                if closures.iter().any(|(from, to)| (from..=to).contains(&&day)) {
                    return Kind::Plain(&[]);
                }
                Kind::Plain(week[weekday(day)])
            })
            .collect();
        let personal = openings.iter().any(|(_, opening)| !opening.staff.is_empty());
        Self { profile, adjustments, openings, range: days, kinds, personal }
    }

    /// The intervals of the business that begin on a day.
    fn business_on(&self, day: i64, who: For<'_>) -> impl Iterator<Item = Interval> + '_ {
        let at = usize::try_from(day - self.range.start).unwrap_or(usize::MAX);
        let kind = self.kinds.get(at).copied().unwrap_or(Kind::Plain(&[]));
        let (plain, openings) = match kind {
            Kind::Plain(intervals) => (intervals, false),
            Kind::Openings => (&[][..], true),
        };
        let who = match who {
            For::Person(id) => Some(id.to_owned()).filter(|_| openings),
            For::Anybody => None,
        };
        let special = self
            .openings
            .iter()
            .filter(move |(on, opening)| {
                openings
                    && *on == day
                    && (opening.staff.is_empty() || who.as_ref().is_none_or(|id| opening.staff.contains(id)))
            })
            .flat_map(|(_, opening)| opening.hours.iter());
        plain.iter().chain(special).copied()
    }

    /// Every interval of the business in local seconds, `[from, to)`.
    pub fn business_local(&self, who: For<'_>) -> Vec<Seconds> {
        let on = |day| self.business_on(day, who).map(move |interval| local(day, interval));
        self.range.clone().flat_map(on).collect()
    }

    /// When the business is open.
    pub fn business(&self, clock: &Clock, who: For<'_>) -> Set {
        exact(clock, self.business_local(who))
    }

    /// When a person is there; nothing where that is whenever the business is open.
    pub fn person(&self, clock: &Clock, person: &'a Staff) -> Option<Set> {
        let target = Target::Staff(person.id.clone());
        let vacations = spans(&person.vacations, &self.range);
        let adjusted = self.adjustments.iter().any(|adjustment| adjustment.target == target);
        if person.hours.is_none() && vacations.is_empty() && !adjusted {
            return None;
        }
        let own = person.hours.as_ref().map(week);
        let mut found = Vec::new();
        for day in self.range.clone() {
            let mut add = |intervals: &mut dyn Iterator<Item = Interval>| {
                found.extend(intervals.map(|interval| local(day, interval)));
            };
            if let Some(change) = changed(&self.adjustments, &target, day).filter(|_| adjusted) {
                add(&mut change.iter().copied());
            } else if vacations.iter().any(|(from, to)| (from..=to).contains(&&day)) {
            } else if let Some(own) = &own {
                add(&mut own[weekday(day)].iter().copied());
                // Who is named in an opening works it, whatever the own hours say.
                let named =
                    |(on, opening): &&(i64, &Opening)| *on == day && opening.staff.contains(&person.id);
                if self.is_opening(day) {
                    add(&mut self.openings.iter().filter(named).flat_map(|(_, o)| o.hours.iter().copied()));
                }
            } else {
                add(&mut self.business_on(day, For::Person(&person.id)));
            }
        }
        Some(exact(clock, found))
    }

    /// When a resource can be used; nothing where that is whenever the business is open.
    pub fn resource(&self, clock: &Clock, resource: &'a Resource) -> Option<Set> {
        let target = Target::Resource(resource.id.clone());
        let closures = spans(&resource.closures, &self.range);
        let adjusted = self.adjustments.iter().any(|adjustment| adjustment.target == target);
        if resource.hours.is_none() && closures.is_empty() && !adjusted {
            return None;
        }
        let own = resource.hours.as_ref().map(week);
        let mut found = Vec::new();
        for day in self.range.clone() {
            if let Some(change) = changed(&self.adjustments, &target, day).filter(|_| adjusted) {
                found.extend(change.iter().map(|interval| local(day, *interval)));
            } else if closures.iter().any(|(from, to)| (from..=to).contains(&&day)) {
            } else if let Some(own) = &own {
                found.extend(own[weekday(day)].iter().map(|interval| local(day, *interval)));
            } else {
                found.extend(self.business_on(day, For::Anybody).map(|interval| local(day, interval)));
            }
        }
        Some(exact(clock, found))
    }

    fn is_opening(&self, day: i64) -> bool {
        let at = usize::try_from(day - self.range.start).unwrap_or(usize::MAX);
        matches!(self.kinds.get(at), Some(Kind::Openings))
    }

    /// The business these days are of.
    pub fn profile(&self) -> &'a Profile {
        self.profile
    }
}

/// What the owner's latest adjustment of a target sets for a day.
fn changed<'a>(adjustments: &[&'a Adjustment], target: &Target, day: i64) -> Option<&'a [Interval]> {
    let covers = |a: &&&Adjustment| epoch_day(a.first) <= day && day <= epoch_day(a.last);
    let latest = adjustments.iter().rev().filter(|a| a.target == *target).find(covers)?;
    Some(match &latest.change {
        Change::Closed => &[],
        Change::Hours(intervals) => intervals,
    })
}

/// First and last day of the closures that have a day in the range.
fn spans(closures: &[Closure], days: &std::ops::Range<i64>) -> Vec<(i64, i64)> {
    let spans = closures.iter().map(|closure| (epoch_day(closure.from), epoch_day(closure.to)));
    spans.filter(|(from, to)| *from < days.end && *to >= days.start).collect()
}

/// The intervals of the weekdays, Monday first.
fn week(hours: &WeeklyHours) -> [&[Interval]; 7] {
    hours.days().map(|(_, intervals)| intervals)
}

/// An interval that begins on a day, in local seconds.
fn local(day: i64, interval: Interval) -> Seconds {
    let (from, to) = interval.minutes();
    (day * DAY + i64::from(from) * 60, day * DAY + i64::from(to) * 60)
}

fn exact(clock: &Clock, local: Vec<Seconds>) -> Set {
    Set::union(local.into_iter().map(|(from, to)| (clock.boundary(from), clock.boundary(to))).collect())
}

//! Going through starts.

use jiff::{Timestamp, civil::Date};

use super::{
    Agenda, Busy, Calendar, Part, Plan, Query, Reason, Share, Slot, Stretch, TakenLane, Visit,
    clock::{DAY, epoch_day},
    stretch::Set,
};
use crate::{profile::Alignment, when::Window};

/// The slots of a visit in a window, by start, at most `query.limit`; for each start one, with the first of the
/// profile's people who can do it where nobody was asked for by name. This is the only function that decides what is
/// free: [`plan`], [`why_not`] and [`nearest`] ask it about single starts or sort what it finds.
///
/// - A start is a local time on the rules' step. It does not exist where the clocks skip it, and is its first instant
///   where they show it twice. Everything after the start is exact time: 45 minutes are 45 minutes.
/// - The business must be open and the person and all resources there from the start of a service to its end;
///   buffers may lie outside of hours but must not meet another booking's time or buffers.
/// - Notice and horizon are exact time from now to the start of each service, those of the service before the rules'.
/// - A class is joined while it has seats, and opened where its person and resources are free.
/// - A resource is free if the bookings that are not pinned can be spread over its units so that one more fits.
pub fn free_slots<'a>(calendar: &Calendar<'a>, busy: &Busy, query: &Query<'a>) -> Vec<Slot<'a>> {
    let mut slots = Vec::new();
    each(calendar, busy, query, |agenda, start, who| {
        slots.extend(slot(&query.visit, agenda, start, who));
        slots.len() < query.limit
    });
    slots.truncate(query.limit);
    slots
}

/// What booking a visit at one start writes, or why it cannot be booked.
pub fn plan<'a>(
    calendar: &Calendar<'a>,
    busy: &Busy,
    visit: &Visit<'a>,
    start: Timestamp,
    now: Timestamp,
) -> Result<Plan<'a>, Reason> {
    let day = start.as_second().div_euclid(DAY);
    let agenda = Agenda::new(calendar, busy, visit, now, day - 1..day + 2);
    if start.subsec_nanosecond() != 0 {
        return Err(Reason::OffStep);
    }
    let (start, mut who) = (start.as_second(), Vec::new());
    agenda.decide(start, &mut who)?;
    written(visit, &agenda, start, &who).ok_or(Reason::ResourceTaken)
}

/// Why a visit cannot begin at a start; nothing where it can.
pub fn why_not(
    calendar: &Calendar<'_>,
    busy: &Busy,
    visit: &Visit<'_>,
    start: Timestamp,
    now: Timestamp,
) -> Option<Reason> {
    plan(calendar, busy, visit, start, now).err()
}

/// A slot and how far it is from what was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near<'a> {
    /// The slot.
    pub slot: Slot<'a>,
    /// Local days from the wanted day: 0 the same, -1 the day before.
    pub days: i32,
}

/// The slots in the query's window nearest to a wanted start, the nearest first and the earlier of two equally near
/// ones before the later, at most `count`.
pub fn nearest<'a>(
    calendar: &Calendar<'a>,
    busy: &Busy,
    query: &Query<'a>,
    wanted: Timestamp,
    count: usize,
) -> Vec<Near<'a>> {
    let distance = |at: Timestamp| at.duration_since(wanted).abs();
    let mut slots = free_slots(calendar, busy, &Query { limit: usize::MAX, ..query.clone() });
    slots.sort_by_key(|slot| (distance(slot.start), slot.start));
    slots.truncate(count);
    let day = |at: Timestamp| epoch_day(calendar.local(at).date());
    let days = |at: Timestamp| i32::try_from(day(at) - day(wanted)).unwrap_or(i32::MAX);
    slots.into_iter().map(|slot| Near { days: days(slot.start), slot }).collect()
}

/// Whether there is any slot at all.
pub(super) fn any(calendar: &Calendar<'_>, busy: &Busy, query: &Query<'_>) -> bool {
    let mut found = false;
    each(calendar, busy, query, |_, _, _| {
        found = true;
        false
    });
    found
}

/// Calls `found` with each start that can be booked, in order, until it says that it has enough.
fn each<'x>(
    calendar: &Calendar<'x>,
    busy: &'x Busy,
    query: &Query<'x>,
    mut found: impl FnMut(&Agenda<'_>, i64, &[usize]) -> bool,
) {
    let now = query.now.as_second();
    let rules = &calendar.profile.rules;
    let span = |span: crate::scalar::Span| i64::from(span.as_minutes()) * 60;
    let Some(first) = query.visit.wanted.first() else { return };
    let earliest = now + span(first.service.minimum_notice.unwrap_or(rules.minimum_notice));
    let latest = now + span(first.service.horizon.unwrap_or(rules.horizon));
    let window = &query.window;
    // A window may run into the day after its last one; a local day lies within a day of the same one in UTC.
    let from = epoch_day(window.first).max(earliest.div_euclid(DAY) - 1);
    let until = (epoch_day(window.last) + 2).min(latest.div_euclid(DAY) + 2);
    if from >= until {
        return;
    }
    let agenda = Agenda::new(calendar, busy, &query.visit, query.now, from..until);
    let mut who = Vec::new();
    let mut on = |local: i64, start: i64| {
        let wanted = (from..until).contains(&local.div_euclid(DAY)) && window.contains_local(local);
        !wanted || agenda.decide(start, &mut who).is_err() || found(&agenda, start, &who)
    };
    match agenda.alignment {
        Alignment::Midnight => by_midnight(&agenda, from..until, &mut on),
        Alignment::Opening => by_opening(&agenda, &mut on),
    }
}

/// Goes through the steps from midnight while somebody is there for the first service.
fn by_midnight(agenda: &Agenda<'_>, days: std::ops::Range<i64>, on: &mut impl FnMut(i64, i64) -> bool) {
    let open = agenda.parts.first().into_iter().flat_map(|part| &part.who);
    let open = open.filter_map(|n| agenda.people.get(*n)).flat_map(|person| person.open.items());
    let length = agenda.parts.first().map_or(0, |part| part.served.1);
    for (from, to) in Set::union(open.copied().collect()).items() {
        // Where the service ends after closing, no look is needed.
        let to = *to - length + 1;
        if *from >= to {
            continue;
        }
        let (most, least) = agenda.clock.offsets(*from, to);
        let begins = (from + least).max(days.start * DAY);
        let ends = (to + most).min(days.end * DAY);
        let mut day = begins.div_euclid(DAY);
        while day * DAY < ends {
            let skipped = (begins - day * DAY).max(0);
            let mut second = skipped + (agenda.step - skipped % agenda.step) % agenda.step;
            while second < DAY && day * DAY + second < ends {
                let local = day * DAY + second;
                if let Some(start) = agenda.clock.exact(local)
                    && *from <= start
                    && start < to
                    && !on(local, start)
                {
                    return;
                }
                second += agenda.step;
            }
            day += 1;
        }
    }
}

/// Goes through the steps from the beginning of each opening interval.
fn by_opening(agenda: &Agenda<'_>, on: &mut impl FnMut(i64, i64) -> bool) {
    let mut intervals: Vec<_> = agenda.anchors.iter().flatten().copied().collect();
    intervals.sort_unstable();
    intervals.dedup();
    let mut starts: Vec<(i64, i64)> = Vec::new();
    for (from, to) in intervals {
        let mut local = from;
        while local < to {
            starts.extend(agenda.clock.exact(local).map(|start| (start, local)));
            local += agenda.step;
        }
    }
    starts.sort_unstable();
    starts.dedup();
    for (start, local) in starts {
        if !on(local, start) {
            return;
        }
    }
}

/// The slot of a decision. Who does it is looked up in the visit: it lives as long as the profile, the agenda only
/// as long as the rows.
fn slot<'a>(visit: &Visit<'a>, agenda: &Agenda<'_>, start: i64, who: &[usize]) -> Option<Slot<'a>> {
    let at = |second: i64| Timestamp::from_second(second).ok();
    let mut parts = Vec::with_capacity(who.len());
    for ((wanted, part), n) in visit.wanted.iter().zip(&agenda.parts).zip(who) {
        let choice = part.who.iter().position(|person| person == n)?;
        parts.push(Part {
            service: wanted.service,
            staff: wanted.people.get(choice)?,
            start: at(start + part.served.0)?,
            end: at(start + part.served.1)?,
        });
    }
    Some(Slot { start: at(start)?, end: parts.last()?.end, parts })
}

fn written<'a>(visit: &Visit<'a>, agenda: &Agenda<'_>, start: i64, who: &[usize]) -> Option<Plan<'a>> {
    let at = |second: i64| Timestamp::from_second(start + second).ok();
    let sessions = agenda.sessions(start, who);
    let slot = slot(visit, agenda, start, who)?;
    let (mut lanes, mut moves) = (Vec::new(), Vec::new());
    let units = agenda.assign(start, &sessions)?;
    for (n, ((part, session), taken)) in agenda.parts.iter().zip(&sessions).zip(&slot.parts).enumerate() {
        let stretch = Stretch { from: at(part.occupied.0)?, to: at(part.occupied.1)? };
        let class = session.as_ref().map(|session| session.name.clone());
        let share = class.clone().map_or(Share::Own, Share::Class);
        let lane = |lane: String, share: Share, pinned: bool| TakenLane { lane, share, stretch, pinned };
        lanes.push(lane(format!("staff:{}", taken.staff.id), share.clone(), true));
        for (users, assigned) in &units {
            let of_part = users.iter().zip(&assigned.lanes).filter(|(user, _)| **user == n);
            let is_class = class.is_some();
            lanes.extend(of_part.map(|(_, unit)| lane(unit.clone(), share.clone(), is_class)));
        }
        if let Some(session) = session {
            let seat = session.seat(part.service.capacity)?;
            lanes.push(lane(format!("seat:{}/{seat}", session.name), Share::Own, true));
        }
    }
    for (_, assigned) in units {
        moves.extend(assigned.moves);
    }
    Some(Plan { slot, lanes, moves })
}

impl Window {
    /// Everything from one local day to another.
    pub fn days(first: Date, last: Date) -> Self {
        Self { first, last, from: 0, to: Self::DAY }
    }

    /// Whether a local time, in seconds since 1970-01-01T00:00 there, lies in it.
    pub(crate) fn contains_local(&self, local: i64) -> bool {
        let (first, last) = (epoch_day(self.first), epoch_day(self.last));
        let (from, to) = (i64::from(self.from) * 60, i64::from(self.to) * 60);
        // It may lie past midnight of the day before.
        [local.div_euclid(DAY) - 1, local.div_euclid(DAY)]
            .into_iter()
            .any(|day| (first..=last).contains(&day) && (day * DAY + from..day * DAY + to).contains(&local))
    }
}

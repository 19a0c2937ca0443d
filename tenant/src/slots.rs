//! What can be booked: one function computes free slots, and the same function decides whether one slot is
//! still free at the moment of booking. Offered means bookable.

use jiff::{
    Timestamp, ToSpan, Zoned,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use crate::{
    Profile,
    hours::{Interval, WeeklyHours},
    profile::{Service, Staff},
    request::Window,
};

/// A half-open stretch of exact time, `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Timestamp,
}

impl Stretch {
    /// Whether two stretches share an instant.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// Whether `other` lies wholly in this one.
    pub fn covers(&self, other: &Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }
}

/// Time a staff member is not free: a booking with its buffers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Who.
    pub staff: String,
    /// When.
    pub stretch: Stretch,
}

/// A start that can be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// What.
    pub service: String,
    /// By whom.
    pub staff: String,
    /// Start of the service itself.
    pub start: Timestamp,
    /// End of the service itself.
    pub end: Timestamp,
    /// What it occupies: start to end with the buffers.
    pub occupies: Stretch,
}

/// Why a given start cannot be booked.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// No such service.
    #[error("this service does not exist: list the services and choose one of them")]
    UnknownService,
    /// No such staff member, or not for this service.
    #[error("this staff member does not do this service: choose somebody else or leave the choice open")]
    UnknownStaff,
    /// Outside opening or working hours, in a closure, or not on the slot step.
    #[error("this start lies outside the opening hours: look for available slots and choose one of them")]
    OutsideHours,
    /// Sooner than the minimum notice.
    #[error("this start is too soon to be booked: look for available slots and choose a later one")]
    NoticeTooShort,
    /// Beyond the horizon.
    #[error(
        "this start is too far ahead to be booked yet: look for available slots and choose an earlier one"
    )]
    BeyondHorizon,
    /// Overlaps another booking.
    #[error("this slot has just been taken: look for available slots again")]
    Taken,
}

/// The calendar of a profile: its rules with its zone resolved.
#[derive(Clone, Debug)]
pub struct Calendar<'a> {
    profile: &'a Profile,
    zone: TimeZone,
}

impl<'a> Calendar<'a> {
    /// Resolves the profile's zone.
    pub fn new(profile: &'a Profile) -> Result<Self, jiff::Error> {
        let zone = TimeZone::get(&profile.business.time_zone)?;
        Ok(Self { profile, zone })
    }

    /// The business's local time at an instant.
    pub fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// The slots of a service in a window, in order of start and of the profile's staff, at most `limit`.
    /// `staff` narrows to one person.
    pub fn free(
        &self,
        service: &Service,
        staff: Option<&str>,
        window: &Window,
        busy: &[Busy],
        now: Timestamp,
        limit: usize,
    ) -> Vec<Slot> {
        let mut slots = Vec::new();
        // Nothing is free before today.
        let mut day = self.local(now).date().max(window.first);
        // Nothing beyond the horizon is free, however far the window reaches.
        let last =
            self.local(saturating_add(now, self.profile.rules.horizon.as_duration())).date().min(window.last);
        while day <= last && slots.len() < limit {
            let mut of_day = Vec::new();
            for person in
                self.profile.staff_for(service).filter(|person| staff.is_none_or(|id| id == person.id))
            {
                of_day.extend(
                    self.starts(day, window)
                        .filter_map(|start| self.check(service, person, start, busy, now).ok()),
                );
            }
            of_day.sort_by_key(|slot: &Slot| slot.start);
            slots.extend(of_day);
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        slots.truncate(limit);
        slots
    }

    /// Whether one start can be booked, by a named person or by the first who is free.
    pub fn book(
        &self,
        service_id: &str,
        staff: Option<&str>,
        start: Timestamp,
        busy: &[Busy],
        now: Timestamp,
    ) -> Result<Slot, Refusal> {
        let service = self.profile.service(service_id).ok_or(Refusal::UnknownService)?;
        let mut refusal = Refusal::UnknownStaff;
        for person in self.profile.staff_for(service).filter(|person| staff.is_none_or(|id| id == person.id))
        {
            match self.check(service, person, start, busy, now) {
                Ok(slot) => return Ok(slot),
                // "Taken" says most about why nobody could: keep it over "outside hours" of a colleague.
                Err(Refusal::Taken) => refusal = Refusal::Taken,
                Err(other) if refusal != Refusal::Taken => refusal = other,
                Err(_) => {}
            }
        }
        Err(refusal)
    }

    fn starts(&self, day: Date, window: &Window) -> impl Iterator<Item = Timestamp> {
        let step = i64::from(self.profile.rules.slot_step.as_minutes().max(1));
        let midnight = day.to_datetime(Time::midnight());
        let (zone, window) = (self.zone.clone(), window.clone());
        (0..)
            .map_while(move |n: i64| midnight.checked_add((n * step).minutes()).ok())
            .take_while(move |local| local.date() == day)
            .filter(move |local| window.contains(*local))
            .filter_map(move |local| exact(&zone, local))
    }

    fn check(
        &self,
        service: &Service,
        person: &Staff,
        start: Timestamp,
        busy: &[Busy],
        now: Timestamp,
    ) -> Result<Slot, Refusal> {
        let rules = &self.profile.rules;
        if start < saturating_add(now, rules.minimum_notice.as_duration()) {
            return Err(Refusal::NoticeTooShort);
        }
        if start > saturating_add(now, rules.horizon.as_duration()) {
            return Err(Refusal::BeyondHorizon);
        }
        let local = self.local(start).datetime();
        let step = i64::from(rules.slot_step.as_minutes().max(1));
        let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
        if minute % step != 0 || local.second() != 0 || local.subsec_nanosecond() != 0 {
            return Err(Refusal::OutsideHours);
        }
        let end = saturating_add(start, service.duration.as_duration());
        let served = Stretch { from: start, to: end };
        let open = self.open(&self.profile.hours, local.date()).any(|stretch| stretch.covers(&served))
            && person
                .hours
                .as_ref()
                .is_none_or(|hours| self.open(hours, local.date()).any(|stretch| stretch.covers(&served)));
        if !open {
            return Err(Refusal::OutsideHours);
        }
        let before = service.buffer_before.unwrap_or(crate::scalar::Span::minutes(0)).as_duration();
        let after = service.buffer_after.unwrap_or(crate::scalar::Span::minutes(0)).as_duration();
        let occupies = Stretch { from: saturating_add(start, -before), to: saturating_add(end, after) };
        if busy.iter().any(|taken| taken.staff == person.id && taken.stretch.overlaps(&occupies)) {
            return Err(Refusal::Taken);
        }
        Ok(Slot { service: service.id.clone(), staff: person.id.clone(), start, end, occupies })
    }

    /// The exact opening stretches that may cover a start on a local day: those of the day and what the day
    /// before carries past midnight. A closure closes the day on which an interval begins.
    fn open(&self, hours: &WeeklyHours, day: Date) -> impl Iterator<Item = Stretch> {
        [day.saturating_sub(1.day()), day]
            .into_iter()
            .filter(|date| !self.profile.closures.iter().any(|c| (c.from..=c.to).contains(date)))
            .flat_map(move |date| hours.on(date.weekday()).iter().map(move |interval| (date, *interval)))
            .filter_map(|(date, interval)| self.stretch(date, interval))
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn stretch(&self, date: Date, interval: Interval) -> Option<Stretch> {
        let end_date = if interval.passes_midnight() { date.checked_add(1.day()).ok()? } else { date };
        let at = |local: DateTime| self.zone.to_ambiguous_timestamp(local).compatible().ok();
        Some(Stretch {
            from: at(date.to_datetime(interval.from))?,
            to: at(end_date.to_datetime(interval.to))?,
        })
    }
}

/// The instant of a local time; none where the clocks skip it. Where they repeat it, the first.
fn exact(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        jiff::tz::AmbiguousOffset::Gap { .. } => None,
        _ => ambiguous.compatible().ok(),
    }
}

fn saturating_add(at: Timestamp, by: jiff::SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests;

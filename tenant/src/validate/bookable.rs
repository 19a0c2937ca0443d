//! Whether anything can be booked, and which rule is in the way.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Code, Findings, reach, text::short};
use crate::{
    Profile,
    hours::{Interval, WeeklyHours},
    profile::{Service, Staff},
    scalar::Span,
};

const DAY: i32 = 24 * 60;
const WEEK: i32 = 7 * DAY;

pub(super) fn check(findings: &mut Findings, profile: &Profile, now: Timestamp) {
    if profile.hours.is_always_closed() && profile.openings.iter().all(|opening| opening.hours.is_empty()) {
        let message =
            "the business is never open, so nothing can be booked: write the opening hours of a day";
        return findings.add("hours", Code::NeverOpen, message);
    }
    let mut told = BTreeSet::new();
    for (at, service) in profile.services.iter().enumerate() {
        if let Some((field, code, message)) = self::service(profile, service) {
            findings.add(format!("services[{at}]{field}"), code, message);
            told.insert(at);
        }
        // What requires something unknown is closed by that, which is told already.
        if service.requires.iter().any(|id| profile.resource(id).is_none()) {
            told.insert(at);
        }
    }
    // Rules that are wrong in themselves close what they would not close when they are right.
    let hinders = |code| {
        matches!(code, Code::Malformed | Code::OutOfRange | Code::UnknownZone | Code::NoticeBeyondHorizon)
    };
    if !findings.all.iter().any(|finding| hinders(finding.code)) {
        reach::check(findings, profile, now, &told);
    }
}

/// What holds on every day: who does it, and whether they, their rooms and the business are open long enough.
fn service(profile: &Profile, service: &Service) -> Option<(&'static str, Code, String)> {
    let longest = profile.staff_for(service).map(|person| longest_open(profile, service, person)).max();
    let id = short(&service.id);
    match longest {
        None => {
            let message = format!("nobody can do `{id}`: name at least one staff member");
            Some((".staff", Code::NobodyDoesIt, message))
        }
        Some(0) => {
            let message = format!(
                "`{id}` can never be booked: there is no time at which the business is open, somebody who does it \
                 works, and all it requires can be used; compare `hours` with those of its staff and resources"
            );
            Some(("", Code::NeverOpen, message))
        }
        Some(longest) if i64::from(service.duration.as_minutes()) > i64::from(longest) => {
            let message = format!(
                "`{id}` takes {} and the longest time it could have in one piece is {}: lengthen the hours of the \
                 business, of its staff and of what it requires, or shorten the service",
                service.duration,
                Span::minutes(longest.unsigned_abs())
            );
            Some((".duration", Code::LongerThanHours, message))
        }
        Some(_) => None,
    }
}

/// Minutes of the longest time in which the business is open, the person works and all that is required can be used.
fn longest_open(profile: &Profile, service: &Service, person: &Staff) -> i32 {
    let required: Vec<&WeeklyHours> = service
        .requires
        .iter()
        .filter_map(|id| profile.resource(id).and_then(|resource| resource.hours.as_ref()))
        .collect();
    let with_required =
        |open: Vec<Stretch>| required.iter().fold(open, |open, hours| common(&open, &of_week(hours)));
    let working = person.hours.as_ref().map(of_week);
    let as_working = |open: Vec<Stretch>| match &working {
        Some(working) => common(&open, working),
        None => open,
    };
    let weekly = with_required(as_working(of_week(&profile.hours)));
    let dated = profile.openings.iter().flat_map(|opening| {
        let day = i32::from(opening.date.weekday().to_monday_zero_offset());
        let open = merged(opening.hours.iter().flat_map(|interval| on_day(day, *interval)).collect());
        let own = opening.staff.is_empty();
        if own {
            with_required(as_working(open))
        } else if opening.staff.contains(&person.id) {
            with_required(open)
        } else {
            Vec::new()
        }
    });
    let longest = weekly.into_iter().chain(dated).map(|(from, to)| to - from).max().unwrap_or(0);
    longest.max(0)
}

/// Minutes since Monday's midnight, end exclusive.
type Stretch = (i32, i32);

/// A week's stretches twice over, so that what runs past Sunday's midnight is in one piece.
fn of_week(hours: &WeeklyHours) -> Vec<Stretch> {
    let all = hours.days().into_iter().zip(0..).flat_map(|((_, intervals), day)| {
        intervals.iter().flat_map(move |interval| on_day(day, *interval)).collect::<Vec<_>>()
    });
    merged(all.collect())
}

fn on_day(day: i32, interval: Interval) -> [Stretch; 2] {
    let (from, to) = interval.minutes();
    [0, WEEK].map(|week| (week + day * DAY + from, week + day * DAY + to))
}

/// In order, those that meet as one.
fn merged(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_unstable();
    let mut all: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for (from, to) in stretches {
        match all.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => all.push((from, to)),
        }
    }
    all
}

fn common(one: &[Stretch], other: &[Stretch]) -> Vec<Stretch> {
    one.iter()
        .flat_map(|a| other.iter().map(move |b| (a.0.max(b.0), a.1.min(b.1))))
        .filter(|(from, to)| from < to)
        .collect()
}

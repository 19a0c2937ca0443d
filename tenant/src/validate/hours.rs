//! Intervals that share time.

use jiff::civil::Date;

use super::{Code, Findings, day};
use crate::{
    Profile,
    hours::{Interval, Opening, WeeklyHours},
};

const DAY: i32 = 24 * 60;

pub(super) fn check(findings: &mut Findings, profile: &Profile) {
    week(findings, "hours", &profile.hours);
    for (at, person) in profile.staff.iter().enumerate() {
        if let Some(hours) = &person.hours {
            week(findings, &format!("staff[{at}].hours"), hours);
        }
    }
    for (at, resource) in profile.resources.iter().enumerate() {
        if let Some(hours) = &resource.hours {
            week(findings, &format!("resources[{at}].hours"), hours);
        }
    }
    for (at, opening) in profile.openings.iter().enumerate() {
        self::opening(findings, profile, at, opening);
    }
}

fn week(findings: &mut Findings, path: &str, hours: &WeeklyHours) {
    let days = hours.days();
    for (at, (name, intervals)) in days.iter().enumerate() {
        let path = format!("{path}.{name}");
        let (before, earlier) = days.get((at + 6) % 7).copied().unwrap_or(("", &[]));
        if let Some((one, other)) = within(intervals) {
            let message = format!("{one} and {other} overlap: end one before the other begins");
            findings.add(path, Code::OverlappingHours, message);
        } else if let Some((one, other)) = carried(earlier, intervals) {
            let message =
                format!("{one} of {before} runs past midnight into {other}: end one before the other begins");
            findings.add(path, Code::OverlappingHours, message);
        }
    }
}

/// An opening against itself, against other openings of its day for the same people, and against the nights on both
/// sides of it.
fn opening(findings: &mut Findings, profile: &Profile, at: usize, opening: &Opening) {
    let path = format!("openings[{at}].hours");
    if let Some((one, other)) = within(&opening.hours) {
        let message = format!("{one} and {other} overlap: end one before the other begins");
        return findings.add(path, Code::OverlappingHours, message);
    }
    for (before, other) in profile.openings.iter().enumerate().take(at) {
        if other.date == opening.date && share_people(other, opening) {
            let both: Vec<Interval> = other.hours.iter().chain(&opening.hours).copied().collect();
            if within(&both).is_some() {
                let message = format!(
                    "openings[{before}] is on {} as well and overlaps: keep one of them",
                    day(opening.date)
                );
                return findings.add(path, Code::OverlappingHours, message);
            }
        }
    }
    let yesterday = opening.date.yesterday().map(|date| hours_of(profile, date)).unwrap_or_default();
    // An opening of the day after looks back itself.
    let tomorrow = opening.date.tomorrow().ok().filter(|date| openings_of(profile, *date).next().is_none());
    let tomorrow = tomorrow.map(|date| hours_of(profile, date)).unwrap_or_default();
    let before = carried(&yesterday, &opening.hours).map(|night| (night, "the day before"));
    let after = carried(&opening.hours, &tomorrow).map(|night| (night, "the day after"));
    if let Some(((one, other), when)) = before.or(after) {
        let message = format!("overlaps with {when}: {one} runs past midnight into {other}");
        findings.add(path, Code::OverlappingHours, message);
    }
}

fn share_people(one: &Opening, other: &Opening) -> bool {
    one.staff.is_empty() || other.staff.is_empty() || one.staff.iter().any(|id| other.staff.contains(id))
}

fn openings_of(profile: &Profile, date: Date) -> impl Iterator<Item = &Opening> {
    profile.openings.iter().filter(move |opening| opening.date == date)
}

/// The business's hours of a date.
fn hours_of(profile: &Profile, date: Date) -> Vec<Interval> {
    let mut openings = openings_of(profile, date).peekable();
    if openings.peek().is_some() {
        openings.flat_map(|opening| opening.hours.iter().copied()).collect()
    } else if profile.closures.iter().any(|closure| (closure.from..=closure.to).contains(&date)) {
        Vec::new()
    } else {
        profile.hours.on(date.weekday()).to_vec()
    }
}

/// Two intervals of one day that share time.
fn within(intervals: &[Interval]) -> Option<(Interval, Interval)> {
    let mut sorted = intervals.to_vec();
    sorted.sort_unstable_by_key(|interval| interval.minutes());
    sorted.windows(2).find_map(|pair| match pair {
        [one, other] if other.minutes().0 < one.minutes().1 => Some((*one, *other)),
        _ => None,
    })
}

/// An interval of one day that shares time with one of the day after.
fn carried(earlier: &[Interval], later: &[Interval]) -> Option<(Interval, Interval)> {
    let night = *earlier.iter().max_by_key(|interval| interval.minutes().1)?;
    let first = *later.iter().min_by_key(|interval| interval.minutes().0)?;
    (first.minutes().0 < night.minutes().1 - DAY).then_some((night, first))
}

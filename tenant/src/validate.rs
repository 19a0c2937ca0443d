//! What is wrong with a profile, all of it at once, in words a shop owner understands.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::{
    Profile,
    hours::{Interval, WeeklyHours},
    profile::Service,
};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where, `services[2].staff[0]`.
    pub path: String,
    /// What, as a stable word for programs.
    pub code: Code,
    /// What to do about it.
    pub message: String,
}

/// Stable words for findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Another `schemaVersion` than this program reads.
    UnsupportedVersion,
    /// The zone is not in the tz database.
    UnknownZone,
    /// An id stands twice.
    DuplicateId,
    /// A reference to something that is not there.
    UnknownReference,
    /// Intervals of a day share time.
    OverlappingHours,
    /// A value outside its bounds.
    OutOfRange,
    /// These rules leave nothing to book.
    NothingBookable,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Every finding; empty for a profile that can be served.
pub fn validate(profile: &Profile) -> Vec<Finding> {
    let mut findings = Findings::default();
    if profile.schema_version != 1 {
        findings.add(
            "schemaVersion",
            Code::UnsupportedVersion,
            "this program reads schemaVersion 1: write 1".to_owned(),
        );
    }
    if TimeZone::get(&profile.business.time_zone).is_err() {
        findings.add(
            "business.timeZone",
            Code::UnknownZone,
            format!(
                "`{}` is not a time zone: write its IANA name, like America/Sao_Paulo or Europe/Berlin",
                profile.business.time_zone
            ),
        );
    }
    duplicates(&mut findings, "services", profile.services.iter().map(|s| s.id.as_str()));
    duplicates(&mut findings, "staff", profile.staff.iter().map(|s| s.id.as_str()));
    for (at, service) in profile.services.iter().enumerate() {
        check_service(&mut findings, profile, at, service);
    }
    check_week(&mut findings, "hours", &profile.hours);
    for (at, person) in profile.staff.iter().enumerate() {
        if let Some(hours) = &person.hours {
            check_week(&mut findings, &format!("staff[{at}].hours"), hours);
        }
    }
    for (at, closure) in profile.closures.iter().enumerate() {
        if closure.to < closure.from {
            findings.add(
                &format!("closures[{at}]"),
                Code::OutOfRange,
                "the closure ends before it begins: `from` is the first closed day, `to` the last".to_owned(),
            );
        }
    }
    if !(1..=24 * 60).contains(&profile.rules.slot_step.as_minutes()) {
        findings.add(
            "rules.slotStep",
            Code::OutOfRange,
            "must be between 1m and 1d, for example 15m".to_owned(),
        );
    }
    bookable(&mut findings, profile);
    findings.0
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, path: &str, code: Code, message: String) {
        self.0.push(Finding { path: path.to_owned(), code, message });
    }
}

fn duplicates<'a>(findings: &mut Findings, list: &str, ids: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for (at, id) in ids.enumerate() {
        if !seen.insert(id) {
            let message = format!("the id `{id}` stands twice in {list}: give each its own");
            findings.add(&format!("{list}[{at}].id"), Code::DuplicateId, message);
        }
    }
}

fn check_service(findings: &mut Findings, profile: &Profile, at: usize, service: &Service) {
    let path = format!("services[{at}]");
    if service.name.is_empty() {
        let message = "the service has no name: write one by language, like {pt-BR: Corte}".to_owned();
        findings.add(&format!("{path}.name"), Code::OutOfRange, message);
    }
    if !(1..=24 * 60).contains(&service.duration.as_minutes()) {
        findings.add(&format!("{path}.duration"), Code::OutOfRange, "must be between 1m and 1d".to_owned());
    }
    for (n, id) in service.staff.iter().enumerate() {
        if profile.staff_member(id).is_none() {
            let message = format!("nobody in staff has the id `{id}`: add that person or correct the id");
            findings.add(&format!("{path}.staff[{n}]"), Code::UnknownReference, message);
        }
    }
    if profile.staff_for(service).next().is_none() {
        let message = format!("nobody can do `{}`: name at least one staff member", service.id);
        findings.add(&format!("{path}.staff"), Code::NothingBookable, message);
    }
}

fn check_week(findings: &mut Findings, path: &str, hours: &WeeklyHours) {
    let days = hours.days();
    for (at, (day, intervals)) in days.iter().enumerate() {
        // What the day before carries past midnight lies on this day's clock, 24 hours back.
        let carried = days[(at + 6) % 7].1.iter().filter(|i| i.passes_midnight()).map(|i| {
            let (from, to) = i.minutes();
            (from - 24 * 60, to - 24 * 60)
        });
        let mut all: Vec<(i32, i32)> =
            carried.chain(intervals.iter().map(|i: &Interval| i.minutes())).collect();
        all.sort_unstable();
        if all.windows(2).any(|pair| pair[1].0 < pair[0].1) {
            let message = "the intervals overlap: end one before the next begins".to_owned();
            findings.add(&format!("{path}.{day}"), Code::OverlappingHours, message);
        }
    }
}

/// Names the rule that leaves nothing to book, where one does so by itself.
fn bookable(findings: &mut Findings, profile: &Profile) {
    if profile.hours.is_always_closed() {
        let message =
            "the business is never open, so nothing can be booked: write the opening hours of a day"
                .to_owned();
        findings.add("hours", Code::NothingBookable, message);
        return;
    }
    if profile.rules.minimum_notice >= profile.rules.horizon {
        let message = format!(
            "nothing can be booked: bookings are refused sooner than {} and later than {}; make the horizon longer than the minimum notice",
            profile.rules.minimum_notice, profile.rules.horizon
        );
        findings.add("rules.minimumNotice", Code::NothingBookable, message);
    }
    for (at, service) in profile.services.iter().enumerate() {
        let longest = profile
            .staff_for(service)
            .map(|person| longest_open(&profile.hours, person.hours.as_ref()))
            .max();
        if let Some(longest) = longest
            && i64::from(service.duration.as_minutes()) > i64::from(longest)
        {
            let message = format!(
                "`{}` takes {} and nobody who does it is available that long in one stretch: lengthen the hours or shorten the service",
                service.id, service.duration
            );
            findings.add(&format!("services[{at}].duration"), Code::NothingBookable, message);
        }
    }
}

/// Minutes of the longest stretch in which the business is open and the person works.
fn longest_open(business: &WeeklyHours, person: Option<&WeeklyHours>) -> i32 {
    let stretches = |hours: &WeeklyHours| -> Vec<(i32, i32)> {
        hours
            .days()
            .iter()
            .zip(0..)
            .flat_map(|((_, intervals), day)| {
                let base: i32 = day * 24 * 60;
                intervals.iter().map(move |i| (base + i.minutes().0, base + i.minutes().1))
            })
            .collect()
    };
    let open = stretches(business);
    let working = person.map_or_else(|| open.clone(), stretches);
    open.iter()
        .flat_map(|(from, to)| working.iter().map(move |(f, t)| (*to).min(*t) - (*from).max(*f)))
        .max()
        .unwrap_or(0)
        .max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("testdata/barbershop.yaml");

    fn read(edit: impl Fn(&str) -> String) -> Vec<Finding> {
        validate(&Profile::from_yaml(&edit(GOOD)).unwrap())
    }

    #[test]
    fn a_good_profile_has_no_findings() {
        assert_eq!(read(str::to_owned), vec![]);
    }

    #[test]
    fn each_mistake_is_found_where_it_is() {
        let cases: [(&str, &str, &str, Code); 7] = [
            ("America/Sao_Paulo", "America/Sao_Paolo", "business.timeZone", Code::UnknownZone),
            ("staff: [ze, rui]", "staff: [ze, ruy]", "services[0].staff[1]", Code::UnknownReference),
            ("- id: rui", "- id: ze", "staff[1].id", Code::DuplicateId),
            ("13:00-19:00\"]  # thu", "11:00-19:00\"]  # thu", "hours.thu", Code::OverlappingHours),
            ("minimumNotice: 1h", "minimumNotice: 90d", "rules.minimumNotice", Code::NothingBookable),
            ("duration: 45m", "duration: 23h", "services[0].duration", Code::NothingBookable),
            ("schemaVersion: 1", "schemaVersion: 2", "schemaVersion", Code::UnsupportedVersion),
        ];
        for (from, to, path, code) in cases {
            assert!(GOOD.contains(from), "the test's profile has no `{from}`");
            let findings = read(|text| text.replacen(from, to, 1));
            assert!(findings.iter().any(|f| f.path == path && f.code == code), "{to}: {findings:?}");
        }
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let findings = read(|text| {
            text.replace("America/Sao_Paulo", "Mars/Base").replace("minimumNotice: 1h", "minimumNotice: 90d")
        });
        assert_eq!(findings.len(), 2, "{findings:?}");
    }

    #[test]
    fn a_night_that_runs_into_the_next_day_must_not_overlap_it() {
        let findings = read(|text| {
            text.replacen(
                "\n  sat: [\"09:00-17:00\"]",
                "\n  sat: [\"22:00-10:00\"]\n  sun: [\"09:00-12:00\"]",
                1,
            )
        });
        assert!(findings.iter().any(|f| f.path == "hours.sun"), "{findings:?}");
    }
}

//! What is wrong with a profile, all of it at once, in words a shop owner understands.
//!
//! Bounds and forms come from the profile's schema ([`shape`]), which an API server checks as well and a file does
//! not pass; what a schema cannot say has a module each.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{Profile, profile};

mod bookable;
mod currency;
mod dates;
mod finding;
mod hours;
mod languages;
mod path;
mod reach;
mod references;
pub(crate) mod shape;
mod spans;
mod suggest;
mod text;
mod world;

pub use finding::{Code, Finding, Place, Severity};
pub(crate) use text::short;

/// Every finding, errors first; none for a profile without a flaw. A profile without errors can be served.
///
/// `now` is only for warnings: which closures are over, and whether anything can be booked today. No profile becomes
/// wrong by the passing of time.
pub fn validate(profile: &Profile, now: Timestamp) -> Vec<Finding> {
    let zone = TimeZone::get(&profile.business.time_zone);
    let today = now.to_zoned(zone.unwrap_or(TimeZone::UTC)).date();
    let bounds = bounds(profile);
    // What is said of each pair of a service and a person needs their numbers bounded.
    let bounded = !bounds.iter().any(|finding| finding.code == Code::TooMany);
    let mut findings =
        Findings { said: bounds.iter().map(|finding| finding.path.clone()).collect(), all: bounds };
    world::check(&mut findings, profile);
    spans::check(&mut findings, profile);
    references::check(&mut findings, profile);
    languages::check(&mut findings, profile);
    hours::check(&mut findings, profile);
    dates::check(&mut findings, profile, today);
    if bounded {
        bookable::check(&mut findings, profile, now);
    }
    let mut findings = findings.all;
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// What the schema says of a profile that was not read from a file.
fn bounds(profile: &Profile) -> Vec<Finding> {
    let Ok(value) = serde_json::to_value(profile) else { return Vec::new() };
    let (mut findings, _) = shape::check(&profile::schema(), &value);
    // Said better, with a code of its own.
    findings.retain(|finding| finding.path != "schemaVersion");
    findings
}

struct Findings {
    all: Vec<Finding>,
    /// Where the schema is not heeded: nothing more is said of a value that is not of its form.
    said: BTreeSet<String>,
}

impl Findings {
    fn add(&mut self, path: impl Into<String>, code: Code, message: impl Into<String>) {
        let path = path.into();
        if !self.said.contains(&path) {
            self.all.push(Finding::new(path, code, message));
        }
    }
}

/// A day in a message.
fn day(date: Date) -> String {
    date.to_string()
}

#[cfg(test)]
mod tests;

//! Services of which nothing can be booked, and the rule that closes them, as [`slots::nothing_bookable`] finds it.
//!
//! What closes a service on every day is an error. What closes it only now (a long closure, a horizon that ends before
//! Monday) is a warning: the same file must be good again when the day has come.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Code, Findings, text::short};
use crate::{Profile, scalar::Span, slots};

/// Every weekday, and the same again for a week in which clocks change.
const TWO_WEEKS: Span = Span::days(14);

/// `told` are the places of services that are already known to be closed.
pub(super) fn check(findings: &mut Findings, profile: &Profile, now: Timestamp, told: &BTreeSet<usize>) {
    let asked: Vec<usize> = (0..profile.services.len()).filter(|at| !told.contains(at)).collect();
    let mut profile = profile.clone();
    // Why a service is closed takes long to find out: not again for those of which it is known.
    profile.services = asked.iter().filter_map(|at| profile.services.get(*at).cloned()).collect();
    let closed = closed(&profile, now, &asked);
    if closed.is_empty() {
        return;
    }
    let always =
        without_dates(&profile).map(|profile| self::closed(&profile, now, &asked)).unwrap_or_default();
    let shut: BTreeSet<&str> = always.values().flatten().map(String::as_str).collect();
    for (rules, services) in &always {
        let message = format!("{} can never be booked{}", names(services), blame(rules));
        findings.add(place(rules), Code::NeverBookable, message);
    }
    for (rules, services) in &closed {
        let only_now: Vec<String> =
            services.iter().filter(|id| !shut.contains(id.as_str())).cloned().collect();
        if !only_now.is_empty() {
            let message = format!(
                "{} cannot be booked at any time from now to the horizon{}",
                names(&only_now),
                blame(rules)
            );
            findings.add(place(rules), Code::NothingBookable, message);
        }
    }
}

/// The services that are closed, by the rules that close them. `places` are those of the services in the profile as it
/// was written.
fn closed(profile: &Profile, now: Timestamp, places: &[usize]) -> BTreeMap<Vec<String>, Vec<String>> {
    let mut by_rules: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for closed in slots::nothing_bookable(profile, now) {
        let rules = closed.rules.iter().map(|rule| as_written(rule, places)).collect();
        by_rules.entry(rules).or_default().push(closed.service);
    }
    by_rules
}

/// A path into the profile as it was written.
fn as_written(rule: &str, places: &[usize]) -> String {
    let of_service =
        rule.strip_prefix("services[").and_then(|rest| rest.split_once(']')).and_then(|(at, field)| {
            let place = places.get(at.parse::<usize>().ok()?)?;
            Some(format!("services[{place}]{field}"))
        });
    of_service.unwrap_or_else(|| rule.to_owned())
}

/// The profile as it is on a day like any other. None where only dates say when it is open at all.
fn without_dates(profile: &Profile) -> Option<Profile> {
    if !profile.openings.is_empty() {
        return None;
    }
    let mut profile = profile.clone();
    profile.closures.clear();
    profile.staff.iter_mut().for_each(|person| person.vacations.clear());
    profile.resources.iter_mut().for_each(|resource| resource.closures.clear());
    let far_enough = |notice: Span, horizon: Span| {
        horizon.max(Span::minutes(notice.as_minutes() + TWO_WEEKS.as_minutes()))
    };
    let rules = &mut profile.rules;
    rules.horizon = far_enough(rules.minimum_notice, rules.horizon);
    for service in &mut profile.services {
        let notice = service.minimum_notice.unwrap_or(rules.minimum_notice);
        service.horizon = Some(far_enough(notice, service.horizon.unwrap_or(rules.horizon)));
    }
    Some(profile)
}

fn place(rules: &[String]) -> &str {
    rules.first().map_or("services", String::as_str)
}

/// The first few services by name.
fn names(services: &[String]) -> String {
    const MOST: usize = 3;
    let named: Vec<String> = services.iter().take(MOST).map(|id| format!("`{}`", short(id))).collect();
    match services.len().saturating_sub(MOST) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Which rule to change, in words beside its path. It follows what cannot be booked.
fn blame(rules: &[String]) -> String {
    let named: Vec<String> = rules.iter().map(|rule| format!("{} (`{rule}`)", kind(rule))).collect();
    match named.as_slice() {
        [] => String::new(),
        [one] => format!(" because of {one}: change it"),
        all => format!(" because of {} together: change one of them", all.join(" and ")),
    }
}

fn kind(rule: &str) -> &'static str {
    let field = rule.rsplit('.').next().unwrap_or_default();
    match field.split('[').next().unwrap_or_default() {
        "closures" => "the days of closure",
        "openings" => "the special opening",
        "vacations" => "the days off",
        "hours" => "the hours",
        "minimumNotice" => "the minimum notice",
        "horizon" => "the horizon",
        "slotStep" => "the distance between starts",
        "duration" => "the duration",
        "requires" => "what it requires",
        "staff" => "who does it",
        _ => "the rule",
    }
}

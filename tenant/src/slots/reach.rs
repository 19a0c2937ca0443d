//! Which services can never be booked, and which rule closes them.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};

use super::{Busy, Calendar, Query, Visit, search::any};
use crate::{
    Profile,
    hours::{Interval, WeeklyHours},
    profile::Alignment,
    scalar::Span,
    when::Window,
};

/// A service of which nothing can be booked in the whole horizon, though nobody has booked anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Its id.
    pub service: String,
    /// The rule that closes it, as a path into the profile such as `rules.minimumNotice`, `hours`, `closures[0]` or
    /// `staff[1].hours`: without it something could be booked. Several where only lifting all of them helps.
    pub rules: Vec<String>,
}

/// Every service that can never be booked. The owner's adjustments are not looked at: they pass.
pub fn nothing_bookable(profile: &Profile, now: Timestamp) -> Vec<Closed> {
    let services = 0..profile.services.len();
    services.filter(|at| !is_bookable(profile, *at, now)).filter_map(|at| closed(profile, at, now)).collect()
}

/// Days that are looked at first; most services have a slot in them.
const SOON: i64 = 9;
/// The longest horizon a profile can have.
const FAR: Span = Span::days(366);

fn is_bookable(profile: &Profile, at: usize, now: Timestamp) -> bool {
    let Some(service) = profile.services.get(at) else { return true };
    // A zone that does not exist is another finding.
    let Ok(calendar) = Calendar::new(profile) else { return true };
    let Ok(visit) = Visit::of_one(profile, &service.id, None) else { return false };
    let wait = service.minimum_notice.unwrap_or(profile.rules.minimum_notice).as_duration();
    let first = calendar.local(now.saturating_add(wait).unwrap_or(now)).date();
    let horizon = service.horizon.unwrap_or(profile.rules.horizon);
    let whole = i64::from(horizon.as_minutes() / (24 * 60)) + 2;
    [SOON, whole].into_iter().any(|days| {
        let window = Window::days(first.saturating_sub(1.day()), first.saturating_add(days.days()));
        any(&calendar, &Busy::default(), &Query { visit: visit.clone(), window, now, limit: 1 })
    })
}

type Lift = Box<dyn Fn(&mut Profile)>;

/// A rule and how a profile looks without it.
struct Rule {
    path: String,
    lift: Lift,
}

fn rule(path: impl Into<String>, lift: impl Fn(&mut Profile) + 'static) -> Rule {
    Rule { path: path.into(), lift: Box::new(lift) }
}

fn closed(profile: &Profile, at: usize, now: Timestamp) -> Option<Closed> {
    let service = profile.services.get(at)?;
    let found = |rules: Vec<String>| Some(Closed { service: service.id.clone(), rules });
    if profile.staff_for(service).next().is_none() {
        return found(vec![format!("services[{at}].staff")]);
    }
    let opens = |rules: &[&Rule]| {
        let mut without = profile.clone();
        for rule in rules {
            (rule.lift)(&mut without);
        }
        is_bookable(&without, at, now)
    };
    // Families first: where lifting a whole family does not help, no member of it does.
    let families = families(profile, at);
    for family in &families {
        let all: Vec<&Rule> = family.iter().collect();
        if opens(&all) {
            let alone = family.iter().find(|rule| opens(&[rule]));
            return found(alone.map_or_else(|| least(&all, &opens), |rule| vec![rule.path.clone()]));
        }
    }
    let all: Vec<&Rule> = families.iter().flatten().collect();
    if opens(&all) {
        return found(least(&all, &opens));
    }
    found(vec![format!("services[{at}]")])
}

/// Rules that must all be lifted: what is left when each that can stay is left standing.
fn least(rules: &[&Rule], opens: &dyn Fn(&[&Rule]) -> bool) -> Vec<String> {
    let mut lifted: BTreeSet<usize> = (0..rules.len()).collect();
    // Halves first, so that a hundred closures cost few trials.
    let mut size = rules.len().div_ceil(2);
    while size > 0 {
        for from in (0..rules.len()).step_by(size) {
            let fewer: BTreeSet<usize> =
                lifted.iter().copied().filter(|n| !(from..from + size).contains(n)).collect();
            let kept: Vec<&Rule> = fewer.iter().filter_map(|n| rules.get(*n).copied()).collect();
            if fewer.len() < lifted.len() && opens(&kept) {
                lifted = fewer;
            }
        }
        size /= 2;
    }
    lifted.iter().filter_map(|n| rules.get(*n)).map(|rule| rule.path.clone()).collect()
}

/// The rules that could close a service, the more particular ones first.
fn families(profile: &Profile, at: usize) -> Vec<Vec<Rule>> {
    let Some(service) = profile.services.get(at) else { return Vec::new() };
    let does = |n: &usize| {
        profile.staff.get(*n).is_some_and(|p| service.staff.is_empty() || service.staff.contains(&p.id))
    };
    let people: Vec<usize> = (0..profile.staff.len()).filter(does).collect();
    let needs = |n: &usize| profile.resources.get(*n).is_some_and(|r| service.requires.contains(&r.id));
    let resources: Vec<usize> = (0..profile.resources.len()).filter(needs).collect();
    // Members are emptied, not removed: the others keep their places.
    let closures = (0..profile.closures.len())
        .map(|n| rule(format!("closures[{n}]"), move |p| never(p.closures.get_mut(n))));
    let openings = (0..profile.openings.len()).map(|n| {
        rule(format!("openings[{n}]"), move |p| {
            if let Some(opening) = p.openings.get_mut(n) {
                opening.date = jiff::civil::Date::MIN;
            }
        })
    });
    let vacations = people.iter().flat_map(|&n| {
        let count = profile.staff.get(n).map_or(0, |person| person.vacations.len());
        (0..count).map(move |k| {
            rule(format!("staff[{n}].vacations[{k}]"), move |p| {
                never(p.staff.get_mut(n).and_then(|person| person.vacations.get_mut(k)));
            })
        })
    });
    let working =
        people.iter().filter(|n| profile.staff.get(**n).is_some_and(|p| p.hours.is_some())).map(|&n| {
            rule(format!("staff[{n}].hours"), move |p| {
                if let Some(person) = p.staff.get_mut(n) {
                    person.hours = None;
                }
            })
        });
    let shut = resources.iter().flat_map(|&n| {
        let count = profile.resources.get(n).map_or(0, |resource| resource.closures.len());
        (0..count).map(move |k| {
            rule(format!("resources[{n}].closures[{k}]"), move |p| {
                never(p.resources.get_mut(n).and_then(|resource| resource.closures.get_mut(k)));
            })
        })
    });
    let usable = resources.iter().filter(|n| profile.resources.get(**n).is_some_and(|r| r.hours.is_some()));
    let usable = usable.map(|&n| {
        rule(format!("resources[{n}].hours"), move |p| {
            if let Some(resource) = p.resources.get_mut(n) {
                resource.hours = None;
            }
        })
    });
    let required = (0..service.requires.len()).map(|k| {
        rule(format!("services[{at}].requires[{k}]"), move |p| {
            let Some(service) = p.services.get_mut(at) else { return };
            let Some(id) = service.requires.get_mut(k) else { return };
            // In its place stands something of which there is always enough.
            id.clear();
            p.resources.push(crate::profile::Resource {
                id: String::new(),
                name: None,
                capacity: 1,
                hours: None,
                closures: Vec::new(),
            });
        })
    });
    let one = |path: String, lift: Lift| vec![Rule { path, lift }];
    let own = format!("services[{at}]");
    let of = |own_is_set: bool, name: &str| {
        if own_is_set { format!("{own}.{name}") } else { format!("rules.{name}") }
    };
    let notice = of(service.minimum_notice.is_some(), "minimumNotice");
    let horizon = of(service.horizon.is_some(), "horizon");
    let set = move |change: fn(&mut crate::profile::Service)| -> Lift {
        Box::new(move |p| {
            if let Some(service) = p.services.get_mut(at) {
                change(service);
            }
        })
    };
    vec![
        closures.collect(),
        openings.collect(),
        vacations.collect(),
        working.collect(),
        shut.collect(),
        usable.collect(),
        required.collect(),
        one(notice, set(|service| service.minimum_notice = Some(Span::minutes(0)))),
        one(format!("{own}.duration"), set(|service| service.duration = Span::minutes(1))),
        one(
            "rules.slotStep".to_owned(),
            Box::new(|p| {
                p.rules.slot_step = Span::minutes(1);
                p.rules.alignment = Alignment::Midnight;
            }),
        ),
        one(horizon, set(|service| service.horizon = Some(FAR))),
        one("hours".to_owned(), Box::new(|p| p.hours = always())),
    ]
}

/// Moves a closure to where it closes nothing.
fn never(closure: Option<&mut crate::hours::Closure>) {
    if let Some(closure) = closure {
        (closure.from, closure.to) = (jiff::civil::Date::MIN, jiff::civil::Date::MIN);
    }
}

fn always() -> WeeklyHours {
    let midnight = jiff::civil::Time::midnight();
    let day = || vec![Interval { from: midnight, to: midnight }];
    WeeklyHours { mon: day(), tue: day(), wed: day(), thu: day(), fri: day(), sat: day(), sun: day() }
}

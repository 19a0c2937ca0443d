//! What finding free slots costs, printed as a list of `{name, value, unit, baseline, ratio, target, holds}`.
//! `ratio` is value / baseline; `target` is a bound on it, or on `value` where there is no baseline.
//!
//! Every measurement includes what a real query does: the rows are read in, indexed and thrown away again.

use std::{error::Error, time::Instant};

use jiff::{SignedDuration, Timestamp};
use mcp_tenant::{
    Profile,
    scalar::Span,
    slots::{Busy, Calendar, Occupation, Query, Standing, StandingPart, Stretch, Visit, free_slots},
    when::Window,
};
use serde_json::{Value, json};

const STAFF: i64 = 10;
const SERVICES: usize = 20;
const DAYS: i64 = 60;
const BOOKINGS: i64 = 5_000;
/// A Monday at midnight in São Paulo.
const BEGIN: &str = "2026-08-03T03:00:00Z";

fn main() -> Result<(), Box<dyn Error>> {
    let profile = profile()?;
    let (mut figures, mut medians, mut floors) = (Vec::new(), Vec::new(), Vec::new());
    for times in [1, 4, 16] {
        let busy = busy(times)?;
        medians.push((times, median(&profile, &busy, times)?));
        floors.push(floor(&busy)?);
    }
    let [(_, once), rest @ ..] = &medians[..] else { return Err("nothing was measured".into()) };
    figures.push(figure("free slots, 60 days, 10 staff, 20 services, 5000 bookings", *once, "ms", None, 1.0));
    let scan = scan(&profile, &busy(1)?)?;
    figures.push(figure("free slots against a scan of all bookings per start", *once, "ms", Some(scan), 0.1));
    for (times, took) in rest {
        let name = format!("free slots, {times} times the days and bookings");
        figures.push(figure(&name, *took, "ms", Some(once * f64::from(i32::try_from(*times)?)), 2.5));
    }
    // What is beyond 1 there is the memory's: a plain pass over the same rows falls out of the caches too.
    if let [first, .., last] = &floors[..] {
        figures.push(figure(
            "a plain pass over the rows, 16 times of them",
            *last,
            "ms",
            Some(first * 16.0),
            f64::MAX,
        ));
    }
    println!("{:#}", json!(figures));
    Ok(())
}

fn figure(name: &str, value: f64, unit: &str, baseline: Option<f64>, most: f64) -> Value {
    let round = |number: f64| (number * 1e4).round() / 1e4;
    let ratio = baseline.map(|baseline| value / baseline);
    json!({
        "name": name, "value": round(value), "unit": unit, "baseline": baseline.map(round), "ratio": ratio.map(round),
        "target": if most < f64::MAX { format!("≤ {most}") } else { "none".to_owned() },
        "holds": ratio.unwrap_or(value) <= most,
    })
}

fn now() -> Result<Timestamp, Box<dyn Error>> {
    Ok(BEGIN.parse::<Timestamp>()? - SignedDuration::from_hours(2))
}

fn profile() -> Result<Profile, Box<dyn Error>> {
    let week = r#"{"mon": ["08:00-20:00"], "tue": ["08:00-20:00"], "wed": ["08:00-12:00", "13:00-20:00"], "thu": ["08:00-20:00"], "fri": ["08:00-22:00"], "sat": ["08:00-20:00"], "sun": ["08:00-20:00"]}"#;
    let services: Vec<Value> = (0..SERVICES)
        .map(|n| {
            let staff: Vec<String> = (0..STAFF).skip(n % 4).map(|p| format!("person-{p}")).collect();
            json!({
                "id": format!("service-{n}"), "name": {"en": "S"}, "price": "10",
                "duration": format!("{}m", 20 + 5 * (n % 6)), "bufferAfter": "5m", "staff": staff,
                "requires": if n % 2 == 0 { vec!["chair"] } else { vec![] },
            })
        })
        .collect();
    let staff: Vec<Value> = (0..STAFF)
        .map(|n| {
            let mut person = json!({"id": format!("person-{n}"), "name": "P", "maxPerDay": 30});
            if n % 2 == 1 {
                person["hours"] = serde_json::from_str(week).unwrap_or_default();
            }
            person
        })
        .collect();
    let profile = json!({
        "schemaVersion": 1,
        "business": {"type": "salon", "name": "B", "timeZone": "America/Sao_Paulo", "languages": ["pt-BR"], "currency": "BRL"},
        "services": services, "staff": staff, "resources": [{"id": "chair", "capacity": 8}],
        "hours": serde_json::from_str::<Value>(week)?,
        "rules": {"minimumNotice": "1h", "slotStep": "15m", "maxPerDay": 300},
    });
    Ok(Profile::from_yaml(&profile.to_string())?)
}

/// So many bookings on so many days, `times` over, in the order of time as a database has them.
fn busy(times: i64) -> Result<Busy, Box<dyn Error>> {
    let begin: Timestamp = BEGIN.parse()?;
    let (mut busy, mut random) = (Busy::default(), 42_u64);
    let per_person = DAYS * STAFF;
    for day in 0..DAYS * times {
        let mut chairs = [begin; 8];
        let mut of_day = Vec::new();
        for person in 0..STAFF {
            // 5,000 bookings on 600 working days: eight, and nine on every third.
            let count = BOOKINGS / per_person + i64::from((day * STAFF + person) % 3 == 0);
            let mut at = begin + SignedDuration::from_hours(24 * day + 8);
            for _ in 0..count {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let minutes = 30 + 5 * i64::try_from((random >> 33) % 6)?;
                of_day.push((at, at + SignedDuration::from_mins(minutes), person));
                at += SignedDuration::from_mins(minutes + 5 * i64::try_from((random >> 40) % 5)?);
            }
        }
        of_day.sort_unstable();
        for (n, (from, to, person)) in of_day.into_iter().enumerate() {
            let booking = format!("{day:04}{n:028}");
            let row = |lane: String, pinned| {
                let (booking, share) = (booking.clone(), booking.clone());
                Occupation { booking, lane, share, stretch: Stretch { from, to }, pinned }
            };
            let chair = chairs.iter().position(|free| *free <= from).filter(|_| n % 2 == 0);
            let chair = chair.map(|chair| {
                chairs[chair] = to;
                row(format!("resource:chair/{}", chair + 1), false)
            });
            busy.occupations.push(row(format!("staff:person-{person}"), true));
            busy.occupations.extend(chair);
            let staff = format!("person-{person}");
            let parts = vec![StandingPart { service: "service-0".into(), staff, start: from }];
            busy.bookings.push(Standing { booking, parts });
        }
    }
    Ok(busy)
}

fn window(times: i64) -> Result<Window, Box<dyn Error>> {
    let first = now()?.to_zoned(jiff::tz::TimeZone::UTC).date();
    Ok(Window::days(first, first.checked_add(jiff::Span::new().days(DAYS * times))?))
}

/// The median over services and repeats, in milliseconds.
fn median(profile: &Profile, busy: &Busy, times: i64) -> Result<f64, Box<dyn Error>> {
    let mut profile = profile.clone();
    profile.rules.horizon = Span::days(u32::try_from(DAYS * times)?);
    let calendar = Calendar::new(&profile)?;
    let (mut took, mut found) = (Vec::new(), 0);
    for repeat in 0..if times == 1 { 20 } else { 5 } {
        for service in &profile.services {
            let visit = Visit::of_one(&profile, &service.id, None)?;
            let query = Query { visit, window: window(times)?, now: now()?, limit: usize::MAX };
            let begun = Instant::now();
            let slots = std::hint::black_box(free_slots(&calendar, busy, &query));
            took.push(begun.elapsed().as_secs_f64() * 1e3);
            found += usize::from(repeat == 0) * slots.len();
        }
    }
    took.sort_by(f64::total_cmp);
    let middle = took.get(took.len() / 2).copied().ok_or("nothing was measured")?;
    if found < SERVICES * 100 {
        return Err(format!("only {found} slots were found: the rows are not what they should be").into());
    }
    Ok(middle)
}

/// Reading each row and booking once, and nothing more.
fn floor(busy: &Busy) -> Result<f64, Box<dyn Error>> {
    let mut took = Vec::new();
    for _ in 0..9 {
        let begun = Instant::now();
        let lane =
            |row: &Occupation| row.lane.bytes().last().map_or(0, i64::from) + row.stretch.from.as_second();
        let staff = |part: &StandingPart| part.staff.bytes().last().map_or(0, i64::from);
        let rows: i64 = busy.occupations.iter().map(lane).fold(0, i64::wrapping_add);
        let parts: i64 = busy.bookings.iter().flat_map(|b| &b.parts).map(staff).fold(0, i64::wrapping_add);
        std::hint::black_box((rows, parts));
        took.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    took.get(4).copied().ok_or_else(|| "nothing was measured".into())
}

/// The plain way, for a person's own lane alone: for each start and person, look at every booking.
fn scan(profile: &Profile, busy: &Busy) -> Result<f64, Box<dyn Error>> {
    let mut took = Vec::new();
    let monday: Timestamp = BEGIN.parse()?;
    for service in profile.services.iter().take(5) {
        let begun = Instant::now();
        let (mut open, length) = (0_usize, service.duration.as_duration());
        for day in 0..DAYS {
            for step in 0..12 * 4 {
                let from = monday + SignedDuration::from_mins(24 * 60 * day + 8 * 60 + 15 * step);
                let wanted = Stretch { from, to: from + length };
                open += usize::from(service.staff.iter().any(|id| {
                    let on = |row: &&Occupation| {
                        row.lane.strip_prefix("staff:") == Some(id) && row.stretch.overlaps(&wanted)
                    };
                    !busy.occupations.iter().any(|row| on(&row))
                }));
            }
        }
        std::hint::black_box(open);
        took.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    took.get(took.len() / 2).copied().ok_or_else(|| "nothing was measured".into())
}

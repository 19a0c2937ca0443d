//! Random businesses, agendas and questions, near the days on which clocks change.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use mcp_tenant::{
    Profile,
    adjustment::{Adjustment, Change, Target},
    scalar::Span,
    slots::{
        Busy, Calendar, Mirrored, Occupation, Query, Standing, StandingPart, Stretch, Visit, free_slots, plan,
    },
    when::Window,
};
use serde_json::{Map, Value, json};

use super::random::Random;

const ZONES: [&str; 12] = [
    "Europe/Berlin",
    "America/Santiago",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/New_York",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Pacific/Chatham",
    "America/Havana",
    "UTC",
];

/// A question and all it depends on.
pub struct Case {
    pub profile: Profile,
    pub busy: Busy,
    pub visit: Vec<(String, Option<String>)>,
    pub window: Window,
    pub now: Timestamp,
    pub limit: usize,
    /// Starts about which is asked singly.
    pub asked: Vec<Timestamp>,
}

impl Case {
    pub fn random(seed: u64) -> Self {
        let mut r = Random::new(seed);
        let zone_name = *r.pick(&ZONES);
        let zone = TimeZone::get(zone_name).unwrap();
        let (now, change) = moment(&mut r, &zone);
        let today = now.to_zoned(zone.clone()).date();
        // What the clock shows just before it is changed: bounds of hours near it are the hard ones.
        let change = change.map(|at| (at - SignedDuration::from_mins(1)).to_zoned(zone).datetime());
        let near = change.map_or(120, |at| i64::from(at.hour()) * 60 + i64::from(at.minute()) + 1);
        // Many people on few units: what is free then depends on what may change places.
        let crowded = r.chance(45);
        let profile = profile(&mut r, zone_name, (today, near), crowded);
        let services = r.between(1, 3);
        let visit: Vec<_> =
            (0..if r.chance(70) { 1 } else { services }).map(|_| wanted(&mut r, &profile)).collect();
        let first = match change {
            Some(at) if r.chance(60) => at.date().saturating_sub(r.between(0, 1).days()),
            _ => today.saturating_add(r.between(if crowded { 0 } else { -1 }, 3).days()),
        };
        let (from, to) = match r.below(5) {
            0 => {
                let from = r.between(0, 24 * 12 - 1) * 5;
                (from, from + r.between(1, 150) * 5)
            }
            1 => (r.between(18, 23) * 60, r.between(24, 30) * 60),
            _ => (0, 1440),
        };
        let window = Window {
            first,
            last: first.saturating_add(r.between(0, 2).days()),
            from: u16::try_from(from).unwrap(),
            to: u16::try_from(to.max(from + 1)).unwrap(),
        };
        let tries = if crowded { r.between(10, 45) } else { r.between(0, 12) * r.between(0, 4) };
        let busy = busy(&mut r, &profile, now, &window, tries);
        let midnight = first.to_zoned(TimeZone::get(zone_name).unwrap()).unwrap().timestamp();
        let step = i64::from(profile.rules.slot_step.as_minutes());
        let any = |r: &mut Random| midnight + SignedDuration::from_mins(step * r.between(-2, 4000 / step));
        let mut asked: Vec<Timestamp> = (0..3).map(|_| any(&mut r)).collect();
        asked.extend(if_nobody_had_booked(&mut r, &profile, &visit, &window, now));
        let limit = if r.chance(10) { usize::try_from(r.between(0, 5)).unwrap() } else { 10_000 };
        Self { profile, busy, visit, window, now, limit, asked }
    }

    pub fn parts(&self) -> Vec<(&str, Option<&str>)> {
        self.visit.iter().map(|(service, staff)| (service.as_str(), staff.as_deref())).collect()
    }
}

/// Some starts that are open as far as hours go; what is booked, changed and limited since decides about them.
fn if_nobody_had_booked(
    r: &mut Random,
    profile: &Profile,
    visit: &[(String, Option<String>)],
    window: &Window,
    now: Timestamp,
) -> Vec<Timestamp> {
    let calendar = Calendar::new(profile).unwrap();
    let parts: Vec<_> = visit.iter().map(|(service, staff)| (service.as_str(), staff.as_deref())).collect();
    let visit = Visit::new(profile, &parts).unwrap();
    let query = Query { visit, window: window.clone(), now, limit: 10_000 };
    let free = free_slots(&calendar, &Busy::default(), &query);
    if free.is_empty() { vec![] } else { (0..6).map(|_| r.pick(&free).start).collect() }
}

/// Half an hour to four days before clocks change, or any time.
fn moment(r: &mut Random, zone: &TimeZone) -> (Timestamp, Option<Timestamp>) {
    let from = if r.chance(5) { "2011-12-20T00:00:00Z" } else { "2025-12-28T00:00:00Z" };
    let anywhere = from.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(r.between(0, 500 * 1440));
    let change = zone.following(anywhere).next().map(|change| change.timestamp());
    let near = change.filter(|at| at.duration_since(anywhere) < SignedDuration::from_hours(24 * 400));
    let at = match near {
        Some(change) if r.chance(75) => change - SignedDuration::from_mins(r.between(-600, 4 * 1440)),
        _ => anywhere,
    };
    (at + SignedDuration::from_secs(if r.chance(30) { r.between(0, 59) } else { 0 }), near)
}

fn clock(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn intervals(r: &mut Random, near: i64) -> Vec<String> {
    let bound = |r: &mut Random| (near / 5 * 5 + 5 * r.between(-8, 16)).rem_euclid(1440);
    let interval = |from: i64, to: i64| {
        format!("{}-{}", clock(from), clock(if from == to { (to + 5) % 1440 } else { to }))
    };
    match r.below(16) {
        0 => vec![],
        1 => vec!["00:00-24:00".to_owned()],
        2 | 8 => vec![interval(5 * r.between(200, 287), 5 * r.between(1, 60))],
        // Bounds near the hours that clocks skip or repeat.
        9 | 11 => vec![interval(bound(r), 5 * r.between(100, 240))],
        10 | 12 => vec![interval(5 * r.between(240, 287), bound(r))],
        13 => {
            let at = bound(r);
            vec![interval(at, (at + 5 * r.between(1, 30)) % 1440)]
        }
        3 => vec!["00:00-03:00".to_owned(), interval(9 * 60, 17 * 60), "22:00-24:00".to_owned()],
        4 => {
            let noon = 5 * r.between(120, 160);
            vec![interval(8 * 60, noon), interval(noon, 18 * 60)]
        }
        5 => vec![interval(5 * r.between(0, 40), 5 * r.between(41, 120))],
        6 | 7 => vec![interval(5 * r.between(72, 108), 5 * r.between(200, 280))],
        _ => vec![interval(5 * r.between(90, 120), 12 * 60), interval(13 * 60, 5 * r.between(180, 240))],
    }
}

fn week(r: &mut Random, near: i64) -> Value {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let usual = intervals(r, near);
    let of = |r: &mut Random| if r.chance(60) { usual.clone() } else { intervals(r, near) };
    Value::Object(days.iter().map(|day| ((*day).to_owned(), json!(of(r)))).collect::<Map<_, _>>())
}

fn closures(r: &mut Random, today: Date, percent: u64) -> Value {
    let mut found = Vec::new();
    while r.chance(percent) {
        let from = today.saturating_add(r.between(-2, 6).days());
        found.push(json!({"from": from, "to": from.saturating_add(r.between(0, 2).days())}));
    }
    json!(found)
}

fn some<T: serde::Serialize>(r: &mut Random, percent: u64, value: impl Fn(&mut Random) -> T) -> Value {
    if r.chance(percent) { json!(value(r)) } else { Value::Null }
}

/// An object without its nulls.
fn object(fields: &[(&str, Value)]) -> Value {
    let fields = fields.iter().filter(|(_, value)| !value.is_null());
    Value::Object(fields.map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn minutes(r: &mut Random, all: &[i64]) -> String {
    Span::minutes(u32::try_from(*r.pick(all)).unwrap()).to_string()
}

fn profile(r: &mut Random, zone: &str, (today, near): (Date, i64), crowded: bool) -> Profile {
    let (people, rooms) = if crowded { (r.between(3, 5), 1) } else { (r.between(1, 3), r.between(0, 2)) };
    let ids = |kind: &str, count: i64| (0..count).map(|n| format!("{kind}{n}")).collect::<Vec<_>>();
    let (people, rooms) = (ids("p", people), ids("r", rooms));
    let subset = |r: &mut Random, of: &[String], percent: u64| {
        of.iter().filter(|_| r.chance(percent)).cloned().collect::<Vec<_>>()
    };
    let staff: Vec<Value> = people
        .iter()
        .map(|id| {
            object(&[
                ("id", json!(id)),
                ("name", json!("P")),
                ("hours", if r.chance(if crowded { 5 } else { 40 }) { week(r, near) } else { Value::Null }),
                ("vacations", closures(r, today, 12)),
                ("maxPerDay", some(r, 15, |r| r.between(1, 3))),
            ])
        })
        .collect();
    let resources: Vec<Value> = rooms
        .iter()
        .map(|id| {
            object(&[
                ("id", json!(id)),
                ("capacity", json!(if crowded { 2 } else { r.between(1, 3) })),
                ("hours", if r.chance(if crowded { 0 } else { 25 }) { week(r, near) } else { Value::Null }),
                ("closures", closures(r, today, 10)),
            ])
        })
        .collect();
    let services: Vec<Value> = (0..3)
        .map(|n| {
            object(&[
                ("id", json!(format!("s{n}"))),
                ("name", json!({"en": "S"})),
                ("price", json!("1")),
                ("duration", json!(minutes(r, &[10, 30, 45, 60, 60, 75, 120, 180]))),
                ("bufferBefore", some(r, 35, |r| minutes(r, &[5, 10, 15, 60]))),
                ("bufferAfter", some(r, 35, |r| minutes(r, &[5, 10, 15, 45]))),
                ("staff", json!(if r.chance(50) { subset(r, &people, 60) } else { vec![] })),
                ("requires", json!(subset(r, &rooms, if crowded { 90 } else { 60 }))),
                ("capacity", json!(if r.chance(25) { r.between(2, 3) } else { 1 })),
                ("minimumNotice", some(r, 15, |r| minutes(r, &[0, 10, 240]))),
                ("horizon", some(r, 8, |r| minutes(r, &[600, 2880, 7200]))),
                ("maxPerDay", some(r, 15, |r| r.between(1, 3))),
            ])
        })
        .collect();
    let mut openings = Vec::new();
    while r.chance(20) {
        openings.push(json!({
            "date": today.saturating_add(r.between(-1, 5).days()),
            "hours": intervals(r, near),
            "staff": if r.chance(40) { subset(r, &people, 60) } else { vec![] },
        }));
    }
    let profile = json!({
        "schemaVersion": 1,
        "business": {"type": "salon", "name": "B", "timeZone": zone, "languages": ["en"], "currency": "EUR"},
        "services": services,
        "staff": staff,
        "resources": resources,
        "hours": week(r, near),
        "closures": closures(r, today, 10),
        "openings": openings,
        "rules": object(&[
            ("minimumNotice", json!(minutes(r, &[0, 0, 0, 30, 60, 180, 1440]))),
            ("horizon", json!(minutes(r, &[1500, 10_080, 20_160, 20_160, 20_160, 20_160]))),
            ("slotStep", json!(minutes(r, &[5, 10, 15, 20, 20, 30, 30, 40, 45, 50, 60]))),
            ("alignment", json!(if r.chance(35) { "opening" } else { "midnight" })),
            ("maxPerDay", some(r, 15, |r| r.between(1, 5))),
        ]),
    });
    Profile::from_yaml(&profile.to_string()).unwrap()
}

fn wanted(r: &mut Random, profile: &Profile) -> (String, Option<String>) {
    let service = r.pick(&profile.services);
    let people: Vec<String> = profile.staff_for(service).map(|person| person.id.clone()).collect();
    let named = r.chance(40) && !people.is_empty();
    (service.id.clone(), named.then(|| r.pick(&people).clone()))
}

/// Bookings that were made before under easier rules, events, and the owner's changes since.
fn busy(r: &mut Random, profile: &Profile, now: Timestamp, window: &Window, tries: i64) -> Busy {
    let mut busy = Busy::default();
    let mut easier = profile.clone();
    easier.rules.minimum_notice = "0m".parse().unwrap();
    easier.rules.horizon = "30d".parse().unwrap();
    easier.rules.max_per_day = None;
    for service in &mut easier.services {
        (service.minimum_notice, service.horizon, service.max_per_day) = (None, None, None);
    }
    easier.staff.iter_mut().for_each(|person| person.max_per_day = None);
    let calendar = Calendar::new(&easier).unwrap();
    let before = now - SignedDuration::from_hours(96);
    let today = window.first;
    let midnight = today.to_zoned(calendar.zone().clone()).unwrap().timestamp();
    let around = Window::days(today.saturating_sub(1.day()), today.saturating_add(1.day()));
    for n in 0..tries {
        let count = if r.chance(80) { 1 } else { r.between(2, 3) };
        let parts: Vec<_> = (0..count).map(|_| wanted(r, profile)).collect();
        let parts: Vec<_> =
            parts.iter().map(|(service, staff)| (service.as_str(), staff.as_deref())).collect();
        let Ok(visit) = Visit::new(&easier, &parts) else { continue };
        let query = Query { visit: visit.clone(), window: around.clone(), now: before, limit: 10_000 };
        let free = free_slots(&calendar, &busy, &query);
        if free.is_empty() {
            continue;
        }
        let plan = plan(&calendar, &busy, &visit, r.pick(&free).start, before).unwrap();
        commit(&mut busy, &plan, &format!("b{n}"));
    }
    for row in &mut busy.occupations {
        row.pinned |= r.chance(15);
    }
    while r.chance(35) {
        let from = midnight + SignedDuration::from_secs(30 * r.between(-2000, 2880 * 5));
        let to = from + SignedDuration::from_secs(30 * r.between(0, 400));
        let staff = r.chance(60).then(|| r.pick(&profile.staff).id.clone());
        busy.mirrored.push(Mirrored { staff, stretch: Stretch { from, to } });
    }
    while r.chance(25) {
        let first = today.saturating_add(r.between(-1, 5).days());
        let target = match r.below(3) {
            0 => Target::Business,
            1 => Target::Staff(r.pick(&profile.staff).id.clone()),
            _ => match profile.resources.first() {
                Some(resource) => Target::Resource(resource.id.clone()),
                None => Target::Business,
            },
        };
        let hours = intervals(r, 120).iter().map(|text| text.parse().unwrap()).collect();
        busy.adjustments.push(Adjustment {
            id: format!("a{}", busy.adjustments.len()),
            first,
            last: first.saturating_add(r.between(0, 2).days()),
            target,
            change: if r.chance(40) { Change::Closed } else { Change::Hours(hours) },
            reason: None,
        });
    }
    busy
}

/// Does what a store does with a plan.
pub fn commit(busy: &mut Busy, plan: &mcp_tenant::slots::Plan<'_>, id: &str) {
    let found: Vec<Option<usize>> = plan
        .moves
        .iter()
        .map(|moved| {
            busy.occupations.iter().position(|row| {
                row.booking == moved.booking && row.lane == moved.from && row.stretch == moved.stretch
            })
        })
        .collect();
    for (at, moved) in found.into_iter().zip(&plan.moves) {
        let row = &mut busy.occupations[at.expect("a move names a row that is there")];
        assert!(!row.pinned, "what is pinned stays");
        row.lane.clone_from(&moved.to);
    }
    busy.occupations.extend(plan.lanes.iter().map(|taken| Occupation {
        booking: id.to_owned(),
        lane: taken.lane.clone(),
        share: taken.share.text(id),
        stretch: taken.stretch,
        pinned: taken.pinned,
    }));
    let part = |part: &mcp_tenant::slots::Part<'_>| StandingPart {
        service: part.service.id.clone(),
        staff: part.staff.id.clone(),
        start: part.start,
    };
    busy.bookings
        .push(Standing { booking: id.to_owned(), parts: plan.slot.parts.iter().map(part).collect() });
}

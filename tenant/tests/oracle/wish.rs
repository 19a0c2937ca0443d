//! Random wishes, near the days on which clocks, months and years change.

use jiff::{SignedDuration, Timestamp, ToSpan, Zoned, civil::DateTime, tz::TimeZone};
use mcp_tenant::when::When;
use serde_json::{Map, Value, json};

use super::random::Random;

const ZONES: [&str; 9] = [
    "Europe/Berlin",
    "America/Santiago",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/New_York",
    "Pacific/Chatham",
    "America/Havana",
];

/// When something is said, when the business closes that day, and what is said.
pub struct Wish {
    pub now: Zoned,
    pub closing: Option<DateTime>,
    pub when: Value,
}

impl Wish {
    pub fn random(seed: u64) -> Self {
        let mut r = Random::new(seed);
        let zone = TimeZone::get(r.pick::<&str>(&ZONES)).unwrap();
        let begin: Timestamp = "2025-12-20T00:00:00Z".parse().unwrap();
        let anywhere = begin + SignedDuration::from_mins(r.between(0, 900 * 1440));
        let at = match r.below(4) {
            // Days before clocks change.
            0 => zone.following(anywhere).next().map_or(anywhere, |change| change.timestamp()),
            // Days before a month ends.
            1 => anywhere.to_zoned(zone.clone()).last_of_month().unwrap().timestamp(),
            _ => anywhere,
        };
        let now = (at - SignedDuration::from_secs(r.between(-86_400, 6 * 86_400))).to_zoned(zone);
        let midnight = now.date().at(0, 0, 0, 0);
        let closing = r.chance(80).then(|| midnight.saturating_add((30 * r.between(12, 56)).minutes()));
        Self { closing, when: when(&mut r, &now), now }
    }

    pub fn read(&self) -> When {
        serde_json::from_value(self.when.clone()).unwrap()
    }
}

fn when(r: &mut Random, now: &Zoned) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    let near = now.date().saturating_add(r.between(-40, 400).days());
    let soon = now.date().saturating_add(r.between(-2, 40).days());
    let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let name_of =
        |date: jiff::civil::Date| weekdays[usize::try_from(date.weekday().to_monday_zero_offset()).unwrap()];
    match r.below(11) {
        0 => {}
        1 | 2 => drop(put("weekday", json!(r.pick(&weekdays)))),
        3 => {
            put("weekday", json!(r.pick(&weekdays)));
            put("week", json!(r.between(0, 4)));
        }
        4 => drop(put("week", json!(r.between(0, 54)))),
        5 => {
            let most = if r.chance(70) { 8 } else { 370 };
            put("offset_days", json!(r.between(-1, most)));
        }
        6 => {
            put(
                "day",
                json!(if r.chance(60) { soon.day() } else { i8::try_from(r.between(0, 32)).unwrap() }),
            );
            if r.chance(30) {
                put("weekday", json!(if r.chance(70) { name_of(soon) } else { *r.pick(&weekdays) }));
            }
        }
        7 | 8 => {
            let date = if r.chance(50) { soon } else { near };
            put("day", json!(if r.chance(80) { i64::from(date.day()) } else { r.between(28, 31) }));
            put("month", json!(if r.chance(90) { i64::from(date.month()) } else { r.between(0, 13) }));
            if r.chance(40) {
                put("year", json!(i64::from(date.year()) - if r.chance(20) { 2000 } else { 0 }));
            }
            if r.chance(20) {
                put("weekday", json!(name_of(date)));
            }
        }
        9 => {
            put("month", json!(r.between(1, 12)));
            if r.chance(30) {
                put("year", json!(r.between(2025, 2028)));
            }
        }
        _ => {
            // Whatever may come.
            for (name, most) in
                [("day", 33), ("month", 14), ("year", 2030), ("week", 60), ("offset_days", 400)]
            {
                if r.chance(25) {
                    put(name, json!(r.between(-1, most)));
                }
            }
            if r.chance(30) {
                put("weekday", json!(r.pick(&weekdays)));
            }
        }
    }
    let clock = |r: &mut Random| match r.below(5) {
        0 => format!("{}h", r.between(0, 24)),
        1 => format!("{}pm", r.between(0, 13)),
        2 => format!("{}:{:02} am", r.between(1, 12), r.between(0, 60)),
        3 => format!("0{}:{}0", r.between(1, 3), r.between(0, 5)),
        _ => format!("{:02}:{:02}", r.between(0, 24), 5 * r.between(0, 11)),
    };
    if r.chance(35) {
        put("part_of_day", json!(r.pick(&["morning", "afternoon", "evening"])));
    }
    if r.chance(25) {
        put("at", json!(clock(r)));
    }
    if r.chance(20) {
        put("from", json!(clock(r)));
    }
    if r.chance(20) {
        put("to", json!(clock(r)));
    }
    Value::Object(fields)
}

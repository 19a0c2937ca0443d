//! Anything at all for the wishes and the intervals: they answer or refuse, and never panic.
//!
//! `FUZZ_SECONDS` (3) is how long it runs, `FUZZ_SEED` where it begins.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use mcp_tenant::{
    Profile,
    adjustment::Adjustment,
    hours::Interval,
    scalar::Span,
    slots::{
        Busy, Calendar, Mirrored, Occupation, Query, Stretch, Visit, free_slots, nearest, nothing_bookable,
        plan,
    },
    when::{When, Window},
    words::Language,
};

#[path = "oracle/case.rs"]
#[expect(dead_code, reason = "the oracle uses all of it")]
mod case;
#[path = "oracle/random.rs"]
mod random;

use case::Case;
use random::Random;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Text with the letters that matter to these readers, and others.
fn text(r: &mut Random) -> String {
    const LETTERS: [&str; 24] = [
        "0",
        "1",
        "2",
        "3",
        "9",
        "24",
        "60",
        ":",
        "-",
        "h",
        "m",
        "d",
        "am",
        "pm",
        " ",
        ".",
        "+",
        "é",
        "\u{0}",
        "𝟙",
        "00:00-24:00",
        "99999999999",
        "e9",
        "/",
    ];
    (0..r.below(7)).map(|_| *r.pick(&LETTERS)).collect()
}

fn any_number(r: &mut Random) -> serde_json::Value {
    match r.below(5) {
        0 => serde_json::json!(r.next()),
        1 => serde_json::json!(i64::from_ne_bytes(r.next().to_ne_bytes())),
        2 => serde_json::json!(r.between(-3, 40)),
        3 => serde_json::json!(text(r)),
        _ => serde_json::json!(r.between(1, 12)),
    }
}

fn moment(r: &mut Random) -> Timestamp {
    let (least, most) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let second = match r.below(4) {
        0 => r.between(least, most),
        1 => *r.pick(&[least, most, least + 86_400, most - 86_400]),
        _ => r.between(1_500_000_000, 2_500_000_000),
    };
    Timestamp::from_second(second).unwrap()
}

fn wish(r: &mut Random) {
    let mut fields = serde_json::Map::new();
    for name in ["week", "day", "month", "year", "offset_days"] {
        if r.chance(30) {
            fields.insert(name.into(), any_number(r));
        }
    }
    for name in ["at", "from", "to"] {
        if r.chance(30) {
            fields.insert(name.into(), text(r).into());
        }
    }
    if r.chance(20) {
        fields.insert("weekday".into(), (*r.pick(&["mon", "friday", "sun", "x"])).into());
    }
    if r.chance(20) {
        fields.insert("part_of_day".into(), (*r.pick(&["morning", "evening"])).into());
    }
    let Ok(when) = serde_json::from_value::<When>(fields.into()) else { return };
    let zone =
        TimeZone::get(r.pick::<&str>(&["Europe/Berlin", "Pacific/Apia", "Africa/Monrovia", "UTC"])).unwrap();
    let closing = r.chance(50).then(|| moment(r).to_zoned(zone.clone()).datetime());
    match when.resolve(&moment(r).to_zoned(zone), closing) {
        Ok(found) => {
            assert!(found.window.first <= found.window.last && found.window.from < found.window.to);
            assert!(found.stretch.from < found.stretch.to);
            assert!(Language::ALL.iter().all(|language| !language.meant(&found).is_empty()));
        }
        Err(wrong) => assert!(!wrong.to_string().is_empty()),
    }
}

fn scalars(r: &mut Random) {
    let text = text(r);
    if let Ok(interval) = text.parse::<Interval>() {
        assert_eq!(interval.to_string().parse::<Interval>().as_ref(), Ok(&interval));
        let (from, to) = interval.minutes();
        assert!(from < to && to - from <= 1440);
    }
    if let Ok(span) = text.parse::<Span>() {
        assert_eq!(span.to_string().parse::<Span>(), Ok(span));
    }
    let _ = serde_json::from_str::<Adjustment>(&text);
}

/// A real business, with rows and questions from anywhere.
fn slots(r: &mut Random) {
    let Case { mut profile, mut busy, visit, .. } = Case::random(r.next());
    bend(r, &mut profile);
    let stretch = |r: &mut Random| Stretch { from: moment(r), to: moment(r) };
    for _ in 0..r.below(8) {
        let lane = match r.below(5) {
            0 => text(r),
            1 => format!("resource:r0/{}", text(r)),
            2 => format!("seat:s0:p0:{}/{}", text(r), r.below(4)),
            3 => format!("staff:p{}", r.below(3)),
            _ => format!("resource:r{}/{}", r.below(2), r.below(5)),
        };
        let share = if r.chance(50) { text(r) } else { "class:s0:p0:0".into() };
        let pinned = r.chance(50);
        busy.occupations.push(Occupation { booking: text(r), lane, share, stretch: stretch(r), pinned });
    }
    busy.mirrored.push(Mirrored { staff: None, stretch: stretch(r) });
    let parts: Vec<_> = visit.iter().map(|(service, staff)| (service.as_str(), staff.as_deref())).collect();
    let (Ok(calendar), Ok(visit)) = (Calendar::new(&profile), Visit::new(&profile, &parts)) else { return };
    let now = moment(r);
    let first = moment(r).to_zoned(TimeZone::UTC).date();
    let last = if r.chance(30) { jiff::civil::Date::MAX } else { first };
    let from = u16::try_from(r.below(65_536)).unwrap();
    let window = Window { first, last, from, to: u16::try_from(r.below(65_536)).unwrap() };
    let query = Query { visit: visit.clone(), window, now, limit: r.below(30) };
    let found = free_slots(&calendar, &busy, &query);
    assert!(found.len() <= query.limit);
    for slot in found.iter().take(3) {
        assert!(plan(&calendar, &busy, &visit, slot.start, now).is_ok(), "offered means bookable");
    }
    let _ = plan(&calendar, &busy, &visit, moment(r), now);
    let _ = nearest(&calendar, &Busy::default(), &query, moment(r), 3);
    let _ = calendar.closing(&calendar.local(now), &busy.adjustments);
    if r.chance(10) {
        let _ = nothing_bookable(&profile, now);
    }
}

/// What validation would refuse must not bring anything down either.
fn bend(r: &mut Random, profile: &mut Profile) {
    let span = |r: &mut Random| Span::minutes(*r.pick(&[0, 1, 7, 1440, 20_000, 527_040]));
    match r.below(8) {
        0 => profile.services[0].duration = span(r),
        1 => profile.services[0].buffer_before = Some(span(r)),
        2 => profile.services[0].requires.push(text(r)),
        3 => profile.rules.slot_step = span(r),
        4 => profile.services[0].capacity = u32::try_from(r.below(3)).unwrap(),
        5 => profile.resources.iter_mut().for_each(|resource| resource.capacity = 0),
        6 => profile.services[0].staff = vec![text(r)],
        _ => {
            let day: DateTime = moment(r).to_zoned(TimeZone::UTC).datetime();
            profile.closures.push(mcp_tenant::hours::Closure {
                from: day.date(),
                to: jiff::civil::Date::MIN,
                reason: None,
            });
        }
    }
}

#[test]
fn nothing_that_is_read_as_time_brings_the_program_down() {
    let (seconds, seed) = (number("FUZZ_SECONDS", 3), number("FUZZ_SEED", 20_261_121));
    let (begun, mut rounds) = (Instant::now(), 0_u64);
    while begun.elapsed() < Duration::from_secs(seconds) {
        let mut r = Random::new(seed.wrapping_add(rounds));
        for _ in 0..200 {
            wish(&mut r);
            scalars(&mut r);
        }
        slots(&mut r);
        rounds += 1;
    }
    let wishes = SignedDuration::from_secs(i64::try_from(rounds * 200).unwrap_or(i64::MAX)).as_secs();
    println!("fuzz: seed {seed}, {wishes} wishes and {rounds} agendas in {seconds} s");
    assert!(rounds > 0);
}

use jiff::civil::date;

use super::*;
use crate::when::Window;

fn profile() -> Profile {
    Profile::from_yaml(include_str!("../testdata/barbershop.yaml")).unwrap()
}

fn edited(edit: impl Fn(&mut Profile)) -> Profile {
    let mut profile = profile();
    edit(&mut profile);
    profile
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A Saturday, 10:00 in São Paulo.
fn now() -> Timestamp {
    at("2026-11-21T13:00:00Z")
}

fn free(profile: &Profile, staff: Option<&str>, window: Window, busy: &Busy) -> Vec<String> {
    let calendar = Calendar::new(profile).unwrap();
    let visit = Visit::of_one(profile, "corte", staff).unwrap();
    free_slots(&calendar, busy, &Query { visit, window, now: now(), limit: 1000 })
        .iter()
        .map(|slot| format!("{} {}", calendar.local(slot.start).strftime("%a %H:%M"), slot.parts[0].staff.id))
        .collect()
}

fn tuesday() -> Window {
    Window::days(date(2026, 11, 24), date(2026, 11, 24))
}

fn why(profile: &Profile, service: &str, staff: Option<&str>, start: &str, busy: &Busy) -> Option<Reason> {
    let calendar = Calendar::new(profile).unwrap();
    match Visit::of_one(profile, service, staff) {
        Ok(visit) => why_not(&calendar, busy, &visit, at(start), now()),
        Err(reason) => Some(reason),
    }
}

fn booked<'a>(
    calendar: &Calendar<'a>,
    busy: &mut Busy,
    parts: &[(&str, Option<&str>)],
    start: &str,
    id: &str,
) -> Result<Plan<'a>, Reason> {
    let visit = Visit::new(calendar.profile(), parts)?;
    let plan = plan(calendar, busy, &visit, at(start), now())?;
    for moved in &plan.moves {
        let row = busy
            .occupations
            .iter_mut()
            .find(|o| o.booking == moved.booking && o.lane == moved.from && o.stretch == moved.stretch);
        row.unwrap().lane.clone_from(&moved.to);
    }
    busy.occupations.extend(plan.lanes.iter().map(|lane| Occupation {
        booking: id.into(),
        lane: lane.lane.clone(),
        share: lane.share.text(id),
        stretch: lane.stretch,
        pinned: lane.pinned,
    }));
    let parts = plan.slot.parts.iter().map(|part| StandingPart {
        service: part.service.id.clone(),
        staff: part.staff.id.clone(),
        start: part.start,
    });
    busy.bookings.push(Standing { booking: id.into(), parts: parts.collect() });
    Ok(plan)
}

#[test]
fn slots_lie_in_the_hours_of_the_business_and_of_the_person() {
    let (profile, busy) = (profile(), Busy::default());
    let ze = free(&profile, Some("ze"), tuesday(), &busy);
    assert_eq!(ze.first().unwrap(), "Tue 09:00 ze");
    assert!(ze.contains(&"Tue 11:15 ze".into()), "45 minutes end at noon");
    assert!(!ze.contains(&"Tue 11:30 ze".into()), "45 minutes would end after noon");
    assert_eq!(ze.last().unwrap(), "Tue 18:15 ze");
    assert_eq!(free(&profile, Some("rui"), tuesday(), &busy).first().unwrap(), "Tue 13:00 rui");
}

#[test]
fn where_nobody_is_named_each_start_is_offered_once_with_the_first_who_is_free() {
    let (profile, mut busy) = (profile(), Busy::default());
    let calendar = Calendar::new(&profile).unwrap();
    booked(&calendar, &mut busy, &[("corte", Some("ze"))], "2026-11-24T18:00:00Z", "b1").unwrap();
    let slots = free(&profile, None, tuesday(), &busy);
    assert!(slots.contains(&"Tue 15:00 rui".into()) && slots.contains(&"Tue 16:00 ze".into()));
    let mut starts: Vec<&str> = slots.iter().map(|s| &s[..9]).collect();
    starts.dedup();
    assert_eq!(starts.len(), slots.len());
}

#[test]
fn notice_horizon_and_closures_close_what_they_say() {
    let (profile, busy) = (profile(), Busy::default());
    let on = |day| free(&profile, None, Window::days(day, day), &busy);
    assert_eq!(on(date(2026, 11, 21)).first().unwrap(), "Sat 11:00 ze", "one hour of notice");
    assert_eq!(on(date(2026, 12, 24)), Vec::<String>::new());
    assert_eq!(on(date(2027, 1, 30)), Vec::<String>::new());
    let ends = free(&profile, None, Window::days(jiff::civil::Date::MIN, jiff::civil::Date::MAX), &busy);
    assert!(!ends.is_empty());
    assert_eq!(
        free(&profile, None, Window::days(jiff::civil::Date::MAX, jiff::civil::Date::MAX), &busy).len(),
        0
    );
}

#[test]
fn buffers_on_both_sides_meet_no_other_booking_and_may_lie_outside_hours() {
    let profile = edited(|p| p.services[0].buffer_before = Some("10m".parse().unwrap()));
    let (calendar, mut busy) = (Calendar::new(&profile).unwrap(), Busy::default());
    // 14:50 to 16:00 with its buffers.
    booked(&calendar, &mut busy, &[("corte", Some("ze"))], "2026-11-24T18:00:00Z", "b1").unwrap();
    let slots = free(&profile, Some("ze"), tuesday(), &busy);
    assert_eq!(slots.first().unwrap(), "Tue 09:00 ze", "its buffer lies before opening");
    assert!(slots.contains(&"Tue 13:45 ze".into()), "ends with its buffer at 14:45");
    assert!(!slots.contains(&"Tue 14:00 ze".into()), "would end with its buffer at 15:00");
    assert!(!slots.contains(&"Tue 16:00 ze".into()), "its own buffer begins at 15:50");
    assert!(slots.contains(&"Tue 16:15 ze".into()));
}

#[test]
fn refusals_say_why() {
    let profile = profile();
    let none = Busy::default();
    let why = |service, staff, start| why(&profile, service, staff, start, &none);
    assert_eq!(why("tintura", None, "2026-11-24T18:00:00Z"), Some(Reason::UnknownService));
    assert_eq!(why("corte", Some("ana"), "2026-11-24T18:00:00Z"), Some(Reason::UnknownStaff));
    assert_eq!(why("corte", None, "2026-11-24T18:07:00Z"), Some(Reason::OffStep));
    assert_eq!(why("corte", None, "2026-11-24T18:00:00.5Z"), Some(Reason::OffStep));
    assert_eq!(why("corte", None, "2026-11-24T05:00:00Z"), Some(Reason::BusinessClosed));
    assert_eq!(why("corte", Some("rui"), "2026-11-24T13:00:00Z"), Some(Reason::StaffAway));
    assert_eq!(why("corte", None, "2026-11-21T13:30:00Z"), Some(Reason::NoticeTooShort));
    assert_eq!(why("corte", None, "2027-03-02T18:00:00Z"), Some(Reason::BeyondHorizon));
    assert_eq!(why("corte", None, "2026-11-24T18:00:00Z"), None);
    assert_eq!(Visit::new(&profile, &[]).unwrap_err().code(), "validation");
}

#[test]
fn the_profile_of_the_tests_can_be_booked() {
    assert_eq!(nothing_bookable(&profile(), now()), vec![]);
}

#[test]
fn the_rule_that_closes_a_service_is_named() {
    type Edit = fn(&mut Profile);
    let closure = |from, to| crate::hours::Closure { from, to, reason: None };
    let cases: Vec<(Edit, &[&str])> = vec![
        (|p| p.rules.minimum_notice = "90d".parse().unwrap(), &["rules.minimumNotice"]),
        (|p| p.services[0].minimum_notice = Some("90d".parse().unwrap()), &["services[0].minimumNotice"]),
        (
            |p| {
                p.rules.minimum_notice = "0m".parse().unwrap();
                p.rules.horizon = "1d".parse().unwrap();
                p.hours.sat.clear();
            },
            &["rules.horizon"],
        ),
        (|p| p.services[0].duration = "23h".parse().unwrap(), &["services[0].duration"]),
        (|p| p.hours = crate::hours::WeeklyHours::default(), &["hours"]),
        (|p| p.services[0].requires = vec!["chair".into()], &["services[0].requires[0]"]),
        (|p| p.services[0].staff = vec!["nobody".into()], &["services[0].staff"]),
        (
            |p| {
                p.services[0].staff = vec!["rui".into()];
                p.staff[1].hours = Some(crate::hours::WeeklyHours {
                    sun: vec!["09:00-18:00".parse().unwrap()],
                    ..Default::default()
                });
            },
            &["staff[1].hours"],
        ),
    ];
    for (edit, rules) in cases {
        let profile = edited(edit);
        let closed = nothing_bookable(&profile, now());
        let first = closed.iter().find(|closed| closed.service == "corte").unwrap();
        assert_eq!(first.rules, rules);
    }
    let one = edited(|p| p.closures.push(closure(date(2026, 11, 1), date(2027, 3, 1))));
    assert_eq!(nothing_bookable(&one, now())[0].rules, ["closures[1]"]);
    let two = edited(|p| {
        p.closures.push(closure(date(2026, 11, 1), date(2027, 2, 20)));
        p.closures.push(closure(date(2026, 11, 10), date(2027, 3, 1)));
    });
    assert_eq!(nothing_bookable(&two, now())[0].rules, ["closures[1]", "closures[2]"]);
    let both = edited(|p| {
        p.rules.minimum_notice = "90d".parse().unwrap();
        p.closures.push(closure(date(2026, 11, 1), date(2027, 12, 20)));
    });
    assert_eq!(nothing_bookable(&both, now())[0].rules, ["closures[1]", "rules.minimumNotice"]);
}

/// Two chairs for everyone, a class of three, and longer opening hours.
fn salon() -> Profile {
    edited(|p| {
        p.rules.minimum_notice = "0m".parse().unwrap();
        p.services[0].requires = vec!["chair".into()];
        p.services[0].buffer_after = None;
        p.services[0].duration = "1h".parse().unwrap();
        p.staff[1].hours = None;
        let mut third = p.staff[0].clone();
        third.id = "ana".into();
        p.staff.push(third);
        p.services[0].staff.clear();
        let mut class = p.services[0].clone();
        (class.id, class.capacity) = ("yoga".into(), 3);
        class.staff = vec!["ze".into(), "ana".into()];
        p.services.push(class);
        p.resources.push(crate::profile::Resource {
            id: "chair".into(),
            name: None,
            capacity: 2,
            hours: None,
            closures: vec![],
        });
    })
}

/// An hour of the Tuesday in São Paulo.
fn tuesday_at(hour: u8, minute: u8) -> String {
    format!("2026-11-24T{:02}:{minute:02}:00Z", hour + 3)
}

#[test]
fn a_unit_is_free_where_the_others_can_change_places() {
    let profile = salon();
    let (calendar, mut busy) = (Calendar::new(&profile).unwrap(), Busy::default());
    let mut book = |staff, hour, minute, id: &str| {
        booked(&calendar, &mut busy, &[("corte", Some(staff))], &tuesday_at(hour, minute), id)
            .map(|plan| (plan.lanes, plan.moves))
    };
    book("ze", 14, 0, "first").unwrap();
    book("rui", 14, 0, "beside").unwrap();
    let (lanes, moves) = book("ze", 15, 0, "after").unwrap();
    assert_eq!((lanes[1].lane.as_str(), lanes[1].pinned, moves), ("resource:chair/1", false, vec![]));
    assert_eq!(book("ana", 14, 30, "third at once"), Err(Reason::ResourceTaken));
    // 14:00-15:00 and 15:00-16:00 on different chairs still take 14:30-15:30.
    let mut busy = Busy::default();
    for (id, lane, hour) in [("first", "resource:chair/1", 14), ("after", "resource:chair/2", 15)] {
        let from = at(&tuesday_at(hour, 0));
        let stretch = Stretch { from, to: from + jiff::SignedDuration::from_hours(1) };
        let (booking, lane, share) = (id.into(), lane.into(), id.into());
        busy.occupations.push(Occupation { booking, lane, share, stretch, pinned: false });
    }
    let visit = Visit::of_one(&profile, "corte", Some("ana")).unwrap();
    let start = at(&tuesday_at(14, 30));
    let found = plan(&calendar, &busy, &visit, start, now()).unwrap();
    assert_eq!(found.lanes[1].lane, "resource:chair/2");
    let [other] = &found.moves[..] else { panic!("{:?}", found.moves) };
    assert_eq!(
        (&*other.booking, &*other.from, &*other.to),
        ("after", "resource:chair/2", "resource:chair/1")
    );
    busy.occupations.iter_mut().for_each(|row| row.pinned = true);
    assert_eq!(why_not(&calendar, &busy, &visit, start, now()), Some(Reason::ResourceTaken));
}

#[test]
fn what_has_begun_stays_on_its_unit() {
    let mut profile = salon();
    profile.services[0].buffer_before = Some("30m".parse().unwrap());
    let calendar = Calendar::new(&profile).unwrap();
    let mut busy = Busy::default();
    for (lane, from, to) in [("resource:chair/1", (9, 0), (9, 40)), ("resource:chair/2", (9, 45), (12, 0))] {
        let stretch = Stretch { from: at(&tuesday_at(from.0, from.1)), to: at(&tuesday_at(to.0, to.1)) };
        let (booking, share) = (lane.to_owned(), lane.to_owned());
        busy.occupations.push(Occupation { booking, lane: lane.into(), share, stretch, pinned: false });
    }
    let visit = Visit::of_one(&profile, "corte", Some("ana")).unwrap();
    let decide = |now: &str| plan(&calendar, &busy, &visit, at(&tuesday_at(10, 0)), at(now));
    // Its buffer begins at 9:30, beside the first; from 9:45 on it needs the unit of the second.
    let before = decide(&tuesday_at(8, 0)).unwrap();
    assert_eq!((before.moves.len(), &*before.moves[0].booking), (1, "resource:chair/2"));
    assert_eq!(decide(&tuesday_at(9, 50)).unwrap_err(), Reason::ResourceTaken);
}

#[test]
fn a_class_is_joined_until_it_is_full_and_then_opened_beside_it() {
    let profile = salon();
    let (calendar, mut busy) = (Calendar::new(&profile).unwrap(), Busy::default());
    let start = tuesday_at(14, 0);
    let session = format!("yoga:ana:{}", at(&start).as_second());
    booked(&calendar, &mut busy, &[("yoga", Some("ana"))], &start, "a").unwrap();
    let second = booked(&calendar, &mut busy, &[("yoga", None)], &start, "b").unwrap();
    let lanes: Vec<_> = second.lanes.iter().map(|l| (l.lane.clone(), l.share.text("b"), l.pinned)).collect();
    let class = format!("class:{session}");
    assert_eq!(
        lanes,
        [
            ("staff:ana".to_owned(), class.clone(), true),
            ("resource:chair/1".to_owned(), class, true),
            (format!("seat:{session}/2"), "b".to_owned(), true),
        ],
        "anyone joins the class that somebody is in"
    );
    booked(&calendar, &mut busy, &[("yoga", None)], &start, "c").unwrap();
    assert_eq!(why(&profile, "yoga", Some("ana"), &start, &busy), Some(Reason::ClassFull));
    let beside = booked(&calendar, &mut busy, &[("yoga", None)], &start, "d").unwrap();
    assert_eq!((beside.slot.parts[0].staff.id.as_str(), &*beside.lanes[1].lane), ("ze", "resource:chair/2"));
    assert_eq!(why(&profile, "corte", Some("rui"), &start, &busy), Some(Reason::ResourceTaken));
    assert_eq!(why(&profile, "corte", Some("ze"), &start, &busy), Some(Reason::StaffTaken));
}

#[test]
fn services_of_one_visit_follow_each_other_with_their_buffers() {
    let profile = edited(|p| {
        p.services[0].buffer_before = Some("5m".parse().unwrap());
        p.services[1].buffer_before = Some("10m".parse().unwrap());
    });
    let (calendar, mut busy) = (Calendar::new(&profile).unwrap(), Busy::default());
    let parts = [("corte", Some("ze")), ("barba", None)];
    let visit = Visit::new(&profile, &parts).unwrap();
    // 15:00-15:45, 15 minutes after it, 10 before the next: 16:10-16:40.
    let found = booked(&calendar, &mut busy, &parts, &tuesday_at(15, 0), "v").unwrap();
    assert_eq!(found.slot.parts[1].start, at(&tuesday_at(16, 10)));
    assert_eq!(found.slot.end, at(&tuesday_at(16, 40)));
    let taken: Vec<_> = found.lanes.iter().map(|lane| lane.stretch).collect();
    assert_eq!(taken[0].to, taken[1].from);
    // Before lunch the second one would run into it.
    assert_eq!(
        why_not(&calendar, &Busy::default(), &visit, at(&tuesday_at(11, 0)), now()),
        Some(Reason::BusinessClosed)
    );
}

#[test]
fn the_owners_changes_come_before_the_profile_and_later_ones_before_earlier() {
    use crate::adjustment::{Change, Target};
    let profile = profile();
    let day = date(2026, 11, 24);
    let change = |target: Target, change: Change| Adjustment {
        id: "a".into(),
        first: day,
        last: day,
        target,
        change,
        reason: None,
    };
    let hours = |text: &str| Change::Hours(vec![text.parse().unwrap()]);
    let mut busy = Busy::default();
    busy.adjustments.push(change(Target::Business, Change::Closed));
    assert_eq!(free(&profile, None, tuesday(), &busy), Vec::<String>::new());
    busy.adjustments.push(change(Target::Business, hours("20:00-21:30")));
    busy.adjustments.push(change(Target::Staff("rui".into()), hours("20:30-22:00")));
    assert_eq!(
        free(&profile, Some("ze"), tuesday(), &busy),
        ["Tue 20:00 ze", "Tue 20:15 ze", "Tue 20:30 ze", "Tue 20:45 ze"]
    );
    assert_eq!(free(&profile, Some("rui"), tuesday(), &busy), ["Tue 20:30 rui", "Tue 20:45 rui"]);
    let local = calendar_now(&profile, "2026-11-24T12:00:00Z");
    let calendar = Calendar::new(&profile).unwrap();
    assert_eq!(calendar.closing(&local, &busy.adjustments), Some(day.at(21, 30, 0, 0)));
    assert_eq!(calendar.closing(&local, &[]), Some(day.at(19, 0, 0, 0)));
    assert_eq!(calendar.closing(&calendar_now(&profile, "2026-11-22T12:00:00Z"), &[]), None, "a Sunday");
}

fn calendar_now(profile: &Profile, text: &str) -> jiff::Zoned {
    Calendar::new(profile).unwrap().local(at(text))
}

#[test]
fn an_opening_replaces_the_day_and_those_it_names_work_it() {
    let opening = |staff: Vec<String>| crate::hours::Opening {
        date: date(2026, 12, 25),
        hours: vec!["08:00-09:00".parse().unwrap()],
        staff,
        reason: None,
    };
    let christmas = Window::days(date(2026, 12, 25), date(2026, 12, 25));
    let open = edited(|p| p.openings.push(opening(vec![])));
    assert_eq!(free(&open, None, christmas.clone(), &Busy::default()), ["Fri 08:00 ze", "Fri 08:15 ze"]);
    // Rui does not work on Fridays otherwise.
    let named = edited(|p| p.openings.push(opening(vec!["rui".into()])));
    assert_eq!(free(&named, None, christmas, &Busy::default()), ["Fri 08:00 rui", "Fri 08:15 rui"]);
}

#[test]
fn what_a_day_takes_is_counted_by_bookings_that_begin_on_it() {
    let profile = edited(|p| {
        p.rules.max_per_day = Some(2);
        p.staff[0].max_per_day = Some(1);
    });
    let (calendar, mut busy) = (Calendar::new(&profile).unwrap(), Busy::default());
    booked(&calendar, &mut busy, &[("barba", Some("ze")), ("corte", Some("ze"))], &tuesday_at(9, 0), "one")
        .unwrap();
    assert_eq!(why(&profile, "corte", Some("ze"), &tuesday_at(15, 0), &busy), Some(Reason::StaffFull));
    assert_eq!(why(&profile, "corte", None, &tuesday_at(15, 0), &busy), None, "a colleague is not full");
    booked(&calendar, &mut busy, &[("corte", Some("rui"))], &tuesday_at(15, 0), "two").unwrap();
    assert_eq!(why(&profile, "corte", None, &tuesday_at(17, 0), &busy), Some(Reason::DayFull));
    assert_eq!(Reason::DayFull.code(), "limit_reached");
    let moved = busy.clone().without("two");
    assert_eq!(
        why(&profile, "corte", None, &tuesday_at(17, 0), &moved),
        None,
        "a booking makes room for its move"
    );
}

#[test]
fn the_nearest_come_first_with_their_distance_in_days() {
    let profile = profile();
    let calendar = Calendar::new(&profile).unwrap();
    let visit = Visit::of_one(&profile, "corte", Some("rui")).unwrap();
    // Rui works on Tuesdays from 13:00 and on Saturdays from 9:00 to 17:00.
    let window = Window::days(date(2026, 11, 22), date(2026, 11, 30));
    let query = Query { visit, window, now: now(), limit: 1 };
    let wanted = at("2026-11-26T15:00:00Z");
    let near = nearest(&calendar, &Busy::default(), &query, wanted, 40);
    let days: Vec<i32> = near.iter().map(|near| near.days).collect();
    assert_eq!(
        near[0].slot.start,
        at("2026-11-24T21:15:00Z"),
        "the last on Tuesday is nearer than Saturday's first"
    );
    assert!(days.contains(&-2) && days.contains(&2));
    let distance = |at: Timestamp| at.duration_since(wanted).abs();
    assert!(near.windows(2).all(|pair| distance(pair[0].slot.start) <= distance(pair[1].slot.start)));
}

#[test]
fn events_in_a_calendar_keep_their_owner_or_everybody_from_being_booked() {
    let profile = profile();
    let stretch = Stretch { from: at(&tuesday_at(15, 10)), to: at(&tuesday_at(15, 20)) };
    let mut busy = Busy::default();
    busy.mirrored.push(Mirrored { staff: Some("ze".into()), stretch });
    assert_eq!(why(&profile, "corte", Some("ze"), &tuesday_at(15, 0), &busy), Some(Reason::StaffTaken));
    assert_eq!(why(&profile, "corte", Some("rui"), &tuesday_at(15, 0), &busy), None);
    busy.mirrored[0].staff = None;
    assert_eq!(why(&profile, "corte", None, &tuesday_at(15, 0), &busy), Some(Reason::StaffTaken));
}

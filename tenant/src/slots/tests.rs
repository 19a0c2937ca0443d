use proptest::prelude::*;

use super::*;
use crate::request::{Day, WhenRequest};

fn profile() -> Profile {
    Profile::from_yaml(include_str!("../testdata/barbershop.yaml")).unwrap()
}

/// A Saturday, 10:00 in São Paulo.
fn now() -> Timestamp {
    "2026-11-21T13:00:00Z".parse().unwrap()
}

fn free(profile: &Profile, request: &WhenRequest, busy: &[Busy]) -> Vec<(String, String)> {
    let calendar = Calendar::new(profile).unwrap();
    let window = request.resolve(&calendar.local(now())).unwrap();
    calendar
        .free(&profile.services[0], None, &window, busy, now(), 100)
        .into_iter()
        .map(|slot| (calendar.local(slot.start).strftime("%a %H:%M").to_string(), slot.staff))
        .collect()
}

fn on(weekday: Day) -> WhenRequest {
    WhenRequest { weekday: Some(weekday), ..WhenRequest::default() }
}

#[test]
fn slots_lie_in_the_hours_of_the_business_and_of_the_person() {
    let slots = free(&profile(), &on(Day::Tue), &[]);
    let of =
        |staff: &str| slots.iter().filter(|(_, s)| s == staff).map(|(at, _)| at.as_str()).collect::<Vec<_>>();
    assert_eq!(of("ze").first(), Some(&"Tue 09:00"));
    assert_eq!(of("rui").first(), Some(&"Tue 13:00"));
    assert!(of("ze").contains(&"Tue 11:15"), "45 minutes end at noon");
    assert!(!of("ze").contains(&"Tue 11:30"), "45 minutes would end after noon");
    assert_eq!(of("ze").last(), Some(&"Tue 18:15"));
}

#[test]
fn notice_horizon_and_closures_close_what_they_say() {
    let today = free(&profile(), &WhenRequest { offset_days: Some(0), ..WhenRequest::default() }, &[]);
    assert_eq!(today.first().unwrap().0, "Sat 11:00", "one hour of notice");
    let christmas = WhenRequest { day: Some(24), month: Some(12), ..WhenRequest::default() };
    assert_eq!(free(&profile(), &christmas, &[]), vec![]);
    let far = WhenRequest { offset_days: Some(70), ..WhenRequest::default() };
    assert_eq!(free(&profile(), &far, &[]), vec![]);
}

#[test]
fn a_booking_with_its_buffer_takes_its_time_from_that_person_only() {
    let profile = profile();
    let calendar = Calendar::new(&profile).unwrap();
    let start: Timestamp = "2026-11-24T18:00:00Z".parse().unwrap();
    let slot = calendar.book("corte", Some("ze"), start, &[], now()).unwrap();
    let busy = [Busy { staff: "ze".into(), stretch: slot.occupies }];
    assert_eq!(calendar.book("corte", Some("ze"), start, &busy, now()), Err(Refusal::Taken));
    assert_eq!(calendar.book("corte", None, start, &busy, now()).unwrap().staff, "rui");
    let slots = free(&profile, &on(Day::Tue), &busy);
    assert!(!slots.contains(&("Tue 15:45".into(), "ze".into())), "the buffer after it is kept");
    assert!(slots.contains(&("Tue 16:00".into(), "ze".into())));
}

#[test]
fn refusals_say_why() {
    let profile = profile();
    let calendar = Calendar::new(&profile).unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let book = |service, staff, start: &str| calendar.book(service, staff, at(start), &[], now());
    assert_eq!(book("tintura", None, "2026-11-24T18:00:00Z"), Err(Refusal::UnknownService));
    assert_eq!(book("corte", Some("ana"), "2026-11-24T18:00:00Z"), Err(Refusal::UnknownStaff));
    assert_eq!(book("corte", None, "2026-11-24T18:07:00Z"), Err(Refusal::OutsideHours));
    assert_eq!(book("corte", None, "2026-11-24T05:00:00Z"), Err(Refusal::OutsideHours));
    assert_eq!(book("corte", None, "2026-11-21T13:30:00Z"), Err(Refusal::NoticeTooShort));
    assert_eq!(book("corte", None, "2027-03-02T18:00:00Z"), Err(Refusal::BeyondHorizon));
}

#[test]
fn a_window_at_the_end_of_time_ends() {
    let profile = profile();
    let calendar = Calendar::new(&profile).unwrap();
    let window = Window { first: Date::MAX, last: Date::MAX, from: Time::MIN, to: Time::MAX };
    assert_eq!(calendar.free(&profile.services[0], None, &window, &[], now(), 100), vec![]);
    let all = Window { first: Date::MIN, ..window };
    assert_eq!(calendar.free(&profile.services[0], None, &all, &[], now(), 3).len(), 3);
}

#[test]
fn a_start_that_the_clocks_skip_is_not_offered() {
    let mut profile = profile();
    profile.business.time_zone = "Europe/Berlin".into();
    profile.staff.truncate(1);
    profile.services[0].staff.clear();
    profile.hours.sun = vec!["01:00-05:00".parse().unwrap()];
    let calendar = Calendar::new(&profile).unwrap();
    let now: Timestamp = "2026-03-27T10:00:00Z".parse().unwrap();
    let window = on(Day::Sun).resolve(&calendar.local(now)).unwrap();
    let starts: Vec<_> = calendar
        .free(&profile.services[0], None, &window, &[], now, 100)
        .iter()
        .map(|slot| calendar.local(slot.start).strftime("%H:%M").to_string())
        .collect();
    assert!(starts.contains(&"01:45".to_owned()) && starts.contains(&"03:00".to_owned()), "{starts:?}");
    assert!(!starts.iter().any(|s| s.starts_with("02:")), "{starts:?}");
}

#[test]
fn hours_past_midnight_belong_to_the_day_they_begin() {
    let mut profile = profile();
    profile.staff.truncate(1);
    profile.services[0].staff.clear();
    profile.hours.fri = vec!["22:00-02:00".parse().unwrap()];
    profile.hours.sat.clear();
    let slots = free(
        &profile,
        &WhenRequest { weekday: Some(Day::Sat), week: Some(1), ..WhenRequest::default() },
        &[],
    );
    assert_eq!(slots.first().unwrap().0, "Sat 00:00");
    assert_eq!(slots.last().unwrap().0, "Sat 01:15");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Offered means bookable: whatever is offered is accepted by the check of the booking transaction, and two
    /// bookings made from offers never overlap for one person.
    #[test]
    fn what_is_offered_can_be_booked(picks in prop::collection::vec((0_usize..40, 0_u16..7, 0_usize..2), 1..30)) {
        let profile = profile();
        let calendar = Calendar::new(&profile).unwrap();
        let mut busy: Vec<Busy> = Vec::new();
        for (pick, offset, service) in picks {
            let request = WhenRequest { offset_days: Some(offset), ..WhenRequest::default() };
            let window = request.resolve(&calendar.local(now())).unwrap();
            let service = &profile.services[service];
            let offered = calendar.free(service, None, &window, &busy, now(), 40);
            let Some(slot) = offered.get(pick) else { continue };
            let booked = calendar.book(&slot.service, Some(&slot.staff), slot.start, &busy, now());
            prop_assert_eq!(booked.as_ref(), Ok(slot));
            prop_assert!(!busy.iter().any(|b| b.staff == slot.staff && b.stretch.overlaps(&slot.occupies)));
            busy.push(Busy { staff: slot.staff.clone(), stretch: slot.occupies });
        }
    }
}

//! The desk over a database.

use jiff::{SignedDuration, Timestamp};
use mcp_store::booking::{BookedFor, BookingOutcome, BookingRow, BookingState, ChangeRequest};
use mcp_tenant::when::When;

use super::{Principal, SlotPart, SlotRef, Wish};
use crate::test_bed::{Bed, Outside, local, profile};

async fn change(bed: &Bed, request: ChangeRequest) -> BookingOutcome {
    bed.store.change(&request, bed.desk.clock.now()).await.unwrap()
}

fn wish(customer: i64, service: &str, staff: &str, start: Timestamp, key: &str) -> Wish {
    Wish::of_customer(customer, SlotRef::one(service, staff, start, true), "Ana", key)
}

async fn book(bed: &Bed, wish: Wish) -> BookingOutcome {
    bed.store.book(&bed.desk.request(wish).await, bed.desk.clock.now()).await.unwrap()
}

async fn booked(bed: &Bed, customer: i64, start: &str) -> BookingRow {
    let outcome = book(bed, wish(customer, "corte", "ze", local(start), start)).await;
    outcome.row().unwrap_or_else(|| panic!("{outcome:?}")).clone()
}

fn code(outcome: &BookingOutcome) -> &str {
    match outcome {
        BookingOutcome::Refused(refused) => &refused.code,
        _ => "done",
    }
}

async fn actions(bed: &Bed) -> Vec<(String, String)> {
    let rows = bed.store.audit(0, 100).await.unwrap();
    rows.into_iter().map(|row| (row.actor, row.action)).collect()
}

#[tokio::test]
async fn a_customer_cancels_their_own_booking_until_the_notice_and_nobody_elses() {
    let bed = Bed::new().await;
    let (ana, bia) = (bed.customer("5511900000001").await, bed.customer("5511900000002").await);
    let row = booked(&bed, ana, "2026-11-16T15:00").await;
    let id = row.booking.id.as_str();
    let by = |customer, key: &str| bed.desk.cancel(&Principal::Customer(customer), id, key.into(), None);
    assert_eq!(code(&change(&bed, by(bia, "1")).await), "not_yours");
    bed.clock.set(local("2026-11-16T13:01"));
    assert_eq!(code(&change(&bed, by(ana, "2")).await), "notice_too_short");
    bed.clock.set(local("2026-11-16T13:00"));
    let done = change(&bed, by(ana, "3")).await;
    assert_eq!(done.row().unwrap().booking.state, BookingState::Cancelled);
    assert_eq!(change(&bed, by(ana, "3")).await, done, "a second tap finds the first one's outcome");
    assert!(bed.desk.mine(ana).await.unwrap().is_empty());
    let ana = format!("customer:{ana}");
    let done = [(ana.clone(), "booking.book".to_owned()), (ana, "booking.cancel".to_owned())];
    assert_eq!(actions(&bed).await, done, "what was refused is not in the audit");
}

#[tokio::test]
async fn the_staff_cancels_at_any_time_and_an_agent_until_it_begins() {
    let bed = Bed::new().await;
    let ana = bed.customer("5511900000001").await;
    let (first, second) =
        (booked(&bed, ana, "2026-11-16T11:00").await, booked(&bed, ana, "2026-11-16T13:00").await);
    let (agent, staff) = (Principal::Agent("a".into()), Principal::Staff("ze".into()));
    bed.clock.set(local("2026-11-16T11:00"));
    let by = |who: &Principal, row: &BookingRow, key: &str| {
        bed.desk.cancel(who, &row.booking.id, key.into(), Some("ill".into()))
    };
    assert_eq!(code(&change(&bed, by(&agent, &first, "1")).await), "conflict");
    assert_eq!(code(&change(&bed, by(&agent, &second, "2")).await), "done");
    let done = change(&bed, by(&staff, &first, "3")).await;
    assert_eq!(done.row().unwrap().reason.as_deref(), Some("ill"));
}

#[tokio::test]
async fn a_booking_moves_with_its_price_and_the_old_slot_stands_until_it_has() {
    let bed = Bed::new().await;
    let (ana, bia) = (bed.customer("5511900000001").await, bed.customer("5511900000002").await);
    let row = booked(&bed, ana, "2026-11-17T10:00").await;
    booked(&bed, bia, "2026-11-17T15:00").await;
    let dearer = profile("").replace("80.00", "95.00");
    bed.profile
        .send_replace(std::sync::Arc::new(crate::profile_file::read(&dearer, bed.desk.clock.now()).unwrap()));
    let who = Principal::Customer(ana);
    let to = |start: &str, key: &str| {
        bed.desk.relocate(&who, &row.booking.id, SlotRef::one("corte", "ze", local(start), true), key.into())
    };
    let taken = change(&bed, to("2026-11-17T15:00", "1").await).await;
    assert_eq!(code(&taken), "slot_taken");
    assert_eq!(bed.store.booking(&row.booking.id).await.unwrap().unwrap(), row, "nothing was lost");
    // Over its own time: it does not stand in its own way.
    let done = change(&bed, to("2026-11-17T10:15", "2").await).await;
    let moved = done.row().unwrap();
    assert_eq!((moved.booking.start(), moved.booking.price_cents()), (local("2026-11-17T10:15"), 8000));
    assert_eq!(
        (moved.booking.state, moved.booking.reference.as_str()),
        (BookingState::Confirmed, row.booking.reference.as_str())
    );
    bed.clock.set(local("2026-11-17T09:00"));
    assert_eq!(code(&change(&bed, to("2026-11-18T10:00", "3").await).await), "notice_too_short");
    let who = Principal::Customer(bia);
    let foreign = bed.desk.relocate(
        &who,
        &row.booking.id,
        SlotRef::one("corte", "ze", local("2026-11-18T10:00"), true),
        "4".into(),
    );
    assert_eq!(code(&change(&bed, foreign.await).await), "not_yours");
}

#[tokio::test]
async fn free_slots_for_a_move_include_what_the_booking_itself_occupies() {
    let bed = Bed::new().await;
    let ana = bed.customer("5511900000001").await;
    let row = booked(&bed, ana, "2026-11-17T10:00").await;
    let when = When { offset_days: Some(1), ..When::default() };
    let who = Principal::Customer(ana);
    let found = bed.desk.find_other(&who, &row, &when).await.unwrap();
    assert!(found.slots.iter().any(|slot| slot.slot.start == local("2026-11-17T10:15")));
    let found = bed.desk.find(&who, "corte", Some("ze"), &when).await.unwrap();
    assert!(!found.slots.iter().any(|slot| slot.slot.start == local("2026-11-17T10:15")));
}

#[tokio::test]
async fn a_booking_is_moved_within_its_day_where_only_a_time_is_said() {
    let bed = Bed::new().await;
    let ana = bed.customer("5511900000001").await;
    let row = booked(&bed, ana, "2026-11-18T10:00").await;
    let four = When { at: Some("16:00".into()), ..When::default() };
    let found = bed.desk.find_other(&Principal::Customer(ana), &row, &four).await.unwrap();
    assert_eq!(found.slots.first().map(|slot| slot.slot.start), Some(local("2026-11-18T16:00")));
}

#[tokio::test]
async fn only_the_staff_decides_about_what_is_requested() {
    let bed =
        Bed::with(&profile("").replace("slotStep: 15m", "slotStep: 15m, confirmation: owner-approves")).await;
    let ana = bed.customer("5511900000001").await;
    let (first, second) =
        (booked(&bed, ana, "2026-11-17T10:00").await, booked(&bed, ana, "2026-11-17T15:00").await);
    assert_eq!(first.booking.state, BookingState::Requested);
    let staff = Principal::Staff("ze".into());
    for (n, other) in [Principal::Agent("a".into()), Principal::Customer(ana)].iter().enumerate() {
        let request = bed.desk.decide(other, &first.booking.id, true, n.to_string(), None);
        assert_eq!(code(&change(&bed, request).await), "forbidden");
    }
    let yes = change(&bed, bed.desk.decide(&staff, &first.booking.id, true, "y".into(), None)).await;
    assert_eq!(yes.row().unwrap().booking.state, BookingState::Confirmed);
    let no = bed.desk.decide(&staff, &second.booking.id, false, "n".into(), Some("feira".into()));
    let no = change(&bed, no).await;
    assert_eq!(
        (no.row().unwrap().booking.state, no.row().unwrap().reason.as_deref()),
        (BookingState::Cancelled, Some("feira"))
    );
    let again = bed.desk.decide(&staff, &first.booking.id, true, "y2".into(), None);
    assert_eq!(code(&change(&bed, again).await), "conflict");
    let early = bed.desk.conclude(&staff, &first.booking.id, true, "c".into());
    assert_eq!(code(&change(&bed, early).await), "conflict");
    bed.clock.set(local("2026-11-17T11:00"));
    let came = change(&bed, bed.desk.conclude(&staff, &first.booking.id, true, "c".into())).await;
    assert_eq!(came.row().unwrap().booking.state, BookingState::Completed);
    let missed = change(&bed, bed.desk.conclude(&staff, &first.booking.id, false, "m".into())).await;
    assert_eq!(missed.row().unwrap().booking.state, BookingState::NoShow);
    let done: Vec<String> = actions(&bed).await.into_iter().map(|(_, action)| action).collect();
    assert_eq!(done[2..], ["booking.approve", "booking.decline", "booking.complete", "booking.no_show"]);
}

#[tokio::test]
async fn a_hold_lasts_as_the_profile_says_and_becomes_the_booking_that_is_confirmed() {
    let bed = Bed::with(&profile("reminders: [{before: 24h}, {before: 2h}]\n")).await;
    let (ana, bia) = (bed.customer("5511900000001").await, bed.customer("5511900000002").await);
    let start = local("2026-11-18T10:00");
    let held = bed.desk.hold(wish(ana, "corte", "ze", start, "h")).await;
    let held = bed.store.book(&held, bed.desk.clock.now()).await.unwrap();
    let held = held.row().unwrap();
    let five = bed.desk.clock.now() + SignedDuration::from_mins(5);
    assert_eq!((held.booking.state, held.booking.hold_until), (BookingState::Held, Some(five)));
    assert_eq!(code(&book(&bed, wish(bia, "corte", "ze", start, "b")).await), "slot_taken");
    let tap = Wish { confirm: Some(held.booking.id.clone()), ..wish(ana, "corte", "ze", start, "tap") };
    let done = book(&bed, tap.clone()).await;
    let row = done.row().unwrap();
    assert_eq!((&row.booking.id, row.booking.state), (&held.booking.id, BookingState::Confirmed));
    assert_eq!(book(&bed, tap).await, done);
    let due: Vec<_> = bed.store.reminders(&row.booking.id).await.unwrap().iter().map(|r| r.due_at).collect();
    assert_eq!(due, [local("2026-11-17T10:00"), local("2026-11-18T08:00")]);
    let late =
        Wish { confirm: Some("gone".into()), ..wish(ana, "corte", "ze", local("2026-11-18T15:00"), "late") };
    assert_eq!(
        book(&bed, late).await.row().unwrap().booking.state,
        BookingState::Confirmed,
        "a late tap still books"
    );
}

#[tokio::test]
async fn a_customer_who_books_gives_up_what_they_held() {
    let bed = Bed::new().await;
    let ana = bed.customer("5511900000001").await;
    let hold = bed.desk.hold(wish(ana, "corte", "ze", local("2026-11-18T10:00"), "h")).await;
    bed.store.book(&hold, bed.desk.clock.now()).await.unwrap();
    bed.clock.pass(SignedDuration::from_mins(1));
    assert_eq!(code(&book(&bed, wish(ana, "corte", "ze", local("2026-11-18T10:15"), "b")).await), "done");
}

#[tokio::test]
async fn nobody_is_reminded_at_once() {
    let bed = Bed::with(&profile("reminders: [{before: 24h}, {before: 2h}]\n")).await;
    let ana = bed.customer("5511900000001").await;
    let row = booked(&bed, ana, "2026-11-16T11:15").await;
    assert!(
        bed.store.reminders(&row.booking.id).await.unwrap().is_empty(),
        "two hours before is in 15 minutes"
    );
}

#[tokio::test]
async fn a_visit_of_two_services_is_one_booking() {
    let bed = Bed::new().await;
    let ana = bed.customer("5511900000001").await;
    let who = Principal::Customer(ana);
    let when = When { offset_days: Some(1), ..When::default() };
    let found = bed.desk.find_visit(&who, &[("corte", None), ("barba", None)], &when).await.unwrap();
    let slot = found.slots.first().unwrap();
    let read = bed.desk.refs.read(&who, &slot.reference).unwrap();
    assert_eq!(read.parts.len(), 2);
    let done = book(&bed, Wish::of_customer(ana, read, "Ana", "k")).await;
    let row = done.row().unwrap();
    assert_eq!((row.booking.service_names().as_str(), row.booking.price_cents()), ("Corte + Barba", 12000));
    assert_eq!(row.booking.start(), slot.slot.start);
}

#[tokio::test]
async fn a_colleague_does_what_nobody_was_asked_for_by_name() {
    let bed = Bed::new().await;
    let (ana, bia) = (bed.customer("5511900000001").await, bed.customer("5511900000002").await);
    let start = local("2026-11-17T15:00");
    booked(&bed, ana, "2026-11-17T15:00").await;
    let slot = SlotRef {
        start,
        parts: vec![SlotPart { service: "corte".into(), staff: "ze".into(), pinned: false }],
    };
    let done = book(&bed, Wish::of_customer(bia, slot, "Bia", "b")).await;
    assert_eq!(done.row().unwrap().booking.items[0].staff_id, "rui");
}

#[tokio::test]
async fn the_staff_books_without_notice_and_an_agent_does_not() {
    let bed = Bed::new().await;
    let slot = || SlotRef::one("corte", "ze", local("2026-11-16T09:15"), true);
    let by = |principal: Principal, key: &str| Wish {
        principal,
        slot: slot(),
        booked_for: BookedFor::Named { phone: None },
        customer_name: "Zoe".into(),
        idempotency_key: key.into(),
        confirm: None,
    };
    assert_eq!(code(&book(&bed, by(Principal::Agent("a".into()), "1")).await), "notice_too_short");
    assert_eq!(code(&book(&bed, by(Principal::Staff("ze".into()), "2")).await), "done");
}

#[tokio::test]
async fn a_limit_per_day_counts_bookings_that_are_not_near() {
    let bed = Bed::with(&profile("").replace("slotStep: 15m", "slotStep: 15m, maxPerDay: 1")).await;
    let (ana, bia) = (bed.customer("5511900000001").await, bed.customer("5511900000002").await);
    booked(&bed, ana, "2026-11-17T10:00").await;
    let other = wish(bia, "corte", "rui", local("2026-11-17T16:00"), "b");
    assert_eq!(bed.desk.request(other.clone()).await.near, None);
    assert_ne!(code(&book(&bed, other).await), "done", "the day is full");
}

#[tokio::test]
async fn what_is_near_holds_the_buffers_of_the_visit_and_nothing_else_of_the_day() {
    let bed = Bed::new().await;
    let ana = bed.customer("5511900000001").await;
    let start = local("2026-11-17T10:00");
    let request = bed.desk.request(wish(ana, "corte", "ze", start, "a")).await;
    let (from, to) = request.near.unwrap();
    assert_eq!(start.duration_since(from), SignedDuration::ZERO);
    let profile = bed.desk.profile();
    let service = profile.profile.service("corte").unwrap();
    let after = service.buffer_after.unwrap_or_default().as_duration();
    assert_eq!(to.duration_since(start), service.duration.as_duration() + after);
}

#[tokio::test]
async fn a_confirmed_time_is_not_given_up_for_one_that_no_calendar_confirms() {
    let mut bed = Bed::new().await;
    let ana = bed.customer("5511900000001").await;
    let row = booked(&bed, ana, "2026-11-17T15:00").await;
    let outside = std::sync::Arc::new(Outside { away: true.into() });
    bed.beside(outside.clone());
    let (who, id) = (Principal::Customer(ana), row.booking.id.as_str());
    let other = SlotRef::one("corte", "ze", local("2026-11-18T10:00"), true);
    let refused = change(&bed, bed.desk.relocate(&who, id, other.clone(), "1".into()).await).await;
    assert_eq!(code(&refused), "service_unavailable");
    assert_eq!(bed.store.booking(id).await.unwrap().unwrap(), row, "it stands as it was");
    outside.away.store(false, std::sync::atomic::Ordering::SeqCst);
    let moved = change(&bed, bed.desk.relocate(&who, id, other, "2".into()).await).await;
    assert_eq!(moved.row().unwrap().booking.state, BookingState::Confirmed);
}

//! Events become busy times.

use jiff::SignedDuration;
use mcp_simulator::{Access, Fault, Vendor};
use mcp_store::booking::{BookingOutcome, BookingState};
use mcp_tenant::when::When;
use serde_json::json;

use super::bed::{BUSINESS, RUI, World};
use crate::{
    booking::{OfferedSlot, Principal},
    breaker,
    calendar::OutsideCalendar,
    status::{Dependency, Reason, State},
    test_bed::local,
};

const DAY: &str = "2026-11-17";
const WHOLE: (&str, &str) = ("2026-11-17T00:00", "2026-11-18T00:00");

fn fault(status: Option<u16>, times: u32, delay_ms: Option<u64>) -> Fault {
    Fault { vendor: Vendor::Calendar, status, body: None, times, retry_after: None, delay_ms }
}

#[tokio::test]
async fn what_the_owner_does_in_the_calendar_reaches_the_mirror() {
    let world = World::new().await;
    let id = world.event(BUSINESS, "2026-11-17T10:00", "2026-11-17T11:00");
    world.event(RUI, "2026-11-17T15:00", "2026-11-17T16:00");
    world.refresh().await;
    assert_eq!(world.busy(DAY).await, ["all 17 10:00-17 11:00", "rui 17 15:00-17 16:00"]);
    let later = json!({"start": {"dateTime": local("2026-11-17T11:00").to_string()},
        "end": {"dateTime": local("2026-11-17T12:00").to_string()}});
    world.sim.change_owner_event(BUSINESS, &id, &later).unwrap();
    world.refresh().await;
    assert_eq!(world.busy(DAY).await, ["all 17 11:00-17 12:00", "rui 17 15:00-17 16:00"]);
    world.sim.change_owner_event(BUSINESS, &id, &json!({"transparency": "transparent"})).unwrap();
    world.refresh().await;
    assert_eq!(world.busy(DAY).await, ["rui 17 15:00-17 16:00"]);
    world.sim.change_owner_event(BUSINESS, &id, &json!({"transparency": null})).unwrap();
    world.refresh().await;
    world.sim.delete_owner_event(BUSINESS, &id).unwrap();
    world.refresh().await;
    assert_eq!(world.busy(DAY).await, ["rui 17 15:00-17 16:00"]);
    assert!(world.sim.state().violations.is_empty(), "{:?}", world.sim.state().violations);
}

#[tokio::test]
async fn whole_days_count_in_the_calendars_zone_and_invitations_until_they_are_declined() {
    let world = World::new().await;
    world.sim.set_calendar_zone(BUSINESS, "America/Sao_Paulo").unwrap();
    world.insert(BUSINESS, &json!({"start": {"date": "2026-11-17"}, "end": {"date": "2026-11-18"}}));
    let invited = world.insert(
        RUI,
        &json!({
            "start": {"dateTime": local("2026-11-17T10:00").to_string()},
            "end": {"dateTime": local("2026-11-17T11:00").to_string()},
            "attendees": [{"email": RUI, "self": true, "responseStatus": "needsAction"}],
        }),
    );
    world.refresh().await;
    assert_eq!(world.busy(DAY).await, ["all 17 00:00-18 00:00", "rui 17 10:00-17 11:00"]);
    let declined = json!({"attendees": [{"email": RUI, "self": true, "responseStatus": "declined"}]});
    world.sim.change_owner_event(RUI, &invited, &declined).unwrap();
    world.refresh().await;
    assert_eq!(world.busy(DAY).await, ["all 17 00:00-18 00:00"]);
}

#[tokio::test]
async fn a_token_that_is_too_old_lists_everything_anew() {
    let world = World::new().await;
    let gone = world.event(BUSINESS, "2026-11-17T10:00", "2026-11-17T11:00");
    world.refresh().await;
    world.sim.delete_owner_event(BUSINESS, &gone).unwrap();
    world.event(BUSINESS, "2026-11-17T14:00", "2026-11-17T15:00");
    world.sim.expire_sync_tokens(BUSINESS);
    world.refresh().await;
    assert_eq!(world.busy(DAY).await, ["all 17 14:00-17 15:00"]);
    let statuses: Vec<u16> = world.sim.state().calendar_calls.iter().map(|call| call.status).collect();
    assert!(statuses.contains(&410), "{statuses:?}");
    // And each day, because the window moves on.
    let before = world.calls("list");
    world.bed.clock.pass(SignedDuration::from_hours(25));
    world.event(BUSINESS, "2026-11-17T16:00", "2026-11-17T17:00");
    world.refresh().await;
    assert_eq!(world.calls("list"), before + 2, "one list for each calendar");
    assert_eq!(world.busy(DAY).await, ["all 17 14:00-17 15:00", "all 17 16:00-17 17:00"]);
}

#[tokio::test]
async fn free_and_busy_times_are_enough_where_events_may_not_be_read() {
    let world = World::new().await;
    world.sim.set_access(RUI, Access::FreeBusyReader);
    world.event(RUI, "2026-11-17T15:00", "2026-11-17T16:00");
    world.refresh().await;
    assert_eq!(world.busy(DAY).await, ["rui 17 15:00-17 16:00"]);
    world.event(RUI, "2026-11-17T16:00", "2026-11-17T17:00");
    world.refresh().await;
    assert_eq!(world.busy(DAY).await, ["rui 17 15:00-17 17:00"]);
    // The rights came: the rows of before do not stay.
    world.sim.set_access(RUI, Access::Writer);
    world.refresh().await;
    assert_eq!(world.busy(DAY).await, ["rui 17 15:00-17 16:00", "rui 17 16:00-17 17:00"]);
    // Rui's bookings go where they can be seen.
    world.sim.set_access(RUI, Access::FreeBusyReader);
    let row = world.booked("rui", "2026-11-17T17:15").await;
    world.calendars.put(&row, "America/Sao_Paulo").await.unwrap();
    let ours: Vec<String> = world
        .sim
        .state()
        .events
        .into_iter()
        .filter(|e| e.id.contains(&row.booking.id))
        .map(|e| e.calendar_id)
        .collect();
    assert_eq!(ours, [BUSINESS]);
    world.calendars.remove(&row, row.revision).await.unwrap();
}

#[tokio::test]
async fn a_calendar_that_cannot_be_read_is_not_free() {
    let world = World::new().await;
    world.sim.set_access(RUI, Access::None);
    assert!(world.read(WHOLE).await.unwrap_err().contains(RUI), "never read: nothing is known of it");
    let rui = world.booked("rui", "2026-11-17T14:00").await;
    assert_eq!(rui.booking.state, BookingState::Requested);
    let ze = world.booked("ze", "2026-11-17T14:00").await;
    assert_eq!(ze.booking.state, BookingState::Confirmed, "Rui's calendar has no say over Zé's time");
    assert!(world.calendars.busy_of(&["ze".into()], local(WHOLE.0), local(WHOLE.1)).await.is_ok());
    let known = world.board.of(Dependency::Calendar);
    assert_eq!(
        (known.reason, known.breaker),
        (Reason::NotFound, Some(breaker::State::Closed)),
        "an answer is no outage"
    );
    assert!(known.message.unwrap().contains(RUI), "that Zé's calendar works says nothing about Rui's");
    world.calendars.put(&ze, "America/Sao_Paulo").await.unwrap();
    assert_eq!(world.board.of(Dependency::Calendar).state, State::Failing);
    // Read once, it may be missing for five minutes.
    world.sim.set_access(RUI, Access::Writer);
    world.refresh().await;
    world.sim.set_access(RUI, Access::None);
    world.bed.clock.pass(SignedDuration::from_secs(299));
    assert!(world.read(WHOLE).await.is_ok());
    world.bed.clock.pass(SignedDuration::from_secs(2));
    assert!(world.read(WHOLE).await.is_err());
}

#[tokio::test]
async fn a_booking_sees_an_event_of_a_moment_ago() {
    let world = World::new().await;
    world.refresh().await;
    world.event(RUI, "2026-11-17T15:00", "2026-11-17T16:00");
    let customer = world.bed.customer("5511999990001").await;
    let at = |slot: &OfferedSlot| slot.start.timestamp() == local("2026-11-17T15:00");
    let found = |staff| {
        let when = When { day: Some(17), month: Some(11), ..When::default() };
        let (desk, who) = (&world.desk, Principal::Customer(customer));
        async move { desk.find(&who, "corte", Some(staff), &when).await.unwrap().slots }
    };
    assert!(!found("rui").await.iter().any(at), "it is not offered");
    assert!(found("ze").await.iter().any(at));
    world.event(RUI, "2026-11-17T16:00", "2026-11-17T17:00");
    let refused = world.book(customer, "rui", "2026-11-17T16:00").await;
    assert!(matches!(&refused, BookingOutcome::Refused(why) if why.code == "slot_taken"), "{refused:?}");
    let other = world.book(customer, "ze", "2026-11-17T16:00").await;
    assert_eq!(other.row().unwrap().booking.state, BookingState::Confirmed);
}

#[tokio::test]
async fn a_slow_google_is_waited_for_two_seconds() {
    let world = World::new().await;
    world.refresh().await;
    world.sim.fail(fault(None, 2, Some(5000)));
    let began = std::time::Instant::now();
    assert!(world.read(WHOLE).await.is_ok(), "the mirror is fresh enough");
    let took = began.elapsed();
    assert!((1900..4000).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn many_who_ask_at_once_share_one_read() {
    let world = World::new().await;
    world.refresh().await;
    let before = world.calls("list");
    let reads = (0..20).map(|_| world.read(WHOLE));
    assert!(futures::future::join_all(reads).await.iter().all(Result::is_ok));
    let lists = world.calls("list") - before;
    assert!(
        lists <= 4,
        "{lists} lists of two calendars: one that ran, and one that began after everybody asked"
    );
}

#[tokio::test]
async fn an_outage_opens_the_breaker_and_google_is_left_alone() {
    let world = World::new().await;
    world.refresh().await;
    world.sim.fail(fault(Some(503), 1000, None));
    for _ in 0..3 {
        assert!(world.calendars.refresh().await.is_err());
    }
    let calls = world.calls("list");
    assert!(world.calendars.refresh().await.is_err());
    assert_eq!(world.calls("list"), calls);
    let known = world.board.of(Dependency::Calendar);
    assert_eq!((known.state, known.breaker), (State::Failing, Some(breaker::State::Open)));
    world.sim.reset();
    world.bed.clock.pass(SignedDuration::from_secs(61));
    world.refresh().await;
    let known = world.board.of(Dependency::Calendar);
    assert_eq!((known.state, known.breaker), (State::Ok, Some(breaker::State::Closed)));
}

#[tokio::test]
async fn a_calendar_that_is_not_used_any_more_is_forgotten() {
    let world = World::new().await;
    world.event(RUI, "2026-11-17T15:00", "2026-11-17T16:00");
    world.refresh().await;
    let mut profile = crate::test_bed::profile("");
    world
        .bed
        .profile
        .send_replace(std::sync::Arc::new(crate::profile_file::read(&profile, world.now()).unwrap()));
    world.refresh().await;
    assert!(world.busy(DAY).await.is_empty());
    // Now Zé has it: the rows are made anew for him.
    profile = profile.replace("name: Zé\n", &format!("name: Zé\n    calendarId: {RUI}\n"));
    world
        .bed
        .profile
        .send_replace(std::sync::Arc::new(crate::profile_file::read(&profile, world.now()).unwrap()));
    world.refresh().await;
    assert_eq!(world.busy(DAY).await, ["ze 17 15:00-17 16:00"]);
}

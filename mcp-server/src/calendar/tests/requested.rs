//! Bookings taken while the calendar could not be read.

use jiff::SignedDuration;
use mcp_simulator::Access;
use mcp_store::{
    audit::NewAudit,
    booking::{BookingRow, BookingState},
    outbox::{ClaimedOutgoing, SendEnd, SendRule},
};

use super::bed::{BUSINESS, RUI, World};

async fn sent(world: &World) -> Vec<ClaimedOutgoing> {
    let rule = SendRule { lease: SignedDuration::from_secs(30), unknown_wait: SignedDuration::from_secs(30) };
    let mut all = Vec::new();
    while let Some(message) = world.bed.store.claim_outgoing(&rule, world.now()).await.unwrap() {
        let wamid = format!("wamid.{}", all.len());
        world.bed.store.sent(&message, SendEnd::Sent { wamid }, world.now()).await.unwrap();
        all.push(message);
    }
    all
}

/// A booking taken while the business's calendar was away.
async fn requested(world: &World) -> BookingRow {
    world.sim.set_access(BUSINESS, Access::None);
    let row = world.booked("ze", "2026-11-17T10:00").await;
    assert_eq!(row.booking.state, BookingState::Requested);
    row
}

async fn pass(world: &World) {
    let since = world.now();
    let _ = world.calendars.refresh().await;
    world.confirmer().pass(since).await.unwrap();
}

async fn state(world: &World, row: &BookingRow) -> BookingState {
    world.bed.store.booking(&row.booking.id).await.unwrap().unwrap().booking.state
}

#[tokio::test]
async fn it_is_confirmed_once_the_calendar_is_read_and_free_and_the_customer_is_told_once() {
    let world = World::new().await;
    let row = requested(&world).await;
    pass(&world).await;
    assert_eq!(state(&world, &row).await, BookingState::Requested, "nothing was read");
    // Another person's calendar has no say.
    world.sim.set_access(BUSINESS, Access::Writer);
    world.sim.set_access(RUI, Access::None);
    pass(&world).await;
    pass(&world).await;
    assert_eq!(state(&world, &row).await, BookingState::Confirmed);
    // As after a crash between the two: the message is there already.
    world.confirmer().take_up().await.unwrap();
    let told = sent(&world).await;
    assert_eq!(told.len(), 1);
    let text = told[0].body["text"]["body"].as_str().unwrap();
    assert!(text.contains("confirmado") && text.contains(&row.booking.reference), "{text}");
    assert_eq!(world.bed.store.audit(0, 10).await.unwrap().last().unwrap().action, "booking.confirm");
}

#[tokio::test]
async fn a_crash_before_the_message_is_made_up_for_at_the_next_start() {
    let world = World::new().await;
    let row = requested(&world).await;
    assert!(world.confirmer().confirm(&row).await.unwrap().is_some());
    assert!(sent(&world).await.is_empty(), "it died here");
    world.bed.clock.pass(SignedDuration::from_secs(5));
    world.confirmer().take_up().await.unwrap();
    let told = sent(&world).await;
    assert!(told.len() == 1 && told[0].body["text"]["body"].as_str().unwrap().contains("confirmado"));
    world.confirmer().take_up().await.unwrap();
    assert!(sent(&world).await.is_empty());
}

#[tokio::test]
async fn a_crash_is_made_up_for_also_where_much_was_done_after_it() {
    let world = World::new().await;
    let row = requested(&world).await;
    assert!(world.confirmer().confirm(&row).await.unwrap().is_some());
    world.bed.clock.pass(SignedDuration::from_secs(5));
    let other = NewAudit {
        actor: "staff".into(),
        action: "customer.read".into(),
        subject: "customer:1".into(),
        payload: None,
    };
    for _ in 0..120 {
        world.bed.store.record(&other, world.now()).await.unwrap();
    }
    world.confirmer().take_up().await.unwrap();
    assert_eq!(sent(&world).await.len(), 1);
}

#[tokio::test]
async fn what_was_changed_since_is_not_called_confirmed_at_the_next_start() {
    let world = World::new().await;
    let row = requested(&world).await;
    world.confirmer().confirm(&row).await.unwrap();
    world.bed.clock.pass(SignedDuration::from_secs(1));
    let principal = crate::booking::Principal::Customer(row.booking.customer_id().unwrap());
    let request = world.desk.cancel(&principal, &row.booking.id, "key".into(), None);
    world.bed.store.change(&request, world.now()).await.unwrap();
    world.confirmer().take_up().await.unwrap();
    assert!(sent(&world).await.is_empty());
}

#[tokio::test]
async fn a_time_that_turns_out_to_be_taken_is_offered_anew_and_never_called_confirmed() {
    let world = World::new().await;
    let row = requested(&world).await;
    // Within the buffer after the service, which is occupied as well.
    world.event(BUSINESS, "2026-11-17T10:50", "2026-11-17T12:00");
    world.sim.set_access(BUSINESS, Access::Writer);
    let confirmer = world.confirmer();
    let since = world.now();
    world.refresh().await;
    confirmer.pass(since).await.unwrap();
    confirmer.pass(since).await.unwrap();
    assert_eq!(state(&world, &row).await, BookingState::Requested);
    assert_eq!(*world.asked.reoffered.lock().unwrap(), [(row.booking.id.clone(), 1)]);
    assert!(sent(&world).await.is_empty());
}

#[tokio::test]
async fn where_the_owner_approves_nothing_is_confirmed_by_itself() {
    let world = World::new().await;
    let row = requested(&world).await;
    let profile =
        crate::test_bed::profile("").replace("horizon: 60d,", "horizon: 60d, confirmation: owner-approves,");
    world
        .bed
        .profile
        .send_replace(std::sync::Arc::new(crate::profile_file::read(&profile, world.now()).unwrap()));
    world.sim.set_access(BUSINESS, Access::Writer);
    pass(&world).await;
    assert_eq!(state(&world, &row).await, BookingState::Requested);
}

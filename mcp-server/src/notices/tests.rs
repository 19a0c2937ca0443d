//! Notices over a database, with time set by hand.

use std::sync::{Arc, atomic::Ordering};

use jiff::SignedDuration;
use mcp_store::{
    booking::{BookingOutcome, BookingRow},
    outbox::ClaimedOutgoing,
    reminder::ReminderState,
    turn::Also,
    waitlist::{NewWait, WaitEnd, WaitState},
};
use tokio_util::sync::CancellationToken;

use super::{
    Approved, NoticeTap,
    reminders::ReminderLoop,
    waitlist::{self, WaitlistLoop},
};
use crate::{
    booking::{Principal, SlotRef, Wish},
    test_bed::{Bed, Outside, local, profile},
    wake::Wake,
};

const ANA: &str = "5511988880001";
const BIA: &str = "5511988880002";

async fn bed() -> Bed {
    Bed::with(&profile("reminders: [{before: 24h}, {before: 2h}]\n")).await
}

async fn booked(bed: &Bed, customer: i64, start: &str) -> BookingRow {
    let wish = Wish::of_customer(customer, SlotRef::one("corte", "ze", local(start), true), "Ana", start);
    let request = bed.desk.request(wish).await;
    let outcome = bed.store.book(&request, bed.desk.clock.now()).await.unwrap();
    outcome.row().unwrap_or_else(|| panic!("{outcome:?}")).clone()
}

fn reminding(bed: &Bed, approved: Approved) -> ReminderLoop {
    ReminderLoop { desk: Arc::clone(&bed.desk), approved, wake: Arc::default() }
}

fn offering(bed: &Bed) -> WaitlistLoop {
    WaitlistLoop { desk: Arc::clone(&bed.desk), approved: Approved::default(), wake: Arc::default() }
}

async fn states(bed: &Bed, row: &BookingRow) -> Vec<ReminderState> {
    bed.store.reminders(&row.booking.id).await.unwrap().iter().map(|reminder| reminder.state).collect()
}

fn buttons(message: &ClaimedOutgoing) -> Vec<String> {
    let buttons = message.body["interactive"]["action"]["buttons"].as_array().unwrap();
    buttons.iter().map(|button| button["reply"]["id"].as_str().unwrap().to_owned()).collect()
}

async fn waits(bed: &Bed, customer: i64, id: &str, from: &str, to: &str) {
    let wait = NewWait {
        id: id.into(),
        customer_id: customer,
        service_id: "corte".into(),
        staff_id: Some("ze".into()),
        from: local(from),
        to: local(to),
    };
    bed.store.wait(&wait, bed.desk.clock.now()).await.unwrap();
}

async fn state(bed: &Bed, customer: i64) -> Option<WaitState> {
    bed.store.waits_of(customer).await.unwrap().first().map(|entry| entry.state)
}

#[tokio::test]
async fn a_customer_is_reminded_with_buttons_that_are_theirs() {
    let bed = bed().await;
    let ana = bed.writes(ANA, "oi").await;
    let row = booked(&bed, ana, "2026-11-17T15:00").await;
    let reminders = reminding(&bed, Approved::default());
    assert!(!reminders.step().await.unwrap(), "nothing is due");
    bed.clock.set(local("2026-11-16T15:00"));
    assert!(reminders.step().await.unwrap());
    assert!(!reminders.step().await.unwrap());
    let said = bed.said().await;
    assert_eq!(said.len(), 1);
    let text = said[0].body["interactive"]["body"]["text"].as_str().unwrap();
    assert!(text.contains("terça-feira, 17/11/2026 às 15:00"), "{text}");
    let id = row.booking.id.clone();
    let taps: Vec<_> =
        buttons(&said[0]).iter().map(|id| NoticeTap::read(&bed.desk.refs, ana, id).unwrap()).collect();
    assert_eq!(taps, [NoticeTap::Confirm(id.clone()), NoticeTap::Move(id.clone()), NoticeTap::Cancel(id)]);
    assert_eq!(states(&bed, &row).await, [ReminderState::Sent, ReminderState::Pending]);
}

#[tokio::test]
async fn nobody_is_reminded_at_night_and_a_reminder_that_would_help_nobody_is_not_sent() {
    let bed = bed().await;
    let ana = bed.writes(ANA, "oi").await;
    bed.clock.set(local("2026-11-16T18:00"));
    bed.writes(ANA, "oi").await;
    let early = booked(&bed, ana, "2026-11-17T09:00").await;
    let reminders = reminding(&bed, Approved::default());
    bed.clock.set(local("2026-11-17T07:00"));
    assert!(reminders.step().await.unwrap());
    assert!(bed.said().await.is_empty());
    bed.clock.set(local("2026-11-17T08:00"));
    assert!(reminders.step().await.unwrap());
    assert_eq!(bed.said().await.len(), 1, "an hour before is still useful");
    assert_eq!(states(&bed, &early).await, [ReminderState::Sent]);
    let later = booked(&bed, ana, "2026-11-18T10:00").await;
    bed.clock.set(local("2026-11-18T09:45"));
    while reminders.step().await.unwrap() {}
    assert_eq!(states(&bed, &later).await, [ReminderState::Skipped, ReminderState::Skipped]);
    assert!(bed.said().await.is_empty());
}

#[tokio::test]
async fn one_reminder_is_enough_after_a_long_silence() {
    let bed = bed().await;
    let ana = bed.writes(ANA, "oi").await;
    let row = booked(&bed, ana, "2026-11-17T10:00").await;
    bed.clock.set(local("2026-11-17T08:10"));
    let reminders = reminding(&bed, Approved::default());
    while reminders.step().await.unwrap() {}
    assert_eq!(states(&bed, &row).await, [ReminderState::Skipped, ReminderState::Sent]);
    assert_eq!(bed.said().await.len(), 1);
}

#[tokio::test]
async fn who_wants_no_notices_gets_none() {
    let bed = bed().await;
    let ana = bed.writes(ANA, "oi").await;
    let row = booked(&bed, ana, "2026-11-17T15:00").await;
    let conversation = bed.store.conversation_of(ana).await.unwrap();
    bed.store.set_notices(conversation.id, false).await.unwrap();
    bed.clock.set(local("2026-11-16T15:00"));
    assert!(reminding(&bed, Approved::default()).step().await.unwrap());
    assert_eq!(states(&bed, &row).await, [ReminderState::Skipped, ReminderState::Pending]);
}

#[tokio::test]
async fn outside_the_window_what_no_template_can_say_is_not_said() {
    let moment = "sexta-feira, 20/11/2026 às 15:00";
    for (reminder, sent) in [(None, 0), (Some(1), 1), (Some(3), 1)] {
        let bed = bed().await;
        let ana = bed.writes(ANA, "oi").await;
        let row = booked(&bed, ana, "2026-11-20T15:00").await;
        bed.clock.set(local("2026-11-19T15:00"));
        let approved = Approved { reminder, notice: None };
        assert!(reminding(&bed, approved).step().await.unwrap());
        let said = bed.said().await;
        assert_eq!(said.len(), sent);
        let Some(message) = said.first() else { continue };
        let tap = NoticeTap::read(&bed.desk.refs, ana, &buttons(message)[2]);
        assert_eq!(tap, Some(NoticeTap::Cancel(row.booking.id.clone())));
        let third = message.body["for_template"]["parameters"][2].as_str();
        assert_eq!(third, (reminder == Some(3)).then_some(moment));
    }
}

#[tokio::test]
async fn the_loop_wakes_when_a_booking_changed_and_rings_for_the_sender() {
    let bed = bed().await;
    let ana = bed.writes(ANA, "oi").await;
    booked(&bed, ana, "2026-11-17T15:00").await;
    let (stop, wake) = (CancellationToken::new(), Arc::new(Wake::default()));
    let reminders =
        ReminderLoop { desk: Arc::clone(&bed.desk), approved: Approved::default(), wake: Arc::clone(&wake) };
    let running = tokio::spawn(reminders.run(stop.clone()));
    bed.clock.set(local("2026-11-16T15:00"));
    wake.bookings();
    wake.outbox.notified().await;
    assert_eq!(bed.said().await.len(), 1);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_freed_slot_is_offered_to_one_person_at_a_time() {
    let bed = Bed::new().await;
    let (ana, bia, cid) =
        (bed.writes(ANA, "oi").await, bed.writes(BIA, "oi").await, bed.writes("5511988880003", "oi").await);
    let row = booked(&bed, cid, "2026-11-16T15:00").await;
    waits(&bed, ana, "a", "2026-11-16T15:00", "2026-11-16T15:15").await;
    bed.clock.pass(SignedDuration::from_secs(1));
    waits(&bed, bia, "b", "2026-11-16T15:00", "2026-11-16T15:15").await;
    let round = async || offering(&bed).round().await.unwrap();
    assert_eq!(round().await, 0, "nothing is free");
    let cancel = bed.desk.cancel(&Principal::Staff("ze".into()), &row.booking.id, "c".into(), None);
    bed.store.change(&cancel, bed.desk.clock.now()).await.unwrap();
    assert_eq!(round().await, 1);
    assert_eq!(round().await, 0, "the other one is not asked while the first one thinks");
    assert_eq!(
        (state(&bed, ana).await, state(&bed, bia).await),
        (Some(WaitState::Offered), Some(WaitState::Waiting))
    );
    bed.clock.pass(SignedDuration::from_mins(15));
    assert_eq!(round().await, 1, "the offer is over: the next one is asked");
    assert_eq!((state(&bed, ana).await, state(&bed, bia).await), (None, Some(WaitState::Offered)));
    let said = bed.said().await;
    assert_eq!(said.len(), 2);
    let tap = NoticeTap::read(&bed.desk.refs, bia, &buttons(&said[1])[0]);
    assert_eq!(tap, Some(NoticeTap::Accept("b".into())));
    assert!(waitlist::accept(&bed.desk, ana, "b", "Ana", "k".into()).await.unwrap().is_none(), "not theirs");
    assert!(waitlist::accept(&bed.desk, ana, "a", "Ana", "k".into()).await.unwrap().is_none(), "over");
    let (request, _, end) = waitlist::accept(&bed.desk, bia, "b", "Bia", "k".into()).await.unwrap().unwrap();
    let booked = bed.store.book(&request, bed.desk.clock.now()).await.unwrap();
    assert!(
        matches!(&booked, BookingOutcome::Booked(row) if row.booking.start() == local("2026-11-16T15:00"))
    );
    assert!(matches!(end, Also::EndWait { end: WaitEnd::Served, .. }));
}

#[tokio::test]
async fn who_refuses_an_offer_does_not_keep_the_next_one_waiting() {
    let bed = Bed::new().await;
    let (ana, bia) = (bed.writes(ANA, "oi").await, bed.writes(BIA, "oi").await);
    waits(&bed, ana, "a", "2026-11-16T15:00", "2026-11-16T15:15").await;
    bed.clock.pass(SignedDuration::from_secs(1));
    waits(&bed, bia, "b", "2026-11-16T15:00", "2026-11-16T15:15").await;
    assert_eq!(offering(&bed).round().await.unwrap(), 1);
    let Some(Also::EndWait { id, revision, end }) = waitlist::refuse(&bed.desk, ana, "a").await.unwrap()
    else {
        panic!("an offer stands")
    };
    bed.store.end_wait(&id, revision, end, bed.desk.clock.now()).await.unwrap();
    bed.clock.pass(SignedDuration::from_secs(20));
    assert_eq!(offering(&bed).round().await.unwrap(), 1);
    assert_eq!(state(&bed, bia).await, Some(WaitState::Offered));
}

#[tokio::test]
async fn who_lost_the_offered_slot_to_somebody_else_waits_on_and_who_did_not_answer_does_not() {
    for taken in [true, false] {
        let bed = Bed::new().await;
        let (ana, bia) = (bed.writes(ANA, "oi").await, bed.writes(BIA, "oi").await);
        waits(&bed, ana, "a", "2026-11-16T15:00", "2026-11-16T15:15").await;
        assert_eq!(offering(&bed).round().await.unwrap(), 1);
        if taken {
            booked(&bed, bia, "2026-11-16T15:00").await;
        }
        bed.clock.pass(SignedDuration::from_mins(15));
        offering(&bed).round().await.unwrap();
        assert_eq!(state(&bed, ana).await, taken.then_some(WaitState::Waiting));
    }
}

#[tokio::test]
async fn an_offer_that_ends_while_the_calendar_is_away_is_looked_at_again_when_it_is_back() {
    for taken in [true, false] {
        let mut bed = Bed::new().await;
        let outside = Arc::new(Outside::default());
        bed.beside(outside.clone());
        let (ana, bia) = (bed.writes(ANA, "oi").await, bed.writes(BIA, "oi").await);
        waits(&bed, ana, "a", "2026-11-16T15:00", "2026-11-16T15:15").await;
        assert_eq!(offering(&bed).round().await.unwrap(), 1);
        if taken {
            booked(&bed, bia, "2026-11-16T15:00").await;
        }
        outside.away.store(true, Ordering::SeqCst);
        for _ in 0..3 {
            bed.clock.pass(SignedDuration::from_mins(15));
            assert_eq!(offering(&bed).round().await.unwrap(), 0);
            assert_eq!(state(&bed, ana).await, Some(WaitState::Offered), "nobody knows whether it is gone");
        }
        outside.away.store(false, Ordering::SeqCst);
        offering(&bed).round().await.unwrap();
        assert_eq!(state(&bed, ana).await, taken.then_some(WaitState::Waiting));
    }
}

#[tokio::test]
async fn who_waits_on_keeps_the_place_before_those_who_came_later() {
    let bed = Bed::new().await;
    let (ana, bia) = (bed.writes(ANA, "oi").await, bed.writes(BIA, "oi").await);
    waits(&bed, ana, "a", "2026-11-16T15:00", "2026-11-16T16:00").await;
    bed.clock.pass(SignedDuration::from_secs(1));
    assert_eq!(offering(&bed).round().await.unwrap(), 1);
    waits(&bed, bia, "b", "2026-11-16T15:00", "2026-11-16T16:00").await;
    booked(&bed, bia, "2026-11-16T15:00").await;
    bed.clock.pass(SignedDuration::from_mins(15));
    offering(&bed).round().await.unwrap();
    let waiting = bed.store.waits_of(ana).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].wait.id.as_str()), (1, "a"), "the same entry, in its place");
}

#[tokio::test]
async fn two_free_slots_go_to_two_people_and_none_at_night() {
    let bed = Bed::new().await;
    let (ana, bia) = (bed.writes(ANA, "oi").await, bed.writes(BIA, "oi").await);
    waits(&bed, ana, "a", "2026-11-17T15:00", "2026-11-17T15:30").await;
    waits(&bed, bia, "b", "2026-11-17T15:00", "2026-11-17T15:30").await;
    bed.clock.set(local("2026-11-16T21:30"));
    assert_eq!(offering(&bed).round().await.unwrap(), 0);
    bed.clock.set(local("2026-11-17T08:00"));
    bed.writes(ANA, "oi").await;
    bed.writes(BIA, "oi").await;
    assert_eq!(offering(&bed).round().await.unwrap(), 2);
    let start = async |customer| bed.store.waits_of(customer).await.unwrap()[0].offered_start;
    assert_ne!(start(ana).await, start(bia).await);
}

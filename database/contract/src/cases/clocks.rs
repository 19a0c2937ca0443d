//! The clock is set back, and the database comes back after a while: nothing waits for an hour that comes twice, and
//! nothing that may have been sent is sent before a status had the time to say so.

use std::sync::Arc;

use jiff::SignedDuration;
use mcp_store::{
    booking::BookingState,
    maintenance::Waits,
    outbox::{OutgoingState, SendEnd},
};

use super::outbox::{claim, state, with_messages};
use crate::{
    Bed, Database,
    make::{LEASE, RULE, at, booked, by_phone, choice, customer, hold, id, minute, notice, receive},
};

const HOUR: i64 = 3_600_000;
const WAITS: Waits = Waits { lease: SignedDuration::from_secs(60), unknown: SignedDuration::from_secs(30) };

pub async fn the_database_can_be_written(bed: Arc<Bed>) {
    let before = bed.store.digests().await.unwrap();
    bed.store.can_write().await.unwrap();
    assert_eq!(bed.store.digests().await.unwrap(), before, "it changes nothing");
}

pub async fn a_message_that_came_before_the_clock_was_set_back_is_answered_at_once(bed: Arc<Bed>) {
    let store = &*bed.store;
    // One is known whose it is, one is not yet.
    receive(store, "w1", by_phone("4915111111111"), at(HOUR)).await;
    let turn = store.claim_turn(&RULE, at(HOUR + 1200)).await.unwrap().unwrap();
    store.release_turn(&turn, at(HOUR + 4000)).await.unwrap();
    receive(store, "w2", by_phone("4915122222222"), at(HOUR + 2000)).await;
    assert!(
        store.claim_turn(&RULE, at(5000)).await.unwrap().is_none(),
        "they wait for the hour to come again"
    );
    store.clock_set_back(&WAITS, at(5000)).await.unwrap();
    for _ in 0..2 {
        assert!(store.claim_turn(&RULE, at(5000 + 1200)).await.unwrap().is_some());
    }
}

pub async fn the_next_start_does_the_same_for_what_was_written_later_than_now(bed: Arc<Bed>) {
    let store = &*bed.store;
    receive(store, "w1", by_phone("4915111111111"), at(HOUR)).await;
    let (_, conversation) = customer(store, "4915122222222").await;
    store.enqueue(conversation.id, &notice("a0"), at(HOUR)).await.unwrap();
    store.enqueue(conversation.id, &notice("a1"), at(0)).await.unwrap();
    booked(store, choice(&id(1), "ze", 6000, 45), at(HOUR)).await;
    store.recover(at(5000), WAITS.unknown).await.unwrap();
    assert!(store.claim_turn(&RULE, at(5000 + 1200)).await.unwrap().is_some());
    assert_eq!(claim(store, 5000).await.unwrap().id, "a0");
    assert!(store.claim_mirror(LEASE, at(5000)).await.unwrap().is_some());
}

pub async fn the_next_start_hastens_nothing_that_was_written_before_now(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let claimed = claim(store, 0).await.unwrap();
    store.sent(&claimed, SendEnd::Retry { at: at(25_000), why: "throttled".into() }, at(100)).await.unwrap();
    booked(store, choice(&id(1), "ze", 600, 45), at(0)).await;
    let job = store.claim_mirror(LEASE, at(0)).await.unwrap().unwrap();
    store.mirror_failed(&job, "no answer", at(900_000)).await.unwrap();
    let held = booked(store, hold(&id(2), "rui", 600, 45, minute(30)), at(0)).await;
    store.recover(at(2000), SignedDuration::from_secs(30)).await.unwrap();
    assert!(claim(store, 24_999).await.is_none());
    assert_eq!(claim(store, 25_000).await.unwrap().attempt, 2);
    assert_eq!(store.claim_mirror(LEASE, at(899_999)).await.unwrap(), None);
    assert!(store.claim_mirror(LEASE, at(900_000)).await.unwrap().is_some());
    assert_eq!(store.booking(&id(2)).await.unwrap(), Some(held));
}

pub async fn a_message_put_off_before_the_clock_was_set_back_is_due_at_once(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let claimed = claim(store, HOUR).await.unwrap();
    let retry = SendEnd::Retry { at: at(HOUR + 300_000), why: "throttled".into() };
    store.sent(&claimed, retry, at(HOUR)).await.unwrap();
    store.clock_set_back(&WAITS, at(1000)).await.unwrap();
    assert_eq!(claim(store, 1000).await.unwrap().attempt, 2);
}

pub async fn an_unknown_outcome_waits_no_longer_than_its_rule_by_the_clock_that_was_set_back(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let claimed = claim(store, HOUR).await.unwrap();
    let unknown = SendEnd::Unknown { until: at(HOUR + 30_000), why: "no answer".into() };
    store.sent(&claimed, unknown, at(HOUR)).await.unwrap();
    store.clock_set_back(&WAITS, at(1000)).await.unwrap();
    assert!(claim(store, 30_999).await.is_none(), "a status may still come");
    assert_eq!(claim(store, 31_000).await.unwrap().attempt, 2);
}

pub async fn claims_end_by_the_clock_that_was_set_back(bed: Arc<Bed>) {
    let store = &*bed.store;
    receive(store, "w1", by_phone("4915111111111"), at(HOUR)).await;
    let turn = store.claim_turn(&RULE, at(HOUR + 1200)).await.unwrap().unwrap();
    store.clock_set_back(&WAITS, at(0)).await.unwrap();
    assert!(store.claim_turn(&RULE, at(59_000)).await.unwrap().is_none(), "its holder is at work");
    if bed.place.database() == Database::Sqlite {
        let again = store.claim_turn(&RULE, at(60_000)).await.unwrap().unwrap();
        assert!(again.epoch != turn.epoch);
    }
}

pub async fn a_hold_is_as_long_as_it_was_made_by_the_clock_that_was_set_back(bed: Arc<Bed>) {
    let store = &*bed.store;
    let made = minute(60);
    let held = booked(store, hold(&id(1), "ze", 6000, 45, minute(65)), made).await;
    assert_eq!(held.booking.state, BookingState::Held);
    // Another replica, or the next start, finds the same.
    for _ in 0..2 {
        store.clock_set_back(&WAITS, minute(0)).await.unwrap();
        let row = store.booking(&id(1)).await.unwrap().unwrap();
        assert_eq!(row.booking.hold_until, Some(minute(5)));
    }
}

pub async fn what_was_sent_is_recorded_although_its_claim_has_ended(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let claimed = claim(store, 0).await.unwrap();
    assert!(claim(store, 40_000).await.is_none());
    assert_eq!(state(store, "a0").await, OutgoingState::Ambiguous);
    let row = store.sent(&claimed, SendEnd::Sent { wamid: "x".into() }, at(41_000)).await.unwrap();
    assert_eq!((row.state, row.wamid.as_deref()), (OutgoingState::Sent, Some("x")));
    assert!(claim(store, 999_000).await.is_none(), "it is not sent again");
}

pub async fn a_claim_that_ended_unnoticed_waits_for_a_status_from_when_it_is_noticed(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    claim(store, 0).await.unwrap();
    // Nobody could look, and no status be taken, for ten minutes.
    assert!(claim(store, 600_000).await.is_none());
    assert!(claim(store, 629_999).await.is_none());
    assert_eq!(claim(store, 630_000).await.unwrap().attempt, 2);
}

pub async fn after_an_outage_what_is_ambiguous_waits_for_a_status_once_more(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let claimed = claim(store, 0).await.unwrap();
    let unknown = SendEnd::Unknown { until: at(30_000), why: "no answer".into() };
    store.sent(&claimed, unknown, at(0)).await.unwrap();
    let (_, other) = customer(store, "4915122222222").await;
    store.enqueue(other.id, &notice("b0"), at(0)).await.unwrap();
    store.wait_for_statuses(at(630_000)).await.unwrap();
    assert_eq!(claim(store, 1).await.unwrap().id, "b0", "what was not sent yet waits for nothing");
    assert!(claim(store, 20_000).await.is_none());
    let b0 = store.outgoing("b0").await.unwrap().unwrap();
    assert_eq!(b0.state, OutgoingState::Sending);
    assert!(claim(store, 629_999).await.is_none());
    // Never sooner than it would have been.
    store.wait_for_statuses(at(100_000)).await.unwrap();
    assert!(claim(store, 629_999).await.is_none());
    assert_eq!(claim(store, 630_000).await.unwrap().attempt, 2);
}

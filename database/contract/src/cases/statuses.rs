//! Delivery statuses, in whatever order they come.

use std::sync::Arc;

use mcp_store::{
    Store, StoreError,
    inbox::{DeadSource, Delivery, DeliveryStatus},
    outbox::{OutgoingState, SendEnd},
};

use super::outbox::{claim, state, with_messages};
use crate::{
    Bed,
    make::{at, customer, notice, receive_status},
};

/// A status by the channel's id alone.
async fn by_wamid(store: &dyn Store, wamid: &str, word: &str, when: i64) {
    let status = DeliveryStatus {
        wamid: wamid.into(),
        status: word.into(),
        outbox_id: None,
        error_code: None,
        at: at(when),
    };
    store.accept(&[Delivery { statuses: vec![status], ..Delivery::default() }], at(when)).await.unwrap();
}

pub async fn a_status_that_overtakes_the_senders_own_word_settles_the_message(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let claimed = claim(store, 0).await.unwrap();
    receive_status(store, "a0", "sent", "x", at(500)).await;
    let row = store.outgoing("a0").await.unwrap().unwrap();
    assert_eq!((row.state, row.wamid.as_deref()), (OutgoingState::Sent, Some("x")));
    let late = store.sent(&claimed, SendEnd::Sent { wamid: "x".into() }, at(501)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "a claim on it is void: {late:?}");
    assert!(claim(store, 999_000).await.is_none());
}

pub async fn a_status_resolves_an_unknown_outcome(bed: Arc<Bed>) {
    for word in ["sent", "delivered", "read"] {
        let bed = bed.neighbour().await;
        let store = &*bed.store;
        with_messages(store, 2).await;
        claim(store, 20_000).await.unwrap();
        assert!(claim(store, 55_000).await.is_none(), "the lease ended, the outcome is unknown");
        receive_status(store, "a0", word, "x", at(56_000)).await;
        assert_eq!(state(store, "a0").await, OutgoingState::Sent, "{word}");
        let next = claim(store, 56_001).await.unwrap();
        assert_eq!(next.id, "a1", "the next one need not wait any longer");
        bed.end().await;
    }
}

pub async fn a_message_put_off_is_not_sent_again_when_a_status_tells_that_it_arrived(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let first = claim(store, 0).await.unwrap();
    store.sent(&first, SendEnd::Retry { at: at(5000), why: "500".into() }, at(100)).await.unwrap();
    receive_status(store, "a0", "delivered", "x", at(200)).await;
    assert!(claim(store, 90_000).await.is_none());
    assert_eq!(state(store, "a0").await, OutgoingState::Sent);
}

pub async fn a_late_status_still_settles_a_parked_message(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    for time in [0, 40_000] {
        let claimed = claim(store, time).await.unwrap();
        let end = SendEnd::Unknown { until: at(time + 40_000), why: "no answer".into() };
        store.sent(&claimed, end, at(time)).await.unwrap();
    }
    assert_eq!(state(store, "a0").await, OutgoingState::Parked);
    receive_status(store, "a0", "delivered", "x", at(90_000)).await;
    assert_eq!(state(store, "a0").await, OutgoingState::Sent);
}

pub async fn delivered_and_read_are_added_and_never_taken_back(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let claimed = claim(store, 0).await.unwrap();
    store.sent(&claimed, SendEnd::Sent { wamid: "x".into() }, at(100)).await.unwrap();
    // In reverse, by the channel's own id.
    by_wamid(store, "x", "read", 3000).await;
    let row = store.outgoing("a0").await.unwrap().unwrap();
    assert_eq!(
        (row.read_at, row.delivered_at),
        (Some(at(3000)), Some(at(3000))),
        "what was read was delivered"
    );
    by_wamid(store, "x", "delivered", 2000).await;
    by_wamid(store, "x", "sent", 1000).await;
    let row = store.outgoing("a0").await.unwrap().unwrap();
    assert_eq!((row.state, row.sent_at, row.read_at), (OutgoingState::Sent, Some(at(100)), Some(at(3000))));
    assert!(row.delivered_at.is_some());
}

pub async fn a_failed_status_is_recorded_whatever_the_message_was(bed: Arc<Bed>) {
    let store = &*bed.store;
    let conversation = with_messages(store, 1).await;
    let claimed = claim(store, 0).await.unwrap();
    store.sent(&claimed, SendEnd::Sent { wamid: "x".into() }, at(100)).await.unwrap();
    receive_status(store, "a0", "failed", "x", at(200)).await;
    let row = store.outgoing("a0").await.unwrap().unwrap();
    assert_eq!(row.state, OutgoingState::Failed);
    assert!(row.error.as_deref().is_some_and(|error| error.contains("131026")), "{:?}", row.error);
    let letters = store.dead_letters(0, 9).await.unwrap();
    assert_eq!((letters.len(), letters[0].letter.source), (1, DeadSource::Outbox));
    assert_eq!((letters[0].letter.payload.as_str(), letters[0].conversation_id), ("a0", Some(conversation)));
    receive_status(store, "a0", "delivered", "x", at(300)).await;
    assert_eq!(state(store, "a0").await, OutgoingState::Failed, "a failed one stays failed");
}

pub async fn a_status_is_of_one_message(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let (_, other) = customer(store, "4915122222222").await;
    store.enqueue(other.id, &notice("b0"), at(1)).await.unwrap();
    let (first, second) = (claim(store, 10).await.unwrap(), claim(store, 10).await.unwrap());
    for (message, wamid) in [(&first, "x"), (&second, "y")] {
        store.sent(message, SendEnd::Sent { wamid: wamid.into() }, at(100)).await.unwrap();
    }
    let before = store.outgoing("b0").await.unwrap();
    by_wamid(store, "x", "read", 200).await;
    receive_status(store, "a0", "failed", "x", at(300)).await;
    assert_eq!(state(store, "a0").await, OutgoingState::Failed);
    assert_eq!(store.outgoing("b0").await.unwrap(), before);
    let letters = store.dead_letters(0, 9).await.unwrap();
    assert_eq!((letters.len(), &*letters[0].letter.payload), (1, "a0"));
    // A late word that it arrived after all is about that one as well.
    receive_status(store, "b0", "failed", "y", at(400)).await;
    assert_eq!(store.dead_letters(0, 9).await.unwrap().len(), 2);
    store.replay(letters[0].id, at(500)).await.unwrap();
    assert_eq!(
        (state(store, "a0").await, state(store, "b0").await),
        (OutgoingState::Pending, OutgoingState::Failed)
    );
}

pub async fn statuses_nobody_waits_for_change_nothing_and_are_kept(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    receive_status(store, "a0", "delivered", "x", at(100)).await;
    assert_eq!(state(store, "a0").await, OutgoingState::Pending, "it was never handed over");
    let claimed = claim(store, 1000).await.unwrap();
    receive_status(store, "a0", "sparkled", "x", at(1100)).await;
    by_wamid(store, "of somebody else", "read", 1200).await;
    assert_eq!(state(store, "a0").await, OutgoingState::Sending);
    let row = store.sent(&claimed, SendEnd::Sent { wamid: "y".into() }, at(1300)).await.unwrap();
    assert_eq!(row.state, OutgoingState::Sent);
    assert_eq!(bed.raw().await.number("SELECT count(*) FROM delivery_status").await, 3);
}

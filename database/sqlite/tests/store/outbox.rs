//! Messages are sent once, in order, and an unknown outcome is resolved by a status or one more send.

use crate::support::{Fixture, RULE, answer, at, by_phone, commit, fixture, receive};
use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    Health,
    conversation::ConversationStore,
    inbox::{Delivery, DeliveryStatus, InboxStore},
    outbox::{ClaimedOutgoing, OutboxStore, SendEnd},
};
use mcp_store_sqlite::SqliteStore;

const WAIT: SignedDuration = SignedDuration::from_secs(30);

async fn with_answers(count: i64) -> Fixture {
    let f = fixture().await;
    for n in 0..count {
        receive(&f.store, &format!("w{n}"), by_phone("55"), at(n * 5000)).await;
        let turn = f.store.claim_turn(&RULE, at(n * 5000 + 4000)).await.unwrap().unwrap();
        commit(&f.store, &turn, answer(&format!("a{n}")), at(n * 5000 + 4500)).await;
    }
    f
}

async fn claim(store: &SqliteStore, now: Timestamp) -> Option<ClaimedOutgoing> {
    store.claim_outgoing(now, WAIT).await.unwrap()
}

async fn status(store: &SqliteStore, outbox_id: &str, status: &str) {
    let status = DeliveryStatus {
        wamid: "wamid.out".into(),
        status: status.into(),
        outbox_id: Some(outbox_id.into()),
        error_code: None,
        at: at(0),
    };
    store.accept(&[Delivery { statuses: vec![status], ..Delivery::default() }], at(50_000)).await.unwrap();
}

async fn count(store: &SqliteStore, state: &str) -> i64 {
    store.outbox_counts().await.unwrap().into_iter().find(|(s, _)| s == state).map_or(0, |(_, n)| n)
}

#[tokio::test]
async fn one_message_at_a_time_per_conversation_in_order() {
    let f = with_answers(2).await;
    let first = claim(&f.store, at(20_000)).await.unwrap();
    assert_eq!((first.id.as_str(), first.recipient.wa_id.as_deref()), ("a0", Some("55")));
    assert!(claim(&f.store, at(20_000)).await.is_none(), "the second waits for the first");
    f.store.sent(&first, SendEnd::Sent { wamid: "x".into() }, at(20_100)).await.unwrap();
    assert_eq!(claim(&f.store, at(20_200)).await.unwrap().id, "a1");
}

#[tokio::test]
async fn a_send_cut_off_by_death_is_not_repeated_when_a_status_tells() {
    let f = with_answers(1).await;
    claim(&f.store, at(20_000)).await.unwrap();
    f.store.recover().await.unwrap();
    assert!(claim(&f.store, at(30_000)).await.is_none(), "the outcome is unknown: wait for a status");
    status(&f.store, "a0", "sent").await;
    assert!(claim(&f.store, at(90_000)).await.is_none());
    assert_eq!(count(&f.store, "sent").await, 1);
}

#[tokio::test]
async fn a_send_cut_off_by_death_is_repeated_once_without_a_status_then_parked() {
    let f = with_answers(1).await;
    let first = claim(&f.store, at(20_000)).await.unwrap();
    f.store.recover().await.unwrap();
    let second = claim(&f.store, at(50_000)).await.unwrap();
    assert_eq!((second.id.as_str(), second.attempt), ("a0", 2));
    assert!(
        f.store.sent(&first, SendEnd::Sent { wamid: "x".into() }, at(50_001)).await.is_err(),
        "an old claim is void"
    );
    let until = at(81_000);
    f.store.sent(&second, SendEnd::Unknown { until, why: "no answer".into() }, at(51_000)).await.unwrap();
    assert!(claim(&f.store, at(82_000)).await.is_none());
    assert_eq!(count(&f.store, "parked").await, 1);
    status(&f.store, "a0", "delivered").await;
    assert_eq!(count(&f.store, "sent").await, 1, "a late status still says what happened");
}

#[tokio::test]
async fn a_worker_that_hangs_counts_as_unknown_and_is_not_repeated_for_ever() {
    let f = with_answers(1).await;
    claim(&f.store, at(20_000)).await.unwrap();
    assert_eq!(claim(&f.store, at(50_000)).await.unwrap().attempt, 2);
    assert!(claim(&f.store, at(80_000)).await.is_none());
    assert_eq!(count(&f.store, "parked").await, 1);
}

#[tokio::test]
async fn a_refused_send_is_retried_when_it_is_due() {
    let f = with_answers(1).await;
    let first = claim(&f.store, at(20_000)).await.unwrap();
    f.store
        .sent(&first, SendEnd::Retry { at: at(25_000), why: "throttled".into() }, at(20_100))
        .await
        .unwrap();
    assert_eq!(f.store.next_outgoing_at().await.unwrap(), Some(at(25_000)));
    assert!(claim(&f.store, at(24_000)).await.is_none());
    assert_eq!(claim(&f.store, at(25_000)).await.unwrap().attempt, 2);
}

#[tokio::test]
async fn a_message_put_off_is_not_repeated_when_a_status_tells_that_it_arrived() {
    let f = with_answers(1).await;
    let first = claim(&f.store, at(20_000)).await.unwrap();
    f.store.sent(&first, SendEnd::Retry { at: at(25_000), why: "500".into() }, at(20_100)).await.unwrap();
    status(&f.store, "a0", "delivered").await;
    assert!(claim(&f.store, at(90_000)).await.is_none());
}

#[tokio::test]
async fn a_failed_status_after_a_good_send_is_recorded() {
    let f = with_answers(1).await;
    let first = claim(&f.store, at(20_000)).await.unwrap();
    f.store.sent(&first, SendEnd::Sent { wamid: "wamid.out".into() }, at(20_100)).await.unwrap();
    status(&f.store, "a0", "failed").await;
    assert_eq!(count(&f.store, "failed").await, 1);
}

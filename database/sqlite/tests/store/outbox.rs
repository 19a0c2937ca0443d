//! Messages are sent once, in order, and an unknown outcome is resolved by a status or one more send.

use crate::support::{Fixture, RULE, SEND, answer, at, by_phone, commit, fixture, outgoing, receive};
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    inbox::{Delivery, DeliveryStatus, InboxStore},
    maintenance::Health,
    outbox::{ClaimedOutgoing, Enqueued, NewOutgoing, OutboxStore, OutgoingState, SendEnd},
    turn::TurnStore,
};
use mcp_store_sqlite::SqliteStore;

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
    store.claim_outgoing(&SEND, now).await.unwrap()
}

async fn status(store: &SqliteStore, outbox_id: Option<&str>, status: &str, when: i64) {
    let status = DeliveryStatus {
        wamid: "wamid.out".into(),
        status: status.into(),
        outbox_id: outbox_id.map(Into::into),
        error_code: (status == "failed").then_some(131_026),
        at: at(when),
    };
    store.accept(&[Delivery { statuses: vec![status], ..Delivery::default() }], at(50_000)).await.unwrap();
}

async fn state(store: &SqliteStore, id: &str) -> OutgoingState {
    store.outgoing(id).await.unwrap().unwrap().state
}

async fn dead(store: &SqliteStore) -> Vec<String> {
    store.dead_letters(0, 9).await.unwrap().into_iter().map(|row| row.letter.payload).collect()
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
    f.store.recover(at(21_000), SEND.unknown_wait).await.unwrap();
    assert_eq!(state(&f.store, "a0").await, OutgoingState::Ambiguous);
    assert!(claim(&f.store, at(50_999)).await.is_none(), "the outcome is unknown: wait for a status");
    status(&f.store, Some("a0"), "sent", 0).await;
    assert!(claim(&f.store, at(90_000)).await.is_none());
    assert_eq!(state(&f.store, "a0").await, OutgoingState::Sent);
}

#[tokio::test]
async fn a_send_cut_off_by_death_is_repeated_once_without_a_status_then_parked() {
    let f = with_answers(1).await;
    let first = claim(&f.store, at(20_000)).await.unwrap();
    f.store.recover(at(21_000), SEND.unknown_wait).await.unwrap();
    let second = claim(&f.store, at(51_000)).await.unwrap();
    assert_eq!((second.id.as_str(), second.attempt), ("a0", 2));
    let late = f.store.sent(&first, SendEnd::Sent { wamid: "x".into() }, at(51_001)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "an old claim is void: {late:?}");
    let end = SendEnd::Unknown { until: at(81_000), why: "no answer".into() };
    let row = f.store.sent(&second, end, at(52_000)).await.unwrap();
    assert_eq!((row.state, row.unknowns), (OutgoingState::Parked, 2));
    assert_eq!(dead(&f.store).await, ["a0"]);
    assert!(claim(&f.store, at(99_000)).await.is_none());
    status(&f.store, Some("a0"), "delivered", 0).await;
    assert_eq!(state(&f.store, "a0").await, OutgoingState::Sent, "a late status still says what happened");
    assert!(dead(&f.store).await.is_empty());
}

#[tokio::test]
async fn a_lease_that_ends_while_sending_is_ambiguous_and_not_claimable() {
    let f = with_answers(2).await;
    claim(&f.store, at(20_000)).await.unwrap();
    assert_eq!(f.store.next_outgoing_at().await.unwrap(), Some(at(50_000)));
    assert!(claim(&f.store, at(50_000)).await.is_none(), "neither it nor the one behind it");
    assert_eq!(state(&f.store, "a0").await, OutgoingState::Ambiguous);
    assert!(claim(&f.store, at(79_999)).await.is_none());
    assert_eq!(claim(&f.store, at(80_000)).await.unwrap().attempt, 2);
    let next = claim(&f.store, at(110_000)).await.unwrap();
    assert_eq!((state(&f.store, "a0").await, next.id.as_str()), (OutgoingState::Parked, "a1"));
    let letter = f.store.dead_letters(0, 9).await.unwrap()[0].id;
    f.store.sent(&next, SendEnd::Sent { wamid: "x".into() }, at(110_000)).await.unwrap();
    f.store.replay(letter, at(120_000)).await.unwrap();
    assert_eq!(claim(&f.store, at(120_000)).await.unwrap().id, "a0", "a person has it sent again");
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
    status(&f.store, Some("a0"), "delivered", 0).await;
    assert!(claim(&f.store, at(90_000)).await.is_none());
}

#[tokio::test]
async fn statuses_count_in_whatever_order_they_come() {
    let f = with_answers(1).await;
    let first = claim(&f.store, at(20_000)).await.unwrap();
    // They name the channel's id only, and it is not known here yet.
    status(&f.store, None, "read", 300).await;
    status(&f.store, None, "delivered", 200).await;
    let row = f.store.sent(&first, SendEnd::Sent { wamid: "wamid.out".into() }, at(20_100)).await.unwrap();
    assert_eq!(
        (row.state, row.read_at, row.delivered_at),
        (OutgoingState::Sent, Some(at(300)), Some(at(300)))
    );
    status(&f.store, None, "sent", 100).await;
    status(&f.store, None, "something new", 100).await;
    assert_eq!(f.store.outgoing("a0").await.unwrap().unwrap(), row, "nothing is taken back");
}

#[tokio::test]
async fn a_status_before_the_answer_of_the_channel_voids_the_claim() {
    let f = with_answers(1).await;
    let first = claim(&f.store, at(20_000)).await.unwrap();
    status(&f.store, Some("a0"), "sent", 0).await;
    let late = f.store.sent(&first, SendEnd::Sent { wamid: "wamid.out".into() }, at(20_100)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    assert_eq!(f.store.outgoing("a0").await.unwrap().unwrap().wamid.as_deref(), Some("wamid.out"));
}

#[tokio::test]
async fn a_failed_status_after_a_good_send_is_recorded_and_stays() {
    let f = with_answers(1).await;
    let first = claim(&f.store, at(20_000)).await.unwrap();
    f.store.sent(&first, SendEnd::Sent { wamid: "wamid.out".into() }, at(20_100)).await.unwrap();
    status(&f.store, Some("a0"), "failed", 0).await;
    status(&f.store, Some("a0"), "sent", 0).await;
    let row = f.store.outgoing("a0").await.unwrap().unwrap();
    assert_eq!((row.state, row.error.unwrap().contains("131026")), (OutgoingState::Failed, true));
    assert_eq!(dead(&f.store).await, ["a0"]);
}

#[tokio::test]
async fn a_notice_with_a_key_is_written_once() {
    let f = with_answers(1).await;
    let notice = |id: &str| NewOutgoing { dedupe_key: Some("cancelled:1".into()), ..outgoing(id) };
    assert_eq!(f.store.enqueue(1, &notice("n1"), at(9000)).await.unwrap(), Enqueued::Written);
    let again = f.store.enqueue(1, &notice("n2"), at(9001)).await.unwrap();
    assert_eq!(again, Enqueued::Duplicate("n1".into()));
    assert!(matches!(f.store.enqueue(99, &outgoing("n3"), at(9001)).await, Err(StoreError::NotFound(_))));
}

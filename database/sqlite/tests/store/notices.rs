//! Reminders and the waitlist: what is said without being asked.

use jiff::SignedDuration;
use mcp_store::{
    StoreError,
    booking::{BookedFor, Change},
    conversation::ConversationStore,
    customer::CustomerStore,
    outbox::{NewOutgoing, OutboxStore, OutgoingKind},
    reminder::{ReminderEnd, ReminderState, ReminderStore},
    waitlist::{NewWait, Offer, WaitEnd, WaitState, WaitlistStore},
};

use crate::support::{Fixture, book, by_phone, change, choice, fixture, minute, outgoing};

const LEASE: SignedDuration = SignedDuration::from_mins(2);

async fn reminded_booking(f: &Fixture) -> i64 {
    let customer = f.store.identify(&by_phone("5511988887777"), minute(0)).await.unwrap().id;
    f.store.conversation_of(customer).await.unwrap();
    let mut wish = choice("1", "ze", 600, 45);
    wish.booking.booked_for = BookedFor::Customer(customer);
    wish.reminders = vec![minute(480)];
    book(&f.store, wish, 0).await;
    customer
}

fn reminder(id: &str) -> NewOutgoing {
    NewOutgoing { kind: OutgoingKind::Reminder, dedupe_key: Some("1:480".into()), ..outgoing(id) }
}

#[tokio::test]
async fn a_reminder_is_said_once_by_whoever_holds_it() {
    let f = fixture().await;
    reminded_booking(&f).await;
    assert_eq!(f.store.next_reminder_at().await.unwrap(), Some(minute(480)));
    assert!(f.store.claim_reminder(LEASE, minute(479)).await.unwrap().is_none());
    let dead = f.store.claim_reminder(LEASE, minute(480)).await.unwrap().unwrap();
    assert!(f.store.claim_reminder(LEASE, minute(481)).await.unwrap().is_none());
    let claim = f.store.claim_reminder(LEASE, minute(482)).await.unwrap().unwrap();
    assert_eq!((dead.attempt, claim.attempt), (1, 2));
    let late = f.store.reminded(&dead, ReminderEnd::Said(reminder("a")), minute(482)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    let row = f.store.reminded(&claim, ReminderEnd::Said(reminder("b")), minute(482)).await.unwrap();
    assert_eq!(row.state, ReminderState::Sent);
    assert!(f.store.outgoing("a").await.unwrap().is_none());
    let said = f.store.outgoing("b").await.unwrap().unwrap();
    assert_eq!((said.kind, said.booking_id.as_deref()), (OutgoingKind::Reminder, Some("1")));
    assert!(f.store.claim_reminder(LEASE, minute(500)).await.unwrap().is_none());
}

#[tokio::test]
async fn nobody_is_reminded_of_what_was_cancelled_meanwhile_or_has_begun() {
    let f = fixture().await;
    reminded_booking(&f).await;
    let claim = f.store.claim_reminder(LEASE, minute(480)).await.unwrap().unwrap();
    change(&f.store, "1", Change::Cancel { reason: None }, 481).await;
    let late = f.store.reminded(&claim, ReminderEnd::Said(reminder("a")), minute(481)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");

    let f = fixture().await;
    reminded_booking(&f).await;
    assert!(f.store.claim_reminder(LEASE, minute(600)).await.unwrap().is_none());
    assert_eq!(f.store.reminders("1").await.unwrap()[0].state, ReminderState::Cancelled);
}

#[tokio::test]
async fn a_reminder_put_off_is_due_later() {
    let f = fixture().await;
    reminded_booking(&f).await;
    let claim = f.store.claim_reminder(LEASE, minute(480)).await.unwrap().unwrap();
    f.store.reminded(&claim, ReminderEnd::Retry { at: minute(490) }, minute(481)).await.unwrap();
    assert_eq!(f.store.next_reminder_at().await.unwrap(), Some(minute(490)));
    assert!(f.store.claim_reminder(LEASE, minute(489)).await.unwrap().is_none());
    let claim = f.store.claim_reminder(LEASE, minute(490)).await.unwrap().unwrap();
    assert_eq!((claim.attempt, claim.due_at), (2, minute(480)));
}

fn wait(id: &str, customer_id: i64) -> NewWait {
    NewWait {
        id: id.into(),
        customer_id,
        service_id: "corte".into(),
        staff_id: None,
        from: minute(100),
        to: minute(200),
    }
}

#[tokio::test]
async fn who_came_first_is_offered_first_and_an_offer_ends() {
    let f = fixture().await;
    let customer = f.store.identify(&by_phone("5511988887777"), minute(0)).await.unwrap().id;
    let first = f.store.wait(&wait("b", customer), minute(0)).await.unwrap();
    f.store.wait(&wait("a", customer), minute(1)).await.unwrap();
    assert!(matches!(f.store.wait(&wait("a", customer), minute(1)).await, Err(StoreError::Conflict(_))));
    assert!(matches!(f.store.wait(&wait("c", 99), minute(1)).await, Err(StoreError::NotFound(_))));
    let waiting = f.store.waiting(minute(150), minute(160), minute(2), 9).await.unwrap();
    assert_eq!(waiting.iter().map(|row| row.wait.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert!(f.store.waiting(minute(200), minute(300), minute(2), 9).await.unwrap().is_empty());

    let mut offer =
        Offer { start: minute(150), staff_id: "ze".into(), until: minute(20), message: Some(outgoing("o")) };
    let silent = f.store.offer("b", first.revision, &offer, minute(3)).await;
    assert!(matches!(silent, Err(StoreError::Invalid(_))), "no conversation to say it in: {silent:?}");
    f.store.conversation_of(customer).await.unwrap();
    let offered = f.store.offer("b", first.revision, &offer, minute(3)).await.unwrap();
    assert_eq!((offered.state, offered.offered_start), (WaitState::Offered, Some(minute(150))));
    assert!(f.store.outgoing("o").await.unwrap().is_some());
    offer.message = None;
    assert!(matches!(f.store.offer("b", first.revision, &offer, minute(3)).await, Err(StoreError::Stale)));
    let twice = f.store.offer("b", offered.revision, &offer, minute(3)).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");

    assert!(f.store.offers_over(minute(19)).await.unwrap().is_empty());
    let over = f.store.offers_over(minute(20)).await.unwrap();
    assert_eq!(over.iter().map(|row| row.wait.id.as_str()).collect::<Vec<_>>(), ["b"]);
    let expired = f.store.end_wait("b", over[0].revision, WaitEnd::Expired, minute(20)).await.unwrap();
    let late = f.store.end_wait("b", expired.revision, WaitEnd::Served, minute(21)).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    assert_eq!(f.store.waits_of(customer).await.unwrap().len(), 1);
    assert_eq!(f.store.expire_waits(minute(200)).await.unwrap()[0].wait.id, "a");
}

#[tokio::test]
async fn a_customer_whose_offer_went_waits_on_or_leaves() {
    let f = fixture().await;
    let customer = f.store.identify(&by_phone("5511988887777"), minute(0)).await.unwrap().id;
    let row = f.store.wait(&wait("a", customer), minute(0)).await.unwrap();
    let offer = Offer { start: minute(150), staff_id: "ze".into(), until: minute(20), message: None };
    let row = f.store.offer("a", row.revision, &offer, minute(3)).await.unwrap();
    let row = f.store.end_wait("a", row.revision, WaitEnd::WaitOn, minute(4)).await.unwrap();
    assert_eq!((row.state, row.offered_start, row.offer_until), (WaitState::Waiting, None, None));
    let row = f.store.end_wait("a", row.revision, WaitEnd::Left, minute(5)).await.unwrap();
    assert_eq!(row.state, WaitState::Left);
    assert!(f.store.waits_of(customer).await.unwrap().is_empty());
}

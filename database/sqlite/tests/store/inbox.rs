//! Nothing accepted is lost, nothing is kept twice.

use crate::support::{RULE, at, by_phone, fixture, message, receive};
use mcp_store::conversation::ConversationStore;
use mcp_store::inbox::{DeadLetter, Delivery, InboxStore, Sender};
use mcp_store_sqlite::SqliteStore;

#[tokio::test]
async fn a_second_delivery_of_a_message_is_dropped() {
    let f = fixture().await;
    let delivery = Delivery { messages: vec![message("w1", by_phone("55"), "oi")], ..Delivery::default() };
    let first = f.store.accept(std::slice::from_ref(&delivery), at(0)).await.unwrap();
    let again = f.store.accept(&[delivery.clone(), delivery], at(1)).await.unwrap();
    assert_eq!((first[0].messages, again[0].duplicates, again[1].duplicates), (1, 1, 1));
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    assert_eq!(turn.messages.len(), 1);
}

#[tokio::test]
async fn what_was_accepted_is_there_after_the_process_is_gone() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    // No close: the connections are dropped as they are.
    let reopened = SqliteStore::open(&f.url).await.unwrap();
    let turn = reopened.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    assert_eq!(turn.messages[0].id, "w1");
}

#[tokio::test]
async fn a_bad_delivery_is_kept_for_a_person() {
    let f = fixture().await;
    let dead = DeadLetter { source: "webhook", reason: "not JSON".into(), payload: "{".into() };
    f.store.accept(&[Delivery { dead: vec![dead], ..Delivery::default() }], at(0)).await.unwrap();
    assert!(f.store.claim_turn(&RULE, at(9000)).await.unwrap().is_none());
}

fn who(user_id: Option<&str>, wa_id: Option<&str>) -> Sender {
    Sender { user_id: user_id.map(Into::into), wa_id: wa_id.map(Into::into), name: None }
}

/// The customers behind a series of messages, in order.
async fn customers(senders: &[Sender]) -> Vec<i64> {
    let f = fixture().await;
    let mut found = Vec::new();
    for (n, sender) in senders.iter().enumerate() {
        let now = at(i64::try_from(n).unwrap() * 10_000);
        receive(&f.store, &format!("w{n}"), sender.clone(), now).await;
        let turn =
            f.store.claim_turn(&RULE, at(i64::try_from(n).unwrap() * 10_000 + 5000)).await.unwrap().unwrap();
        found.push(turn.customer_id);
        crate::support::commit(&f.store, &turn, crate::support::answer(&format!("a{n}")), now).await;
    }
    found
}

#[tokio::test]
async fn a_customer_known_by_phone_is_the_same_when_the_user_id_appears() {
    let found =
        customers(&[who(None, Some("55")), who(Some("BR.1"), Some("55")), who(Some("BR.1"), None)]).await;
    assert!(found.iter().all(|id| *id == found[0]), "{found:?}");
}

#[tokio::test]
async fn a_recycled_number_leads_to_another_customer() {
    let found =
        customers(&[who(Some("BR.1"), Some("55")), who(Some("BR.2"), Some("55")), who(None, Some("55"))])
            .await;
    assert_ne!(found[0], found[1]);
    assert_eq!(found[1], found[2]);
}

#[tokio::test]
async fn a_new_number_of_a_known_user_id_keeps_the_customer() {
    let found =
        customers(&[who(Some("BR.1"), Some("55")), who(Some("BR.1"), Some("56")), who(None, Some("56"))])
            .await;
    assert!(found.iter().all(|id| *id == found[0]), "{found:?}");
}

/// The conversation of each message, by message id.
async fn conversations(url: &str) -> Vec<(String, i64)> {
    let raw = sqlx::SqlitePool::connect(url).await.unwrap();
    sqlx::query_as("SELECT id, conversation_id FROM inbox ORDER BY seq").fetch_all(&raw).await.unwrap()
}

#[tokio::test]
async fn a_batch_finds_the_same_customers_as_one_message_after_the_other() {
    let shapes = [
        who(Some("BR.1"), Some("55")),
        who(Some("BR.1"), None),
        who(None, Some("55")),
        who(Some("BR.2"), Some("55")),
        who(Some("BR.1"), Some("56")),
    ];
    for case in 0..shapes.len().pow(3) {
        let senders: Vec<Sender> =
            (0..3).map(|n| shapes[case / shapes.len().pow(n) % shapes.len()].clone()).collect();
        let deliveries: Vec<Delivery> = senders
            .iter()
            .enumerate()
            .map(|(n, sender)| Delivery {
                messages: vec![message(&format!("w{n}"), sender.clone(), "oi")],
                ..Delivery::default()
            })
            .collect();
        let (together, apart) = (fixture().await, fixture().await);
        // The first is known before the batch, so that known and new senders meet in it.
        together.store.accept(&deliveries[..1], at(0)).await.unwrap();
        together.store.accept(&deliveries[1..], at(1)).await.unwrap();
        for delivery in &deliveries {
            apart.store.accept(std::slice::from_ref(delivery), at(0)).await.unwrap();
        }
        assert_eq!(conversations(&together.url).await, conversations(&apart.url).await, "{senders:?}");
    }
}

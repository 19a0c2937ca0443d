//! Nothing accepted is lost, nothing is kept twice.

use mcp_store::{
    StoreError,
    conversation::ConversationStore,
    inbox::{DeadLetter, DeadSource, Delivery, DeliveryStatus, InboxStore, Sender},
    turn::TurnStore,
};
use mcp_store_sqlite::SqliteStore;

use crate::support::{Fixture, RULE, answer, at, by_phone, commit, fixture, message, receive, tenant};

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
    let reopened = SqliteStore::open(&f.url, &tenant()).await.unwrap();
    let turn = reopened.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    assert_eq!(turn.messages[0].id, "w1");
}

#[tokio::test]
async fn statuses_are_kept_once_however_often_they_come() {
    let f = fixture().await;
    let status = |status: &str| DeliveryStatus {
        wamid: "wamid.1".into(),
        status: status.into(),
        outbox_id: None,
        error_code: None,
        at: at(0),
    };
    let delivery = Delivery {
        statuses: vec![status("sent"), status("sent"), status("new word")],
        ..Delivery::default()
    };
    let first = f.store.accept(std::slice::from_ref(&delivery), at(0)).await.unwrap();
    let again = f.store.accept(&[delivery], at(0)).await.unwrap();
    assert_eq!((first[0].duplicates, again[0].duplicates), (1, 3));
}

#[tokio::test]
async fn a_bad_delivery_is_kept_for_a_person() {
    let f = fixture().await;
    let dead = DeadLetter { source: DeadSource::Webhook, reason: "not JSON".into(), payload: "{".into() };
    f.store.accept(&[Delivery { dead: vec![dead.clone()], ..Delivery::default() }], at(0)).await.unwrap();
    assert!(f.store.claim_turn(&RULE, at(9000)).await.unwrap().is_none());
    let letters = f.store.dead_letters(0, 9).await.unwrap();
    assert_eq!((letters.len(), &letters[0].letter), (1, &dead));
    assert!(matches!(f.store.replay(letters[0].id, at(9000)).await, Err(StoreError::Conflict(_))));
    f.store.discard(letters[0].id).await.unwrap();
    assert!(f.store.dead_letters(0, 9).await.unwrap().is_empty());
    assert!(matches!(f.store.discard(letters[0].id).await, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn what_arrives_gets_its_customer_when_somebody_looks_and_keeps_its_order() {
    let f = fixture().await;
    for n in 0..3 {
        receive(&f.store, &format!("w{n}"), by_phone(if n == 1 { "56" } else { "55" }), at(n)).await;
    }
    assert_eq!(f.store.next_turn_at(&RULE).await.unwrap(), Some(at(1200)));
    assert_eq!(f.store.route(at(10)).await.unwrap(), 3);
    assert_eq!(f.store.route(at(10)).await.unwrap(), 0);
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    assert_eq!(turn.messages.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["w0", "w2"]);
    let window = turn.conversation.window_until.unwrap();
    assert_eq!(window.duration_since(at(0)), mcp_store::conversation::SERVICE_WINDOW);
    let row = f.store.conversation(turn.conversation.id).await.unwrap().unwrap();
    assert_eq!(row, turn.conversation);
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
        found.push(turn.conversation.customer_id);
        commit(&f.store, &turn, answer(&format!("a{n}")), now).await;
    }
    found
}

#[tokio::test]
async fn the_user_id_leads_to_one_customer_whatever_else_is_seen_with_it() {
    let found = customers(&[
        who(Some("BR.1"), Some("55")),
        who(None, Some("55")),
        who(Some("BR.1"), None),
        who(Some("BR.1"), Some("55")),
    ])
    .await;
    assert!(found.iter().all(|id| *id == found[0]), "{found:?}");
}

#[tokio::test]
async fn a_user_id_on_a_number_that_wrote_before_begins_anew() {
    let found =
        customers(&[who(None, Some("55")), who(Some("BR.1"), Some("55")), who(None, Some("55"))]).await;
    assert_ne!(found[0], found[1]);
    assert_eq!(found[1], found[2]);
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

/// The conversation of each message, and all customers.
async fn conversations(f: &Fixture) -> (Vec<(String, i64)>, Vec<Customer>) {
    f.store.route(at(10)).await.unwrap();
    let raw = f.raw().await;
    let routes = sqlx::query_as(
        "SELECT i.id, r.conversation_id FROM inbox i JOIN inbox_route r ON r.seq = i.seq ORDER BY i.seq",
    );
    let customers = sqlx::query_as("SELECT user_id, phone, wa_id, merged_into FROM customer ORDER BY id");
    (routes.fetch_all(&raw).await.unwrap(), customers.fetch_all(&raw).await.unwrap())
}

type Customer = (Option<String>, Option<String>, Option<String>, Option<i64>);

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
        together.store.route(at(0)).await.unwrap();
        together.store.accept(&deliveries[1..], at(1)).await.unwrap();
        for delivery in &deliveries {
            apart.store.accept(std::slice::from_ref(delivery), at(0)).await.unwrap();
            apart.store.route(at(0)).await.unwrap();
        }
        assert_eq!(conversations(&together).await, conversations(&apart).await, "{senders:?}");
    }
}

#[tokio::test]
async fn a_burst_that_was_given_up_is_answered_after_all_when_a_person_says_so() {
    use mcp_store::turn::Effect;
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    let effect = crate::support::effect(Effect::GiveUp { answer: None, reason: "the model is down".into() });
    commit(&f.store, &turn, effect, at(2100)).await;
    let letters = f.store.dead_letters(0, 9).await.unwrap();
    assert_eq!(
        (letters[0].letter.source, letters[0].letter.payload.as_str()),
        (DeadSource::Turn, r#"["w1"]"#)
    );
    f.store.replay(letters[0].id, at(50_000)).await.unwrap();
    let turn = f.store.claim_turn(&RULE, at(52_000)).await.unwrap().unwrap();
    assert_eq!((turn.messages[0].id.as_str(), turn.attempt), ("w1", 1));
    assert!(f.store.dead_letters(0, 9).await.unwrap().is_empty());
}

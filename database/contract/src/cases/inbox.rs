//! Nothing accepted is lost, nothing is kept twice.

use std::sync::Arc;

use mcp_store::{
    Store, StoreError,
    inbox::{Accepted, DeadLetter, DeadSource, Delivery, DeliveryStatus, IncomingMessage},
    turn::{ClaimedTurn, Effect},
};
use serde_json::json;

use crate::{
    Bed,
    make::{AT_ONCE, RULE, answer, answering, at, by_phone, commit, delivery, message, receive, with_effect},
};

fn ids(turn: &ClaimedTurn) -> Vec<&str> {
    turn.messages.iter().map(|message| message.id.as_str()).collect()
}

fn status(wamid: &str, word: &str) -> DeliveryStatus {
    DeliveryStatus { wamid: wamid.into(), status: word.into(), outbox_id: None, error_code: None, at: at(0) }
}

pub async fn a_second_delivery_of_a_message_is_dropped_whatever_else_differs(bed: Arc<Bed>) {
    let first = delivery(vec![message("w1", by_phone("4915111111111"))]);
    let mut other = message("w1", by_phone("4915122222222"));
    other.text = Some("something else".into());
    let again = delivery(vec![other]);
    assert_eq!(
        bed.store.accept(std::slice::from_ref(&first), at(0)).await.unwrap(),
        [Accepted { messages: 1, duplicates: 0 }]
    );
    assert_eq!(
        bed.store.accept(&[again, first], at(1)).await.unwrap(),
        [Accepted { messages: 0, duplicates: 1 }; 2]
    );
    let turn = bed.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    assert_eq!((ids(&turn), turn.messages[0].text.as_deref()), (vec!["w1"], Some("w1")));
    assert_eq!(turn.sender.wa_id.as_deref(), Some("4915111111111"));
    assert!(bed.store.claim_turn(&RULE, at(2000)).await.unwrap().is_none());
}

pub async fn duplicates_within_one_call_are_dropped(bed: Arc<Bed>) {
    let twice = delivery(vec![message("w1", by_phone("49151")), message("w1", by_phone("49151"))]);
    let outcome = bed.store.accept(&[twice.clone(), twice], at(0)).await.unwrap();
    assert_eq!(outcome, [Accepted { messages: 1, duplicates: 1 }, Accepted { messages: 0, duplicates: 2 }]);
}

pub async fn a_status_counts_once_per_message_and_word(bed: Arc<Bed>) {
    let both =
        Delivery { statuses: vec![status("x", "sent"), status("x", "delivered")], ..Delivery::default() };
    let other = Delivery { statuses: vec![status("y", "sent"), status("x", "sent")], ..Delivery::default() };
    let outcome = bed.store.accept(&[both, other], at(0)).await.unwrap();
    assert_eq!(outcome[0].duplicates, 0);
    assert_eq!(outcome[1].duplicates, 1);
    assert_eq!(bed.raw().await.number("SELECT count(*) FROM delivery_status").await, 3);
}

pub async fn a_message_is_kept_as_it_came(bed: Arc<Bed>) {
    let raw = json!({"id": "w1", "type": "text", "z": [1, 2.5, -0.125, null, true], "a": {"ü": "💈 \"x\" \\ \n"},
        "n": 9_007_199_254_740_993_i64});
    let mut odd = message("wamid.HBgL/+=", by_phone("4915111111111"));
    odd.text = Some("Olá, amanhã às 10? 'quoted'; DROP TABLE inbox; -- 💈\n\u{202e}fim".into());
    odd.raw = raw.clone();
    odd.sent_at = at(-5000);
    let voice =
        IncomingMessage { kind: "audio".into(), text: None, ..message("w2", by_phone("4915111111111")) };
    bed.store.accept(&[delivery(vec![odd.clone(), voice])], at(0)).await.unwrap();
    let turn = bed.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    let kept = &turn.messages[0];
    assert_eq!((&kept.id, &kept.text, &kept.raw, kept.sent_at), (&odd.id, &odd.text, &raw, at(-5000)));
    assert_eq!((turn.messages[1].kind.as_str(), &turn.messages[1].text), ("audio", &None));
}

pub async fn what_was_accepted_is_there_for_another_process(bed: Arc<Bed>) {
    receive(&*bed.store, "w1", by_phone("4915111111111"), at(0)).await;
    let turn = bed.open().await.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    assert_eq!(ids(&turn), ["w1"]);
}

pub async fn messages_are_in_order_of_arrival(bed: Arc<Bed>) {
    let by_ana = |id: &str| message(id, by_phone("4915111111111"));
    bed.store
        .accept(&[delivery(vec![by_ana("w9"), by_ana("w2")]), delivery(vec![by_ana("w5")])], at(0))
        .await
        .unwrap();
    bed.store.accept(&[delivery(vec![by_ana("w1")])], at(1)).await.unwrap();
    let turn = bed.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    assert_eq!(ids(&turn), ["w9", "w2", "w5", "w1"]);
}

pub async fn routing_gives_every_message_its_conversation(bed: Arc<Bed>) {
    let people = ["4915111111111", "4915122222222", "4915111111111"];
    let messages =
        people.iter().enumerate().map(|(n, phone)| message(&format!("w{n}"), by_phone(phone))).collect();
    bed.store.accept(&[delivery(messages)], at(0)).await.unwrap();
    bed.store.route(at(1)).await.unwrap();
    assert_eq!(bed.store.route(at(2)).await.unwrap(), 0, "nothing is left");
    let raw = bed.raw().await;
    assert_eq!(raw.number("SELECT count(*) FROM inbox_route WHERE state = 'pending'").await, 3);
    assert_eq!(raw.number("SELECT count(*) FROM conversation").await, 2);
}

pub async fn a_body_nobody_understands_is_kept_for_a_person(bed: Arc<Bed>) {
    let letter = DeadLetter { source: DeadSource::Webhook, reason: "not JSON".into(), payload: "{".into() };
    let bad = Delivery { dead: vec![letter.clone()], ..Delivery::default() };
    bed.store.accept(&[bad.clone(), bad], at(5)).await.unwrap();
    let kept = bed.store.dead_letters(0, 10).await.unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!((&kept[0].letter, kept[0].conversation_id, kept[0].created_at), (&letter, None, at(5)));
    assert!(kept[0].id < kept[1].id);
    assert_eq!(bed.store.dead_letters(0, 1).await.unwrap(), kept[..1]);
    assert_eq!(bed.store.dead_letters(kept[0].id, 10).await.unwrap(), kept[1..]);
    let replayed = bed.store.replay(kept[0].id, at(6)).await;
    assert!(matches!(replayed, Err(StoreError::Conflict(_))), "it would not be understood this time either");
    assert_eq!(bed.store.discard(kept[0].id).await.unwrap(), kept[0]);
    assert!(matches!(bed.store.discard(kept[0].id).await, Err(StoreError::NotFound(_))));
    assert!(matches!(bed.store.replay(kept[0].id, at(6)).await, Err(StoreError::NotFound(_))));
    assert_eq!(bed.store.dead_letters(0, 10).await.unwrap(), kept[1..]);
    assert!(bed.store.claim_turn(&RULE, at(9000)).await.unwrap().is_none());
}

/// A burst of two messages that was given up, after two attempts.
async fn given_up(store: &dyn Store) -> ClaimedTurn {
    receive(store, "w1", by_phone("4915111111111"), at(0)).await;
    receive(store, "w2", by_phone("4915111111111"), at(10)).await;
    let turn = store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    store.release_turn(&turn, at(3000)).await.unwrap();
    let turn = store.claim_turn(&RULE, at(3000)).await.unwrap().unwrap();
    let effect = Effect::GiveUp { answer: Some(answer("sorry")), reason: "the model is down".into() };
    commit(store, &turn, with_effect("x", effect), at(3100)).await;
    turn
}

pub async fn a_burst_given_up_is_a_dead_letter_that_names_its_messages(bed: Arc<Bed>) {
    let turn = given_up(&*bed.store).await;
    let letters = bed.store.dead_letters(0, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    let expected = DeadLetter {
        source: DeadSource::Turn,
        reason: "the model is down".into(),
        payload: r#"["w1","w2"]"#.into(),
    };
    assert_eq!(letters[0].letter, expected);
    assert_eq!(letters[0].conversation_id, Some(turn.conversation.id));
    assert_eq!(letters[0].created_at, at(3100));
    assert!(bed.store.claim_turn(&RULE, at(99_000)).await.unwrap().is_none());
}

pub async fn a_burst_tried_again_waits_anew_with_what_came_meanwhile(bed: Arc<Bed>) {
    let store = &*bed.store;
    given_up(store).await;
    let letter = store.dead_letters(0, 10).await.unwrap().remove(0);
    receive(store, "w3", by_phone("4915111111111"), at(49_000)).await;
    assert_eq!(store.replay(letter.id, at(50_000)).await.unwrap(), letter);
    assert!(store.dead_letters(0, 10).await.unwrap().is_empty());
    let turn = store.claim_turn(&RULE, at(60_000)).await.unwrap().unwrap();
    assert_eq!((ids(&turn), turn.attempt), (vec!["w1", "w2", "w3"], 1));
    commit(store, &turn, answering("a"), at(60_100)).await;
    assert!(store.claim_turn(&RULE, at(99_000)).await.unwrap().is_none());
}

pub async fn a_burst_tried_again_alone_waits_from_then_on(bed: Arc<Bed>) {
    let store = &*bed.store;
    given_up(store).await;
    let letter = store.dead_letters(0, 10).await.unwrap().remove(0);
    store.replay(letter.id, at(50_000)).await.unwrap();
    assert!(store.claim_turn(&RULE, at(51_000)).await.unwrap().is_none(), "the burst rule holds from now on");
    let turn = store.claim_turn(&RULE, at(51_200)).await.unwrap().unwrap();
    assert_eq!((ids(&turn), turn.attempt), (vec!["w1", "w2"], 1));
}

pub async fn deliveries_accepted_at_once_lose_and_double_nothing(bed: Arc<Bed>) {
    const PER_HANDLE: usize = 3;
    const { assert!(PER_HANDLE <= AT_ONCE) };
    let handles = [Arc::clone(&bed.store), bed.open().await];
    let mut racing = tokio::task::JoinSet::new();
    for caller in 0..2 * PER_HANDLE {
        // Three callers have the same ten messages, in the same order; each handle has callers of both kinds.
        let (store, first) = (Arc::clone(&handles[caller / PER_HANDLE]), caller % 2 * 10);
        racing.spawn(async move {
            let mut outcomes = Vec::new();
            for n in first..first + 10 {
                let message = message(&format!("w{n}"), by_phone(&format!("49151{:08}", n % 5)));
                outcomes.extend(store.accept(&[delivery(vec![message])], at(0)).await.unwrap());
            }
            outcomes
        });
    }
    let outcomes = racing.join_all().await.concat();
    assert_eq!(outcomes.iter().map(|o| o.messages).sum::<usize>(), 20);
    assert_eq!(outcomes.iter().map(|o| o.duplicates).sum::<usize>(), 40);
    let mut seen = Vec::new();
    while let Some(turn) = bed.store.claim_turn(&RULE, at(9000)).await.unwrap() {
        seen.extend(turn.messages.iter().map(|message| message.id.clone()));
        commit(&*bed.store, &turn, with_effect("x", Effect::Silence), at(9000)).await;
    }
    seen.sort();
    let mut expected: Vec<String> = (0..20).map(|n| format!("w{n}")).collect();
    expected.sort();
    assert_eq!(seen, expected);
    assert_eq!(bed.raw().await.number("SELECT count(*) FROM customer").await, 5);
}

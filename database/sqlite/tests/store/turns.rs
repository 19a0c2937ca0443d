//! Bursts, claims and commits.

use crate::support::{
    RULE, answer, at, by_phone, commit, effect, fixture, outgoing, receive, render_nothing,
};
use jiff::SignedDuration;
use mcp_store::{
    StoreError,
    conversation::{ConversationStore, Owner},
    maintenance::Health,
    outbox::{OutboxStore, OutgoingState},
    turn::{Effect, TurnEnd, TurnStore},
};

#[tokio::test]
async fn a_burst_is_claimed_when_the_customer_is_quiet_or_has_waited_long() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    receive(&f.store, "w2", by_phone("55"), at(1000)).await;
    assert!(f.store.claim_turn(&RULE, at(1500)).await.unwrap().is_none(), "the customer is still writing");
    assert_eq!(f.store.next_turn_at(&RULE).await.unwrap(), Some(at(2200)));
    for (n, ms) in [(3, 2100), (4, 3200), (5, 3900)] {
        receive(&f.store, &format!("w{n}"), by_phone("55"), at(ms)).await;
    }
    let turn = f.store.claim_turn(&RULE, at(4000)).await.unwrap().unwrap();
    assert_eq!(
        turn.messages.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(),
        ["w1", "w2", "w3", "w4", "w5"]
    );
}

#[tokio::test]
async fn a_conversation_is_claimed_by_one_worker_until_the_lease_ends() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    let first = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    assert!(f.store.claim_turn(&RULE, at(3000)).await.unwrap().is_none());
    let second = f.store.claim_turn(&RULE, at(63_000)).await.unwrap().unwrap();
    assert_eq!((first.attempt, second.attempt), (1, 2));
    let late = f.store.commit_turn(&first, answer("a1"), &render_nothing, at(64_000)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    assert_eq!(
        commit(&f.store, &second, answer("a2"), at(64_000)).await,
        TurnEnd::Committed { booking: None }
    );
    assert_eq!(f.store.outbox_counts().await.unwrap(), [(OutgoingState::Pending, 1)]);
}

#[tokio::test]
async fn a_process_that_died_in_a_turn_leaves_it_free_at_the_next_start() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    let dead = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    f.store.recover(at(2000), SignedDuration::from_secs(30)).await.unwrap();
    let next = f.store.claim_turn(&RULE, at(2001)).await.unwrap().unwrap();
    assert_eq!(next.attempt, 2, "the attempt of the dead one stays counted");
    assert!(matches!(
        f.store.commit_turn(&dead, answer("a"), &render_nothing, at(2002)).await,
        Err(StoreError::Stale)
    ));
}

#[tokio::test]
async fn newer_messages_have_a_turn_redone_once() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    receive(&f.store, "w2", by_phone("55"), at(2500)).await;
    assert_eq!(commit(&f.store, &turn, answer("a1"), at(3000)).await, TurnEnd::Superseded);
    assert!(f.store.outbox_counts().await.unwrap().is_empty(), "nothing of a superseded turn stands");

    let turn = f.store.claim_turn(&RULE, at(4000)).await.unwrap().unwrap();
    assert_eq!((turn.messages.len(), turn.attempt, turn.redone), (2, 1, true));
    receive(&f.store, "w3", by_phone("55"), at(4500)).await;
    assert_eq!(commit(&f.store, &turn, answer("a2"), at(5000)).await, TurnEnd::Committed { booking: None });

    let turn = f.store.claim_turn(&RULE, at(6000)).await.unwrap().unwrap();
    assert_eq!(turn.messages.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["w3"]);
    assert!(!turn.redone);
}

#[tokio::test]
async fn a_committed_turn_is_history_for_the_next() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    commit(&f.store, &turn, answer("a1"), at(2100)).await;
    assert!(f.store.claim_turn(&RULE, at(9000)).await.unwrap().is_none());
    receive(&f.store, "w2", by_phone("55"), at(10_000)).await;
    let turn = f.store.claim_turn(&RULE, at(12_000)).await.unwrap().unwrap();
    assert_eq!(turn.history, [serde_json::json!({"said": "a1"})]);
}

#[tokio::test]
async fn a_failed_turn_is_tried_again_and_given_up_with_an_answer() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    f.store.release_turn(&turn, at(5000)).await.unwrap();
    assert!(f.store.claim_turn(&RULE, at(4000)).await.unwrap().is_none());
    let turn = f.store.claim_turn(&RULE, at(5000)).await.unwrap().unwrap();
    assert_eq!(turn.attempt, 2);
    let given_up = Effect::GiveUp { answer: Some(outgoing("sorry")), reason: "the model is down".into() };
    commit(&f.store, &turn, effect(given_up), at(5100)).await;
    assert!(f.store.claim_turn(&RULE, at(99_000)).await.unwrap().is_none());
    assert_eq!(f.store.outbox_counts().await.unwrap(), [(OutgoingState::Pending, 1)]);
}

#[tokio::test]
async fn a_turn_that_a_person_took_over_says_nothing() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    let id = turn.conversation.id;
    let owner = Owner::Human { until: at(60_000) };
    assert_eq!(f.store.set_owner(id, owner).await.unwrap().owner, owner);
    assert_eq!(commit(&f.store, &turn, answer("a"), at(2100)).await, TurnEnd::TakenOver);
    assert!(f.store.outbox_counts().await.unwrap().is_empty());
    assert!(f.store.history(id, 9).await.unwrap().is_empty());
    receive(&f.store, "w2", by_phone("55"), at(3000)).await;
    let turn = f.store.claim_turn(&RULE, at(5000)).await.unwrap().unwrap();
    assert_eq!((turn.messages.len(), turn.conversation.owner), (1, owner), "the worker is told at the claim");
    commit(&f.store, &turn, effect(Effect::Silence), at(5100)).await;
    receive(&f.store, "w3", by_phone("55"), at(61_000)).await;
    let turn = f.store.claim_turn(&RULE, at(63_000)).await.unwrap().unwrap();
    let end = commit(&f.store, &turn, answer("b"), at(63_100)).await;
    assert_eq!(end, TurnEnd::Committed { booking: None }, "its time is over");
    let effects: Vec<_> = f.store.turns(id, 9).await.unwrap().into_iter().map(|turn| turn.effect).collect();
    assert_eq!(effects, ["answer", "silence", "taken_over"]);
}

#[tokio::test]
async fn a_turn_tells_the_language() {
    let f = fixture().await;
    receive(&f.store, "w1", by_phone("55"), at(0)).await;
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    let mut result = answer("a");
    result.language = Some("de".into());
    commit(&f.store, &turn, result, at(2100)).await;
    let row = f.store.conversation(turn.conversation.id).await.unwrap().unwrap();
    assert_eq!(row.language.as_deref(), Some("de"));
    assert_eq!(f.store.set_language(row.id, "en").await.unwrap().language.as_deref(), Some("en"));
    assert!(matches!(f.store.set_language(99, "en").await, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn a_claim_has_all_that_came_however_much_gathered() {
    let f = fixture().await;
    for n in 0..70 {
        receive(&f.store, &format!("w{n}"), by_phone(if n % 2 == 0 { "55" } else { "56" }), at(n)).await;
    }
    let first = f.store.claim_turn(&RULE, at(5000)).await.unwrap().unwrap();
    let second = f.store.claim_turn(&RULE, at(5000)).await.unwrap().unwrap();
    let ids = |turn: &mcp_store::turn::ClaimedTurn| {
        turn.messages.iter().map(|message| message.id.clone()).collect::<Vec<_>>()
    };
    let expected = |odd| (0..70).filter(|n| n % 2 == odd).map(|n| format!("w{n}")).collect::<Vec<_>>();
    assert_eq!((ids(&first), ids(&second)), (expected(0), expected(1)));
}

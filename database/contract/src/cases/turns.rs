//! Bursts, claims and commits.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use mcp_store::{
    Store, StoreError,
    booking::{BookedFor, BookingOutcome, BookingState, OpenLimit},
    conversation::Owner,
    inbox::DeadSource,
    outbox::{OutgoingState, SendEnd},
    turn::{BurstRule, ClaimedTurn, Effect, TurnEnd, TurnResult},
};
use serde_json::{Value, json};

use crate::{
    Bed,
    make::{
        RULE, SENDING, answer, answering, at, blind, book, by_phone, cancel, change, choice, commit, id,
        receive, refusal, render_nothing, with_effect,
    },
};

const DONE: TurnEnd = TurnEnd::Committed { booking: None };

fn ids(turn: &ClaimedTurn) -> Vec<&str> {
    turn.messages.iter().map(|message| message.id.as_str()).collect()
}

async fn ana(store: &dyn Store, id: &str, milliseconds: i64) {
    receive(store, id, by_phone("4915111111111"), at(milliseconds)).await;
}

async fn claim(store: &dyn Store, milliseconds: i64) -> Option<ClaimedTurn> {
    store.claim_turn(&RULE, at(milliseconds)).await.unwrap()
}

/// A turn over one message of 0 ms, claimed at 2 s.
async fn claimed(store: &dyn Store) -> ClaimedTurn {
    ana(store, "w1", 0).await;
    claim(store, 2000).await.unwrap()
}

async fn nothing_to_send(store: &dyn Store) -> bool {
    store.outbox_counts().await.unwrap().is_empty()
}

pub async fn a_burst_is_ripe_when_the_customer_is_quiet(bed: Arc<Bed>) {
    let store = &*bed.store;
    assert_eq!(store.next_turn_at(&RULE).await.unwrap(), None);
    ana(store, "w1", 0).await;
    ana(store, "w2", 1000).await;
    assert!(claim(store, 2199).await.is_none(), "the customer is still writing");
    assert!(store.next_turn_at(&RULE).await.unwrap().unwrap() <= at(2200));
    let turn = claim(store, 2200).await.unwrap();
    assert_eq!((ids(&turn), turn.attempt, turn.redone), (vec!["w1", "w2"], 1, false));
    assert_eq!(
        (turn.sender.wa_id.as_deref(), turn.sender.name.as_deref()),
        (Some("4915111111111"), Some("Ana"))
    );
    assert_eq!(turn.messages[1].sent_at, at(1000));
}

pub async fn a_burst_is_ripe_when_its_first_message_is_old(bed: Arc<Bed>) {
    let store = &*bed.store;
    for (n, time) in [0, 1000, 2000, 3000, 3900].into_iter().enumerate() {
        ana(store, &format!("w{n}"), time).await;
    }
    assert!(claim(store, 3999).await.is_none());
    assert!(store.next_turn_at(&RULE).await.unwrap().unwrap() <= at(4000));
    assert_eq!(ids(&claim(store, 4000).await.unwrap()), ["w0", "w1", "w2", "w3", "w4"]);
}

pub async fn the_oldest_waiting_conversation_is_next(bed: Arc<Bed>) {
    let store = &*bed.store;
    for (n, time) in [(1, 300), (2, 100), (3, 200)] {
        receive(store, &format!("w{n}"), by_phone(&format!("4915{n}")), at(time)).await;
    }
    // A second message makes nobody younger.
    receive(store, "w4", by_phone("49152"), at(400)).await;
    for expected in [vec!["w2", "w4"], vec!["w3"], vec!["w1"]] {
        assert_eq!(ids(&claim(store, 9000).await.unwrap()), expected);
    }
    assert!(claim(store, 9000).await.is_none());
}

pub async fn a_conversation_is_one_workers_until_the_lease_ends(bed: Arc<Bed>) {
    let (store, other) = (&*bed.store, bed.open().await);
    let first = claimed(store).await;
    assert!(claim(&*other, 61_999).await.is_none());
    let second = claim(&*other, 62_000).await.unwrap();
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert!(second.epoch != first.epoch);
    let late = store.commit_turn(&first, answering("a1"), &render_nothing, at(62_001)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    let late = store.release_turn(&first, at(62_001)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    assert!(
        nothing_to_send(store).await && store.history(first.conversation.id, 9).await.unwrap().is_empty()
    );
    assert_eq!(commit(&*other, &second, answering("a2"), at(62_002)).await, DONE);
    let again = store.commit_turn(&second, answering("a2"), &render_nothing, at(62_003)).await;
    assert!(matches!(again, Err(StoreError::Stale)), "a committed turn is not committed again: {again:?}");
    assert_eq!(store.outbox_counts().await.unwrap(), [(OutgoingState::Pending, 1)]);
}

pub async fn a_turn_whose_lease_ended_may_still_commit_while_nobody_else_took_it(bed: Arc<Bed>) {
    let turn = claimed(&*bed.store).await;
    assert_eq!(commit(&*bed.store, &turn, answering("a1"), at(200_000)).await, DONE);
}

pub async fn claims_of_many_workers_never_meet(bed: Arc<Bed>) {
    for n in 0..40 {
        receive(&*bed.store, &format!("w{n}"), by_phone(&format!("49151{n:08}")), at(0)).await;
    }
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = bed.open().await;
        racing.spawn(async move {
            let mut mine = Vec::new();
            while let Some(turn) = claim(&*store, 5000).await {
                mine.push(turn.conversation.id);
            }
            mine
        });
    }
    let mut taken: Vec<i64> = racing.join_all().await.concat();
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), 40);
    let raw = bed.raw().await;
    assert_eq!(
        raw.number("SELECT count(*) FROM conversation WHERE attempts = 1").await,
        40,
        "none was taken twice"
    );
}

pub async fn nothing_of_one_conversation_is_in_another(bed: Arc<Bed>) {
    let store = &*bed.store;
    ana(store, "w1", 0).await;
    let anas = claim(store, 2000).await.unwrap();
    commit(store, &anas, answering("a1"), at(2100)).await;
    receive(store, "w2", by_phone("4915122222222"), at(3000)).await;
    let bias = claim(store, 5000).await.unwrap();
    assert_eq!((ids(&bias), bias.sender.wa_id.as_deref()), (vec!["w2"], Some("4915122222222")));
    assert_eq!(bias.history, Vec::<Value>::new(), "what was said to somebody else");
    let (anas, others) = (anas.conversation.id, bias.conversation.id);
    let untouched = store.conversation(others).await.unwrap();
    store.set_owner(anas, Owner::Human { until: at(900_000) }).await.unwrap();
    store.set_language(anas, "pt-BR").await.unwrap();
    let before = store.conversation(others).await.unwrap().unwrap();
    store.set_notices(anas, before.notices != Some(true)).await.unwrap();
    assert_eq!(store.conversation(others).await.unwrap(), untouched);
    // While one waits to be tried again, the other goes on.
    store.release_turn(&bias, at(60_000)).await.unwrap();
    ana(store, "w3", 6000).await;
    let again = claim(store, 8000).await.unwrap();
    assert_eq!((ids(&again), again.history.clone()), (vec!["w3"], vec![json!({"said": "a1"})]));
    let result = TurnResult { language: Some("es".into()), ..answering("a3") };
    commit(store, &again, result, at(8100)).await;
    assert!(claim(store, 59_999).await.is_none());
    let bias = claim(store, 60_000).await.unwrap();
    assert_eq!((ids(&bias), bias.attempt, bias.conversation.language.as_deref()), (vec!["w2"], 2, None));
    commit(store, &bias, answering("b2"), at(60_100)).await;
    assert_eq!(store.history(others, 9).await.unwrap(), [json!({"said": "b2"})]);
    assert_eq!(store.history(anas, 9).await.unwrap(), [json!({"said": "a1"}), json!({"said": "a3"})]);
    assert_eq!(
        (store.turns(others, 9).await.unwrap().len(), store.turns(anas, 9).await.unwrap().len()),
        (1, 2)
    );
    let mut to = Vec::new();
    while let Some(message) = store.claim_outgoing(&SENDING, at(70_000)).await.unwrap() {
        store.sent(&message, SendEnd::Sent { wamid: format!("x{}", message.id) }, at(70_001)).await.unwrap();
        to.push((message.id, message.recipient.wa_id.unwrap()));
    }
    let told = |id: &str, who: &str| (id.to_owned(), who.to_owned());
    assert_eq!(
        to,
        [told("a1", "4915111111111"), told("a3", "4915111111111"), told("b2", "4915122222222")],
        "each to whom it is for"
    );
}

pub async fn turns_that_run_beside_each_other_are_committed_each_to_its_own(bed: Arc<Bed>) {
    let store = &*bed.store;
    ana(store, "w1", 0).await;
    receive(store, "w2", by_phone("4915122222222"), at(1)).await;
    let (first, second) = (claim(store, 2000).await.unwrap(), claim(store, 2000).await.unwrap());
    assert_eq!((ids(&first), ids(&second)), (vec!["w1"], vec!["w2"]));
    // A person answers one of them; the other one's turn hears nothing of it.
    store.set_owner(first.conversation.id, Owner::Human { until: at(900_000) }).await.unwrap();
    assert_eq!(commit(store, &second, answering("b1"), at(3000)).await, DONE);
    assert_eq!(commit(store, &first, answering("a1"), at(3000)).await, TurnEnd::TakenOver);
    assert_eq!(store.history(second.conversation.id, 9).await.unwrap(), [json!({"said": "b1"})]);
    assert_eq!(store.outgoing("b1").await.unwrap().unwrap().conversation_id, second.conversation.id);
    assert!(claim(store, 99_000).await.is_none());
}

pub async fn newer_messages_have_a_turn_redone_once(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(store).await;
    ana(store, "w2", 2500).await;
    assert_eq!(commit(store, &turn, answering("a1"), at(3000)).await, TurnEnd::Superseded);
    assert!(nothing_to_send(store).await, "nothing of a superseded turn stands");
    assert!(store.history(turn.conversation.id, 9).await.unwrap().is_empty());
    assert!(store.turns(turn.conversation.id, 9).await.unwrap().is_empty());

    let turn = claim(store, 4000).await.unwrap();
    assert_eq!((ids(&turn), turn.attempt, turn.redone), (vec!["w1", "w2"], 1, true));
    ana(store, "w3", 4500).await;
    assert_eq!(commit(store, &turn, answering("a2"), at(5000)).await, DONE);

    let turn = claim(store, 6000).await.unwrap();
    assert_eq!((ids(&turn), turn.redone), (vec!["w3"], false));
}

pub async fn a_turn_that_is_redone_for_newer_messages_does_nothing_it_had_staged(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(store).await;
    ana(store, "w2", 2500).await;
    let request = blind("turn", choice(&id(1), "ze", 60, 45));
    let effect = Effect::Book(Box::new(request));
    let end = store.commit_turn(&turn, with_effect("x", effect), &render_nothing, at(3000)).await.unwrap();
    assert_eq!(end, TurnEnd::Superseded);
    assert_eq!(store.booking(&id(1)).await.unwrap(), None);
}

pub async fn a_committed_turn_is_history_for_the_next(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(store).await;
    let contents =
        vec![json!({"role": "user", "parts": [{"text": "oi"}]}), json!({"role": "model", "x": [1, null]})];
    let result = TurnResult {
        history: contents.clone(),
        language: Some("pt-BR".into()),
        effect: Effect::Answer(answer("a1")),
        also: Vec::new(),
        tells: None,
    };
    assert_eq!(commit(store, &turn, result, at(2100)).await, DONE);
    assert!(claim(store, 9000).await.is_none());
    ana(store, "w2", 10_000).await;
    let turn = claim(store, 12_000).await.unwrap();
    assert_eq!(turn.history, contents);
    assert_eq!(turn.conversation.language.as_deref(), Some("pt-BR"));
    commit(store, &turn, answering("a2"), at(12_100)).await;
    let conversation = turn.conversation.id;
    assert_eq!(store.history(conversation, 2).await.unwrap(), [contents[1].clone(), json!({"said": "a2"})]);
    assert_eq!(store.history(conversation, 9).await.unwrap().len(), 3);
    let conversation = store.conversation(conversation).await.unwrap().unwrap();
    assert_eq!(conversation.language.as_deref(), Some("pt-BR"), "a turn that says nothing of it keeps it");
}

pub async fn a_turn_carries_only_the_newest_history(bed: Arc<Bed>) {
    let store = &*bed.store;
    for n in 0..4 {
        ana(store, &format!("w{n}"), n * 10_000).await;
        let turn = claim(store, n * 10_000 + 5000).await.unwrap();
        commit(store, &turn, answering(&format!("a{n}")), at(n * 10_000 + 5001)).await;
    }
    ana(store, "w9", 90_000).await;
    let rule = BurstRule { history: 2, ..RULE };
    let turn = store.claim_turn(&rule, at(95_000)).await.unwrap().unwrap();
    assert_eq!(turn.history, [json!({"said": "a2"}), json!({"said": "a3"})]);
}

pub async fn committed_turns_are_listed_newest_first(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(store).await;
    store.release_turn(&turn, at(2100)).await.unwrap();
    let first = claim(store, 2100).await.unwrap();
    commit(store, &first, answering("a1"), at(2200)).await;
    ana(store, "w2", 10_000).await;
    ana(store, "w3", 10_001).await;
    let second = claim(store, 15_000).await.unwrap();
    commit(store, &second, with_effect("x", Effect::Silence), at(15_001)).await;
    let rows = store.turns(first.conversation.id, 9).await.unwrap();
    let short: Vec<_> =
        rows.iter().map(|r| (r.epoch, r.attempt, r.effect.as_str(), r.messages, r.committed_at)).collect();
    assert_eq!(
        short,
        [(second.epoch, 1, "silence", 2, at(15_001)), (first.epoch, 2, "answer", 1, at(2200)),]
    );
    assert_eq!(store.turns(first.conversation.id, 1).await.unwrap(), rows[..1]);
}

pub async fn a_failed_turn_is_tried_again_when_it_is_due(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(store).await;
    receive(store, "x1", by_phone("4915122222222"), at(0)).await;
    let beside = claim(store, 2000).await.unwrap();
    store.release_turn(&turn, at(5000)).await.unwrap();
    assert_eq!(commit(store, &beside, answering("b"), at(2100)).await, DONE, "only one was given back");
    assert!(claim(store, 4999).await.is_none());
    assert!(store.next_turn_at(&RULE).await.unwrap().unwrap() <= at(5000));
    let again = store.release_turn(&turn, at(5000)).await;
    assert!(matches!(again, Err(StoreError::Stale)), "what was given back is nobody's: {again:?}");
    let turn = claim(store, 5000).await.unwrap();
    assert_eq!(turn.attempt, 2, "the attempt stays counted");
    commit(store, &turn, answering("a"), at(5100)).await;
    ana(store, "w2", 10_000).await;
    assert_eq!(claim(store, 12_000).await.unwrap().attempt, 1, "a new burst counts anew");
}

pub async fn a_turn_that_gives_up_answers_where_it_may(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(store).await;
    let effect = Effect::GiveUp { answer: Some(answer("sorry")), reason: "three times".into() };
    assert_eq!(commit(store, &turn, with_effect("x", effect), at(2100)).await, DONE);
    assert_eq!(store.claim_outgoing(&SENDING, at(2200)).await.unwrap().unwrap().id, "sorry");
    assert_eq!(store.turns(turn.conversation.id, 1).await.unwrap()[0].effect, "give_up");
    ana(store, "w2", 100_000).await;
    let turn = claim(store, 105_000).await.unwrap();
    assert_eq!(ids(&turn), ["w2"]);
    let effect = Effect::GiveUp { answer: None, reason: "over 24 h".into() };
    commit(store, &turn, with_effect("x", effect), at(105_100)).await;
    let letters = store.dead_letters(0, 9).await.unwrap();
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().all(|letter| letter.letter.source == DeadSource::Turn));
}

pub async fn a_takeover_during_a_turn_silences_it(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(store).await;
    store.set_owner(turn.conversation.id, Owner::Human { until: at(100_000) }).await.unwrap();
    let request = blind("turn", choice(&id(1), "ze", 60, 45));
    let effect = Effect::Book(Box::new(request));
    let end = store.commit_turn(&turn, with_effect("x", effect), &render_nothing, at(3000)).await.unwrap();
    assert_eq!(end, TurnEnd::TakenOver);
    assert!(nothing_to_send(store).await);
    assert_eq!(store.booking(&id(1)).await.unwrap(), None);
    assert!(store.history(turn.conversation.id, 9).await.unwrap().is_empty());
    assert!(claim(store, 90_000).await.is_none(), "the messages are done");
}

pub async fn a_takeover_that_is_over_or_was_known_at_the_claim_is_the_turns_own_business(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(store).await;
    store.set_owner(turn.conversation.id, Owner::Human { until: at(2500) }).await.unwrap();
    assert_eq!(commit(store, &turn, answering("a1"), at(2500)).await, DONE, "it ended before the commit");

    store.set_owner(turn.conversation.id, Owner::Human { until: at(900_000) }).await.unwrap();
    ana(store, "w2", 10_000).await;
    let turn = claim(store, 12_000).await.unwrap();
    assert!(turn.conversation.owner.is_human_at(at(12_000)));
    let end = commit(store, &turn, with_effect("x", Effect::Silence), at(12_100)).await;
    assert_eq!(end, DONE, "the turn knew of it and chose silence");
}

pub async fn a_turn_books_and_speaks_in_one_transaction(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(store).await;
    let mut mine = choice(&id(1), "ze", 60, 45);
    mine.booking.booked_for = BookedFor::Customer(turn.conversation.customer_id);
    let mut request = blind("turn:w1", mine);
    request.limit = Some(OpenLimit { customer_id: turn.conversation.customer_id, most: 3 });
    let result = with_effect("before", Effect::Book(Box::new(request)));
    let seen = Mutex::new(None);
    let render = |outcome: &BookingOutcome| {
        *seen.lock().unwrap() = Some(outcome.clone());
        (answer("receipt"), vec![json!({"booked": outcome.row().is_some()})])
    };
    let end = store.commit_turn(&turn, result.clone(), &render, at(2500)).await.unwrap();
    let TurnEnd::Committed { booking: Some(outcome) } = end else { panic!("{end:?}") };
    assert_eq!(Some(&outcome), seen.lock().unwrap().as_ref());
    assert_eq!(store.booking(&id(1)).await.unwrap().as_ref(), outcome.row());
    let again = store.commit_turn(&turn, result, &render, at(2600)).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
    let receipt = store.outgoing("receipt").await.unwrap().unwrap();
    assert_eq!(receipt.booking_id.as_deref(), Some(id(1).as_str()), "the message is about that booking");
    assert_eq!(store.outbox_counts().await.unwrap(), [(OutgoingState::Pending, 1)]);
    let history = store.history(turn.conversation.id, 9).await.unwrap();
    assert_eq!(history, [json!({"said": "before"}), json!({"booked": true})]);
    assert_eq!(store.turns(turn.conversation.id, 1).await.unwrap()[0].effect, "book");
}

pub async fn a_turn_whose_slot_is_gone_says_so_in_its_commit(bed: Arc<Bed>) {
    let store = &*bed.store;
    book(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let turn = claimed(store).await;
    let effect = Effect::Book(Box::new(blind("turn:w1", choice(&id(2), "ze", 60, 45))));
    let render = |outcome: &BookingOutcome| (answer(refusal(outcome)), vec![]);
    let end = store.commit_turn(&turn, with_effect("x", effect), &render, at(2500)).await.unwrap();
    let TurnEnd::Committed { booking: Some(outcome) } = end else { panic!("{end:?}") };
    assert_eq!(refusal(&outcome), "slot_taken");
    assert_eq!(store.claim_outgoing(&SENDING, at(3000)).await.unwrap().unwrap().id, "slot_taken");
    assert_eq!(store.booking(&id(2)).await.unwrap(), None);
    assert!(claim(store, 90_000).await.is_none(), "the messages are answered");
}

pub async fn a_turn_changes_a_booking_and_speaks_in_one_transaction(bed: Arc<Bed>) {
    let store = &*bed.store;
    book(store, choice(&id(1), "ze", 60, 45), at(0)).await;
    let turn = claimed(store).await;
    let effect = Effect::Change(Box::new(change("turn:w1", &id(1), cancel())));
    let render = |outcome: &BookingOutcome| -> (_, Vec<Value>) {
        (answer("gone"), vec![json!(outcome.row().is_some())])
    };
    let end = store.commit_turn(&turn, with_effect("x", effect), &render, at(2500)).await.unwrap();
    assert!(matches!(end, TurnEnd::Committed { booking: Some(BookingOutcome::Changed(_)) }), "{end:?}");
    let row = store.booking(&id(1)).await.unwrap().unwrap();
    assert_eq!((row.booking.state, row.revision), (BookingState::Cancelled, 2));
    assert_eq!(store.outgoing("gone").await.unwrap().unwrap().booking_id, Some(id(1)));
    assert_eq!(store.turns(turn.conversation.id, 1).await.unwrap()[0].effect, "change");
}

pub async fn what_a_turn_repeats_under_one_key_is_done_once(bed: Arc<Bed>) {
    let store = &*bed.store;
    let effect = || Effect::Book(Box::new(blind("turn:w1", choice(&id(1), "ze", 60, 45))));
    let render =
        |outcome: &BookingOutcome| (answer(if outcome.row().is_some() { "yes" } else { "no" }), vec![]);
    // The first worker's booking came through by another door; its turn did not.
    let first = store.book(&blind("turn:w1", choice(&id(1), "ze", 60, 45)), at(0)).await.unwrap();
    let turn = claimed(store).await;
    let end = store.commit_turn(&turn, with_effect("x", effect()), &render, at(2500)).await.unwrap();
    assert_eq!(end, TurnEnd::Committed { booking: Some(first) });
    assert!(store.outgoing("yes").await.unwrap().is_some());
}

pub async fn a_reused_key_fails_the_turn_and_leaves_it_claimed(bed: Arc<Bed>) {
    let store = &*bed.store;
    store.book(&blind("k", choice(&id(1), "ze", 60, 45)), at(0)).await.unwrap();
    let turn = claimed(store).await;
    let mut request = blind("k", choice(&id(2), "ze", 600, 45));
    request.digest = "another".into();
    let render = |_: &BookingOutcome| (answer("x"), vec![]);
    let result = with_effect("x", Effect::Book(Box::new(request)));
    let failed = store.commit_turn(&turn, result, &render, at(2500)).await;
    assert!(matches!(failed, Err(StoreError::KeyReused)), "{failed:?}");
    assert!(nothing_to_send(store).await);
    assert_eq!(commit(store, &turn, answering("a"), at(2600)).await, DONE);
}

pub async fn the_start_voids_claims_of_a_dead_process_only_where_there_is_one_process(bed: Arc<Bed>) {
    let store = &*bed.store;
    let dead = claimed(store).await;
    store.recover(at(2001), SignedDuration::from_secs(30)).await.unwrap();
    let next = claim(store, 2001).await;
    if bed.place.database() == crate::Database::Sqlite {
        assert_eq!(next.unwrap().attempt, 2, "the attempt of the dead one stays counted");
        let late = store.commit_turn(&dead, answering("a"), &render_nothing, at(2002)).await;
        assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    } else {
        assert!(next.is_none(), "another replica may be alive");
        assert_eq!(commit(store, &dead, answering("a"), at(2002)).await, DONE);
    }
}

pub async fn waiting_for_the_next_turn_is_never_too_long(bed: Arc<Bed>) {
    let store = &*bed.store;
    for n in 0..12_i64 {
        let phone = format!("4915{}", n % 4);
        receive(store, &format!("w{n}"), by_phone(&phone), at(n * 700)).await;
    }
    // Going from one announced instant to the next, in steps of at most a second, nothing ripe is ever passed over.
    let mut now = at(0);
    let mut answered = 0;
    for _ in 0..200 {
        while let Some(turn) = store.claim_turn(&RULE, now).await.unwrap() {
            answered += turn.messages.len();
            commit(store, &turn, with_effect("x", Effect::Silence), now).await;
        }
        let Some(next) = store.next_turn_at(&RULE).await.unwrap() else { break };
        if next > now {
            let just_before = next - SignedDuration::from_micros(1);
            assert!(store.claim_turn(&RULE, just_before).await.unwrap().is_none(), "announced {next}");
        }
        now = next.max(now + SignedDuration::from_millis(1));
    }
    assert_eq!(answered, 12);
    assert_eq!(store.next_turn_at(&RULE).await.unwrap(), None);
}

//! Messages are sent once, in order, and an unknown outcome is resolved by a status or one more send.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use jiff::SignedDuration;
use mcp_store::{
    Store, StoreError,
    inbox::DeadSource,
    outbox::{ClaimedOutgoing, Enqueued, NewOutgoing, OutgoingKind, OutgoingState, SendEnd, SendRule},
};
use serde_json::json;

use crate::{
    Bed, Database,
    make::{SENDING, at, by_phone, customer, notice},
};

/// A conversation with messages `a0`, `a1`, … written at 0 s.
pub(super) async fn with_messages(store: &dyn Store, count: usize) -> i64 {
    let (_, conversation) = customer(store, "4915111111111").await;
    for n in 0..count {
        let written = store.enqueue(conversation.id, &notice(&format!("a{n}")), at(0)).await.unwrap();
        assert_eq!(written, Enqueued::Written);
    }
    conversation.id
}

pub(super) async fn claim(store: &dyn Store, milliseconds: i64) -> Option<ClaimedOutgoing> {
    store.claim_outgoing(&SENDING, at(milliseconds)).await.unwrap()
}

pub(super) async fn state(store: &dyn Store, id: &str) -> OutgoingState {
    store.outgoing(id).await.unwrap().unwrap().state
}

fn sent(wamid: &str) -> SendEnd {
    SendEnd::Sent { wamid: wamid.into() }
}

fn unknown(until: i64) -> SendEnd {
    SendEnd::Unknown { until: at(until), why: "no answer".into() }
}

pub async fn a_message_is_written_once_per_key(bed: Arc<Bed>) {
    let store = &*bed.store;
    let conversation = with_messages(store, 0).await;
    let keyed = |id: &str| NewOutgoing {
        dedupe_key: Some("offer:1".into()),
        kind: OutgoingKind::Reminder,
        body: json!({"type": "template", "template": {"name": "ü \"x\"", "n": [1, 2.5, null]}}),
        id: id.into(),
    };
    assert_eq!(store.enqueue(conversation, &keyed("m1"), at(5)).await.unwrap(), Enqueued::Written);
    let again = store.enqueue(conversation, &keyed("m2"), at(6)).await.unwrap();
    assert_eq!(again, Enqueued::Duplicate("m1".into()));
    assert_eq!(store.outgoing("m2").await.unwrap(), None);
    let row = store.outgoing("m1").await.unwrap().unwrap();
    assert_eq!(
        (row.conversation_id, row.booking_id.clone(), row.kind, row.state, row.attempts, row.unknowns),
        (conversation, None, OutgoingKind::Reminder, OutgoingState::Pending, 0, 0)
    );
    assert_eq!((row.created_at, row.wamid, row.error, row.sent_at), (at(5), None, None, None));
    let claimed = claim(store, 10).await.unwrap();
    assert_eq!((claimed.body, claimed.kind), (keyed("m1").body, OutgoingKind::Reminder));
    let nobody = store.enqueue(999, &notice("m3"), at(0)).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");
}

pub async fn a_keys_second_message_stays_unwritten_after_the_first_was_sent(bed: Arc<Bed>) {
    let store = &*bed.store;
    let conversation = with_messages(store, 0).await;
    let keyed = |id: &str| NewOutgoing { dedupe_key: Some("k".into()), ..notice(id) };
    store.enqueue(conversation, &keyed("m1"), at(0)).await.unwrap();
    let claimed = claim(store, 1).await.unwrap();
    store.sent(&claimed, sent("x"), at(2)).await.unwrap();
    assert_eq!(
        store.enqueue(conversation, &keyed("m2"), at(3)).await.unwrap(),
        Enqueued::Duplicate("m1".into())
    );
}

pub async fn one_message_at_a_time_per_conversation_in_the_order_they_were_written(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 3).await;
    for n in 0..3 {
        let claimed = claim(store, 1000 + n).await.unwrap();
        assert_eq!(claimed.id, format!("a{n}"));
        assert_eq!((claimed.recipient.wa_id.as_deref(), claimed.attempt), (Some("4915111111111"), 1));
        assert!(claim(store, 1000 + n).await.is_none(), "the next one waits for this one");
        let row = store.sent(&claimed, sent(&format!("x{n}")), at(1000 + n)).await.unwrap();
        assert_eq!((row.state, row.attempts), (OutgoingState::Sent, 1));
        assert_eq!((row.wamid, row.sent_at), (Some(format!("x{n}")), Some(at(1000 + n))));
    }
    assert!(claim(store, 9000).await.is_none());
    assert_eq!(store.outbox_counts().await.unwrap(), [(OutgoingState::Sent, 3)]);
    assert_eq!(store.next_outgoing_at().await.unwrap(), None);
}

pub async fn conversations_do_not_wait_for_each_other(bed: Arc<Bed>) {
    let store = &*bed.store;
    for n in 0..5 {
        let (_, conversation) = customer(store, &format!("491511111111{n}")).await;
        store.enqueue(conversation.id, &notice(&format!("a{n}")), at(n)).await.unwrap();
    }
    let mut claimed = Vec::new();
    while let Some(message) = claim(store, 1000).await {
        claimed.push(message.id);
    }
    claimed.sort();
    assert_eq!(claimed, ["a0", "a1", "a2", "a3", "a4"]);
}

pub async fn a_message_that_waits_holds_back_the_later_ones_of_its_conversation(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 2).await;
    let first = claim(store, 1000).await.unwrap();
    let retry = SendEnd::Retry { at: at(25_000), why: "throttled".into() };
    let row = store.sent(&first, retry, at(1100)).await.unwrap();
    assert_eq!((row.state, row.error.as_deref()), (OutgoingState::Pending, Some("throttled")));
    assert!(claim(store, 24_999).await.is_none());
    assert!(store.next_outgoing_at().await.unwrap().unwrap() <= at(25_000));
    let second = claim(store, 25_000).await.unwrap();
    assert_eq!((second.id.as_str(), second.attempt), ("a0", 2));
    store.sent(&second, unknown(60_000), at(26_000)).await.unwrap();
    assert!(claim(store, 59_999).await.is_none(), "an ambiguous one holds them back as well");
    assert_eq!(claim(store, 60_000).await.unwrap().id, "a0");
}

pub async fn a_message_refused_for_good_lets_the_next_one_through(bed: Arc<Bed>) {
    let store = &*bed.store;
    let conversation = with_messages(store, 2).await;
    let first = claim(store, 1000).await.unwrap();
    let row = store.sent(&first, SendEnd::Failed { why: "131026".into() }, at(1100)).await.unwrap();
    assert_eq!((row.state, row.error.as_deref()), (OutgoingState::Failed, Some("131026")));
    let letters = store.dead_letters(0, 9).await.unwrap();
    assert_eq!((letters.len(), letters[0].letter.source), (1, DeadSource::Outbox));
    assert_eq!((letters[0].letter.payload.as_str(), letters[0].conversation_id), ("a0", Some(conversation)));
    assert_eq!(claim(store, 1200).await.unwrap().id, "a1");
}

pub async fn a_claim_whose_lease_ended_is_ambiguous_not_free(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let lost = claim(store, 20_000).await.unwrap();
    assert!(claim(store, 50_000).await.is_none(), "nobody knows whether it was sent: wait for a status");
    assert!(claim(store, 79_999).await.is_none());
    let second = claim(store, 80_000).await.unwrap();
    assert_eq!((second.id.as_str(), second.attempt), ("a0", 2), "without a status it is sent once more");
    assert!(second.epoch != lost.epoch);
    let late = store.sent(&lost, sent("x"), at(80_001)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    store.sent(&second, sent("y"), at(80_002)).await.unwrap();
    assert_eq!(store.outgoing("a0").await.unwrap().unwrap().unknowns, 1);
}

pub async fn a_second_unknown_is_parked_and_shown(bed: Arc<Bed>) {
    for way in [true, false] {
        let bed = bed.neighbour().await;
        let store = &*bed.store;
        with_messages(store, 2).await;
        let first = claim(store, 0).await.unwrap();
        let row = store.sent(&first, unknown(31_000), at(1000)).await.unwrap();
        assert_eq!((row.state, row.unknowns), (OutgoingState::Ambiguous, 1));
        let second = claim(store, 31_000).await.unwrap();
        assert_eq!((second.id.as_str(), second.attempt), ("a0", 2));
        if way {
            // Nobody knows this time either.
            let row = store.sent(&second, unknown(99_000), at(32_000)).await.unwrap();
            assert_eq!((row.state, row.unknowns), (OutgoingState::Parked, 2));
        }
        // Or the worker died.
        assert_eq!(claim(store, 200_000).await.unwrap().id, "a1", "{way}");
        assert_eq!(state(store, "a0").await, OutgoingState::Parked, "{way}");
        let letters = store.dead_letters(0, 9).await.unwrap();
        assert_eq!((letters.len(), letters[0].letter.payload.as_str()), (1, "a0"), "{way}");
        bed.end().await;
    }
}

pub async fn a_parked_message_is_sent_again_when_a_person_says_so(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    for time in [0, 40_000] {
        let claimed = claim(store, time).await.unwrap();
        store.sent(&claimed, unknown(time + 40_000), at(time)).await.unwrap();
    }
    assert!(claim(store, 200_000).await.is_none());
    let letter = store.dead_letters(0, 9).await.unwrap().remove(0);
    assert_eq!(store.replay(letter.id, at(300_000)).await.unwrap(), letter);
    let again = claim(store, 300_000).await.unwrap();
    assert_eq!((&*again.id, again.created_at), ("a0", at(300_000)), "it is as old as the wish to send it");
    let row = store.sent(&again, unknown(330_000), at(300_001)).await.unwrap();
    assert_eq!(
        (row.state, row.unknowns),
        (OutgoingState::Ambiguous, 1),
        "its unknown outcomes were forgotten"
    );
}

pub async fn a_write_that_names_an_old_epoch_changes_nothing(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let claimed = claim(store, 0).await.unwrap();
    store.sent(&claimed, SendEnd::Retry { at: at(1), why: "x".into() }, at(0)).await.unwrap();
    for end in [
        sent("x"),
        SendEnd::Failed { why: "x".into() },
        unknown(5),
        SendEnd::Retry { at: at(9), why: "x".into() },
    ] {
        let late = store.sent(&claimed, end, at(0)).await;
        assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    }
    assert_eq!(state(store, "a0").await, OutgoingState::Pending);
}

pub async fn the_start_makes_messages_of_a_dead_process_ambiguous_only_where_there_is_one_process(
    bed: Arc<Bed>,
) {
    let store = &*bed.store;
    with_messages(store, 1).await;
    let dead = claim(store, 20_000).await.unwrap();
    store.recover(at(21_000), SignedDuration::from_secs(10)).await.unwrap();
    if bed.place.database() == Database::Sqlite {
        assert!(claim(store, 30_999).await.is_none());
        assert_eq!(claim(store, 31_000).await.unwrap().attempt, 2);
        assert!(matches!(store.sent(&dead, sent("x"), at(31_001)).await, Err(StoreError::Stale)));
    } else {
        store.sent(&dead, sent("x"), at(31_001)).await.unwrap();
    }
}

pub async fn messages_claimed_by_many_workers_are_each_one_workers(bed: Arc<Bed>) {
    for n in 0..10 {
        let (_, conversation) = customer(&*bed.store, &format!("491511111111{n}")).await;
        for m in 0..3 {
            bed.store.enqueue(conversation.id, &notice(&format!("{n}-{m}")), at(m)).await.unwrap();
        }
    }
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = bed.open().await;
        racing.spawn(async move {
            let mut mine = Vec::new();
            while let Some(message) = claim(&*store, 1000).await {
                mine.push((message.conversation_id, message.id.clone()));
                store.sent(&message, sent(&message.id), at(1001)).await.unwrap();
            }
            mine
        });
    }
    let mut taken: Vec<(i64, String)> = racing.join_all().await.concat();
    // A worker that found nothing may have left while another still had the conversation's earlier message.
    while let Some(message) = claim(&*bed.store, 1000).await {
        taken.push((message.conversation_id, message.id.clone()));
        bed.store.sent(&message, sent(&message.id), at(1001)).await.unwrap();
    }
    assert_eq!(taken.len(), 30, "{taken:?}");
    let raw = bed.raw().await;
    assert_eq!(raw.number("SELECT count(*) FROM outbox WHERE attempts = 1 AND state = 'sent'").await, 30);
}

pub async fn a_message_sent_again_waits_for_the_one_in_flight(bed: Arc<Bed>) {
    let store = &*bed.store;
    with_messages(store, 3).await;
    refused(store, 1000).await;
    let second = claim(store, 1100).await.unwrap();
    let letter = store.dead_letters(0, 9).await.unwrap().remove(0);
    store.replay(letter.id, at(1200)).await.unwrap();
    assert!(claim(store, 1300).await.is_none(), "a1 is on its way to the same phone");
    let next = store.next_outgoing_at().await.unwrap().unwrap();
    assert!(next > at(1300), "looking again at once would find nothing: {next}");
    assert!(next <= at(31_100), "the lease is to be looked at");
    store.sent(&second, sent("x"), at(1400)).await.unwrap();
    assert_eq!(claim(store, 1500).await.unwrap().id, "a0");
    assert!(claim(store, 1500).await.is_none());
}

/// Conversations of which more than one message is in flight.
const TOGETHER: &str = "SELECT count(*) FROM (
    SELECT 1 FROM outbox WHERE state = 'sending' GROUP BY conversation_id HAVING count(*) > 1) AS conversations";

pub async fn two_messages_of_a_conversation_are_never_in_flight(bed: Arc<Bed>) {
    const CONVERSATIONS: usize = 3;
    const MESSAGES: usize = 60;
    let mut conversations = Vec::new();
    for n in 0..CONVERSATIONS {
        conversations.push(customer(&*bed.store, &format!("491511111111{n}")).await.1.id);
    }
    let in_flight = Arc::new(Mutex::new(BTreeSet::new()));
    let raw = Arc::new(bed.raw().await);
    let mut racing = tokio::task::JoinSet::new();
    // They write into the same conversations at the same time, so the order of numbers is not that of commits.
    for writer in 0..4 {
        let (store, conversations) = (Arc::clone(&bed.store), conversations.clone());
        racing.spawn(async move {
            for n in (writer..MESSAGES).step_by(4) {
                let conversation = conversations[n / 4 % CONVERSATIONS];
                store.enqueue(conversation, &notice(&format!("a{n}")), at(0)).await.unwrap();
            }
        });
    }
    for worker in 0..8 {
        let store = if worker % 4 == 0 { bed.open().await } else { Arc::clone(&bed.store) };
        let (in_flight, raw) = (Arc::clone(&in_flight), Arc::clone(&raw));
        racing.spawn(async move {
            loop {
                let Some(message) = claim(&*store, 1000).await else {
                    let counts = store.outbox_counts().await.unwrap();
                    if counts == [(OutgoingState::Sent, MESSAGES as u64)] {
                        break;
                    }
                    continue;
                };
                let conversation = message.conversation_id;
                assert!(in_flight.lock().unwrap().insert(conversation), "{} is not alone", message.id);
                assert_eq!(raw.number(TOGETHER).await, 0, "{} is not alone", message.id);
                assert!(in_flight.lock().unwrap().remove(&conversation));
                // Each is refused once, and somebody has it sent again while later ones are on their way.
                let end = if message.attempt == 1 {
                    SendEnd::Failed { why: "refused".into() }
                } else {
                    sent(&message.id)
                };
                store.sent(&message, end, at(1000)).await.unwrap();
                if let Some(letter) = store.dead_letters(0, 1).await.unwrap().first() {
                    // Another worker may have been first.
                    let _ = store.replay(letter.id, at(1000)).await;
                }
            }
        });
    }
    racing.join_all().await;
}

pub async fn waiting_for_the_next_message_is_never_too_long(bed: Arc<Bed>) {
    let store = &*bed.store;
    assert_eq!(store.next_outgoing_at().await.unwrap(), None);
    with_messages(store, 1).await;
    assert!(store.next_outgoing_at().await.unwrap().unwrap() <= at(0));
    let rule = SendRule { lease: SignedDuration::from_secs(5), unknown_wait: SignedDuration::from_secs(7) };
    store.claim_outgoing(&rule, at(1000)).await.unwrap().unwrap();
    assert!(store.next_outgoing_at().await.unwrap().unwrap() <= at(6000), "the lease is to be looked at");
    assert!(store.claim_outgoing(&rule, at(6000)).await.unwrap().is_none());
    assert!(store.next_outgoing_at().await.unwrap().unwrap() <= at(13_000));
    let again = store.claim_outgoing(&rule, at(13_000)).await.unwrap().unwrap();
    assert_eq!(again.id, "a0");
    let sender = store.customer_by_phone("4915111111111").await.unwrap().unwrap();
    assert_eq!(sender.wa_id, by_phone("4915111111111").wa_id);
}

fn keyed(id: &str, key: &str) -> NewOutgoing {
    NewOutgoing { dedupe_key: Some(key.into()), ..notice(id) }
}

async fn refused(store: &dyn Store, milliseconds: i64) {
    let claimed = claim(store, milliseconds).await.unwrap();
    let end = SendEnd::Failed { why: "the window is closed".into() };
    store.sent(&claimed, end, at(milliseconds + 10)).await.unwrap();
}

pub async fn what_was_not_delivered_is_found_by_its_key_and_said_again_once(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (_, first) = customer(store, "4915111111111").await;
    let (_, second) = customer(store, "4915222222222").await;
    for (id, key) in [("a", "approve:b1:1"), ("b", "approved:b2:1"), ("c", "proposal:b3:1"), ("d", "approve")]
    {
        store.enqueue(first.id, &keyed(id, key), at(0)).await.unwrap();
        refused(store, 100).await;
    }
    let found = store.unsaid(&["approve", "proposal"], at(0), 0, 9).await.unwrap();
    let about: Vec<(&str, &str)> = found.iter().map(|row| (&*row.id, &*row.dedupe_key)).collect();
    assert_eq!(about, [("a", "approve:b1:1"), ("c", "proposal:b3:1")]);
    assert_eq!((found[0].conversation_id, found[0].failed_at), (first.id, at(110)));
    assert_eq!((&found[0].body, &*found[0].why), (&notice("a").body, "the window is closed"));
    assert_eq!(store.unsaid(&["approve", "proposal"], at(0), 0, 1).await.unwrap().len(), 1);
    let next = store.unsaid(&["approve", "proposal"], at(0), found[0].dead_letter, 1).await.unwrap();
    assert_eq!(next, found[1..], "page by page");
    assert_eq!(found[0].state, OutgoingState::Failed);
    let late = store.unsaid(&["approve", "proposal"], at(111), 0, 9).await.unwrap();
    assert_eq!(late, [], "given up before");
    assert!(store.unsaid(&[], at(0), 0, 9).await.unwrap().is_empty());

    let nowhere = store.say_again("a", 999, &keyed("a2", "approve:b1:1"), at(1000)).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound(_))), "{nowhere:?}");
    assert!(store.say_again("a", second.id, &keyed("a2", "approve:b1:1"), at(1000)).await.unwrap());
    assert!(!store.say_again("a", second.id, &keyed("a3", "approve:b1:1"), at(1000)).await.unwrap());
    assert_eq!(
        store.unsaid(&["approve"], at(0), 0, 9).await.unwrap(),
        [],
        "one that is on its way is not missing"
    );
    let twice = store.enqueue(first.id, &keyed("a4", "approve:b1:1"), at(1000)).await.unwrap();
    assert_eq!(twice, Enqueued::Duplicate("a2".into()), "the key is the new message's");
    assert_eq!(state(store, "a").await, OutgoingState::Failed);
    let claimed = claim(store, 1100).await.unwrap();
    assert_eq!((&*claimed.id, claimed.conversation_id, claimed.created_at), ("a2", second.id, at(1000)));
    store.sent(&claimed, sent("w1"), at(1200)).await.unwrap();
    assert!(!store.say_again("a2", second.id, &keyed("a5", "approve:b1:1"), at(1300)).await.unwrap());

    let letters = store.dead_letters(0, 9).await.unwrap();
    let names: Vec<&str> = letters.iter().map(|row| &*row.letter.payload).collect();
    assert_eq!(names, ["b", "c", "d"], "nobody has to look at what was said again");
    let proposal = store.unsaid(&["proposal"], at(0), 0, 9).await.unwrap().remove(0);
    assert_eq!(proposal.dead_letter, letters[1].id);
    store.discard(proposal.dead_letter).await.unwrap();
    assert!(store.unsaid(&["proposal"], at(0), 0, 9).await.unwrap().is_empty(), "a person has dealt with it");
}

pub async fn what_many_say_again_at_once_is_said_once(bed: Arc<Bed>) {
    let (_, conversation) = customer(&*bed.store, "4915111111111").await;
    bed.store.enqueue(conversation.id, &keyed("a", "approve:b1:1"), at(0)).await.unwrap();
    refused(&*bed.store, 100).await;
    let mut at_once = tokio::task::JoinSet::new();
    for n in 0..8 {
        let bed = Arc::clone(&bed);
        at_once.spawn(async move {
            let again = keyed(&format!("again{n}"), "approve:b1:1");
            bed.store.say_again("a", conversation.id, &again, at(1000)).await.unwrap()
        });
    }
    let done = at_once.join_all().await;
    assert_eq!(done.into_iter().filter(|done| *done).count(), 1);
    let counts = bed.store.outbox_counts().await.unwrap();
    assert_eq!(counts, [(OutgoingState::Failed, 1), (OutgoingState::Pending, 1)]);
}

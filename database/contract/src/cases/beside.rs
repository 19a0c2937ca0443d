//! What a turn does beside its effect, and what the channel tells beside messages.

use std::sync::Arc;

use jiff::civil::date;
use mcp_store::{
    StoreError,
    adjustment::NewAdjustment,
    audit::NewAudit,
    booking::Refused,
    conversation::Owner,
    customer::Sender,
    inbox::{Delivery, Echo, IdentityChange, IncomingMessage},
    outbox::{NewOutgoing, OutgoingKind, OutgoingState},
    turn::{Also, Effect, REVOKED, Tells, TurnEnd, TurnResult},
    usage::Usage,
    waitlist::{NewWait, WaitEnd, WaitState},
};
use serde_json::json;

use crate::{
    bed::Bed,
    make::{
        RULE, SENDING, answer, answering, at, blind, by_phone, choice, commit, customer, delivery, id,
        message, minute, notice, receive, who,
    },
};

const DONE: TurnEnd = TurnEnd::Committed { booking: None };

fn with(also: Vec<Also>) -> TurnResult {
    TurnResult { also, ..answering("a1") }
}

fn entry(action: &str) -> NewAudit {
    NewAudit { actor: "staff:owner".into(), action: action.into(), subject: String::new(), payload: None }
}

async fn claimed(bed: &Bed) -> mcp_store::turn::ClaimedTurn {
    receive(&*bed.store, "w1", by_phone("5511999990001"), at(0)).await;
    bed.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap()
}

pub async fn a_turn_tells_somebody_else_and_begins_a_takeover_with_its_answer(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (_, owner) = customer(store, "5511988880000").await;
    let before = store.conversation(owner.id).await.unwrap();
    let turn = claimed(&bed).await;
    let told = NewOutgoing { dedupe_key: Some("handover:w1".into()), ..notice("n1") };
    let also = vec![
        Also::Tell { conversation_id: owner.id, message: told.clone() },
        Also::Tell { conversation_id: owner.id, message: NewOutgoing { id: "n2".into(), ..told } },
        Also::Takeover { until: at(100_000) },
        Also::Informed("a1".into()),
        Also::Notices(false),
    ];
    assert_eq!(commit(store, &turn, with(also), at(2100)).await, DONE);
    let conversation = store.conversation(turn.conversation.id).await.unwrap().unwrap();
    assert_eq!(conversation.owner, Owner::Human { until: at(100_000) });
    assert_eq!((conversation.informed_at, conversation.notices), (Some(at(2100)), Some(false)));
    assert_eq!(store.conversation(owner.id).await.unwrap(), before, "that one is nobody else's");
    let mut said = Vec::new();
    while let Some(next) = store.claim_outgoing(&SENDING, at(2200)).await.unwrap() {
        said.push((next.conversation_id, next.id));
    }
    said.sort();
    let mut expected = vec![(owner.id, "n1".to_owned()), (turn.conversation.id, "a1".to_owned())];
    expected.sort();
    assert_eq!(said, expected, "one with the same key is left out");
}

pub async fn a_shorter_takeover_does_not_end_a_longer_one(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(&bed).await;
    let also = vec![Also::Takeover { until: at(100_000) }, Also::Takeover { until: at(50_000) }];
    commit(store, &turn, with(also), at(2100)).await;
    let conversation = store.conversation(turn.conversation.id).await.unwrap().unwrap();
    assert_eq!(conversation.owner, Owner::Human { until: at(100_000) });
}

pub async fn a_turn_that_tells_nobody_there_commits_nothing(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(&bed).await;
    let also = vec![Also::Informed("a1".into()), Also::Tell { conversation_id: 999, message: notice("n1") }];
    let end = store.commit_turn(&turn, with(also), &crate::make::render_nothing, at(2100)).await;
    assert!(matches!(end, Err(StoreError::NotFound(_))), "{end:?}");
    let conversation = store.conversation(turn.conversation.id).await.unwrap().unwrap();
    assert_eq!(conversation.informed_at, None);
    assert_eq!(store.claim_outgoing(&SENDING, at(2200)).await.unwrap(), None);
}

pub async fn where_a_booking_was_refused_only_what_stands_alone_is_done(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(&bed).await;
    let mut request = blind("turn", choice(&id(1), "ze", 60, 45));
    request.choose = Arc::new(|_| Err(Refused::slot_taken()));
    let also = vec![
        Also::Takeover { until: at(9_000) },
        Also::Notices(true),
        Also::Tell { conversation_id: turn.conversation.id, message: notice("n1") },
    ];
    let result = TurnResult { also, ..TurnResult::of(Effect::Book(Box::new(request))) };
    let render = |_: &_| (answer("refused"), Vec::new());
    store.commit_turn(&turn, result, &render, at(2100)).await.unwrap();
    let conversation = store.conversation(turn.conversation.id).await.unwrap().unwrap();
    assert_eq!(conversation.notices, Some(true));
    assert_eq!(conversation.owner, Owner::Bot);
    assert_eq!(store.claim_outgoing(&SENDING, at(2200)).await.unwrap().unwrap().id, "refused");
    assert_eq!(store.outgoing("n1").await.unwrap(), None);
}

pub async fn a_turn_that_a_person_took_over_still_does_what_stands_alone(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(&bed).await;
    store.set_owner(turn.conversation.id, Owner::Human { until: at(60_000) }).await.unwrap();
    let also = vec![Also::Notices(false), Also::Informed("a1".into()), Also::Takeover { until: at(90_000) }];
    assert_eq!(commit(store, &turn, with(also), at(2100)).await, TurnEnd::TakenOver);
    let conversation = store.conversation(turn.conversation.id).await.unwrap().unwrap();
    assert_eq!((conversation.notices, conversation.informed_at), (Some(false), None));
    assert_eq!(conversation.owner, Owner::Human { until: at(60_000) });
    assert_eq!(store.claim_outgoing(&SENDING, at(2200)).await.unwrap(), None, "nothing is said");
}

pub async fn a_customer_was_informed_only_where_the_words_are_in_what_is_said(bed: Arc<Bed>) {
    let store = &*bed.store;
    let words = || Also::Informed("we keep your name".into());
    let says = |id: &str, text: &str| NewOutgoing::answer(id, json!({"text": {"body": text}}));
    let refusal = || {
        let mut request = blind("turn", choice(&id(1), "ze", 60, 45));
        request.choose = Arc::new(|_| Err(Refused::slot_taken()));
        Effect::Book(Box::new(request))
    };
    let with_notice = "we keep your name\n\nit is taken";
    let cases = [
        (Effect::Answer(says("a", "no room for it")), "", vec![words()], false),
        (Effect::Silence, "", vec![words()], false),
        (Effect::Answer(says("a", with_notice)), "", vec![words()], true),
        (
            Effect::Answer(says("a", "hello")),
            "",
            vec![words(), Also::Say(says("b", "we keep your name"))],
            true,
        ),
        (refusal(), "it is taken", vec![words()], false),
        (refusal(), with_notice, vec![words()], true),
        (refusal(), "no room", vec![words(), Also::Say(says("b", "we keep your name"))], false),
    ];
    for (n, (effect, rendered, also, informed)) in cases.into_iter().enumerate() {
        let (number, later) = (format!("55119999900{n:02}"), i64::try_from(n).unwrap() * 10_000);
        receive(store, &format!("w{n}"), by_phone(&number), at(later)).await;
        let turn = store.claim_turn(&RULE, at(later + 2000)).await.unwrap().unwrap();
        let rename = |mut message: NewOutgoing| {
            message.id = format!("{}{n}", message.id);
            message
        };
        let effect = match effect {
            Effect::Answer(message) => Effect::Answer(rename(message)),
            other => other,
        };
        let also: Vec<Also> = also
            .into_iter()
            .map(|one| match one {
                Also::Say(message) => Also::Say(rename(message)),
                other => other,
            })
            .collect();
        let render = |_: &_| (rename(says("r", rendered)), Vec::new());
        let result = TurnResult { also, ..TurnResult::of(effect) };
        store.commit_turn(&turn, result, &render, at(later + 2100)).await.unwrap();
        let conversation = store.conversation(turn.conversation.id).await.unwrap().unwrap();
        assert_eq!(conversation.informed_at, informed.then_some(at(later + 2100)), "case {n}");
    }
}

pub async fn what_somebody_else_is_told_is_rendered_from_the_row_of_the_turn(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (_, other) = customer(store, "5511988880000").await;
    let tells = Tells {
        conversation_id: other.id,
        render: Arc::new(|row| NewOutgoing {
            kind: OutgoingKind::Notice,
            ..answer(&format!("{}:{}:{}", row.booking.id, row.booking.state.as_str(), row.revision))
        }),
    };
    let render = |_: &_| (answer("r1"), Vec::new());
    let turn = claimed(&bed).await;
    let request = blind("turn", choice(&id(1), "ze", 60, 45));
    let result = TurnResult { tells: Some(tells.clone()), ..TurnResult::of(Effect::Book(Box::new(request))) };
    store.commit_turn(&turn, result, &render, at(2100)).await.unwrap();
    let row = store.booking(&id(1)).await.unwrap().unwrap();
    let told = format!("{}:{}:{}", id(1), row.booking.state.as_str(), row.revision);
    let message = store.outgoing(&told).await.unwrap().unwrap();
    assert_eq!((message.conversation_id, message.kind), (other.id, OutgoingKind::Notice));

    receive(store, "w2", by_phone("5511999990001"), at(10_000)).await;
    let turn = store.claim_turn(&RULE, at(12_000)).await.unwrap().unwrap();
    let mut refused = blind("again", choice(&id(2), "ze", 60, 45));
    refused.choose = Arc::new(|_| Err(Refused::slot_taken()));
    let result = TurnResult { tells: Some(tells), ..TurnResult::of(Effect::Book(Box::new(refused))) };
    let render = |_: &_| (answer("r2"), Vec::new());
    store.commit_turn(&turn, result, &render, at(12_100)).await.unwrap();
    let waiting = store.outbox_counts().await.unwrap();
    assert_eq!(waiting, [(OutgoingState::Pending, 3)], "of a refusal nobody else is told");
}

pub async fn a_turn_begins_and_ends_waits(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(&bed).await;
    let who = turn.conversation.customer_id;
    let wait = NewWait {
        id: id(7),
        customer_id: who,
        service_id: "corte".into(),
        staff_id: None,
        from: minute(60),
        to: minute(120),
    };
    commit(store, &turn, with(vec![Also::Wait(wait)]), at(2100)).await;
    let waits = store.waits_of(who).await.unwrap();
    assert_eq!((waits.len(), waits[0].state), (1, WaitState::Waiting));
    receive(store, "w2", by_phone("5511999990001"), at(10_000)).await;
    let turn = store.claim_turn(&RULE, at(12_000)).await.unwrap().unwrap();
    let end = |revision| Also::EndWait { id: id(7), revision, end: WaitEnd::Left };
    let other = Also::EndWait { id: id(8), revision: 1, end: WaitEnd::Left };
    let result = TurnResult { also: vec![end(9), end(1), end(1), other], ..answering("a2") };
    assert_eq!(commit(store, &turn, result, at(12_100)).await, DONE, "what changed since is left as it is");
    assert_eq!(store.waits_of(who).await.unwrap(), []);
}

pub async fn a_turn_changes_hours_and_takes_it_back(bed: Arc<Bed>) {
    let store = &*bed.store;
    let turn = claimed(&bed).await;
    let day = date(2027, 1, 20);
    let adjustment = NewAdjustment { id: id(3), first: day, last: day, content: json!({"change": "closed"}) };
    let also = vec![Also::Adjust { adjustment: adjustment.clone(), audit: entry("adjustment.add") }];
    commit(store, &turn, with(also), at(2100)).await;
    assert_eq!(store.adjustments(day, day).await.unwrap()[0].adjustment, adjustment);
    receive(store, "w2", by_phone("5511999990001"), at(10_000)).await;
    let turn = store.claim_turn(&RULE, at(12_000)).await.unwrap().unwrap();
    let undo = || Also::Unadjust { id: id(3), audit: entry("adjustment.remove") };
    let result = TurnResult { also: vec![undo(), undo()], ..answering("a2") };
    assert_eq!(commit(store, &turn, result, at(12_100)).await, DONE, "what is gone already is no error");
    assert_eq!(store.adjustments(day, day).await.unwrap(), []);
    let actions: Vec<_> =
        store.audit(0, 9).await.unwrap().into_iter().map(|row| (row.action, row.subject)).collect();
    let subject = format!("adjustment:{}", id(3));
    let expected = [("adjustment.add", &subject), ("adjustment.remove", &subject)];
    assert_eq!(actions, expected.map(|(action, subject)| (action.to_owned(), subject.clone())));
}

fn user(texts: &[&str]) -> serde_json::Value {
    let parts: Vec<_> = texts.iter().map(|text| json!({"text": text})).collect();
    json!({"role": "user", "parts": parts})
}

pub async fn a_revoked_message_leaves_inbox_and_history_and_an_edited_one_is_replaced(bed: Arc<Bed>) {
    let store = &*bed.store;
    let ana = || by_phone("5511999990001");
    let spoken = |id: &str, text: &str| IncomingMessage { text: Some(text.into()), ..message(id, ana()) };
    let first = delivery(vec![spoken("w1", "my secret"), spoken("w2", "at ten")]);
    store.accept(&[first], at(0)).await.unwrap();
    let turn = store.claim_turn(&RULE, at(5000)).await.unwrap().unwrap();
    let said = user(&["my secret", "at ten"]);
    let echoed = json!({"role": "model", "parts": [{"text": "my secret"}]});
    let result = TurnResult { history: vec![said, echoed.clone()], ..answering("a1") };
    commit(store, &turn, result, at(5100)).await;
    // Somebody else's message of the same words stays.
    receive(store, "x1", by_phone("4915100000009"), at(6000)).await;
    let other = store.claim_turn(&RULE, at(8000)).await.unwrap().unwrap();
    let foreign = Also::Retract { message_id: "w2".into(), replacement: None };
    let result = TurnResult { history: vec![user(&["my secret"])], also: vec![foreign], ..answering("b1") };
    commit(store, &other, result, at(8100)).await;

    receive(store, "w3", ana(), at(10_000)).await;
    let turn = store.claim_turn(&RULE, at(12_000)).await.unwrap().unwrap();
    let also = vec![
        Also::Retract { message_id: "w1".into(), replacement: None },
        Also::Retract { message_id: "w2".into(), replacement: Some("at eleven".into()) },
        Also::Retract { message_id: "unknown".into(), replacement: None },
    ];
    commit(store, &turn, TurnResult { also, ..TurnResult::of(Effect::Silence) }, at(12_100)).await;
    let history = store.history(turn.conversation.id, 9).await.unwrap();
    assert_eq!(history[..2], [user(&[REVOKED, "at eleven"]), echoed]);
    assert_eq!(store.history(other.conversation.id, 9).await.unwrap()[0], user(&["my secret"]));
    let export = store.export_customer(turn.conversation.customer_id).await.unwrap().unwrap();
    let inbox = export["inbox"].to_string();
    assert!(
        !inbox.contains("my secret") && !inbox.contains("at ten") && inbox.contains("at eleven"),
        "{inbox}"
    );
}

pub async fn what_was_heard_is_the_text_of_its_message(bed: Arc<Bed>) {
    let store = &*bed.store;
    let voice =
        IncomingMessage { kind: "audio".into(), text: None, ..message("v1", by_phone("5511999990001")) };
    store.accept(&[delivery(vec![voice])], at(0)).await.unwrap();
    let turn = store.claim_turn(&RULE, at(5000)).await.unwrap().unwrap();
    let heard = Also::Heard { message_id: "v1".into(), text: "at ten please".into() };
    commit(
        store,
        &turn,
        TurnResult { history: vec![user(&["at ten please"])], ..with(vec![heard]) },
        at(5100),
    )
    .await;
    receive(store, "w2", by_phone("5511999990001"), at(10_000)).await;
    let turn = store.claim_turn(&RULE, at(12_000)).await.unwrap().unwrap();
    let also = vec![Also::Retract { message_id: "v1".into(), replacement: None }];
    commit(store, &turn, TurnResult { also, ..TurnResult::of(Effect::Silence) }, at(12_100)).await;
    assert_eq!(store.history(turn.conversation.id, 9).await.unwrap()[0], user(&[REVOKED]));
}

pub async fn what_is_kept_under_the_id_of_a_message_goes_with_it(bed: Arc<Bed>) {
    let store = &*bed.store;
    let ana = || by_phone("5511999990001");
    let first = delivery(vec![message("v1", ana()), message("v2", ana()), message("v3", ana())]);
    store.accept(&[first], at(0)).await.unwrap();
    for key in ["heard:v1", "heard:v2", "chat:v3", "chat-since:v3", "chat-answer:v3", "heard:other"] {
        store.remember(key, "d", &json!({"text": "my secret"}), at(0)).await.unwrap();
    }
    let turn = store.claim_turn(&RULE, at(5000)).await.unwrap().unwrap();
    let also = vec![Also::Retract { message_id: "v1".into(), replacement: None }];
    commit(store, &turn, TurnResult { also, ..TurnResult::of(Effect::Silence) }, at(5100)).await;
    assert_eq!(store.recall("heard:v1", "d", at(6000)).await.unwrap(), None);
    assert!(store.recall("heard:v2", "d", at(6000)).await.unwrap().is_some());
    let inbox = store.export_customer(turn.conversation.customer_id).await.unwrap().unwrap()["inbox"].clone();
    let bodies: Vec<_> = inbox.as_array().unwrap().iter().map(|row| row["body"].clone()).collect();
    assert_eq!(bodies[1..], [json!("v2"), json!("v3")], "the other messages stay as they are: {bodies:?}");
    store
        .erase_customer(turn.conversation.customer_id, &entry("customer.erase"), at(7000))
        .await
        .unwrap()
        .unwrap();
    for key in ["heard:v2", "chat:v3", "chat-since:v3", "chat-answer:v3"] {
        assert_eq!(store.recall(key, "d", at(8000)).await.unwrap(), None, "{key}");
    }
    assert!(store.recall("heard:other", "d", at(8000)).await.unwrap().is_some(), "somebody else's stays");
}

fn echo(id: &str, to: Sender, until: i64) -> Echo {
    Echo { id: id.into(), to, content: json!({"role": "model", "parts": [{"text": id}]}), until: at(until) }
}

pub async fn words_of_a_person_begin_and_extend_a_takeover_once_each(bed: Arc<Bed>) {
    let store = &*bed.store;
    let ana = || by_phone("5511999990001");
    let turn = claimed(&bed).await;
    let said = |id, until| Delivery { echoes: vec![echo(id, ana(), until)], ..Delivery::default() };
    let accepted = store.accept(&[said("e1", 60_000)], at(2050)).await.unwrap();
    assert_eq!(accepted[0].duplicates, 0);
    assert_eq!(commit(store, &turn, answering("a1"), at(2100)).await, TurnEnd::TakenOver);
    let again = store.accept(&[said("e1", 90_000), said("e2", 30_000)], at(2200)).await.unwrap();
    assert_eq!((again[0].duplicates, again[1].duplicates), (1, 0));
    let conversation = store.conversation(turn.conversation.id).await.unwrap().unwrap();
    assert_eq!(conversation.owner, Owner::Human { until: at(60_000) }, "no stacking, and never shorter");
    let history = store.history(conversation.id, 9).await.unwrap();
    assert_eq!(history.len(), 2, "{history:?}");
    let fresh =
        Delivery { echoes: vec![echo("e3", by_phone("5511977770003"), 70_000)], ..Delivery::default() };
    store.accept(&[fresh], at(3000)).await.unwrap();
    let customer = store.customer_by_phone("5511977770003").await.unwrap().unwrap();
    let conversation = store.conversation_of(customer.id).await.unwrap();
    assert_eq!(conversation.owner, Owner::Human { until: at(70_000) });
    assert_eq!(conversation.window_until, None, "the customer wrote nothing");
    let first = store.conversation(turn.conversation.id).await.unwrap().unwrap();
    assert_eq!(first.owner, Owner::Human { until: at(60_000) }, "words to somebody else");
}

pub async fn new_ids_of_a_customer_keep_its_rows_and_what_came_before_stays_its_own(bed: Arc<Bed>) {
    let store = &*bed.store;
    let (was, is) = (who(Some("BR.1"), Some("5511999990001")), who(Some("BR.2"), Some("5511999990002")));
    let before = delivery(vec![message("w1", was.clone())]);
    let change = Delivery {
        identities: vec![
            IdentityChange { was: who(Some("BR.9"), None), is: who(Some("BR.8"), None) },
            IdentityChange { was, is: is.clone() },
        ],
        ..Delivery::default()
    };
    store.accept(&[before, change], at(0)).await.unwrap();
    receive(store, "w2", is, at(10)).await;
    store.route(at(20)).await.unwrap();
    let turn = store.claim_turn(&RULE, at(5000)).await.unwrap().unwrap();
    assert_eq!(turn.messages.len(), 2, "one customer: {turn:?}");
    assert_eq!(turn.sender.user_id.as_deref(), Some("BR.2"));
}

pub async fn conversations_are_listed_by_their_newest_message(bed: Arc<Bed>) {
    let store = &*bed.store;
    for (id, phone) in
        [("w1", "551190000001"), ("w2", "551190000002"), ("w3", "551190000003"), ("w4", "551190000001")]
    {
        receive(store, id, by_phone(phone), at(0)).await;
    }
    store.route(at(10)).await.unwrap();
    customer(store, "551190000004").await;
    let all = store.conversations(None, 9).await.unwrap();
    assert_eq!(all.len(), 3, "those in which something was said");
    let first = store.conversations(None, 2).await.unwrap();
    assert_eq!(first, all[..2]);
    assert_eq!(store.conversations(Some(first[1].id), 2).await.unwrap(), all[2..]);
    let newest = store.customer_by_phone("551190000001").await.unwrap().unwrap();
    assert_eq!(all[0].customer_id, newest.id);
    let row = store.set_notices(all[0].id, true).await.unwrap();
    assert_eq!(row.notices, Some(true));
    assert!(matches!(store.set_notices(999, true).await, Err(StoreError::NotFound(_))));
}

pub async fn what_a_customer_used_up_is_counted_apart_and_goes_with_the_customer(bed: Arc<Bed>) {
    let store = &*bed.store;
    let day = date(2027, 1, 15);
    let (ana, _) = customer(store, "5511999990001").await;
    let (rui, _) = customer(store, "5511999990002").await;
    let some = Usage { tokens_in: 10, messages: 1, ..Usage::default() };
    store.add_usage(day, Some(ana.id), &some).await.unwrap();
    store.add_usage(day, Some(ana.id), &some).await.unwrap();
    let sums = store.add_usage(day, Some(rui.id), &some).await.unwrap();
    assert_eq!((sums.tokens_in, sums.messages), (30, 3));
    let of = store.usage_of(ana.id, day).await.unwrap();
    assert_eq!((of.tokens_in, of.messages), (20, 2));
    assert_eq!(store.usage_of(ana.id, date(2027, 1, 16)).await.unwrap(), Usage::default());
    store.erase_customer(ana.id, &entry("customer.erase"), at(0)).await.unwrap().unwrap();
    assert_eq!(store.usage_of(ana.id, day).await.unwrap(), Usage::default());
    assert_eq!(store.usage(day).await.unwrap().tokens_in, 30, "the tenant's own sums stay");
}

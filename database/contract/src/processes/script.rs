//! A write-heavy script that is killed at any moment. Every operation writes to several tables at once; the line that
//! acknowledges it is printed after it returned.

use jiff::{SignedDuration, Timestamp, civil::date};
use mcp_store::{
    LeaseTime, Store,
    booking::{BookingOutcome, Change, Choice},
    calendar::{MirroredEvent, SyncPage},
    inbox::{DeadLetter, DeadSource, Delivery, DeliveryStatus},
    outbox::SendEnd,
    turn::{Effect, TurnResult},
    usage::Usage,
};
use serde_json::json;

use super::{open, print};
use crate::{
    make::{
        RULE, SENDING, answer, blind, by_phone, change, choice, entry, id, message, minute, movable, personal,
    },
    random::Random,
};

/// What one round is at, in the caller's time: two minutes each, longer than any lease.
fn now(round: u64) -> Timestamp {
    minute(i64::try_from(round).unwrap() * 2)
}

/// A booking nobody is in the way of, with two lanes and two reminders.
fn wanted(number: u64, shift: i64) -> Choice {
    let mut choice = choice(&id(number), &format!("s{number}"), 100_000 + shift, 45);
    let (start, end) = (choice.booking.start(), choice.booking.end());
    choice.occupations.push(movable(&format!("resource:r{number}/1"), start, end));
    choice.reminders = vec![minute(90_000 + shift), minute(95_000 + shift)];
    choice
}

/// Operations of one round, until it is killed.
pub(super) async fn run(round: u64) {
    let store = open(LeaseTime::Caller).await;
    store.recover(now(round), SignedDuration::from_secs(30)).await.unwrap();
    print("ready");
    let mut random = Random::new(round);
    let mut booked: Vec<u64> = Vec::new();
    for n in 0.. {
        let number = round * 10_000 + n;
        let line = match (random.below(8), booked.last().copied()) {
            (0 | 1, _) => accept(&*store, round, number).await,
            (2, _) => {
                booked.push(number);
                book(&*store, round, number).await
            }
            (3, Some(last)) => shift(&*store, round, number, last).await,
            (4, Some(_)) => cancel(&*store, round, number, booked.pop().unwrap_or_default()).await,
            (5, _) => calendar(&*store, round, number).await,
            (6, _) => send(&*store, round, number).await,
            _ => turn(&*store, round, number).await,
        };
        print(&line);
    }
}

async fn accept(store: &dyn Store, round: u64, number: u64) -> String {
    let sender = by_phone(&format!("4915{number:09}"));
    let delivery = Delivery {
        messages: ["a", "b", "c"].map(|part| message(&format!("m{number}-{part}"), sender.clone())).into(),
        statuses: vec![DeliveryStatus {
            wamid: format!("m{number}"),
            status: "sent".into(),
            outbox_id: None,
            error_code: None,
            at: now(round),
        }],
        dead: vec![DeadLetter {
            source: DeadSource::Webhook,
            reason: "not JSON".into(),
            payload: format!("m{number}"),
        }],
        ..Delivery::default()
    };
    store.accept(&[delivery], now(round)).await.unwrap();
    format!("accept {number}")
}

async fn book(store: &dyn Store, round: u64, number: u64) -> String {
    let mut request = blind(&format!("book{number}"), wanted(number, 0));
    request.audit = Some(personal("booking.create", None, json!({"n": number})));
    assert!(store.book(&request, now(round)).await.unwrap().row().is_some());
    format!("book {number}")
}

async fn shift(store: &dyn Store, round: u64, number: u64, booking: u64) -> String {
    let shift = i64::try_from(number % 10_000).unwrap() * 60;
    let there = wanted(booking, shift);
    let around = (there.booking.start(), there.booking.end());
    let how = Change::Move { around, choose: std::sync::Arc::new(move |_| Ok(there.clone())) };
    let mut request = change(&format!("move{number}"), &id(booking), how);
    request.audit = Some(entry("booking.move"));
    let row = store.change(&request, now(round)).await.unwrap().row().cloned().unwrap();
    format!("move {booking} {} {}", row.revision, row.booking.start().as_microsecond())
}

async fn cancel(store: &dyn Store, round: u64, number: u64, booking: u64) -> String {
    let mut request = change(&format!("cancel{number}"), &id(booking), Change::Cancel { reason: None });
    request.audit = Some(entry("booking.cancel"));
    let row = store.change(&request, now(round)).await.unwrap().row().cloned().unwrap();
    format!("cancel {booking} {}", row.revision)
}

async fn calendar(store: &dyn Store, round: u64, number: u64) -> String {
    let began_with = store.calendars().await.unwrap().pop().and_then(|calendar| calendar.sync_token);
    let event = |part: i64| MirroredEvent {
        event_id: format!("{number}-{part}"),
        from: minute(part),
        to: minute(part + 1),
        staff_id: None,
    };
    let page = SyncPage {
        replace: true,
        upserts: vec![event(1), event(2), event(3)],
        deletes: Vec::new(),
        sync_token: Some(number.to_string()),
        fresh: true,
    };
    store.sync("c", began_with.as_deref(), &page, now(round)).await.unwrap();
    format!("calendar {number}")
}

async fn send(store: &dyn Store, round: u64, number: u64) -> String {
    let day = date(2026, 11, 21);
    if let Some(message) = store.claim_outgoing(&SENDING, now(round)).await.unwrap() {
        let end = SendEnd::Sent { wamid: format!("wamid-{}", message.id) };
        store.sent(&message, end, now(round)).await.unwrap();
        return format!("send {}", message.id);
    }
    let usage = Usage { messages: 1, tokens_in: 7, ..Usage::default() };
    store.add_usage(day, None, &usage).await.unwrap();
    format!("usage {number}")
}

/// A turn that books, over whichever conversation waits; where none waits, nothing.
async fn turn(store: &dyn Store, round: u64, number: u64) -> String {
    let later = now(round) + SignedDuration::from_secs(10);
    let Some(turn) = store.claim_turn(&RULE, later).await.unwrap() else { return "idle".into() };
    let mut request = blind(&format!("turn{number}"), wanted(number, 0));
    request.audit = Some(personal("booking.create", None, json!({"n": number})));
    let result = TurnResult {
        history: vec![json!({"user": number})],
        language: Some("pt-BR".into()),
        effect: Effect::Book(Box::new(request)),
        also: Vec::new(),
        tells: None,
    };
    let render = |_: &BookingOutcome| (answer(&format!("o{number}")), vec![json!({"model": number})]);
    store.commit_turn(&turn, result, &render, later).await.unwrap();
    format!("turn {number} {} {}", turn.conversation.id, turn.epoch)
}

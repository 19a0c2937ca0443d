//! A fresh database file per test, and short ways to make rows.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    Tenant,
    booking::{
        Agenda, BookedFor, Booking, BookingItem, BookingOutcome, BookingRequest, BookingState, BookingStore,
        Change, ChangeRequest, Choice, Refused,
    },
    inbox::{Delivery, InboxStore, IncomingMessage, Sender},
    lanes::Occupation,
    outbox::{NewOutgoing, SendRule},
    turn::{BurstRule, ClaimedTurn, Effect, TurnEnd, TurnResult, TurnStore},
};
use mcp_store_sqlite::SqliteStore;
use serde_json::{Value, json};
use tempfile::TempDir;

pub struct Fixture {
    pub store: SqliteStore,
    pub url: String,
    pub folder: TempDir,
}

pub fn tenant() -> Tenant {
    Tenant::new("bella", "production")
}

pub async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let url = mcp_store_sqlite::url_of(&folder.path().join("tenant.db"));
    SqliteStore::migrate(&url, &tenant()).await.unwrap();
    Fixture { store: SqliteStore::open(&url, &tenant()).await.unwrap(), url, folder }
}

impl Fixture {
    /// A connection that goes around the store.
    pub async fn raw(&self) -> sqlx::SqlitePool {
        sqlx::SqlitePool::connect(&self.url).await.unwrap()
    }
}

pub const RULE: BurstRule = BurstRule {
    quiet: SignedDuration::from_millis(1200),
    longest: SignedDuration::from_secs(4),
    lease: SignedDuration::from_secs(60),
    history: 60,
};

pub const SEND: SendRule =
    SendRule { lease: SignedDuration::from_secs(30), unknown_wait: SignedDuration::from_secs(30) };

pub fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
}

pub fn minute(minute: i64) -> Timestamp {
    at(minute * 60_000)
}

pub fn who(user_id: Option<&str>, wa_id: Option<&str>) -> Sender {
    Sender { user_id: user_id.map(Into::into), wa_id: wa_id.map(Into::into), name: Some("Ana".into()) }
}

pub fn by_phone(wa_id: &str) -> Sender {
    who(None, Some(wa_id))
}

pub fn message(id: &str, sender: Sender, text: &str) -> IncomingMessage {
    IncomingMessage {
        id: id.into(),
        sender,
        kind: "text".into(),
        text: Some(text.into()),
        sent_at: at(0),
        raw: json!({"id": id}),
    }
}

pub async fn receive(store: &SqliteStore, id: &str, sender: Sender, now: Timestamp) {
    let delivery = Delivery { messages: vec![message(id, sender, id)], ..Delivery::default() };
    store.accept(&[delivery], now).await.unwrap();
}

pub fn outgoing(id: &str) -> NewOutgoing {
    NewOutgoing::answer(id, json!({"type": "text", "text": {"body": id}}))
}

pub fn effect(effect: Effect) -> TurnResult {
    TurnResult::of(effect)
}

pub fn answer(id: &str) -> TurnResult {
    TurnResult { history: vec![json!({"said": id})], ..effect(Effect::Answer(outgoing(id))) }
}

pub fn render_nothing(_: &BookingOutcome) -> (NewOutgoing, Vec<Value>) {
    (outgoing("unused"), Vec::new())
}

pub async fn commit(store: &SqliteStore, turn: &ClaimedTurn, result: TurnResult, now: Timestamp) -> TurnEnd {
    store.commit_turn(turn, result, &render_nothing, now).await.unwrap()
}

pub fn on(lane: &str, from: i64, minutes: i64) -> Occupation {
    Occupation {
        lane: lane.into(),
        share: None,
        from: minute(from),
        to: minute(from + minutes),
        pinned: true,
    }
}

/// A confirmed booking of one person, for somebody named.
pub fn choice(id: &str, staff: &str, start: i64, minutes: i64) -> Choice {
    let item = BookingItem {
        service_id: "corte".into(),
        service_name: "Corte".into(),
        staff_id: staff.into(),
        staff_name: staff.into(),
        start: minute(start),
        end: minute(start + minutes),
        price_cents: 8000,
    };
    Choice {
        booking: Booking {
            id: id.into(),
            reference: format!("R{id}"),
            booked_for: BookedFor::Named { phone: None },
            customer_name: "Ana".into(),
            items: vec![item],
            currency: "BRL".into(),
            state: BookingState::Confirmed,
            hold_until: None,
        },
        occupations: vec![on(&format!("staff:{staff}"), start, minutes)],
        moves: vec![],
        reminders: vec![],
    }
}

pub fn held(choice: Choice, until: i64) -> Choice {
    let mut choice = choice;
    choice.booking.state = BookingState::Held;
    choice.booking.hold_until = Some(minute(until));
    choice
}

/// A request whose decision ignores what is taken: only the database stands against an overlap.
pub fn blind(key: &str, choice: Choice) -> BookingRequest {
    let around = (choice.booking.start(), choice.booking.end());
    let choose = Arc::new(move |_: &Agenda| -> Result<Choice, Refused> { Ok(choice.clone()) });
    BookingRequest {
        idempotency_key: key.into(),
        digest: "d".into(),
        holder: None,
        confirm: None,
        limit: None,
        near: None,
        around,
        choose,
        audit: None,
    }
}

/// Books blindly under the booking's id as key.
pub async fn book(store: &SqliteStore, choice: Choice, now: i64) -> BookingOutcome {
    let key = choice.booking.id.clone();
    store.book(&blind(&key, choice), minute(now)).await.unwrap()
}

pub fn changing(key: &str, booking_id: &str, change: Change) -> ChangeRequest {
    ChangeRequest {
        idempotency_key: key.into(),
        digest: "d".into(),
        booking_id: booking_id.into(),
        revision: None,
        allow: Arc::new(|_| Ok(())),
        change,
        audit: None,
    }
}

pub async fn change(store: &SqliteStore, booking_id: &str, change: Change, now: i64) -> BookingOutcome {
    let key = format!("{booking_id}:{}:{now}", change.name());
    store.change(&changing(&key, booking_id, change), minute(now)).await.unwrap()
}

pub fn state(outcome: &BookingOutcome) -> Option<BookingState> {
    outcome.row().map(|row| row.booking.state)
}

pub fn code(outcome: &BookingOutcome) -> &str {
    match outcome {
        BookingOutcome::Refused(refused) => &refused.code,
        _ => "",
    }
}

//! A fresh database file per test, and short ways to make rows.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    booking::{BookedFor, BookingOutcome, BookingRequest, BookingState, NewBooking, Occupied, Refused},
    conversation::{BurstRule, ClaimedTurn, ConversationStore, Effect, TurnEnd, TurnResult},
    inbox::{Delivery, InboxStore, IncomingMessage, Sender},
    outbox::NewOutgoing,
};
use mcp_store_sqlite::SqliteStore;
use serde_json::{Value, json};
use tempfile::TempDir;

pub struct Fixture {
    pub store: SqliteStore,
    pub url: String,
    _folder: TempDir,
}

pub async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let url = mcp_store_sqlite::url_of(&folder.path().join("tenant.db"));
    SqliteStore::migrate(&url).await.unwrap();
    Fixture { store: SqliteStore::open(&url).await.unwrap(), url, _folder: folder }
}

pub const RULE: BurstRule = BurstRule {
    quiet: SignedDuration::from_millis(1200),
    longest: SignedDuration::from_secs(4),
    lease: SignedDuration::from_secs(60),
    history: 60,
};

pub fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
}

pub fn by_phone(wa_id: &str) -> Sender {
    Sender { user_id: None, wa_id: Some(wa_id.into()), name: Some("Ana".into()) }
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
    NewOutgoing { id: id.into(), body: json!({"type": "text", "text": {"body": id}}) }
}

pub fn answer(id: &str) -> TurnResult {
    TurnResult { history: vec![json!({"said": id})], effect: Effect::Answer(outgoing(id)) }
}

pub fn render_nothing(_: &BookingOutcome) -> (NewOutgoing, Vec<Value>) {
    (outgoing("unused"), Vec::new())
}

pub async fn commit(store: &SqliteStore, turn: &ClaimedTurn, result: TurnResult, now: Timestamp) -> TurnEnd {
    store.commit_turn(turn, result, &render_nothing, now).await.unwrap()
}

pub fn booking(id: &str, staff: &str, start_minute: i64, minutes: i64) -> NewBooking {
    let start = at(start_minute * 60_000);
    let end = at((start_minute + minutes) * 60_000);
    NewBooking {
        id: id.into(),
        reference: format!("R{id}"),
        booked_for: BookedFor::Named { name: "Ana".into(), phone: None },
        customer_name: "Ana".into(),
        service_id: "corte".into(),
        service_name: "Corte".into(),
        staff_id: staff.into(),
        staff_name: staff.into(),
        start,
        end,
        occupies_from: start,
        occupies_to: end,
        price_cents: 8000,
        currency: "BRL".into(),
        state: BookingState::Confirmed,
    }
}

/// A request whose decision ignores what is taken: only the database stands against an overlap.
pub fn blind(key: &str, booking: NewBooking) -> BookingRequest {
    let around = (booking.start, booking.end);
    let choose = Arc::new(move |_: &[Occupied]| -> Result<NewBooking, Refused> { Ok(booking.clone()) });
    BookingRequest { idempotency_key: key.into(), digest: "d".into(), limit: None, around, choose }
}

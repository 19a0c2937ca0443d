//! Short ways to make what cases hand in.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    Store,
    audit::{AuditPayload, NewAudit},
    booking::{
        BookedFor, Booking, BookingItem, BookingOutcome, BookingRequest, BookingRow, BookingState, Change,
        ChangeRequest, Choice,
    },
    conversation::ConversationRow,
    customer::{CustomerRow, Sender},
    inbox::{Delivery, DeliveryStatus, IncomingMessage},
    lanes::Occupation,
    outbox::{NewOutgoing, OutgoingKind, SendRule},
    turn::{BurstRule, ClaimedTurn, Effect, TurnEnd, TurnResult},
};
use serde_json::{Value, json};

/// Quiet for 1.2 s, or 4 s old; a minute's lease.
pub const RULE: BurstRule = BurstRule {
    quiet: SignedDuration::from_millis(1200),
    longest: SignedDuration::from_secs(4),
    lease: SignedDuration::from_secs(60),
    history: 60,
};

/// Half a minute's lease, half a minute's wait.
pub const SENDING: SendRule =
    SendRule { lease: SignedDuration::from_secs(30), unknown_wait: SignedDuration::from_secs(30) };

/// Callers at once of one handle, at most as many as it has connections. More of them would not race in the database but
/// wait in a queue of this process, and where a machine is busy the last of a long queue waits longer than the store's
/// patience with its pool (10 s): an honest error, and no news about the database.
pub const AT_ONCE: usize = 4;

/// How long other claims stand.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// An instant, in milliseconds since 2027-01-15 08:00:00 UTC.
pub fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
}

/// An instant, in minutes since the same.
pub fn minute(minutes: i64) -> Timestamp {
    at(minutes * 60_000)
}

/// An id of 32 hex digits.
pub fn id(number: u64) -> String {
    format!("{number:032x}")
}

/// A sender known by telephone alone.
pub fn by_phone(wa_id: &str) -> Sender {
    Sender { user_id: None, wa_id: Some(wa_id.into()), name: Some("Ana".into()) }
}

/// A sender by what is given.
pub fn who(user_id: Option<&str>, wa_id: Option<&str>) -> Sender {
    Sender { user_id: user_id.map(Into::into), wa_id: wa_id.map(Into::into), name: None }
}

/// A message sent at `at(0)` whose text is its id.
pub fn message(id: &str, sender: Sender) -> IncomingMessage {
    IncomingMessage {
        id: id.into(),
        sender,
        kind: "text".into(),
        text: Some(id.into()),
        sent_at: at(0),
        raw: json!({"id": id}),
    }
}

/// A delivery of messages.
pub fn delivery(messages: Vec<IncomingMessage>) -> Delivery {
    Delivery { messages, ..Delivery::default() }
}

/// Accepts one message, sent and received at `now`.
pub async fn receive(store: &dyn Store, id: &str, sender: Sender, now: Timestamp) {
    let message = IncomingMessage { sent_at: now, ..message(id, sender) };
    store.accept(&[delivery(vec![message])], now).await.unwrap();
}

/// Accepts one status for an outbox id.
pub async fn receive_status(store: &dyn Store, outbox_id: &str, word: &str, wamid: &str, when: Timestamp) {
    let status = DeliveryStatus {
        wamid: wamid.into(),
        status: word.into(),
        outbox_id: Some(outbox_id.into()),
        error_code: (word == "failed").then_some(131_026),
        at: when,
    };
    store.accept(&[Delivery { statuses: vec![status], ..Delivery::default() }], when).await.unwrap();
}

/// A customer with a conversation.
pub async fn customer(store: &dyn Store, wa_id: &str) -> (CustomerRow, ConversationRow) {
    let customer = store.identify(&by_phone(wa_id), at(0)).await.unwrap();
    let conversation = store.conversation_of(customer.id).await.unwrap();
    (customer, conversation)
}

/// A message of the business, of a kind that needs no turn.
pub fn notice(id: &str) -> NewOutgoing {
    NewOutgoing { kind: OutgoingKind::Notice, ..answer(id) }
}

/// A turn's answer.
pub fn answer(id: &str) -> NewOutgoing {
    NewOutgoing::answer(id, json!({"type": "text", "text": {"body": id}}))
}

/// A turn that answers and remembers what it said.
pub fn answering(id: &str) -> TurnResult {
    with_effect(id, Effect::Answer(answer(id)))
}

/// A turn with an effect and one content of history.
pub fn with_effect(said: &str, effect: Effect) -> TurnResult {
    TurnResult { history: vec![json!({"said": said})], ..TurnResult::of(effect) }
}

/// For turns that neither book nor change.
pub fn render_nothing(_: &BookingOutcome) -> (NewOutgoing, Vec<Value>) {
    panic!("nothing is rendered where nothing is booked")
}

/// Commits a turn that neither books nor changes.
pub async fn commit(store: &dyn Store, turn: &ClaimedTurn, result: TurnResult, now: Timestamp) -> TurnEnd {
    store.commit_turn(turn, result, &render_nothing, now).await.unwrap()
}

/// One service by one person from a minute on, confirmed, on that person's lane, for somebody named.
pub fn choice(booking_id: &str, staff: &str, start_minute: i64, minutes: i64) -> Choice {
    let (start, end) = (minute(start_minute), minute(start_minute + minutes));
    let booking = Booking {
        id: booking_id.into(),
        reference: reference(booking_id),
        booked_for: BookedFor::Named { phone: None },
        customer_name: "Ana".into(),
        items: vec![BookingItem {
            service_id: "corte".into(),
            service_name: "Corte".into(),
            staff_id: staff.into(),
            staff_name: staff.to_uppercase(),
            start,
            end,
            price_cents: 8000,
        }],
        currency: "BRL".into(),
        state: BookingState::Confirmed,
        hold_until: None,
    };
    let occupations = vec![on(&format!("staff:{staff}"), start, end)];
    Choice { booking, occupations, moves: Vec::new(), reminders: Vec::new() }
}

/// What the customer quotes of a booking of [`choice`].
pub fn reference(booking_id: &str) -> String {
    format!("R{}", booking_id.trim_start_matches('0')).to_uppercase()
}

/// [`choice`], held until a minute.
pub fn hold(booking_id: &str, staff: &str, start_minute: i64, minutes: i64, until: Timestamp) -> Choice {
    let mut choice = choice(booking_id, staff, start_minute, minutes);
    choice.booking.state = BookingState::Held;
    choice.booking.hold_until = Some(until);
    choice
}

/// A pinned occupation under the booking's own id.
pub fn on(lane: &str, from: Timestamp, to: Timestamp) -> Occupation {
    Occupation { lane: lane.into(), share: None, from, to, pinned: true }
}

/// An occupation that may be moved to another unit.
pub fn movable(lane: &str, from: Timestamp, to: Timestamp) -> Occupation {
    Occupation { pinned: false, ..on(lane, from, to) }
}

/// A request that takes its choice whatever the agenda says: only the database stands against an overlap.
pub fn blind(key: &str, choice: Choice) -> BookingRequest {
    let around = (choice.booking.start(), choice.booking.end());
    BookingRequest {
        idempotency_key: key.into(),
        digest: "d".into(),
        holder: None,
        confirm: None,
        limit: None,
        near: None,
        around,
        choose: Arc::new(move |_| Ok(choice.clone())),
        audit: None,
    }
}

/// Books blindly, under the booking's id as key.
pub async fn book(store: &dyn Store, choice: Choice, now: Timestamp) -> BookingOutcome {
    store.book(&blind(&format!("key-{}", choice.booking.id), choice), now).await.unwrap()
}

/// Books blindly what must succeed.
pub async fn booked(store: &dyn Store, choice: Choice, now: Timestamp) -> BookingRow {
    match book(store, choice, now).await {
        BookingOutcome::Booked(row) => *row,
        other => panic!("a booking was expected, not {other:?}"),
    }
}

/// A change that nobody forbids.
pub fn change(key: &str, booking_id: &str, change: Change) -> ChangeRequest {
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

/// A cancellation without a reason.
pub fn cancel() -> Change {
    Change::Cancel { reason: None }
}

/// A move to a choice, whatever the agenda says.
pub fn move_to(choice: Choice) -> Change {
    let around = (choice.booking.start(), choice.booking.end());
    Change::Move { around, choose: Arc::new(move |_| Ok(choice.clone())) }
}

/// The code of a refusal; empty where it was none.
pub fn refusal(outcome: &BookingOutcome) -> &str {
    match outcome {
        BookingOutcome::Refused(refused) => &refused.code,
        _ => "",
    }
}

/// An entry for the audit about nobody.
pub fn entry(action: &str) -> NewAudit {
    NewAudit { actor: "system".into(), action: action.into(), subject: "tenant".into(), payload: None }
}

/// An entry for the audit about a customer.
pub fn personal(action: &str, customer_id: Option<i64>, content: Value) -> NewAudit {
    let payload = AuditPayload { customer_id, salt: format!("salt of {action}"), content };
    NewAudit { payload: Some(payload), ..entry(action) }
}

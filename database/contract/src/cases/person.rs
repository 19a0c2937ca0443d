//! One customer everywhere: export and erasure.

use std::{collections::BTreeMap, sync::Arc};

use mcp_store::{
    Store,
    audit::AuditVerdict,
    booking::{BookedFor, BookingState, Change},
    calendar::{MirroredEvent, SyncPage},
    customer::Sender,
    inbox::{Delivery, DeliveryStatus, Echo, IncomingMessage},
    outbox::{NewOutgoing, SendEnd},
    turn::{Effect, TurnResult},
    waitlist::{NewWait, Offer},
};
use serde_json::{Value, json};

use crate::{
    Bed, Place,
    bed::Raw,
    make::{
        LEASE, RULE, SENDING, answer, answering, at, blind, booked, by_phone, cancel, change, choice, commit,
        entry, id, minute, notice, personal, receive, receive_status, who, with_effect,
    },
};

/// What nobody else's data has in it.
const CANARY: &str = "zanzibar";
const PHONE: &str = "4915199887766";

/// Everything that can be kept about a customer, each with the canary or the phone in it. Returns its number.
async fn everything(store: &dyn Store) -> i64 {
    let sender = Sender {
        user_id: Some("BR.zanzibar".into()),
        wa_id: Some(PHONE.into()),
        name: Some("Ana Zanzibar".into()),
    };
    let message = |id: &str| IncomingMessage {
        id: id.into(),
        sender: sender.clone(),
        kind: "text".into(),
        text: Some("I am zanzibar".into()),
        sent_at: at(0),
        raw: json!({"id": id, "text": {"body": "I am zanzibar"}}),
    };
    let odd = |id: &str| NewOutgoing {
        dedupe_key: Some(format!("zanzibar:{id}")),
        body: json!({"text": {"body": "Dear Zanzibar"}}),
        ..notice(id)
    };
    // A turn that books, with reminders, and one that is given up.
    store
        .accept(&[Delivery { messages: vec![message("w1-zanzibar")], ..Delivery::default() }], at(0))
        .await
        .unwrap();
    let turn = store.claim_turn(&RULE, at(9000)).await.unwrap().unwrap();
    let customer = turn.conversation.customer_id;
    let mut mine = choice(&id(1), "ze", 600, 45);
    mine.booking.booked_for = BookedFor::Customer(customer);
    mine.booking.customer_name = "Zanzibar".into();
    mine.reminders = vec![minute(100), minute(500)];
    let mut request = blind("turn:zanzibar", mine);
    request.audit = Some(personal("booking.create", None, json!({"name": "Zanzibar"})));
    let result = TurnResult {
        history: vec![json!({"role": "user", "text": "zanzibar"})],
        language: Some("de".into()),
        effect: Effect::Book(Box::new(request)),
        also: Vec::new(),
        tells: None,
    };
    let render = |_: &_| {
        (NewOutgoing { body: json!({"text": "booked, Zanzibar"}), ..answer("o1") }, vec![json!("zanzibar")])
    };
    store.commit_turn(&turn, result, &render, at(9001)).await.unwrap();
    store
        .accept(&[Delivery { messages: vec![message("w2-zanzibar")], ..Delivery::default() }], at(10_000))
        .await
        .unwrap();
    let turn = store.claim_turn(&RULE, at(20_000)).await.unwrap().unwrap();
    let give_up = Effect::GiveUp { answer: Some(odd("o2")), reason: "zanzibar was too much".into() };
    commit(store, &turn, with_effect("zanzibar", give_up), at(20_001)).await;
    // A message that waits for its turn.
    store
        .accept(&[Delivery { messages: vec![message("w3-zanzibar")], ..Delivery::default() }], at(30_000))
        .await
        .unwrap();
    store.route(at(30_000)).await.unwrap();
    // A message sent, with a status by our id and one by the channel's.
    let outgoing = store.claim_outgoing(&SENDING, at(30_001)).await.unwrap().unwrap();
    store.sent(&outgoing, SendEnd::Sent { wamid: "out-zanzibar".into() }, at(30_002)).await.unwrap();
    receive_status(store, &outgoing.id, "delivered", "out-zanzibar", at(30_003)).await;
    let read = DeliveryStatus {
        wamid: "out-zanzibar".into(),
        status: "read".into(),
        outbox_id: None,
        error_code: None,
        at: at(30_004),
    };
    store.accept(&[Delivery { statuses: vec![read], ..Delivery::default() }], at(30_004)).await.unwrap();
    let outgoing = store.claim_outgoing(&SENDING, at(30_005)).await.unwrap().unwrap();
    store.sent(&outgoing, SendEnd::Failed { why: "zanzibar blocked us".into() }, at(30_006)).await.unwrap();
    // A booking by the staff under the customer's phone, cancelled with a reason, and one under it that stands.
    for n in [2, 3] {
        let mut named = choice(&id(n), "rui", 600 + i64::try_from(n).unwrap() * 60, 45);
        named.booking.booked_for = BookedFor::Named { phone: Some("+49 151 99887766".into()) };
        named.booking.customer_name = "Frau Zanzibar".into();
        booked(store, named, at(30_007)).await;
    }
    let cancelled = Change::Cancel { reason: Some("zanzibar is ill".into()) };
    let mut request = change("cancel-zanzibar", &id(2), cancelled);
    request.audit = Some(personal("booking.cancel", Some(customer), json!({"reason": "zanzibar is ill"})));
    store.change(&request, at(30_008)).await.unwrap();
    // Their event outside, a wait with an offer, a kept outcome, an entry about the customer.
    let job = store.claim_mirror(LEASE, at(30_009)).await.unwrap().unwrap();
    store.mirror_failed(&job, "the calendar says: zanzibar is no name", at(30_010)).await.unwrap();
    let wait = NewWait {
        id: id(4),
        customer_id: customer,
        service_id: "corte".into(),
        staff_id: None,
        from: minute(600),
        to: minute(900),
    };
    let row = store.wait(&wait, at(30_011)).await.unwrap();
    let offer =
        Offer { start: minute(700), staff_id: "ze".into(), until: minute(60), message: Some(odd("o4")) };
    store.offer(&id(4), row.revision, &offer, at(30_012)).await.unwrap();
    store
        .record(&personal("customer.note", Some(customer), json!("zanzibar likes tea")), at(30_013))
        .await
        .unwrap();
    customer
}

/// Somebody else with a message, a booking, a wait, words of a person and an entry of the audit.
async fn somebody_else(store: &dyn Store) -> i64 {
    receive(store, "w9", by_phone("4915100000009"), at(0)).await;
    let turn = store.claim_turn(&RULE, at(9000)).await.unwrap().unwrap();
    let mut mine = choice(&id(90), "eva", 600, 45);
    mine.booking.booked_for = BookedFor::Customer(turn.conversation.customer_id);
    mine.reminders = vec![minute(300)];
    booked(store, mine, at(0)).await;
    commit(store, &turn, answering("o9"), at(9001)).await;
    let customer = turn.conversation.customer_id;
    store.record(&personal("note", Some(customer), json!("quito")), at(0)).await.unwrap();
    let wait = NewWait {
        id: id(91),
        customer_id: customer,
        service_id: "corte-quito".into(),
        staff_id: None,
        from: minute(600),
        to: minute(900),
    };
    store.wait(&wait, at(0)).await.unwrap();
    let words = Echo {
        id: "e-quito".into(),
        to: by_phone("4915100000009"),
        content: json!({"role": "model", "parts": [{"text": "to quito"}]}),
        until: at(9002),
    };
    store.accept(&[Delivery { echoes: vec![words], ..Delivery::default() }], at(9002)).await.unwrap();
    customer
}

/// How many rows of each table have a text in some column.
async fn rows_with(raw: &Raw, text: &str) -> BTreeMap<String, usize> {
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for column in raw.columns().await {
        if column.kind.eq_ignore_ascii_case("text") {
            columns.entry(column.table).or_default().push(format!("lower({}) LIKE '%{text}%'", column.name));
        }
    }
    let mut found = BTreeMap::new();
    for (table, conditions) in columns {
        let count =
            raw.number(&format!("SELECT count(*) FROM {table} WHERE {}", conditions.join(" OR "))).await;
        if count > 0 {
            found.insert(table, usize::try_from(count).unwrap());
        }
    }
    found
}

pub async fn the_canary_sits_in_every_table_that_can_hold_somebody(bed: Arc<Bed>) {
    everything(&*bed.store).await;
    let found = rows_with(&bed.raw().await, CANARY).await;
    let tables: Vec<&str> = found.keys().map(String::as_str).collect();
    // What this case keeps honest: a table that is added and can hold personal data belongs here.
    let expected = [
        "audit_payload",
        "booking",
        "customer",
        "dead_letter",
        "delivery_status",
        "history",
        "idempotency",
        "inbox",
        "outbox",
    ];
    assert_eq!(tables, expected);
}

pub async fn an_export_has_every_row_about_the_customer(bed: Arc<Bed>) {
    let store = &*bed.store;
    let customer = everything(store).await;
    somebody_else(store).await;
    let export = store.export_customer(customer).await.unwrap().unwrap();
    let raw = bed.raw().await;
    for text in [CANARY, &PHONE[2..]] {
        for (table, rows) in rows_with(&raw, text).await {
            let exported = export[&table].as_array().map_or(0, Vec::len);
            assert!(exported >= rows, "{table}: {exported} of {rows} rows are exported");
        }
    }
    for (table, rows) in [
        ("customer", 1),
        ("conversation", 1),
        ("inbox", 3),
        ("turn", 2),
        ("booking", 3),
        ("reminder", 2),
        ("waitlist", 1),
        ("occupation", 3),
        ("inbox_route", 3),
    ] {
        if let Some(exported) = export.get(table) {
            assert_eq!(exported.as_array().map(Vec::len), Some(rows), "{table}");
        } else {
            assert!(["occupation", "inbox_route"].contains(&table), "{table} is missing");
        }
    }
    assert_eq!(export["customer"][0]["wa_id"], json!(PHONE));
    assert_eq!(export["customer"][0]["id"], json!(customer));
    let body = &export["inbox"][0]["raw_json"];
    assert_eq!(body["text"]["body"], json!("I am zanzibar"), "columns of JSON are JSON");
    let created = export["customer"][0]["created_us"].as_str().or(export["customer"][0]["created"].as_str());
    assert!(
        created.is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        "instants are RFC 3339: {created:?}"
    );
    let export = export.to_string();
    assert!(!export.contains("4915100000009") && !export.contains("quito"), "nobody else is in it: {export}");
    assert_eq!(store.export_customer(999).await.unwrap(), None);
}

pub async fn an_erasure_leaves_nothing_of_the_customer_anywhere(bed: Arc<Bed>) {
    let store = &*bed.store;
    let customer = everything(store).await;
    let other = somebody_else(store).await;
    let untouched = store.export_customer(other).await.unwrap();
    let before = store.audit(0, 99).await.unwrap();
    let head = store.audit_head().await.unwrap();

    let erased = store.erase_customer(customer, &entry("customer.erase"), at(90_000)).await.unwrap().unwrap();
    assert_eq!(erased.customers, [customer]);
    assert_eq!((erased.bookings, erased.cancelled), (3, 2), "the one under its phone that stood as well");
    assert_eq!(erased.audit, 3);
    assert!(erased.messages >= 3 + 4, "{erased:?}");
    let raw = bed.raw().await;
    // The last one as well as the staff wrote it, with spaces.
    for text in [CANARY, &PHONE[2..], &PHONE[5..]] {
        assert_eq!(rows_with(&raw, text).await, BTreeMap::new(), "{text}");
    }
    if let Place::Sqlite { file, .. } = &bed.place {
        raw.rows("PRAGMA wal_checkpoint(TRUNCATE)").await;
        let bytes = std::fs::read(file).unwrap();
        let canary = CANARY.as_bytes();
        assert!(
            !bytes.windows(canary.len()).any(|window| window.eq_ignore_ascii_case(canary)),
            "free space of the file has nothing either"
        );
    }
    // The chain still verifies; the entries stay, their personal parts are gone.
    let whole = store.verify_audit(Some(&head)).await.unwrap();
    let AuditVerdict::Whole { head, erased: payloads } = whole else { panic!("{whole:?}") };
    assert_eq!(payloads, 3);
    let entries = store.audit(0, 99).await.unwrap();
    assert_eq!(entries.len(), before.len() + 1);
    for (now, then) in entries.iter().zip(&before) {
        assert_eq!((&now.hash, &now.action), (&then.hash, &then.action));
    }
    let tombstone = &entries[before.len()];
    assert_eq!((tombstone.action.as_str(), tombstone.at), ("customer.erase", at(90_000)));
    assert_eq!((&tombstone.subject, tombstone.seq), (&format!("customer:{customer}"), head.seq));

    assert_eq!(store.customer(customer).await.unwrap(), None);
    assert_eq!(store.customer_by_phone(PHONE).await.unwrap(), None);
    assert_eq!(store.export_customer(customer).await.unwrap(), None);
    assert_eq!(store.export_customer(other).await.unwrap(), untouched, "nobody else lost anything");
}

pub async fn bookings_of_an_erased_customer_stay_without_the_person(bed: Arc<Bed>) {
    let store = &*bed.store;
    let customer = everything(store).await;
    let before = store.booking(&id(1)).await.unwrap().unwrap();
    store.erase_customer(customer, &entry("customer.erase"), at(90_000)).await.unwrap().unwrap();
    let row = store.booking(&id(1)).await.unwrap().unwrap();
    assert_eq!((row.booking.state, row.erased_at), (BookingState::Cancelled, Some(at(90_000))));
    assert_eq!((row.booking.items, row.booking.currency), (before.booking.items, before.booking.currency));
    assert_eq!((row.booking.customer_name.as_str(), row.reason), ("", None));
    assert_eq!(row.booking.booked_for, BookedFor::Named { phone: None });
    assert!(row.revision > before.revision);
    let freed = store.agenda(minute(0), minute(5000), at(90_000)).await.unwrap();
    assert!(freed.occupied.is_empty() && freed.standing.is_empty());
    assert!(store.claim_turn(&RULE, at(900_000)).await.unwrap().is_none());
    assert!(store.claim_outgoing(&SENDING, at(900_000)).await.unwrap().is_none());
    assert!(store.claim_reminder(LEASE, minute(550)).await.unwrap().is_none());
    assert!(store.dead_letters(0, 9).await.unwrap().is_empty());
    assert_eq!(
        store.recall("turn:zanzibar", "d", at(90_001)).await.unwrap(),
        None,
        "its outcome names the person"
    );
}

pub async fn the_event_outside_of_an_erased_customers_booking_is_removed(bed: Arc<Bed>) {
    let store = &*bed.store;
    let row = store.identify(&by_phone("4915111111111"), at(0)).await.unwrap();
    let of_customer = |n: u64| {
        let mut mine = choice(&id(n), &format!("staff{n}"), 60, 45);
        mine.booking.booked_for = BookedFor::Customer(row.id);
        mine
    };
    // The first has an event outside and took place; the second was cancelled before it had one.
    booked(store, of_customer(1), at(0)).await;
    store.change(&change("done", &id(1), Change::Complete), minute(200)).await.unwrap();
    let job = store.claim_mirror(LEASE, minute(200)).await.unwrap().unwrap();
    store.mirror_done(&job).await.unwrap();
    booked(store, of_customer(2), at(0)).await;
    store.change(&change("gone", &id(2), cancel()), at(1)).await.unwrap();
    assert_eq!(store.mirror_behind().await.unwrap(), 0);

    store.erase_customer(row.id, &entry("customer.erase"), minute(300)).await.unwrap().unwrap();
    assert_eq!(store.mirror_behind().await.unwrap(), 1);
    let job = store.claim_mirror(LEASE, minute(300)).await.unwrap().unwrap();
    assert_eq!((job.row.booking.id.clone(), job.row.booking.state), (id(1), BookingState::Completed));
    assert!(job.removes());
    store.mirror_done(&job).await.unwrap();
    assert_eq!(store.mirror_behind().await.unwrap(), 0);
}

pub async fn an_erasure_takes_along_whoever_was_merged_into_the_customer(bed: Arc<Bed>) {
    let store = &*bed.store;
    // One whose phone is taken over, one merged by hand into that one before, and a stranger.
    let first = store.identify(&who(None, Some("4915111111111")), at(0)).await.unwrap();
    let merged = store.identify(&who(None, Some("4915122222222")), at(0)).await.unwrap();
    store.merge(merged.id, first.id).await.unwrap();
    let second = store.identify(&who(Some("BR.1"), Some("4915111111111")), at(0)).await.unwrap();
    let stranger = store.identify(&who(Some("BR.2"), Some("4915133333333")), at(0)).await.unwrap();
    let erased = store.erase_customer(second.id, &entry("customer.erase"), at(9)).await.unwrap().unwrap();
    assert_eq!(erased.customers, [first.id, merged.id, second.id]);
    for gone in [first.id, merged.id, second.id] {
        assert_eq!(store.customer(gone).await.unwrap(), None);
    }
    assert!(store.customer(stranger.id).await.unwrap().is_some());
}

pub async fn numbers_of_the_erased_are_never_given_again(bed: Arc<Bed>) {
    let store = &*bed.store;
    let mut last = (0, 0);
    for n in 0..3 {
        let (customer, conversation) = crate::make::customer(store, &format!("491511111111{n}")).await;
        assert!(customer.id > last.0 && conversation.id > last.1);
        last = (customer.id, conversation.id);
        store.erase_customer(customer.id, &entry("customer.erase"), at(n)).await.unwrap().unwrap();
    }
}

pub async fn an_erased_customer_may_come_back_as_somebody_new(bed: Arc<Bed>) {
    let store = &*bed.store;
    let customer = everything(store).await;
    store.erase_customer(customer, &entry("customer.erase"), at(90_000)).await.unwrap().unwrap();
    receive(store, "w1-zanzibar", by_phone(PHONE), at(100_000)).await;
    let turn = store.claim_turn(&RULE, at(105_000)).await.unwrap().unwrap();
    assert!(turn.conversation.customer_id > customer);
    assert!(turn.history.is_empty());
    assert!(store.open_of(turn.conversation.customer_id, at(100_000)).await.unwrap().is_empty());
}

pub async fn an_erasure_of_nobody_writes_nothing(bed: Arc<Bed>) {
    let store = &*bed.store;
    assert_eq!(store.erase_customer(999, &entry("customer.erase"), at(0)).await.unwrap(), None);
    assert_eq!(store.audit_head().await.unwrap().seq, 0);
}

pub async fn who_was_claimed_when_erased_is_written_by_nobody(bed: Arc<Bed>) {
    let store = &*bed.store;
    receive(store, "w1", by_phone("4915111111111"), at(0)).await;
    let turn = store.claim_turn(&RULE, at(9000)).await.unwrap().unwrap();
    let conversation = turn.conversation.id;
    store.enqueue(conversation, &notice("o1"), at(0)).await.unwrap();
    let outgoing = store.claim_outgoing(&SENDING, at(1)).await.unwrap().unwrap();
    let page = SyncPage {
        upserts: vec![MirroredEvent { event_id: "e".into(), from: minute(0), to: minute(1), staff_id: None }],
        ..SyncPage::default()
    };
    store.sync("c", None, &page, at(0)).await.unwrap();
    store
        .erase_customer(turn.conversation.customer_id, &entry("customer.erase"), at(2))
        .await
        .unwrap()
        .unwrap();
    let late = store.commit_turn(&turn, answering("o2"), &crate::make::render_nothing, at(9001)).await;
    assert!(matches!(late, Err(mcp_store::StoreError::Stale)), "{late:?}");
    let late = store.sent(&outgoing, SendEnd::Sent { wamid: "x".into() }, at(3)).await;
    assert!(matches!(late, Err(mcp_store::StoreError::Stale)), "{late:?}");
    assert_eq!(bed.raw().await.number("SELECT count(*) FROM outbox").await, 0);
    assert_eq!(store.change(&change("c", &id(1), cancel()), at(4)).await.unwrap().row(), None);
    assert_eq!(store.history(conversation, 9).await.unwrap(), Vec::<Value>::new());
}

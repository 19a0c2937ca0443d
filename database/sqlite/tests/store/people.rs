//! One customer everywhere: export and erasure.

use mcp_store::{
    audit::{AuditPayload, AuditStore, AuditVerdict, NewAudit},
    booking::{BookedFor, BookingState, BookingStore},
    calendar::MirrorStore,
    customer::CustomerStore,
    inbox::{Delivery, DeliveryStatus, InboxStore},
    outbox::{OutboxStore, SendEnd},
    person::PersonStore,
    turn::{Effect, TurnResult, TurnStore},
    waitlist::{NewWait, WaitlistStore},
};
use serde_json::json;

use crate::support::{
    Fixture, RULE, SEND, at, blind, by_phone, choice, commit, fixture, message, minute, outgoing, who,
};

const CANARY: &str = "zanzibar";
const PHONE: &str = "5511988887777";

fn audit(customer_id: Option<i64>) -> NewAudit {
    NewAudit {
        actor: "assistant".into(),
        action: "booking.book".into(),
        subject: String::new(),
        payload: Some(AuditPayload { customer_id, salt: "s".into(), content: json!({"said": CANARY}) }),
    }
}

/// A customer who has left traces wherever there can be some, and one who is to stay.
async fn traces() -> (Fixture, i64) {
    let f = fixture().await;
    let mut incoming = message("w1", by_phone(PHONE), CANARY);
    incoming.sender.name = Some(CANARY.into());
    incoming.raw = json!({"text": CANARY});
    let stays = message("w2", by_phone("4917012345678"), "stays");
    f.store
        .accept(&[Delivery { messages: vec![incoming, stays], ..Delivery::default() }], at(0))
        .await
        .unwrap();
    let turn = f.store.claim_turn(&RULE, at(2000)).await.unwrap().unwrap();
    let customer = turn.conversation.customer_id;
    let mut wish = choice("1", "ze", 600, 45);
    wish.booking.booked_for = BookedFor::Customer(customer);
    wish.booking.customer_name = CANARY.into();
    wish.reminders = vec![minute(480)];
    let request = mcp_store::booking::BookingRequest { audit: Some(audit(None)), ..blind("k1", wish) };
    let mut message = outgoing("out");
    message.body = json!({"text": CANARY});
    let said = message.clone();
    let render = move |_: &_| (said.clone(), vec![json!({"said": CANARY})]);
    let result = TurnResult {
        history: vec![json!({"heard": CANARY})],
        language: None,
        effect: Effect::Book(Box::new(request)),
        also: Vec::new(),
        tells: None,
    };
    f.store.commit_turn(&turn, result, &render, at(2100)).await.unwrap();
    let claimed = f.store.claim_outgoing(&SEND, at(2200)).await.unwrap().unwrap();
    f.store.sent(&claimed, SendEnd::Sent { wamid: CANARY.into() }, at(2300)).await.unwrap();
    let status = DeliveryStatus {
        wamid: CANARY.into(),
        status: "failed".into(),
        outbox_id: None,
        error_code: None,
        at: at(2400),
    };
    f.store.accept(&[Delivery { statuses: vec![status], ..Delivery::default() }], at(2400)).await.unwrap();
    let mut named = choice("2", "rui", 60, 45);
    named.booking.booked_for = BookedFor::Named { phone: Some("+55 (11) 98888-7777".into()) };
    named.booking.customer_name = CANARY.into();
    crate::support::book(&f.store, named, 0).await;
    let wait = NewWait {
        id: CANARY.into(),
        customer_id: customer,
        service_id: "corte".into(),
        staff_id: None,
        from: minute(0),
        to: minute(60),
    };
    f.store.wait(&wait, minute(0)).await.unwrap();
    // The same person, seen with a user id from now on.
    let customer = f.store.identify(&who(Some(CANARY), Some(PHONE)), minute(1)).await.unwrap().id;
    crate::support::book(&f.store, choice("3", "bia", 60, 45), 0).await;
    (f, customer)
}

#[tokio::test]
async fn an_export_has_everything_of_the_customer_and_nothing_of_others() {
    let (f, customer) = traces().await;
    let export = f.store.export_customer(customer).await.unwrap().unwrap();
    let tables: Vec<&String> = export.as_object().unwrap().keys().collect();
    let expected = [
        "audit",
        "audit_payload",
        "booking",
        "conversation",
        "customer",
        "dead_letter",
        "delivery_status",
        "history",
        "idempotency",
        "inbox",
        "inbox_route",
        "outbox",
        "reminder",
        "turn",
        "waitlist",
    ];
    assert_eq!(tables, expected);
    assert_eq!(export["customer"].as_array().unwrap().len(), 2);
    assert_eq!(export["booking"].as_array().unwrap().len(), 2);
    assert_eq!(export["inbox"][0]["raw_json"]["text"], CANARY);
    assert_eq!(export["inbox"][0]["received_us"], at(0).to_string());
    assert_eq!(export["conversation"][0]["redone"], false);
    assert!(!export.to_string().contains("stays"));
    assert!(f.store.export_customer(99).await.unwrap().is_none());
}

#[tokio::test]
async fn an_erasure_leaves_nothing_of_the_customer_and_everything_of_others() {
    let (f, customer) = traces().await;
    let job = f.store.claim_mirror(SEND.lease, minute(1)).await.unwrap().unwrap();
    let seen_outside = job.row.booking.id.clone();
    f.store.mirror_done(&job).await.unwrap();
    let entry = NewAudit { payload: None, action: "customer.erase".into(), ..audit(None) };
    let erased = f.store.erase_customer(customer, &entry, minute(2)).await.unwrap().unwrap();
    assert_eq!((erased.customers.len(), erased.bookings, erased.cancelled, erased.audit), (2, 2, 2, 1));

    let raw = f.raw().await;
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
        .fetch_all(&raw)
        .await
        .unwrap();
    for table in tables {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
            .bind(&table)
            .fetch_all(&raw)
            .await
            .unwrap();
        for column in columns {
            let sql =
                format!("SELECT COUNT(*) FROM {table} WHERE CAST({column} AS TEXT) LIKE '%' || $1 || '%'");
            for canary in [CANARY, PHONE, "98888-7777"] {
                let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.clone()))
                    .bind(canary)
                    .fetch_one(&raw)
                    .await
                    .unwrap();
                assert_eq!(found, 0, "{canary} in {table}.{column}");
            }
        }
    }
    // Nor in the free space of the file or in its log.
    for end in ["", "-wal"] {
        let bytes = std::fs::read(format!("{}{end}", f.store.path().display())).unwrap_or_default();
        let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!found, "the canary is in tenant.db{end}");
    }

    let verdict = f.store.verify_audit(None).await.unwrap();
    assert!(matches!(verdict, AuditVerdict::Whole { erased: 1, .. }), "{verdict:?}");
    let last = f.store.audit(1, 9).await.unwrap().pop().unwrap();
    assert_eq!(last.subject, format!("customer:{customer}"));
    let row = f.store.booking("1").await.unwrap().unwrap();
    assert_eq!((row.booking.state, row.erased_at), (BookingState::Cancelled, Some(minute(2))));
    assert_eq!(row.booking.items[0].service_id, "corte");
    let job = f.store.claim_mirror(SEND.lease, minute(3)).await.unwrap().unwrap();
    assert!(job.row.booking.id == "3" || (job.row.booking.id == seen_outside && job.removes()));
    assert_eq!(f.store.booking("3").await.unwrap().unwrap().booking.state, BookingState::Confirmed);
    let turn = f.store.claim_turn(&RULE, minute(3)).await.unwrap().unwrap();
    assert_eq!(turn.messages[0].id, "w2");
    commit(&f.store, &turn, crate::support::answer("b"), minute(3)).await;

    assert!(f.store.erase_customer(customer, &entry, minute(4)).await.unwrap().is_none());
    let again = f.store.identify(&by_phone(PHONE), minute(5)).await.unwrap();
    assert!(again.id > customer, "a number is never given twice");
}

//! A PostgreSQL server of its own is killed while bookings are made, and started again.

#![expect(clippy::unwrap_used, reason = "tests, also where they are told in functions of their own")]

mod instance;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use mcp_store::{
    Store, Tenant,
    audit::{AuditStore, AuditVerdict},
    booking::{BookingOutcome, BookingStore},
};
use mcp_store_contract::{
    make::{blind, choice, id, minute, personal},
    scale,
};
use mcp_store_postgres::{Login, PostgresStore};
use sqlx::{Connection, PgConnection};

use instance::Server;

/// Clients that book at once.
const CLIENTS: u64 = 8;
/// How often the server is killed.
const KILLS: u32 = 3;

/// What the clients share.
struct Work {
    store: PostgresStore,
    next: AtomicU64,
    /// Numbers of the bookings that were acknowledged.
    acknowledged: Mutex<Vec<u64>>,
    /// Answers that were errors, and asked for again.
    unanswered: AtomicU64,
    over: AtomicBool,
}

/// Books one slot after the other. Where no answer comes, it asks again with the same key until one does.
async fn client(work: Arc<Work>) {
    while !work.over.load(Ordering::Relaxed) {
        let n = work.next.fetch_add(1, Ordering::Relaxed);
        let mut wanted = choice(&id(n), &format!("s{n}"), 1_000, 30);
        wanted.reminders = vec![minute(900)];
        let mut request = blind(&format!("book {n}"), wanted);
        request.audit = Some(personal("booking.create", None, n.into()));
        loop {
            if let Ok(outcome) = work.store.book(&request, minute(0)).await {
                assert!(matches!(&outcome, BookingOutcome::Booked(row) if row.booking.id == id(n)));
                work.acknowledged.lock().unwrap().push(n);
                break;
            }
            work.unanswered.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Each must find nothing: a booking is there with all that belongs to it, once.
const HALVES: &[(&str, &str)] = &[
    (
        "one lane each",
        "SELECT (SELECT count(*) FROM occupation WHERE standing) - (SELECT count(*) FROM booking)",
    ),
    ("one reminder each", "SELECT (SELECT count(*) FROM reminder) - (SELECT count(*) FROM booking)"),
    ("one key each", "SELECT (SELECT count(*) FROM idempotency) - (SELECT count(*) FROM booking)"),
    ("one entry in the audit each", "SELECT (SELECT count(*) FROM audit) - (SELECT count(*) FROM booking)"),
    ("one payload each", "SELECT (SELECT count(*) FROM audit_payload) - (SELECT count(*) FROM booking)"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_the_server_was_killed_while_bookings_run() {
    let mut server = Server::start().await;
    let tenant = Tenant::new("crash", "test");
    let login = Login { password: server.password().to_owned().into(), salt: [7; 16] };
    let url = mcp_store_postgres::provision(&server.url(), &tenant, &login).await.unwrap();
    PostgresStore::migrate(&url, &tenant).await.unwrap();
    let work = Arc::new(Work {
        store: PostgresStore::open(&url, &tenant).await.unwrap(),
        next: AtomicU64::new(1),
        acknowledged: Mutex::default(),
        unanswered: AtomicU64::new(0),
        over: AtomicBool::new(false),
    });
    let clients: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(client(Arc::clone(&work)))).collect();
    let acknowledged = || work.acknowledged.lock().unwrap().clone();
    let mut raw = None;
    for kill in 0..KILLS * scale() {
        let before = acknowledged().len();
        // In the midst of it, each time at another point.
        while acknowledged().len() < before + 40 + usize::try_from(kill).unwrap() * 7 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        server.kill().await;
        let known = acknowledged();
        server.start_again().await;
        let mut connection = PgConnection::connect(secrecy::ExposeSecret::expose_secret(&url)).await.unwrap();
        let ids: Vec<String> = known.iter().map(|n| id(*n)).collect();
        let there: i64 = sqlx::query_scalar("SELECT count(*) FROM booking WHERE id = ANY($1)")
            .bind(&ids)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(usize::try_from(there).unwrap(), ids.len(), "acknowledged before kill {kill}, and lost");
        raw = Some(connection);
    }
    work.over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert!(work.unanswered.load(Ordering::Relaxed) > 0, "no kill met anybody");
    let mut raw = raw.unwrap();
    let all = acknowledged().len();
    let booked: i64 = sqlx::query_scalar("SELECT count(*) FROM booking").fetch_one(&mut raw).await.unwrap();
    assert_eq!(
        usize::try_from(booked).unwrap(),
        all,
        "each request is one booking, however often it was asked"
    );
    for (rule, query) in HALVES {
        let wrong: i64 = sqlx::query_scalar(*query).fetch_one(&mut raw).await.unwrap();
        assert_eq!(wrong, 0, "{rule}");
    }
    let verdict = work.store.verify_audit(None).await.unwrap();
    assert!(matches!(verdict, AuditVerdict::Whole { .. }), "{verdict:?}");
    let store: &dyn Store = &work.store;
    store.ping().await.unwrap();
    work.store.close().await;
    raw.close().await.unwrap();
}

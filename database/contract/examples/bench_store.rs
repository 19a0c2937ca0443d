//! Committed bookings per second against the bare floor of the same database (one single-row insert per transaction, as
//! many at a time), and the memory of an open store. Prints a JSON list of {name, value, unit, baseline, ratio, target,
//! holds}.
//!
//! `bench_store [SECONDS]`; PostgreSQL is measured where `MCP_TEST_POSTGRES` names one. Rates are measured in turns of
//! floor and store, so that both see the same machine; the median of the turns' ratios counts.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for measuring: it ends where something fails"
)]
#![expect(clippy::cast_precision_loss, reason = "counts and sizes fit")]

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use mcp_store::{
    Store,
    booking::{Agenda, BookingOutcome, Choice, Refused},
};
use mcp_store_contract::{
    Bed, Database,
    make::{at, blind, choice, id, minute, on, personal},
};
use sqlx::{
    ConnectOptions, Executor, PgPool, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// At a time: what a tenant's process does under load, no more than a store has connections.
const AT_ONCE: u64 = 4;
const TURNS: usize = 5;
/// Stores whose memory is measured, besides one that pays for what all share.
const STORES: usize = 10;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let seconds =
        std::env::args().nth(1).map_or(10.0, |text| text.parse::<f64>().expect("SECONDS is a number"));
    let turn = Duration::from_secs_f64(seconds / (2 * TURNS) as f64);
    let mut lines = Vec::new();
    let folder = tempfile::tempdir().unwrap();
    let floor = sqlite_floor(&folder.path().join("floor.db")).await;
    measure("sqlite", Database::Sqlite, turn, &mut lines, || sqlite_insert(&floor)).await;
    if std::env::var_os("MCP_TEST_POSTGRES").is_some() {
        let floor = postgres_floor().await;
        measure("postgres", Database::Postgres, turn, &mut lines, || postgres_insert(&floor)).await;
        sqlx::query("DROP TABLE bench_floor").execute(&floor).await.unwrap();
    }
    println!("{}", serde_json::to_string_pretty(&lines).unwrap());
}

async fn measure<F: Future<Output = ()> + Send + 'static>(
    kind: &str,
    database: Database,
    turn: Duration,
    lines: &mut Vec<serde_json::Value>,
    floor: impl Fn() -> F + Send + Sync,
) {
    let bed = Bed::new(database, "").await;
    let store = Arc::clone(&bed.store);
    let count = Arc::new(AtomicU64::new(0));
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        let bare = rate(turn, &floor).await;
        let booked = rate(turn, || book(Arc::clone(&store), count.fetch_add(1, Ordering::Relaxed))).await;
        turns.push((booked / bare, booked, bare));
    }
    turns.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, booked, bare) = turns[TURNS / 2];
    lines.push(serde_json::json!({
        "name": format!("store_{kind}_bookings"), "value": round(booked), "unit": "transactions/s",
        "baseline": round(bare), "ratio": (ratio * 1000.0).round() / 1000.0, "target": 0.5, "holds": ratio >= 0.5,
    }));
    let bytes = memory_per_store(&bed).await;
    lines.push(serde_json::json!({
        "name": format!("store_{kind}_memory"), "value": round(bytes), "unit": "bytes/store",
        "baseline": null, "ratio": null, "target": null, "holds": null,
    }));
    drop(store);
    bed.end().await;
}

fn round(value: f64) -> f64 {
    value.round()
}

/// How many of them end per second, [`AT_ONCE`] at a time.
async fn rate<F: Future<Output = ()> + Send + 'static>(turn: Duration, work: impl Fn() -> F) -> f64 {
    let (began, mut done, mut running) = (Instant::now(), 0_u64, tokio::task::JoinSet::new());
    for _ in 0..AT_ONCE {
        running.spawn(work());
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
        done += 1;
        if began.elapsed() < turn {
            running.spawn(work());
        }
    }
    done as f64 / began.elapsed().as_secs_f64()
}

/// What the server does: the decision over the agenda of the day, the row, its lanes (a person and a chair), a reminder,
/// its key, its entry in the audit. Six people, a day each.
async fn book(store: Arc<dyn Store>, n: u64) {
    let from = i64::try_from(n / 6).unwrap() * 45;
    let mut wanted = choice(&id(n), &format!("s{}", n % 6), from, 30);
    let (start, end) = (wanted.booking.start(), wanted.booking.end());
    wanted.occupations.push(on(&format!("resource:chair/{}", n % 6), start, end));
    wanted.booking.reference = format!("B{n:07}");
    wanted.reminders = vec![minute(from - 60)];
    let mut request = blind(&format!("bench {n}"), wanted.clone());
    request.around = (minute(from - 720), minute(from + 720));
    request.choose = Arc::new(move |agenda| careful(agenda, &wanted));
    request.audit = Some(personal("booking.create", None, serde_json::json!("by bench")));
    assert!(matches!(store.book(&request, minute(-1_000_000)).await.unwrap(), BookingOutcome::Booked(_)));
}

/// Looks whether its lanes are free before it chooses.
fn careful(agenda: &Agenda, wanted: &Choice) -> Result<Choice, Refused> {
    let taken = wanted.occupations.iter().any(|mine| {
        agenda.occupied.iter().any(|o| o.lane == mine.lane && o.from < mine.to && mine.from < o.to)
    });
    if taken { Err(Refused::slot_taken()) } else { Ok(wanted.clone()) }
}

async fn sqlite_floor(path: &std::path::Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    pool.execute("CREATE TABLE bench_floor (id INTEGER PRIMARY KEY, body TEXT NOT NULL)").await.unwrap();
    pool
}

fn sqlite_insert(pool: &SqlitePool) -> impl Future<Output = ()> + Send + 'static {
    let pool = pool.clone();
    async move {
        sqlx::query("INSERT INTO bench_floor (body) VALUES ($1)").bind(BODY).execute(&pool).await.unwrap();
    }
}

const BODY: &str = "one row of a booking's size: sixty-four bytes and a little more.";

async fn postgres_floor() -> PgPool {
    let admin: sqlx::postgres::PgConnectOptions =
        std::env::var("MCP_TEST_POSTGRES").unwrap().parse().unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(u32::try_from(AT_ONCE).unwrap())
        .test_before_acquire(false)
        .connect_with(admin.disable_statement_logging())
        .await
        .unwrap();
    pool.execute("DROP TABLE IF EXISTS bench_floor").await.unwrap();
    pool.execute("CREATE TABLE bench_floor (id BIGSERIAL PRIMARY KEY, body TEXT NOT NULL)").await.unwrap();
    pool
}

fn postgres_insert(pool: &PgPool) -> impl Future<Output = ()> + Send + 'static {
    let pool = pool.clone();
    async move {
        sqlx::query("INSERT INTO bench_floor (body) VALUES ($1)").bind(BODY).execute(&pool).await.unwrap();
    }
}

/// How much the process grows with each store that is open and was used: pages of its own, in bytes.
async fn memory_per_store(bed: &Bed) -> f64 {
    let mut stores = Vec::new();
    let mut before = 0.0;
    for n in 0..=STORES {
        if n == 1 {
            before = resident();
        }
        let store = bed.open().await;
        store.ping().await.unwrap();
        store.agenda(minute(0), minute(1_440), at(0)).await.unwrap();
        book(Arc::clone(&store), 1_000_000 + u64::try_from(n).unwrap()).await;
        stores.push(store);
    }
    (resident() - before) / STORES as f64
}

/// Resident pages of this process that are no file's (Linux: proc(5), `RssAnon`).
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("Linux tells");
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap() * 1024.0
}

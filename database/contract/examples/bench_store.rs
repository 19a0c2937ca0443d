//! Committed bookings per second against the bare floor of the same database (one single-row insert per transaction), and
//! the memory of an open store. Prints a JSON list of {name, value, unit, baseline, ratio, target, holds}; says on
//! standard error what it measures.
//!
//! `bench_store [SECONDS [sqlite | postgres]]`; PostgreSQL is measured where `MCP_TEST_POSTGRES` names one. Rates are measured in turns of
//! floor and store, so that both see the same machine; the median of the turns' ratios counts.
//!
//! The scenario: a business with ten people that is booked over sixty days in no order, and then over the next sixty. A
//! booking is what the server's is: the decision over what stands at its time (and over everybody's agenda of that day,
//! where that does not settle it: here it always does), the row, two lanes (a person and a chair), a reminder, its key
//! and its entry in the audit. Sixteen clients at a time, at the floor as at the bookings, over as many connections: one
//! writer in SQLite, four in PostgreSQL.
//!
//! Since bookings share commits, a booking costs processor time only, on cores that bench and database share.
//! Measured with `--release` on two quiet cores: SQLite 3,406 and 3,748 bookings per second, 0.91 and 1.00 of its floor;
//! PostgreSQL 3,991 and 4,179, 0.47 and 0.48 of its floor.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for measuring: it ends where something fails"
)]
#![expect(clippy::cast_precision_loss, reason = "counts and sizes fit")]
#![expect(clippy::print_stderr, reason = "figures go to standard output, what they are about does not")]

use std::{
    fmt::{self, Display},
    future::Future,
    ops::AddAssign,
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

/// Clients at a time, at the floor as at the bookings.
const CLIENTS: u64 = 16;
/// Connections to PostgreSQL, as many as its store has.
const CONNECTIONS: u32 = 4;
/// The business: people, days, and bookings of a person in a day, one every 45 minutes.
const PEOPLE: u64 = 10;
const DAYS: u64 = 60;
const A_DAY: u64 = 13;
const TURNS: usize = 5;
/// Stores whose memory is measured, besides one that pays for what all share.
const STORES: usize = 10;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let seconds =
        std::env::args().nth(1).map_or(10.0, |text| text.parse::<f64>().expect("SECONDS is a number"));
    let turn = Duration::from_secs_f64(seconds / (2 * TURNS) as f64);
    eprintln!(
        "bookings of {PEOPLE} people spread over {DAYS} days, each decided over its day; {CLIENTS} clients; {TURNS} turns of {turn:?}"
    );
    let mut lines = Vec::new();
    let folder = tempfile::tempdir().unwrap();
    let floor = sqlite_floor(&folder.path().join("floor.db")).await;
    let wanted = std::env::args().nth(2);
    let wanted = |kind| wanted.as_deref().is_none_or(|wanted| wanted == kind);
    if wanted("sqlite") {
        measure("sqlite", Database::Sqlite, turn, &mut lines, &[], move || sqlite_insert(&floor)).await;
    }
    if wanted("postgres") && std::env::var_os("MCP_TEST_POSTGRES").is_some() {
        let pool = postgres_floor().await;
        let floor = pool.clone();
        let server = [pool.clone()];
        measure("postgres", Database::Postgres, turn, &mut lines, &server, move || postgres_insert(&floor))
            .await;
        pool.execute("DROP TABLE bench_floor").await.unwrap();
    }
    println!("{}", serde_json::to_string_pretty(&lines).unwrap());
}

async fn measure<F: Future<Output = ()> + Send + 'static>(
    kind: &str,
    database: Database,
    turn: Duration,
    lines: &mut Vec<serde_json::Value>,
    server: &[PgPool],
    floor: impl Fn() -> F + Clone + Send + 'static,
) {
    let bed = Bed::new(database, "").await;
    let store = Arc::clone(&bed.store);
    let count = Arc::new(AtomicU64::new(0));
    let mut turns = Vec::new();
    let (mut floor_time, mut booking_time) = (Time::default(), Time::default());
    for _ in 0..TURNS {
        let (bare, time) = rate(turn, server, floor.clone()).await;
        floor_time += time;
        let (store, count) = (Arc::clone(&store), Arc::clone(&count));
        let (booked, time) =
            rate(turn, server, move || book(Arc::clone(&store), count.fetch_add(1, Ordering::Relaxed))).await;
        booking_time += time;
        turns.push((booked / bare, booked, bare));
    }
    turns.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, booked, bare) = turns[TURNS / 2];
    eprintln!(
        "{kind}: {booked:.0}/s of {bare:.0}/s, {ratio:.3}; a bare commit takes {floor_time}, a booking {booking_time}"
    );
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

/// How many of them end per second, of [`CLIENTS`] that each begin the next one when one has ended, and the processor
/// time they take.
async fn rate<F: Future<Output = ()> + Send + 'static>(
    turn: Duration,
    server: &[PgPool],
    work: impl Fn() -> F + Clone + Send + 'static,
) -> (f64, Time) {
    let before = Time::spent(server).await;
    let (began, mut clients, mut done) = (Instant::now(), tokio::task::JoinSet::new(), 0_u64);
    for _ in 0..CLIENTS {
        let work = work.clone();
        clients.spawn(async move {
            let mut done = 0_u64;
            while began.elapsed() < turn {
                work().await;
                done += 1;
            }
            done
        });
    }
    while let Some(ended) = clients.join_next().await {
        done += ended.unwrap();
    }
    let per_second = done as f64 / began.elapsed().as_secs_f64();
    let after = Time::spent(server).await;
    let time = Time { here: after.here - before.here, server: after.server - before.server, of: done };
    (per_second, time)
}

/// Processor time in seconds: this program's and the database server's, and how many commits or bookings it is for. A
/// busy machine changes it far less than it changes a rate.
#[derive(Clone, Copy, Default)]
struct Time {
    here: f64,
    server: f64,
    of: u64,
}

impl Time {
    /// What was spent so far (Linux: `schedstat` of each thread begins with its nanoseconds).
    async fn spent(server: &[PgPool]) -> Self {
        let read = |file: String| -> f64 {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            text.split(' ').next().and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
        };
        let threads = std::fs::read_dir("/proc/self/task").unwrap();
        let here =
            threads.map(|thread| read(format!("{}/schedstat", thread.unwrap().path().display()))).sum();
        let mut time = Self { here, ..Self::default() };
        for server in server {
            let all =
                sqlx::query_scalar::<_, i32>("SELECT pid FROM pg_stat_activity").fetch_all(server).await;
            time.server += all.unwrap().iter().map(|pid| read(format!("/proc/{pid}/schedstat"))).sum::<f64>();
        }
        time
    }
}

impl AddAssign for Time {
    fn add_assign(&mut self, other: Self) {
        self.here += other.here;
        self.server += other.server;
        self.of += other.of;
    }
}

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = |seconds: f64| seconds * 1e6 / self.of as f64;
        write!(f, "{:.0} µs here and {:.0} µs of the server", each(self.here), each(self.server))
    }
}

/// The person and the minute of a booking: all slots of sixty days in no order, then those of the next sixty.
fn slot(n: u64) -> (u64, i64) {
    let slots = PEOPLE * DAYS * A_DAY;
    // A step that shares no factor with their number leads to each of them once.
    let (round, one) = (n / slots, n % slots * 3_001 % slots);
    let (person, slot) = (one % PEOPLE, one / PEOPLE);
    let day = round * DAYS + slot / A_DAY;
    (person, i64::try_from(day * 1_440 + slot % A_DAY * 45).unwrap())
}

/// What the server does: the decision over the agenda of the day, the row, its lanes (a person and a chair), a reminder,
/// its key, its entry in the audit.
async fn book(store: Arc<dyn Store>, n: u64) {
    let (person, from) = slot(n);
    let mut wanted = choice(&id(n), &format!("s{person}"), from, 30);
    let (start, end) = (wanted.booking.start(), wanted.booking.end());
    wanted.occupations.push(on(&format!("resource:chair/{person}"), start, end));
    wanted.booking.reference = format!("B{n:07}");
    wanted.reminders = vec![minute(from - 60)];
    let mut request = blind(&format!("bench {n}"), wanted.clone());
    let midnight = from - from.rem_euclid(1_440);
    request.near = Some((start, end));
    request.around = (minute(midnight), minute(midnight + 1_440));
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

fn sqlite_insert(pool: &SqlitePool) -> impl Future<Output = ()> + Send + use<> {
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
        .max_connections(CONNECTIONS)
        .test_before_acquire(false)
        .connect_with(admin.disable_statement_logging())
        .await
        .unwrap();
    pool.execute("DROP TABLE IF EXISTS bench_floor").await.unwrap();
    pool.execute("CREATE TABLE bench_floor (id BIGSERIAL PRIMARY KEY, body TEXT NOT NULL)").await.unwrap();
    pool
}

fn postgres_insert(pool: &PgPool) -> impl Future<Output = ()> + Send + use<> {
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

//! The floor every durable acknowledgement stands on: single-row commits of this disk, one after the other, with
//! the settings of the tenant's database. `commit_floor FILE SECONDS [PER_SECOND]` prints `{"rate": …, "p99_ms": …}`: commits
//! per second, and how long 99 of 100 took at most; with a number, at that many a second, counted from when they were due.

use std::time::{Duration, Instant};

use sqlx::{
    Executor, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(file), seconds) = (args.next(), args.next().map_or(Ok(3), |s| s.parse())?) else {
        return Err("usage: commit_floor FILE SECONDS [PER_SECOND]".into());
    };
    let pause =
        args.next().map(|s| s.parse::<u32>()).transpose()?.map(|rate| Duration::from_secs(1) / rate.max(1));
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool: SqlitePool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    pool.execute("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, body TEXT NOT NULL)").await?;
    let body = "x".repeat(500);
    let (began, limit) = (Instant::now(), Duration::from_secs(seconds));
    let (mut due, mut times) = (began, Vec::new());
    while began.elapsed() < limit {
        if let Some(pause) = pause {
            due += pause;
            tokio::time::sleep_until(due.into()).await;
        } else {
            due = Instant::now();
        }
        sqlx::query("INSERT INTO row (body) VALUES ($1)").bind(&body).execute(&pool).await?;
        times.push(due.elapsed());
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of commits fits")]
    let rate = times.len() as f64 / began.elapsed().as_secs_f64();
    times.sort_unstable();
    let p99 = times.get((times.len() * 99).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default();
    println!("{{\"rate\": {rate:.1}, \"p99_ms\": {:.3}}}", p99.as_secs_f64() * 1000.0);
    Ok(())
}

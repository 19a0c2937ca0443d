//! The floor every durable acknowledgement stands on: single-row commits of this disk, one after the other, with
//! the settings of the tenant's database. `commit_floor FILE SECONDS` prints `{"rate": …}` in commits per second.

use std::time::{Duration, Instant};

use sqlx::{
    Executor, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(file), seconds) = (args.next(), args.next().map_or(Ok(3), |s| s.parse())?) else {
        return Err("usage: commit_floor FILE SECONDS".into());
    };
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool: SqlitePool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    pool.execute("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, body TEXT NOT NULL)").await?;
    let body = "x".repeat(500);
    let (began, limit) = (Instant::now(), Duration::from_secs(seconds));
    let mut commits = 0_u64;
    while began.elapsed() < limit {
        sqlx::query("INSERT INTO row (body) VALUES ($1)").bind(&body).execute(&pool).await?;
        commits += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of commits fits")]
    let rate = commits as f64 / began.elapsed().as_secs_f64();
    println!("{{\"rate\": {rate:.1}}}");
    Ok(())
}

//! The embedded default database of a tenant: SQLite in WAL mode, one writer, several readers.
//!
//! `synchronous=FULL`: when a method returns, its commit is on disk. Writes go through one connection and begin
//! `IMMEDIATE`, so what a transaction reads cannot change before it writes.

mod booking;
mod booking_row;
mod conversation;
mod customer;
mod inbox;
mod micros;
mod outbox;

use std::{path::Path, str::FromStr, time::Duration};

use async_trait::async_trait;
use mcp_store::{Health, Store, StoreError};
use sqlx::{
    ConnectOptions, Sqlite, SqlitePool, Transaction,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

static MIGRATOR: Migrator = {
    let mut migrator = sqlx::migrate!("./migrations");
    // An older binary must run on a database that a newer one has expanded.
    migrator.ignore_missing = true;
    migrator
};

/// Why a database could not be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not `sqlite:///path/to/file.db`.
    #[error("read DATABASE_URL: write it like sqlite:///data/tenant.db")]
    Url,
    /// The file cannot be opened.
    #[error("open the database: does the folder exist, is it writable, and has `migrate` been run?")]
    Open(#[source] sqlx::Error),
    /// A migration failed.
    #[error("migrate the database")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The schema is older than this program.
    #[error("the database lacks migration {0}: run `mcp-server migrate` first")]
    NotMigrated(i64),
}

/// A tenant's database in a file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Creates or updates the database and its schema.
    pub async fn migrate(url: &str) -> Result<(), OpenError> {
        let options = options(url)?.create_if_missing(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .map_err(OpenError::Open)?;
        let done = MIGRATOR.run(&pool).await.map_err(OpenError::Migrate);
        pool.close().await;
        done
    }

    /// Opens a migrated database.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let options = options(url)?;
        let pool = |connections, options| {
            SqlitePoolOptions::new().max_connections(connections).connect_with(options)
        };
        let writer = pool(1, options.clone()).await.map_err(OpenError::Open)?;
        let readers = pool(2, options.read_only(true)).await.map_err(OpenError::Open)?;
        let store = Self { writer, readers };
        store.check_schema().await?;
        Ok(store)
    }

    async fn check_schema(&self) -> Result<(), OpenError> {
        let applied: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(&self.readers)
            .await
            .unwrap_or_default();
        match MIGRATOR.iter().find(|migration| !applied.contains(&migration.version)) {
            Some(missing) => Err(OpenError::NotMigrated(missing.version)),
            None => Ok(()),
        }
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::database)
    }
}

fn options(url: &str) -> Result<SqliteConnectOptions, OpenError> {
    // The cause may repeat the URL, and a URL may hold a password.
    let options = SqliteConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
    Ok(options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .disable_statement_logging())
}

/// The URL of a database file.
pub fn url_of(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

impl Store for SqliteStore {}

#[async_trait]
impl Health for SqliteStore {
    async fn recover(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        conversation::void_claims(&mut tx).await?;
        outbox::void_claims(&mut tx).await?;
        tx.commit().await.map_err(StoreError::database)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let _: i64 =
            sqlx::query_scalar("SELECT 1").fetch_one(&self.readers).await.map_err(StoreError::database)?;
        Ok(())
    }
}

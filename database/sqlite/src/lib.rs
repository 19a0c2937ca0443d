//! The embedded default database of a tenant: SQLite in WAL mode, one writer, several readers.
//!
//! `synchronous=FULL`: when a method returns, its commit is on disk. Writes go through one connection and begin
//! `IMMEDIATE`, so what a transaction reads cannot change before it writes.

#[macro_use]
mod columns;
mod adjustment;
mod audit;
mod booking;
mod calendar;
mod conversation;
mod copy;
mod customer;
mod dead_letter;
mod driver;
mod echo;
mod health;
mod idempotency;
mod inbox;
mod migrate;
mod mirror;
mod open;
mod outbox;
mod owner;
mod person;
mod reminder;
mod route;
mod status;
mod turn;
mod usage;
mod waitlist;

use std::{path::PathBuf, sync::Arc};

use mcp_store::{
    Store, StoreError, Tenant,
    booking::{BookingOutcome, round::Asked},
    group::Group,
};
use sqlx::{Sqlite, SqlitePool, Transaction};

use driver::db;
pub use open::{Options, url_of};

/// A transaction on the writer.
type Tx = Transaction<'static, Sqlite>;

/// A tenant's database in a file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Bookings that wait for the writer.
    bookings: Arc<Group<Asked, Result<BookingOutcome, StoreError>>>,
    tenant: Tenant,
    path: PathBuf,
}

impl SqliteStore {
    /// Ends all connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Where the file is.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    async fn begin(&self) -> Result<Tx, StoreError> {
        let begun = self.writer.begin_with("BEGIN IMMEDIATE").await;
        // SQLite itself ends a transaction that finds the disk full or broken; the driver goes on counting it, and
        // would refuse every other one on this connection. Another connection knows of nothing.
        let Err(sqlx::Error::InvalidSavePointStatement) = begun else { return begun.map_err(db) };
        self.writer.acquire().await.map_err(db)?.close().await.map_err(db)?;
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(db)
    }
}

impl Store for SqliteStore {}

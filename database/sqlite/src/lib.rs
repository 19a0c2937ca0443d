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
mod line;
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
mod writer;

use std::{path::PathBuf, sync::Arc};

use mcp_store::{
    Store, StoreError, Tenant,
    booking::{BookingOutcome, round::Asked},
    group::Group,
};
use sqlx::SqlitePool;

use driver::db;
use line::Rank;
pub use open::{Options, url_of};
use writer::{Tx, Writer};

/// A tenant's database in a file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: Writer,
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

    /// Begins a transaction, after those that came before.
    async fn begin(&self) -> Result<Tx, StoreError> {
        self.writer.begin(Rank::Other).await
    }
}

impl Store for SqliteStore {}

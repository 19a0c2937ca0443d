//! A tenant's schema on a shared PostgreSQL (14 or newer).
//!
//! - **Overlaps** are refused by an exclusion constraint over lanes, so the extension `btree_gist` must be there.
//!   Bookings lock the lanes they want before they write (transaction-level advisory locks, in one order), so that
//!   they meet the constraint one after the other instead of in deadlocks; the constraint alone decides.
//! - **Isolation** is `READ COMMITTED`; what must not change between two statements is locked. Transactions that the
//!   server ends for a deadlock or a serialization failure are tried again, a few times.
//! - **Order**: [`accept`](mcp_store::inbox::InboxStore::accept) is one at a time per tenant, so the numbers of
//!   messages rise in the order of commits. The chain of the audit is written one at a time as well.
//! - **Durability**: `synchronous_commit = on`, whatever the role's or the server's settings are. A connection that
//!   breaks during `COMMIT` leaves the outcome unknown, as with every database behind a network: the caller gets an
//!   error although it may be committed, and asks again with the same key or id.
//! - **Text**: PostgreSQL keeps no NUL character; it is kept as U+FFFD.
//! - **Migrations** are expand-then-contract: see `migrations/README.md`.

mod adjustment;
mod agenda;
mod audit;
mod backup;
mod booking;
mod calendar;
mod connect;
mod conversation;
mod customer;
mod dead_letter;
mod delivery;
mod echo;
mod error;
mod health;
mod idempotency;
mod inbox;
mod lock;
mod migrate;
mod mirror;
mod outbox;
mod owner;
mod person;
mod provision;
mod reminder;
mod retry;
mod scram;
mod text;
mod turn;
mod unprovision;
mod usage;
mod waitlist;

use std::sync::Arc;

use jiff::Timestamp;
use mcp_store::{
    LeaseTime, OpenError, StoreError, Tenant,
    booking::{BookingOutcome, round::Asked},
    group::Group,
    micros,
};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, PgPool, Postgres, Transaction};

pub use provision::{LOCK as PROVISION_LOCK, Login, name_of, provision};
pub use unprovision::unprovision;

/// A transaction on a connection of the pool.
pub(crate) type Tx = Transaction<'static, Postgres>;

/// The instant leases are compared with: `$n` where the caller's time counts, else the server's clock.
macro_rules! lease_now {
    ($n:literal) => {
        concat!("COALESCE($", $n, "::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)")
    };
}
pub(crate) use lease_now;

/// The store of one tenant. Clones share their connections.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pool: PgPool,
    tenant: Tenant,
    /// Part of the keys of advisory locks, which all tenants of a database share.
    schema: String,
    lease_time: LeaseTime,
    /// Bookings that wait for those before them.
    bookings: Arc<Group<Asked, Result<BookingOutcome, StoreError>>>,
}

impl PostgresStore {
    /// Brings the schema of `url`'s role to this program's version, and writes into an empty one whose it is.
    pub async fn migrate(url: &SecretString, tenant: &Tenant) -> Result<(), OpenError> {
        migrate::migrate(url, tenant).await
    }

    /// Opens the schema of `url`'s role; it must be migrated, and be this tenant's.
    pub async fn open(url: &SecretString, tenant: &Tenant) -> Result<Self, OpenError> {
        Self::open_with(url, tenant, LeaseTime::Database).await
    }

    /// Opens it with leases by another clock than the server's (tests that drive time).
    pub async fn open_with(
        url: &SecretString,
        tenant: &Tenant,
        lease_time: LeaseTime,
    ) -> Result<Self, OpenError> {
        let options = connect::parse(url)?;
        let mut connection = connect::one(&options).await?;
        migrate::check(&mut connection, tenant).await?;
        let schema = sqlx::query_scalar("SELECT current_schema()::text")
            .fetch_one(&mut connection)
            .await
            .map_err(error::open)?;
        connection.close().await.map_err(error::open)?;
        let pool = connect::pool(options);
        Ok(Self { pool, tenant: tenant.clone(), schema, lease_time, bookings: Arc::default() })
    }

    /// Closes its connections, for all clones.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        self.pool.begin().await.map_err(error::store)
    }

    /// Begins a transaction that holds these locks; see [`lock`].
    pub(crate) async fn begin_locked(&self, locks: &lock::Keys) -> Result<Tx, StoreError> {
        // Made of numbers only.
        let statement = AssertSqlSafe(format!("BEGIN; {}", locks.sql()));
        self.pool.begin_with(statement).await.map_err(error::store)
    }

    /// What to bind for [`lease_now`].
    pub(crate) fn lease_now(&self, now: Timestamp) -> Option<i64> {
        match self.lease_time {
            LeaseTime::Database => None,
            LeaseTime::Caller => Some(micros::to(now)),
        }
    }
}

impl mcp_store::Store for PostgresStore {}

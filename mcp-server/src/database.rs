//! The tenant's database, of whichever kind its URL names.

use std::sync::Arc;

use mcp_store::{OpenError, Store, Tenant};
use mcp_store_postgres::PostgresStore;
use mcp_store_sqlite::SqliteStore;
use secrecy::{ExposeSecret as _, SecretString};

/// An open database.
pub enum Database {
    /// A file.
    Sqlite(SqliteStore),
    /// A schema on a server.
    Postgres(PostgresStore),
}

/// Which kind a URL names.
enum Kind {
    Sqlite,
    Postgres,
}

fn kind(url: &SecretString) -> Result<Kind, OpenError> {
    let scheme = url.expose_secret().split(':').next().unwrap_or_default();
    match scheme {
        "sqlite" => Ok(Kind::Sqlite),
        "postgres" | "postgresql" => Ok(Kind::Postgres),
        _ => Err(OpenError::Url(
            "sqlite:///data/tenant.db or postgres://role:password@host:port/database is expected",
        )),
    }
}

impl Database {
    /// Creates or updates the database and its schema, and writes whose it is.
    pub async fn migrate(url: &SecretString, tenant: &Tenant) -> Result<(), OpenError> {
        match kind(url)? {
            Kind::Sqlite => SqliteStore::migrate(url.expose_secret(), tenant).await,
            Kind::Postgres => PostgresStore::migrate(url, tenant).await,
        }
    }

    /// Opens a migrated database.
    pub async fn open(url: &SecretString, tenant: &Tenant) -> Result<Self, OpenError> {
        match kind(url)? {
            Kind::Sqlite => SqliteStore::open(url.expose_secret(), tenant).await.map(Self::Sqlite),
            Kind::Postgres => PostgresStore::open(url, tenant).await.map(Self::Postgres),
        }
    }

    /// What it offers.
    pub fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Ends all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

//! The tenant's database, of whichever kind its URL names.

use std::sync::Arc;

use mcp_store::{OpenError, Store, Tenant};
use mcp_store_sqlite::SqliteStore;

/// An open database.
pub enum Database {
    /// A file.
    Sqlite(SqliteStore),
}

impl Database {
    /// Creates or updates the database and its schema, and writes whose it is.
    pub async fn migrate(url: &str, tenant: &Tenant) -> Result<(), OpenError> {
        SqliteStore::migrate(url, tenant).await
    }

    /// Opens a migrated database.
    pub async fn open(url: &str, tenant: &Tenant) -> Result<Self, OpenError> {
        SqliteStore::open(url, tenant).await.map(Self::Sqlite)
    }

    /// What it offers.
    pub fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
        }
    }

    /// Ends all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
        }
    }
}

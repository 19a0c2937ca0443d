//! Copies of the whole: backup, restore, digests.

mod backup;
mod digest;
mod restore;
mod seal;

use std::path::Path;

use async_trait::async_trait;
use mcp_store::{
    StoreError,
    maintenance::{Maintenance, TableDigest},
    tenant::OpenError,
};
use sqlx::SqliteConnection;

use crate::{SqliteStore, db};

/// Tables of the schema, by name; the database's own and the migrator's are none of it.
async fn tables(connection: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT name FROM sqlite_master
         WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_sqlx\\_%' ESCAPE '\\'
         ORDER BY name",
    )
    .fetch_all(connection)
    .await
}

fn broken(path: &Path, why: &dyn std::fmt::Display) -> OpenError {
    OpenError::Backup { path: path.to_owned(), why: why.to_string() }
}

#[async_trait]
impl Maintenance for SqliteStore {
    async fn backup(&self, to: &Path) -> Result<(), OpenError> {
        backup::backup(self, to).await
    }

    async fn restore(&self, from: &Path) -> Result<(), OpenError> {
        restore::restore(self, from).await
    }

    async fn digests(&self) -> Result<Vec<TableDigest>, StoreError> {
        let mut tx = self.readers.begin().await.map_err(db)?;
        let digests = digest::all(&mut tx).await?;
        tx.rollback().await.map_err(db)?;
        Ok(digests)
    }
}

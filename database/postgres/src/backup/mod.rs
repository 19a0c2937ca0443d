//! Copies of the whole, without outside programs, while the store is in use.

mod file;
mod read;
mod tables;
mod write;

use std::path::Path;

use async_trait::async_trait;
use futures::TryStreamExt;
use mcp_store::{
    OpenError, StoreError,
    maintenance::{Maintenance, TableDigest},
    sha256::Sha256,
};
use sqlx::{AssertSqlSafe, Executor};

use crate::{PostgresStore, Tx, error, migrate, retry};

/// One instant for every statement, and as long as it takes.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0";
/// Whoever uses the tables is waited for, a while.
const REPLACE: &str =
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL lock_timeout = '60s'";

fn unusable(path: &Path, why: impl Into<String>) -> OpenError {
    OpenError::Backup { path: path.to_owned(), why: why.into() }
}

/// A new file that only its owner may read.
async fn create(path: &Path) -> std::io::Result<tokio::fs::File> {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).await
}

/// The folder knows the file, also after a loss of power.
async fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tokio::fs::File::open(folder).await?.sync_all().await
}

impl PostgresStore {
    async fn write_backup(&self, file: tokio::fs::File, path: &Path) -> Result<(), OpenError> {
        let mut tx = self.pool.begin_with(SNAPSHOT).await.map_err(error::open)?;
        let migrations = migrate::applied(&mut tx).await?;
        write::write(&mut tx, &self.tenant, migrations, file, path).await?;
        tx.rollback().await.map_err(error::open)?;
        sync_folder(path).await.map_err(|e| unusable(path, e.to_string()))
    }

    async fn replace(
        &self,
        path: &Path,
        head: &file::Head,
        parts: &[file::TableHead],
    ) -> Result<(), OpenError> {
        let mut tx: Tx = self.pool.begin_with(REPLACE).await.map_err(error::open)?;
        if head.migrations != migrate::applied(&mut tx).await? {
            return Err(unusable(
                path,
                "it is no backup of this schema: use the version of the program that wrote it",
            ));
        }
        let there = tables::all(&mut tx).await.map_err(error::open)?;
        let ours: Vec<_> = there.iter().map(|table| (&table.name, &table.columns)).collect();
        if parts.iter().map(|part| (&part.table, &part.columns)).ne(ours) {
            return Err(unusable(path, "its tables are not those of the database"));
        }
        // Rules that rows follow when they are written one by one; the rows of a backup have followed them.
        for (switch, table) in there.iter().map(|table| ("DISABLE", &table.name)) {
            let sql = format!(r#"ALTER TABLE "{table}" {switch} TRIGGER USER"#);
            tx.execute(AssertSqlSafe(sql)).await.map_err(error::open)?;
        }
        let names: Vec<String> = there.iter().map(|table| format!(r#""{}""#, table.name)).collect();
        tx.execute(AssertSqlSafe(format!("TRUNCATE {}", names.join(", ")))).await.map_err(error::open)?;
        read::load(&mut tx, path).await?;
        for table in &there {
            let sql = format!(r#"ALTER TABLE "{}" ENABLE TRIGGER USER"#, table.name);
            tx.execute(AssertSqlSafe(sql)).await.map_err(error::open)?;
        }
        tx.commit().await.map_err(error::open)
    }
}

#[async_trait]
impl Maintenance for PostgresStore {
    async fn backup(&self, to: &Path) -> Result<(), OpenError> {
        let file = create(to).await.map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => unusable(to, "it exists already; name another file"),
            _ => unusable(to, e.to_string()),
        })?;
        let written = self.write_backup(file, to).await;
        if written.is_err() {
            // What is half there is no backup.
            let _ = tokio::fs::remove_file(to).await;
        }
        written
    }

    async fn restore(&self, from: &Path) -> Result<(), OpenError> {
        let (head, parts) = read::check(from).await?;
        let whose = mcp_store::Tenant::new(&head.client, &head.environment);
        if whose != self.tenant {
            let expected = self.tenant.clone();
            return Err(OpenError::OtherTenantsBackup { path: from.to_owned(), found: whose, expected });
        }
        retry::passing_open(|| self.replace(from, &head, &parts)).await
    }

    async fn digests(&self) -> Result<Vec<TableDigest>, StoreError> {
        let mut tx = self.pool.begin_with(SNAPSHOT).await.map_err(error::store)?;
        let mut tables = tables::all(&mut tx).await.map_err(error::store)?;
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let mut digests = Vec::with_capacity(tables.len());
        for table in tables {
            let mut digest = Sha256::new();
            let mut rows = 0_u64;
            let mut chunks = tx.copy_out_raw(&table.copy_out()).await.map_err(error::store)?;
            while let Some(chunk) = chunks.try_next().await.map_err(error::store)? {
                // A line end inside a value is written as `\n`: every line is a row.
                rows += chunk.split(|byte| *byte == b'\n').skip(1).fold(0, |n, _| n + 1);
                digest.update(&chunk);
            }
            drop(chunks);
            digests.push(TableDigest { table: table.name, rows, digest: digest.finish() });
        }
        tx.rollback().await.map_err(error::store)?;
        Ok(digests)
    }
}

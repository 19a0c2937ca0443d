//! Opening a tenant's file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mcp_store::{Tenant, tenant::OpenError};
use sqlx::{
    ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    SqliteStore, driver, migrate,
    writer::{COMMITS, Writer},
};

/// How a file is used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Most pages (of 4096 bytes) the file may have. Writing beyond is
    /// [`StoreError::Full`](mcp_store::StoreError::Full), as on a full disk.
    pub max_pages: Option<u32>,
    /// Commits after which the write-ahead log is brought into the file.
    pub checkpoint_after: Option<u32>,
}

/// The URL of a database file.
pub fn url_of(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

/// The file of a URL.
pub(crate) fn path_of(url: &str) -> Result<PathBuf, OpenError> {
    let path = url.strip_prefix("sqlite://").filter(|path| !path.is_empty() && !path.contains('?'));
    path.map(PathBuf::from).ok_or(OpenError::Url("write it like sqlite:///data/tenant.db"))
}

pub(crate) fn connect_options(path: &Path, options: Options) -> SqliteConnectOptions {
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        // Checkpoints are made beside the writer, see [`writer`](crate::writer). Only where that fails or cannot follow,
        // a commit makes one itself.
        .pragma("wal_autocheckpoint", "8000")
        // Eight MiB at most: what a busy tenant's next weeks are in is not read from the file again and again.
        .pragma("cache_size", "-8192")
        // What is deleted is overwritten: an erasure leaves nothing in free space of the file.
        .pragma("secure_delete", "ON")
        .disable_statement_logging();
    match options.max_pages {
        Some(pages) => connect.pragma("max_page_count", pages.to_string()),
        None => connect,
    }
}

impl SqliteStore {
    /// Creates or updates the database and its schema, and writes whose it is.
    pub async fn migrate(url: &str, tenant: &Tenant) -> Result<(), OpenError> {
        let path = path_of(url)?;
        match writable(&path) {
            // It is about to be made, where there is a place for it.
            Err(OpenError::Unreachable(_, cause)) if cause.is_not_found() && folder_of(&path).is_dir() => {}
            other => other?,
        }
        migrate::run(connect_options(&path, Options::default()).create_if_missing(true), tenant).await
    }

    /// Opens a migrated database.
    pub async fn open(url: &str, tenant: &Tenant) -> Result<Self, OpenError> {
        Self::open_with(url, tenant, Options::default()).await
    }

    /// Opens a migrated database, used in a certain way.
    pub async fn open_with(url: &str, tenant: &Tenant, options: Options) -> Result<Self, OpenError> {
        let path = path_of(url)?;
        writable(&path)?;
        let connect = connect_options(&path, options);
        // A connection is in this process: there is no need to ask it whether it is still there.
        let pool = async |connections, connect| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect_with(connect)
                .await
                .map_err(driver::open)
        };
        let writer: SqlitePool = pool(1, connect.clone()).await?;
        migrate::check(&writer, tenant).await?;
        let readers = pool(2, connect.clone().read_only(true)).await?;
        let writer = Writer::new(writer, connect, options.checkpoint_after.unwrap_or(COMMITS));
        Ok(Self { writer, readers, bookings: Arc::default(), tenant: tenant.clone(), path })
    }
}

/// SQLite falls back to reading where it may not write; this says so instead.
fn writable(path: &Path) -> Result<(), OpenError> {
    match fs::OpenOptions::new().read(true).write(true).open(path) {
        Ok(_) => Ok(()),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            Err(OpenError::ReadOnly(error.into()))
        }
        Err(error) => Err(OpenError::Unreachable(missing(path), error.into())),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What a person does where a file cannot be opened at all.
fn missing(path: &Path) -> String {
    let (folder, file) = (folder_of(path), path.display());
    if path.is_dir() {
        format!("{file} is a folder; DATABASE_URL names a file in it, like sqlite:///data/tenant.db")
    } else if folder.is_dir() {
        format!(
            "{file} is not there or cannot be opened; run `mcp-server migrate`, and check DATABASE_URL and the volume"
        )
    } else {
        format!(
            "the folder {} is not there; check DATABASE_URL and where the volume is mounted",
            folder.display()
        )
    }
}

trait NotFound {
    fn is_not_found(&self) -> bool;
}

impl NotFound for mcp_store::tenant::Cause {
    fn is_not_found(&self) -> bool {
        self.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
    }
}

//! Whether the database answers, its start, and copies of the whole.

use std::path::Path;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{StoreError, tenant::OpenError};

/// Whether the database answers, and its start.
#[async_trait]
pub trait Health: Send + Sync {
    /// Called once at start. Where the database has one process only (SQLite), claims of the process that died are
    /// void at once (epochs grow, so a survivor would be [`StoreError::Stale`]), and messages it was handing over
    /// are ambiguous until `now + unknown_wait`. Where replicas share the database leases decide. In both, what was
    /// ambiguous before waits until `now + unknown_wait` too: nobody may have taken statuses for it. What was written
    /// after `now` was written by a clock that was set back since; it waits for nothing.
    async fn recover(&self, now: Timestamp, unknown_wait: SignedDuration) -> Result<(), StoreError>;

    /// Called when the clock was set back: what waits for an instant by the clock of before waits for `now`, and no
    /// claim, unknown outcome or hold stands for longer than its rule. Leases by database time are left alone.
    async fn clock_set_back(&self, waits: &Waits, now: Timestamp) -> Result<(), StoreError>;

    /// Commits a write that changes nothing; an error says why the database cannot be written. For when a write failed:
    /// it costs a commit.
    async fn can_write(&self) -> Result<(), StoreError>;

    /// Reads one row; an error says why the database cannot be used.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Whether the writer answers. It writes nothing and costs no commit. Any answer but [`StoreError::NoConnection`]
    /// says that it does: that another program has locked the database, for instance, or that its server is away.
    async fn writer_answers(&self) -> Result<(), StoreError>;

    /// The same for reading.
    async fn readers_answer(&self) -> Result<(), StoreError>;

    /// Whether this program can work with the schema as it is now: another program may have migrated it since it was
    /// opened. [`OpenError::NotMigrated`], [`OpenError::TooNew`].
    async fn check_schema(&self) -> Result<(), OpenError>;
}

/// The longest waits there are, by the rules of those who claim.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// A claim of any kind.
    pub lease: SignedDuration,
    /// A message whose outcome is unknown.
    pub unknown: SignedDuration,
}

/// The content of one table, so that two databases can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDigest {
    /// Table.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 in hex over all rows, in the order of their primary key. Comparable between databases of one kind.
    pub digest: String,
}

/// Copies of the whole.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Writes everything as of one instant into a new file, while the store is in use. The file must not exist yet;
    /// it is complete and on disk when this returns, and gone when this fails.
    async fn backup(&self, to: &Path) -> Result<(), OpenError>;

    /// Replaces everything by the content of a backup, in one transaction, while the store is in use. Refused, with
    /// nothing changed, where the file is no backup, is damaged, or is of another tenant or another schema version.
    ///
    /// What happened after the backup is forgotten: a message that was answered since may be answered again.
    async fn restore(&self, from: &Path) -> Result<(), OpenError>;

    /// The content of each table, by name, as of one instant.
    async fn digests(&self) -> Result<Vec<TableDigest>, StoreError>;
}

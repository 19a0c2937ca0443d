//! How a store fails.

/// A refused or failed operation of a store. Nothing of a failed operation stands.
///
/// That a booking is refused is no failure: see [`Refused`](crate::booking::Refused).
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else has taken the work since it was claimed; the caller drops what it did.
    #[error("write for work that was claimed by somebody else since")]
    Stale,
    /// The same key was used before with another request.
    #[error("reuse an idempotency key for a different request")]
    KeyReused,
    /// No such row.
    #[error("find the {0}")]
    NotFound(&'static str),
    /// The row is not in a state that allows this, or an id is taken; the text says which.
    #[error("change what is there: {0}")]
    Conflict(String),
    /// What was handed in breaks a rule of the traits (no occupation, an end before its start); a bug of the caller.
    #[error("accept what was handed in: {0}")]
    Invalid(String),
    /// A row that this program cannot read.
    #[error("read column {column} of {table} row {row}")]
    Inconsistent {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Primary key.
        row: String,
    },
    /// No space is left for the database.
    #[error("write to the database: its disk is full; make the volume larger or free space")]
    Full,
    /// The database may only be read.
    #[error("write to the database: it is read-only; check the rights of the file, the mount or the role")]
    ReadOnly,
    /// The database is damaged.
    #[error("read the database: its file is damaged; restore a backup")]
    Corrupt,
    /// All of this process's connections are held by work that does not end.
    #[error("use the database: no connection of this process is free, though the database answers")]
    NoConnection,
    /// The database itself failed.
    #[error("use the database")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Wraps a driver's error.
    pub fn database(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Database(error.into())
    }
}

//! How a store fails.

/// A refused or failed operation of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else has taken the work since it was claimed; the caller drops what it did.
    #[error("write for work that was claimed by somebody else since")]
    Stale,
    /// The same key was used before with another request.
    #[error("reuse an idempotency key for a different request")]
    KeyReused,
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

//! What the driver says, in the words of the store.

use mcp_store::{StoreError, tenant::OpenError};
use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};

/// Primary result codes of SQLite.
const BUSY: u32 = 5;
const READONLY: u32 = 8;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const CANNOT_OPEN: u32 = 14;
const CONSTRAINT: u32 = 19;
const NOT_A_DATABASE: u32 = 26;

fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?.parse::<u32>().ok()?;
    Some(code & 0xff)
}

/// A failed statement.
pub(crate) fn db(error: sqlx::Error) -> StoreError {
    match primary_code(&error) {
        Some(FULL) => StoreError::Full,
        Some(READONLY) => StoreError::ReadOnly,
        Some(CORRUPT | NOT_A_DATABASE) => StoreError::Corrupt,
        // The file is here: who waits for a connection waits for somebody of this process.
        None if matches!(error, sqlx::Error::PoolTimedOut) => StoreError::NoConnection,
        _ => StoreError::database(error),
    }
}

/// A file that could not be opened.
pub(crate) fn open(error: sqlx::Error) -> OpenError {
    match primary_code(&error) {
        Some(FULL) => OpenError::Full(error.into()),
        Some(READONLY) => OpenError::ReadOnly(error.into()),
        Some(CORRUPT | NOT_A_DATABASE) => OpenError::Corrupt(error.into()),
        Some(BUSY) => OpenError::Unreachable(
            "another program has locked it; end that one and try again".into(),
            error.into(),
        ),
        Some(CANNOT_OPEN) => OpenError::Unreachable(
            "it cannot be opened; check that this program may write in its folder".into(),
            error.into(),
        ),
        _ => OpenError::Database(error.into()),
    }
}

/// A store's error while a database is opened, copied or migrated.
pub(crate) fn opening(error: StoreError) -> OpenError {
    match error {
        StoreError::Full => OpenError::Full(error.into()),
        StoreError::ReadOnly => OpenError::ReadOnly(error.into()),
        StoreError::Corrupt => OpenError::Corrupt(error.into()),
        other => OpenError::Database(other.into()),
    }
}

/// Whether a trigger of ours refused the statement, by its word.
pub(crate) fn refused_by(error: &sqlx::Error, word: &str) -> bool {
    error.as_database_error().is_some_and(|e| e.message().contains(word))
}

/// Whether a key is taken or a rule of a table is broken.
pub(crate) fn is_constraint(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(CONSTRAINT)
}

/// A count as the rows have it.
pub(crate) fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// An amount as the rows have it.
pub(crate) fn amount(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A column of JSON.
pub(crate) fn json(
    row: &SqliteRow,
    table: &'static str,
    column: &'static str,
    id: &str,
) -> Result<Value, StoreError> {
    let text: &str = row.get(column);
    serde_json::from_str(text).map_err(|_| StoreError::Inconsistent { table, column, row: id.to_owned() })
}

/// An instant that may be missing.
pub(crate) fn instant(
    row: &SqliteRow,
    table: &'static str,
    column: &'static str,
    id: &str,
) -> Result<Option<jiff::Timestamp>, StoreError> {
    row.get::<Option<i64>, _>(column).map(|us| mcp_store::micros::from(us, table, column, id)).transpose()
}

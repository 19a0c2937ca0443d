//! What PostgreSQL says, in the words of the store's traits. Codes: PostgreSQL, appendix A ("Error Codes").

use std::borrow::Cow;

use mcp_store::{OpenError, StoreError};

/// The constraint that refuses two bookings in one lane at one time.
pub(crate) const NO_OVERLAP: &str = "occupation_no_overlap";

fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error()?.code()
}

/// A failed statement.
pub(crate) fn store(error: sqlx::Error) -> StoreError {
    match code(&error).as_deref() {
        Some("53100") => StoreError::Full,
        Some("25006") => StoreError::ReadOnly,
        Some("XX001" | "XX002") => StoreError::Corrupt,
        _ => StoreError::database(error),
    }
}

/// Whether the database refused an overlap, and nothing else: `exclusion_violation` of our constraint.
pub(crate) fn is_overlap(error: &sqlx::Error) -> bool {
    code(error).as_deref() == Some("23P01")
        && error.as_database_error().and_then(|e| e.constraint()) == Some(NO_OVERLAP)
}

/// Whether a unique constraint or primary key of this name was violated.
pub(crate) fn is_unique(error: &sqlx::Error, constraint: &str) -> bool {
    code(error).as_deref() == Some("23505")
        && error.as_database_error().and_then(|e| e.constraint()) == Some(constraint)
}

/// Whether a transaction that did nothing wrong lost against another one and may simply be tried again:
/// `serialization_failure`, `deadlock_detected`.
pub(crate) fn is_passing(error: &StoreError) -> bool {
    matches!(error, StoreError::Database(source) if is_passing_cause(source))
}

/// Like [`is_passing`], of what the driver said.
pub(crate) fn is_passing_cause(source: &mcp_store::tenant::Cause) -> bool {
    let code = source.downcast_ref::<sqlx::Error>().and_then(code);
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

const ENCRYPTED: &str = "no encrypted connection; check sslmode and sslrootcert";

/// A failed opening, migration, backup or restore.
pub(crate) fn open(error: sqlx::Error) -> OpenError {
    let why = match code(&error).as_deref() {
        Some("28P01" | "28000") => "the server refuses this role or its password",
        Some("3D000") => "the server has no database of this name",
        Some("42501") => "the role lacks a right; let `provision` or the database's administrator grant it",
        Some("53300") => "the server takes no more connections",
        Some("57P03") => "the server is starting or stopping",
        Some("53100") => return OpenError::Full(error.into()),
        Some("25006") => return OpenError::ReadOnly(error.into()),
        Some("XX001" | "XX002") => return OpenError::Corrupt(error.into()),
        // undefined_table, invalid_schema_name: nothing of ours is here yet.
        Some("42P01" | "3F000") => return OpenError::NotMigrated(1),
        Some(_) => return OpenError::Database(error.into()),
        None => match &error {
            // What rustls finds wrong during the handshake comes as this kind.
            sqlx::Error::Io(why) if why.kind() == std::io::ErrorKind::InvalidData => ENCRYPTED,
            sqlx::Error::Tls(_) => ENCRYPTED,
            sqlx::Error::Io(_) => "the server cannot be reached; check host, port and network policy",
            sqlx::Error::PoolTimedOut => "the server does not answer; check host, port and network policy",
            _ => return OpenError::Database(error.into()),
        },
    };
    OpenError::Unreachable(why.to_owned(), error.into())
}

/// A failed migration.
pub(crate) fn migrate(error: sqlx::Error) -> OpenError {
    match code(&error).as_deref() {
        // A missing right, a full disk and the like have their own words; what else is wrong is the migration's.
        Some("42501" | "53100" | "25006" | "XX001" | "XX002") | None => open(error),
        Some(_) => OpenError::Migrate(error.into()),
    }
}

/// Whether the row that a foreign key of this name refers to is missing.
pub(crate) fn is_missing(error: &sqlx::Error, constraint: &str) -> bool {
    code(error).as_deref() == Some("23503")
        && error.as_database_error().and_then(|e| e.constraint()) == Some(constraint)
}

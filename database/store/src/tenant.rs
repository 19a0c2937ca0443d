//! Whose database it is, and why one cannot be opened.

use std::path::PathBuf;

/// Whose database it is. Written by `migrate` into an empty database; from then on every other tenant is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The client's name.
    pub client: String,
    /// The environment's name.
    pub environment: String,
}

impl Tenant {
    /// By client and environment.
    pub fn new(client: impl Into<String>, environment: impl Into<String>) -> Self {
        Self { client: client.into(), environment: environment.into() }
    }
}

impl std::fmt::Display for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.client, self.environment)
    }
}

/// What a driver said.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a database could not be opened, migrated, backed up or restored.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// `DATABASE_URL` is not of the form this database needs; the text says which.
    #[error("read DATABASE_URL: {0}")]
    Url(&'static str),
    /// Not there, or no connection. The URL is not repeated: it may hold a password.
    #[error("open the database: {0}")]
    Unreachable(String, #[source] Cause),
    /// The server's program is too old for what this one relies on.
    #[error(
        "open the database: its server is PostgreSQL {found}, and {needed} or newer is needed; have the server upgraded, \
         or name another one in DATABASE_URL"
    )]
    OldServer {
        /// The server's version.
        found: String,
        /// The oldest version that will do.
        needed: u32,
    },
    /// It may only be read.
    #[error("open the database: it is read-only; check the rights of the file, the mount or the role")]
    ReadOnly(#[source] Cause),
    /// Not a database, or a damaged one.
    #[error(
        "open the database: the file is damaged or no database of this program; move it away, run `mcp-server migrate`, \
         then `mcp-server restore` with the newest backup"
    )]
    Corrupt(#[source] Cause),
    /// No space is left.
    #[error("write the database: the disk is full; make the volume larger or free space")]
    Full(#[source] Cause),
    /// It belongs to somebody else.
    #[error("open the database: it belongs to {found}, not to {expected}; check the volume or DATABASE_URL")]
    OtherTenant {
        /// Whose it is.
        found: Tenant,
        /// Who asked.
        expected: Tenant,
    },
    /// The schema is older than this program.
    #[error("open the database: it lacks migration {0}; run `mcp-server migrate` first")]
    NotMigrated(i64),
    /// A newer program has taken something away that this one needs.
    #[error("open the database: a newer version has migrated it to {0}; run that version or a newer one")]
    TooNew(i64),
    /// A needed extension is missing and may not be created.
    #[error(
        "create the extension {0}: ask the database's administrator to run `CREATE EXTENSION {0}` once in this database \
         (where the server does not know it, the package postgresql-contrib has it)"
    )]
    Extension(&'static str, #[source] Cause),
    /// A migration failed; the database is as it was before that migration.
    #[error("migrate the database")]
    Migrate(#[source] Cause),
    /// A backup cannot be written to or read from this file.
    #[error("use the backup file {path}: {why}")]
    Backup {
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A backup of somebody else.
    #[error(
        "use the backup file {path}: it is of {found}, not of {expected}; take one of this tenant, or check CLIENT_NAME \
         and ENVIRONMENT"
    )]
    OtherTenantsBackup {
        /// Where.
        path: PathBuf,
        /// Whose it is.
        found: Tenant,
        /// Who asked.
        expected: Tenant,
    },
    /// The database failed in another way.
    #[error("use the database")]
    Database(#[source] Cause),
}

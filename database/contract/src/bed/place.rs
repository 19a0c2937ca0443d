//! Where a tenant's database is.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mcp_store::{LeaseTime, OpenError, Store, Tenant, sha256};
use mcp_store_postgres::{Login, PostgresStore, name_of, provision};
use mcp_store_sqlite::{SqliteStore, url_of};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::Database;

/// Where a tenant's database is, and whose it is. Handed to other processes as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Place {
    /// A file.
    Sqlite {
        /// The file.
        file: PathBuf,
        /// Client of the tenant.
        client: String,
        /// Environment of the tenant.
        environment: String,
    },
    /// A schema on a server.
    Postgres {
        /// URL of the tenant's role.
        url: String,
        /// Client of the tenant.
        client: String,
        /// Environment of the tenant.
        environment: String,
    },
}

/// The administrator's URL of the PostgreSQL that tests use.
fn admin_url() -> String {
    std::env::var("MCP_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "MCP_TEST_POSTGRES names no PostgreSQL to test with: run `make test`, or \
             `scripts/postgres run -- cargo test -p mcp-store-contract`, which start one of their own"
        )
    })
}

impl Place {
    /// Makes a tenant's database and its schema.
    pub(super) async fn make(database: Database, tenant: &Tenant, folder: &Path) -> Self {
        let Tenant { client, environment } = tenant.clone();
        match database {
            Database::Sqlite => {
                let file = folder.join("tenant.db");
                SqliteStore::migrate(&url_of(&file), tenant).await.unwrap();
                Self::Sqlite { file, client, environment }
            }
            Database::Postgres => {
                let admin = SecretString::from(admin_url());
                // A password for minutes, on a server whose own password is not known outside.
                let password = sha256::hex_of(&[admin.expose_secret().as_bytes(), client.as_bytes()]);
                let login = Login { password: password.into(), salt: [7; 16] };
                let url = provision(&admin, tenant, &login).await.unwrap();
                PostgresStore::migrate(&url, tenant).await.unwrap();
                Self::Postgres { url: url.expose_secret().to_owned(), client, environment }
            }
        }
    }

    /// Which kind of database it is.
    pub fn database(&self) -> Database {
        match self {
            Self::Sqlite { .. } => Database::Sqlite,
            Self::Postgres { .. } => Database::Postgres,
        }
    }

    /// Whose it is.
    pub fn tenant(&self) -> Tenant {
        match self {
            Self::Sqlite { client, environment, .. } | Self::Postgres { client, environment, .. } => {
                Tenant::new(client, environment)
            }
        }
    }

    /// Opens a store on it. SQLite's leases always end by the caller's time.
    pub async fn open(&self, leases: LeaseTime) -> Arc<dyn Store> {
        self.try_open(&self.tenant(), leases).await.unwrap()
    }

    /// Opens a store on it as a tenant.
    pub async fn try_open(&self, tenant: &Tenant, leases: LeaseTime) -> Result<Arc<dyn Store>, OpenError> {
        Ok(match self {
            Self::Sqlite { file, .. } => Arc::new(SqliteStore::open(&url_of(file), tenant).await?),
            Self::Postgres { url, .. } => {
                let url = SecretString::from(url.clone());
                Arc::new(PostgresStore::open_with(&url, tenant, leases).await?)
            }
        })
    }

    /// Migrates it as a tenant.
    pub async fn migrate(&self, tenant: &Tenant) -> Result<(), OpenError> {
        match self {
            Self::Sqlite { file, .. } => SqliteStore::migrate(&url_of(file), tenant).await,
            Self::Postgres { url, .. } => {
                PostgresStore::migrate(&SecretString::from(url.clone()), tenant).await
            }
        }
    }

    /// Removes what stays when the folder of the case is gone.
    pub(super) async fn remove(&self) {
        if let Self::Postgres { .. } = self {
            let role = name_of(&self.tenant()).unwrap();
            let mut admin = PgConnection::connect(&admin_url()).await.unwrap();
            // The lock that provisioning takes: both change the same rows of the catalogs.
            admin.execute("SELECT pg_advisory_lock(727100)").await.unwrap();
            for statement in [format!(r#"DROP OWNED BY "{role}" CASCADE"#), format!(r#"DROP ROLE "{role}""#)]
            {
                admin.execute(AssertSqlSafe(statement)).await.unwrap();
            }
        }
    }
}

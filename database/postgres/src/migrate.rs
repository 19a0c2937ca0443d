//! Migrations: expand, then contract. Each ends by writing its version and kind into `schema_version`.

use mcp_store::{OpenError, Tenant};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{connect, error};

/// Versions in order, and their text.
const MIGRATIONS: &[(i64, &str)] = &[(1, include_str!("../migrations/0001_init.sql"))];

/// The newest version this program knows.
fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |(version, _)| *version)
}

/// See [`crate::PostgresStore::migrate`].
pub(crate) async fn migrate(url: &SecretString, tenant: &Tenant) -> Result<(), OpenError> {
    let mut connection = connect::one(&connect::parse(url)?).await?;
    let done = migrate_on(&mut connection, tenant).await;
    // The lock goes with the connection, whatever happened.
    let closed = connection.close().await.map_err(error::open);
    done.and(closed)
}

async fn migrate_on(connection: &mut PgConnection, tenant: &Tenant) -> Result<(), OpenError> {
    let schema: Option<String> = sqlx::query_scalar("SELECT current_schema()::text")
        .fetch_one(&mut *connection)
        .await
        .map_err(error::open)?;
    let Some(schema) = schema else {
        return Err(OpenError::Url(
            "the role's search_path names no schema that exists: provision the tenant first",
        ));
    };
    connection.execute("SET lock_timeout = '60s'").await.map_err(error::open)?;
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(mcp_store::sha256::key(&[&schema, "migrate"]))
        .execute(&mut *connection)
        .await
        .map_err(error::open)?;
    let applied = if is_there(connection).await? { applied(connection).await? } else { Vec::new() };
    if !applied.is_empty() {
        whose(connection, tenant).await?;
        not_too_new(&applied)?;
    }
    ensure_extension(connection, &schema).await?;
    for (version, text) in MIGRATIONS {
        if applied.iter().any(|(known, _)| known == version) {
            continue;
        }
        let mut tx = connection.begin().await.map_err(error::open)?;
        tx.execute(sqlx::raw_sql(*text)).await.map_err(error::migrate)?;
        if *version == 1 {
            sqlx::query("INSERT INTO tenant (id, client, environment) VALUES (1, $1, $2)")
                .bind(&tenant.client)
                .bind(&tenant.environment)
                .execute(&mut *tx)
                .await
                .map_err(error::open)?;
        }
        tx.commit().await.map_err(error::open)?;
        tracing::info!(version, "the database was migrated");
    }
    Ok(())
}

async fn is_there(connection: &mut PgConnection) -> Result<bool, OpenError> {
    // In our schema, not in another one of the search_path.
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_version')",
    )
    .fetch_one(connection)
    .await
    .map_err(error::open)
}

/// Versions and kinds that are in the database.
pub(crate) async fn applied(connection: &mut PgConnection) -> Result<Vec<(i64, String)>, OpenError> {
    sqlx::query_as("SELECT version, kind FROM schema_version ORDER BY version")
        .fetch_all(connection)
        .await
        .map_err(error::open)
}

/// Newer expansions do no harm: nothing this program needs is missing.
fn not_too_new(applied: &[(i64, String)]) -> Result<(), OpenError> {
    match applied.iter().rev().find(|(version, kind)| *version > newest() && kind != "expand") {
        Some((version, _)) => Err(OpenError::TooNew(*version)),
        None => Ok(()),
    }
}

async fn whose(connection: &mut PgConnection, expected: &Tenant) -> Result<(), OpenError> {
    let (client, environment): (String, String) = sqlx::query_as("SELECT client, environment FROM tenant")
        .fetch_one(connection)
        .await
        .map_err(error::open)?;
    let found = Tenant { client, environment };
    if found == *expected {
        Ok(())
    } else {
        Err(OpenError::OtherTenant { found, expected: expected.clone() })
    }
}

/// Whether this program can work with the database as it is.
pub(crate) async fn check(connection: &mut PgConnection, tenant: &Tenant) -> Result<(), OpenError> {
    if !is_there(connection).await? {
        return Err(OpenError::NotMigrated(1));
    }
    whose(connection, tenant).await?;
    schema(connection).await
}

/// Whether this program can work with the schema as it is.
pub(crate) async fn schema(connection: &mut PgConnection) -> Result<(), OpenError> {
    if !is_there(connection).await? {
        return Err(OpenError::NotMigrated(1));
    }
    let applied = applied(connection).await?;
    not_too_new(&applied)?;
    let missing = MIGRATIONS.iter().find(|(version, _)| !applied.iter().any(|(known, _)| known == version));
    missing.map_or(Ok(()), |(version, _)| Err(OpenError::NotMigrated(*version)))
}

/// The exclusion constraint compares text within a `GiST` index.
const EXTENSION: &str = "btree_gist";

/// Creates the extension where it is missing, in a schema of this name.
pub(crate) async fn ensure_extension(connection: &mut PgConnection, schema: &str) -> Result<(), OpenError> {
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = $1)")
        .bind(EXTENSION)
        .fetch_one(&mut *connection)
        .await
        .map_err(error::open)?;
    if there {
        return Ok(());
    }
    let schema: String = sqlx::query_scalar("SELECT quote_ident($1)")
        .bind(schema)
        .fetch_one(&mut *connection)
        .await
        .map_err(error::open)?;
    connection
        .execute(AssertSqlSafe(format!("CREATE EXTENSION IF NOT EXISTS {EXTENSION} SCHEMA {schema}")))
        .await
        .map(drop)
        .map_err(|e| OpenError::Extension(EXTENSION, e.into()))
}

//! The schema, and whose database it is.

use mcp_store::{Tenant, tenant::OpenError};
use sqlx::{
    SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::driver;

static MIGRATOR: Migrator = {
    let mut migrator = sqlx::migrate!("./migrations");
    // An older binary must run on a database that a newer one has expanded.
    migrator.ignore_missing = true;
    migrator
};

/// Creates or updates the schema.
pub(crate) async fn run(connect: SqliteConnectOptions, tenant: &Tenant) -> Result<(), OpenError> {
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect_with(connect).await.map_err(driver::open)?;
    let done = run_on(&pool, tenant).await;
    pool.close().await;
    done
}

async fn run_on(pool: &SqlitePool, tenant: &Tenant) -> Result<(), OpenError> {
    let damage: String =
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(pool).await.map_err(driver::open)?;
    if damage != "ok" {
        return Err(OpenError::Corrupt(damage.into()));
    }
    // Nothing is changed in a database that is not ours or not for us.
    if table_exists(pool, "schema_version").await? {
        refuse_newer(pool).await?;
    }
    if table_exists(pool, "tenant").await? {
        same_tenant(pool, tenant).await?;
    }
    MIGRATOR.run(pool).await.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            match driver::open(error) {
                OpenError::Database(cause) => OpenError::Migrate(cause),
                clear => clear,
            }
        }
        other => OpenError::Migrate(other.into()),
    })?;
    sqlx::query(
        "INSERT INTO tenant (id, client, environment) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING",
    )
    .bind(&tenant.client)
    .bind(&tenant.environment)
    .execute(pool)
    .await
    .map_err(driver::open)?;
    Ok(())
}

/// Whether a database has the schema this program needs and is the tenant's.
pub(crate) async fn check(pool: &SqlitePool, tenant: &Tenant) -> Result<(), OpenError> {
    schema(pool).await?;
    same_tenant(pool, tenant).await
}

/// Whether a database has the schema this program needs.
pub(crate) async fn schema(pool: &SqlitePool) -> Result<(), OpenError> {
    let first = MIGRATOR.iter().map(|migration| migration.version).min().unwrap_or(0);
    if !table_exists(pool, "schema_version").await? {
        return Err(OpenError::NotMigrated(first));
    }
    refuse_newer(pool).await?;
    let applied: Vec<i64> = sqlx::query_scalar("SELECT version FROM schema_version")
        .fetch_all(pool)
        .await
        .map_err(driver::open)?;
    if let Some(missing) = MIGRATOR.iter().find(|migration| !applied.contains(&migration.version)) {
        return Err(OpenError::NotMigrated(missing.version));
    }
    Ok(())
}

async fn table_exists(pool: &SqlitePool, table: &str) -> Result<bool, OpenError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1)")
        .bind(table)
        .fetch_one(pool)
        .await
        .map_err(driver::open)
}

async fn refuse_newer(pool: &SqlitePool) -> Result<(), OpenError> {
    let newest = MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0);
    let contracted: Option<i64> = sqlx::query_scalar(
        "SELECT MAX(version) FROM schema_version WHERE kind = 'contract' AND version > $1",
    )
    .bind(newest)
    .fetch_one(pool)
    .await
    .map_err(driver::open)?;
    contracted.map_or(Ok(()), |version| Err(OpenError::TooNew(version)))
}

async fn same_tenant(pool: &SqlitePool, tenant: &Tenant) -> Result<(), OpenError> {
    let found: Option<(String, String)> = sqlx::query_as("SELECT client, environment FROM tenant")
        .fetch_optional(pool)
        .await
        .map_err(driver::open)?;
    match found.map(|(client, environment)| Tenant { client, environment }) {
        Some(found) if found != *tenant => Err(OpenError::OtherTenant { found, expected: tenant.clone() }),
        _ => Ok(()),
    }
}

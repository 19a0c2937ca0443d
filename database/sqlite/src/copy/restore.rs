//! Replacing everything by a backup, in one transaction, while the store is in use.

use std::path::Path;

use mcp_store::{Tenant, tenant::OpenError};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use super::{broken, seal, tables};
use crate::{SqliteStore, driver};

pub(super) async fn restore(store: &SqliteStore, from: &Path) -> Result<(), OpenError> {
    seal::check(from).await?;
    let uri = read_only(from)?;
    let mut writer = store.writer.statement().await.map_err(driver::opening)?;
    sqlx::query("ATTACH DATABASE $1 AS backup")
        .bind(uri)
        .execute(&mut *writer)
        .await
        .map_err(|error| broken(from, &error))?;
    let done = replace(&mut writer, from, &store.tenant).await;
    let detached = sqlx::query("DETACH DATABASE backup").execute(&mut *writer).await;
    if detached.is_err() {
        // The next one to use this connection must not see the backup.
        writer.give_up();
    }
    done
}

/// The file as SQLite opens it for reading only, without locks: nobody writes a backup.
fn read_only(path: &Path) -> Result<String, OpenError> {
    let path = path.canonicalize().map_err(|error| broken(path, &error))?;
    let text = path.to_str().ok_or_else(|| broken(&path, &"its name is not UTF-8"))?;
    let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("file:{escaped}?mode=ro&immutable=1"))
}

async fn replace(connection: &mut SqliteConnection, from: &Path, tenant: &Tenant) -> Result<(), OpenError> {
    let no_backup = |error: sqlx::Error| broken(from, &error);
    let damage: String = sqlx::query_scalar("PRAGMA backup.integrity_check(1)")
        .fetch_one(&mut *connection)
        .await
        .map_err(no_backup)?;
    if damage != "ok" {
        return Err(broken(from, &damage));
    }
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(driver::open)?;
    if schema(&mut tx, "backup").await.map_err(no_backup)?
        != schema(&mut tx, "main").await.map_err(driver::open)?
    {
        return Err(broken(
            from,
            &"it is no backup of this schema: use the version of the program that wrote it",
        ));
    }
    let found: Option<(String, String)> = sqlx::query_as("SELECT client, environment FROM backup.tenant")
        .fetch_optional(&mut *tx)
        .await
        .map_err(no_backup)?;
    match found.map(|(client, environment)| Tenant { client, environment }) {
        Some(found) if found == *tenant => {}
        Some(found) => {
            let (path, expected) = (from.to_owned(), tenant.clone());
            return Err(OpenError::OtherTenantsBackup { path, found, expected });
        }
        None => return Err(broken(from, &"it belongs to nobody")),
    }
    copy(&mut tx).await.map_err(|error| driver::opening(driver::db(error)))?;
    tx.commit().await.map_err(|error| driver::opening(driver::db(error)))
}

/// What a database is made of: two with the same have the same tables, keys, triggers
/// and migrations.
async fn schema(connection: &mut SqliteConnection, database: &str) -> Result<Vec<String>, sqlx::Error> {
    let sql = format!(
        "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM {database}.sqlite_master
         WHERE name NOT LIKE '\\_sqlx\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1"
    );
    let mut parts: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
    let sql = format!("SELECT version || ' ' || kind FROM {database}.schema_version ORDER BY version");
    parts.extend(sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch_all(connection).await?);
    Ok(parts)
}

/// Triggers stand aside while rows that they have let in once are copied; references are checked at the commit.
async fn copy(tx: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut *tx).await?;
    let triggers =
        sqlx::query("SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger' ORDER BY name")
            .fetch_all(&mut *tx)
            .await?;
    for trigger in &triggers {
        let sql = format!("DROP TRIGGER main.\"{}\"", trigger.get::<&str, _>("name"));
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
    }
    let tables = tables(tx).await?;
    for table in &tables {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM main.\"{table}\""))).execute(&mut *tx).await?;
    }
    for table in &tables {
        let sql = format!("INSERT INTO main.\"{table}\" SELECT * FROM backup.\"{table}\"");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
    }
    // Numbers that were given once are not given again.
    sqlx::query("DELETE FROM main.sqlite_sequence").execute(&mut *tx).await?;
    sqlx::query("INSERT INTO main.sqlite_sequence SELECT * FROM backup.sqlite_sequence")
        .execute(&mut *tx)
        .await?;
    for trigger in triggers {
        sqlx::query(AssertSqlSafe(trigger.get::<String, _>("sql"))).execute(&mut *tx).await?;
    }
    Ok(())
}

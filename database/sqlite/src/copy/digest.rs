//! The content of tables, as digests.

use futures::TryStreamExt;
use mcp_store::{StoreError, maintenance::TableDigest, sha256::Sha256};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, TypeInfo, ValueRef, sqlite::SqliteRow};

use super::tables;
use crate::db;

pub(super) async fn all(connection: &mut SqliteConnection) -> Result<Vec<TableDigest>, StoreError> {
    let mut digests = Vec::new();
    for table in tables(connection).await.map_err(db)? {
        let keys: Vec<String> =
            sqlx::query_scalar("SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk")
                .bind(&table)
                .fetch_all(&mut *connection)
                .await
                .map_err(db)?;
        // Names of the database's own schema.
        let sql = format!("SELECT * FROM \"{table}\" ORDER BY {}", keys.join(", "));
        let mut digest = Sha256::new();
        let mut count = 0;
        let mut rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await.map_err(db)? {
            add(&mut digest, &row)?;
            count += 1;
        }
        digests.push(TableDigest { table, rows: count, digest: digest.finish() });
    }
    Ok(digests)
}

/// Each value with its type and length, so that no two rows look alike.
fn add(digest: &mut Sha256, row: &SqliteRow) -> Result<(), StoreError> {
    for at in 0..row.len() {
        let raw = row.try_get_raw(at).map_err(db)?;
        if raw.is_null() {
            digest.update(b"n");
        } else if raw.type_info().name() == "TEXT" {
            let text: &str = row.try_get(at).map_err(db)?;
            digest.update(b"t");
            digest.update(&(text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        } else {
            digest.update(b"i");
            digest.update(&row.try_get::<i64, _>(at).map_err(db)?.to_be_bytes());
        }
    }
    digest.update(b".");
    Ok(())
}

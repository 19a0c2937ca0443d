//! Everything kept about a customer.

use jiff::Timestamp;
use mcp_store::StoreError;
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Column, Row, TypeInfo, ValueRef, sqlite::SqliteRow};

use super::scope::{Scope, TABLES};
use crate::{Tx, db};

/// Columns that say yes or no.
const YES_OR_NO: [&str; 4] = ["redone", "pinned", "standing", "notices"];

pub(super) async fn export(tx: &mut Tx, scope: &Scope) -> Result<Value, StoreError> {
    let ids = scope.json();
    let mut tables = Map::new();
    for (table, which, order) in TABLES {
        // Put together from constants of this program. All columns there are, so prepared anew each time.
        let sql = AssertSqlSafe(format!("SELECT * FROM {table} WHERE {which} ORDER BY {order}"));
        let rows = sqlx::query(sql).persistent(false).bind(&ids).fetch_all(&mut **tx).await.map_err(db)?;
        if !rows.is_empty() {
            let rows = rows.iter().map(object).collect::<Result<Vec<_>, _>>()?;
            tables.insert(table.to_owned(), Value::Array(rows));
        }
    }
    Ok(Value::Object(tables))
}

fn object(row: &SqliteRow) -> Result<Value, StoreError> {
    let mut object = Map::new();
    for column in row.columns() {
        object.insert(column.name().to_owned(), value(row, column.ordinal(), column.name())?);
    }
    Ok(Value::Object(object))
}

fn value(row: &SqliteRow, at: usize, name: &str) -> Result<Value, StoreError> {
    let raw = row.try_get_raw(at).map_err(db)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    if raw.type_info().name() == "TEXT" {
        let text: String = row.try_get(at).map_err(db)?;
        let json = name.ends_with("_json").then(|| serde_json::from_str(&text).ok()).flatten();
        return Ok(json.unwrap_or(Value::String(text)));
    }
    let number: i64 = row.try_get(at).map_err(db)?;
    if YES_OR_NO.contains(&name) {
        return Ok(Value::Bool(number != 0));
    }
    let instant = name.ends_with("_us").then(|| Timestamp::from_microsecond(number).ok()).flatten();
    Ok(instant.map_or_else(|| Value::from(number), |at| Value::String(at.to_string())))
}

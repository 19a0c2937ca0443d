//! Everything kept about a customer.

use jiff::Timestamp;
use mcp_store::StoreError;
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, PgConnection};

use super::scope::{Scope, TABLES};
use crate::error;

pub(super) async fn export(tx: &mut PgConnection, scope: &Scope) -> Result<Value, StoreError> {
    let ids = scope.json();
    let mut tables = Map::new();
    for (table, which, order) in TABLES {
        // Put together from constants of this program. `to_json` keeps text, numbers and yes and no as they are.
        let sql =
            format!("SELECT to_json(t)::text FROM (SELECT * FROM {table} WHERE {which}) t ORDER BY {order}");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            // `*` must not stay prepared: a newer program may add columns.
            .persistent(false)
            .bind(&ids)
            .fetch_all(&mut *tx)
            .await
            .map_err(error::store)?;
        if !rows.is_empty() {
            let rows = rows.iter().map(|row| object(row)).collect::<Result<Vec<_>, _>>()?;
            tables.insert(table.to_owned(), Value::Array(rows));
        }
    }
    Ok(Value::Object(tables))
}

fn object(row: &str) -> Result<Value, StoreError> {
    let columns: Map<String, Value> = serde_json::from_str(row).map_err(StoreError::database)?;
    Ok(columns
        .into_iter()
        .map(|(name, value)| (name.clone(), told(&name, value)))
        .collect::<Map<_, _>>()
        .into())
}

/// Instants as text people read, JSON as what it says.
fn told(name: &str, value: Value) -> Value {
    match &value {
        Value::Number(number) if name.ends_with("_us") => {
            let at = number.as_i64().and_then(|us| Timestamp::from_microsecond(us).ok());
            at.map_or(value, |at| Value::String(at.to_string()))
        }
        Value::String(json) if name.ends_with("_json") => serde_json::from_str(json).unwrap_or(value),
        _ => value,
    }
}

//! SQL past the store: what a person with the database's own tools would see and do.

use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, Column as _, Executor as _, PgPool, Row as _, SqlitePool, TypeInfo as _, ValueRef as _,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::Place;

/// A connection of its own.
pub enum Raw {
    /// On the tenant's file.
    Sqlite(SqlitePool),
    /// As the tenant's role.
    Postgres(PgPool),
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// Table.
    pub table: String,
    /// Name.
    pub name: String,
    /// Type in the words of that database.
    pub kind: String,
    /// Whether it may be null.
    pub nullable: bool,
}

impl Raw {
    pub(super) async fn connect(place: &Place) -> Self {
        match place {
            Place::Sqlite { file, .. } => {
                let options = SqliteConnectOptions::new().filename(file).foreign_keys(true);
                Self::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap())
            }
            Place::Postgres { url, .. } => {
                Self::Postgres(PgPoolOptions::new().max_connections(1).connect(url).await.unwrap())
            }
        }
    }

    /// The rows of a query: integers, texts, booleans as 0 and 1, nulls.
    pub async fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => {
                let rows = pool.fetch_all(sql).await.unwrap();
                let value = |row: &sqlx::sqlite::SqliteRow, at| {
                    let raw = row.try_get_raw(at).unwrap();
                    match raw.type_info().name() {
                        _ if raw.is_null() => Value::Null,
                        "TEXT" => json!(row.get::<String, _>(at)),
                        _ => json!(row.get::<i64, _>(at)),
                    }
                };
                rows.iter().map(|row| (0..row.len()).map(|at| value(row, at)).collect()).collect()
            }
            Self::Postgres(pool) => {
                let rows = pool.fetch_all(sql).await.unwrap();
                let value = |row: &sqlx::postgres::PgRow, at: usize| {
                    let raw = row.try_get_raw(at).unwrap();
                    match row.column(at).type_info().name() {
                        _ if raw.is_null() => Value::Null,
                        "INT8" => json!(row.get::<i64, _>(at)),
                        "INT4" => json!(row.get::<i32, _>(at)),
                        "BOOL" => json!(i64::from(row.get::<bool, _>(at))),
                        _ => json!(row.get::<String, _>(at)),
                    }
                };
                rows.iter().map(|row| (0..row.len()).map(|at| value(row, at)).collect()).collect()
            }
        }
    }

    /// The only number of a query.
    pub async fn number(&self, sql: &str) -> i64 {
        // Sums are of wider types in PostgreSQL.
        self.rows(&format!("SELECT CAST(({sql}) AS BIGINT)")).await[0][0].as_i64().unwrap()
    }

    /// Runs a statement; `Err` with what the database says.
    pub async fn execute(&self, sql: &str) -> Result<u64, String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => pool.execute(sql).await.map(|done| done.rows_affected()),
            Self::Postgres(pool) => pool.execute(sql).await.map(|done| done.rows_affected()),
        }
        .map_err(|error| error.to_string())
    }

    /// The columns of all tables of the tenant, in order; what a migration tool keeps for itself is left out.
    pub async fn columns(&self) -> Vec<Column> {
        let query = match self {
            Self::Sqlite(_) => {
                "SELECT m.name, c.name, c.type, c.\"notnull\" = 0 FROM sqlite_master m, pragma_table_info(m.name) c
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_%' ESCAPE '\\'"
            }
            Self::Postgres(_) => {
                "SELECT c.table_name::text, c.column_name::text, c.data_type::text, c.is_nullable = 'YES'
                 FROM information_schema.columns c
                 JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
                 WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
                   AND c.table_name NOT LIKE '\\_%'"
            }
        };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut columns: Vec<Column> = self
            .rows(query)
            .await
            .iter()
            .map(|row| Column {
                table: text(&row[0]),
                name: text(&row[1]),
                kind: text(&row[2]),
                nullable: row[3] == json!(1),
            })
            .collect();
        columns.sort();
        columns
    }

    /// Takes away what guards the audit, as somebody with the rights of the tables' owner could.
    pub async fn disarm_audit(&self) {
        let statements: &[&str] = match self {
            Self::Sqlite(_) => &[
                "DROP TRIGGER audit_appends",
                "DROP TRIGGER audit_no_update",
                "DROP TRIGGER audit_no_delete",
                "DROP TRIGGER audit_payload_no_update",
            ],
            Self::Postgres(_) => {
                &["ALTER TABLE audit DISABLE TRIGGER USER", "ALTER TABLE audit_payload DISABLE TRIGGER USER"]
            }
        };
        for statement in statements {
            self.execute(statement).await.unwrap();
        }
    }
}

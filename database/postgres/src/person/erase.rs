//! Removing a customer everywhere. Dead row versions stay in the tables' pages until (auto)vacuum and in the server's
//! log until it is recycled; both are out of a role's reach.

use jiff::Timestamp;
use mcp_store::{StoreError, audit::NewAudit, micros, person::Erased};
use sqlx::{AssertSqlSafe, PgConnection};

use super::scope::{Scope, TABLES, ids};
use crate::{PostgresStore, audit, error};

/// Tables whose rows go by more than their own condition.
const MESSAGES: [&str; 7] = ["delivery_status", "dead_letter", "echo", "turn", "history", "inbox", "outbox"];

pub(super) async fn erase(
    store: &PostgresStore,
    tx: &mut PgConnection,
    scope: &Scope,
    id: i64,
    entry: &NewAudit,
    now: Timestamp,
) -> Result<Erased, StoreError> {
    let scoped = scope.json();
    let mut erased = Erased { customers: scope.customers.clone(), ..Erased::default() };
    for (table, which, _) in TABLES {
        let sql = match table {
            // The inbox goes with its routes; the others are not deleted, or last.
            "inbox" | "booking" | "audit" | "customer" => continue,
            "inbox_route" => concat!(
                "WITH routes AS (DELETE FROM inbox_route WHERE conversation_id IN ",
                ids!(conversations),
                " RETURNING seq) DELETE FROM inbox WHERE seq IN (SELECT seq FROM routes)"
            )
            .to_owned(),
            // Put together from constants of this program.
            _ => format!("DELETE FROM {table} WHERE {which}"),
        };
        let gone =
            sqlx::query(AssertSqlSafe(sql)).bind(&scoped).execute(&mut *tx).await.map_err(error::store)?;
        if table == "audit_payload" {
            erased.audit = gone.rows_affected();
        } else if MESSAGES.contains(&table) || table == "inbox_route" {
            erased.messages += gone.rows_affected();
        }
    }
    (erased.bookings, erased.cancelled) = bookings(tx, &scoped, now).await?;
    for sql in [
        // Those who pointed to somebody erased point to nobody.
        concat!("UPDATE customer SET merged_into = NULL WHERE merged_into IN ", ids!(customers)),
        concat!("DELETE FROM customer WHERE id IN ", ids!(customers)),
    ] {
        sqlx::query(sql).bind(&scoped).execute(&mut *tx).await.map_err(error::store)?;
    }
    let entry = NewAudit { subject: format!("customer:{id}"), ..entry.clone() };
    audit::append(store, tx, &entry, now).await?;
    Ok(erased)
}

/// Bookings lose their person; how many, and how many of them stood.
async fn bookings(tx: &mut PgConnection, scoped: &str, now: Timestamp) -> Result<(u64, u64), StoreError> {
    let cancelled = sqlx::query(concat!(
        "UPDATE booking SET state = 'cancelled', hold_until_us = NULL
         WHERE state IN ('held', 'requested', 'confirmed') AND id IN ",
        ids!(bookings)
    ))
    .bind(scoped)
    .execute(&mut *tx)
    .await
    .map_err(error::store)?;
    // A booking that was never claimed for the mirror has no event outside that would have to go.
    let all = sqlx::query(concat!(
        "UPDATE booking SET customer_id = NULL, customer_name = '', customer_phone = NULL, phone = NULL, holder = NULL,
             reason = NULL, erased_us = $2, changed_us = $2, revision = revision + 1, mirror_due_us = $2,
             mirror_attempts = 0, mirror_error = NULL,
             mirrored_revision = CASE WHEN mirror_epoch = 0 THEN revision + 1 ELSE mirrored_revision END
         WHERE id IN ",
        ids!(bookings)
    ))
    .bind(scoped)
    .bind(micros::to(now))
    .execute(tx)
    .await
    .map_err(error::store)?;
    Ok((all.rows_affected(), cancelled.rows_affected()))
}

//! Removing a customer everywhere.

use jiff::Timestamp;
use mcp_store::{StoreError, audit::NewAudit, micros, person::Erased};
use sqlx::AssertSqlSafe;

use super::scope::{DELETED, Scope, TABLES};
use crate::{Tx, audit, db};

pub(super) async fn erase(
    tx: &mut Tx,
    scope: &Scope,
    id: i64,
    entry: &NewAudit,
    now: Timestamp,
) -> Result<Erased, StoreError> {
    let ids = scope.json();
    let mut erased = Erased { customers: scope.customers.clone(), ..Erased::default() };
    for (table, which, _) in TABLES.into_iter().take(DELETED) {
        // Put together from constants of this program.
        let sql = AssertSqlSafe(format!("DELETE FROM {table} WHERE {which}"));
        let gone = sqlx::query(sql).bind(&ids).execute(&mut **tx).await.map_err(db)?.rows_affected();
        match table {
            "audit_payload" => erased.audit = gone,
            "delivery_status" | "dead_letter" | "echo" | "turn" | "history" | "inbox" | "outbox" => {
                erased.messages += gone;
            }
            _ => {}
        }
    }
    erased.cancelled = sqlx::query(
        "UPDATE booking SET state = 'cancelled', hold_until_us = NULL
         WHERE id IN (SELECT value FROM json_each($1, '$.bookings')) AND state IN ('held', 'requested', 'confirmed')",
    )
    .bind(&ids)
    .execute(&mut **tx)
    .await
    .map_err(db)?
    .rows_affected();
    // A booking that was never claimed for the mirror has no event outside that would have to go.
    erased.bookings = sqlx::query(
        "UPDATE booking SET customer_id = NULL, customer_name = '', customer_phone = NULL, phone = NULL, holder = NULL,
           reason = NULL, erased_us = $2, changed_us = $2, revision = revision + 1, mirror_due_us = $2, mirror_attempts = 0,
           mirror_error = NULL,
           mirrored_revision = CASE WHEN mirror_epoch = 0 THEN revision + 1 ELSE mirrored_revision END
         WHERE id IN (SELECT value FROM json_each($1, '$.bookings'))",
    )
    .bind(&ids)
    .bind(micros::to(now))
    .execute(&mut **tx)
    .await
    .map_err(db)?
    .rows_affected();
    for sql in [
        "UPDATE customer SET merged_into = NULL WHERE id IN (SELECT value FROM json_each($1, '$.customers'))",
        "DELETE FROM customer WHERE id IN (SELECT value FROM json_each($1, '$.customers'))",
    ] {
        sqlx::query(sql).bind(&ids).execute(&mut **tx).await.map_err(db)?;
    }
    let entry = NewAudit { subject: format!("customer:{id}"), ..entry.clone() };
    audit::append(tx, &entry, now).await?;
    Ok(erased)
}

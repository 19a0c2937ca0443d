//! Who the owners are.

use mcp_store::{StoreError, customer::KnownOwner, phone};
use sqlx::SqlitePool;

use crate::{Tx, customer, db};

pub(crate) async fn known(readers: &SqlitePool) -> Result<Vec<KnownOwner>, StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT owner_phone, id FROM customer WHERE owner_phone IS NOT NULL ORDER BY owner_phone",
    )
    .fetch_all(readers)
    .await
    .map_err(db)?;
    Ok(rows.into_iter().map(|(phone, customer_id)| KnownOwner { phone, customer_id }).collect())
}

pub(crate) async fn know(tx: &mut Tx, number: &str, customer_id: i64) -> Result<KnownOwner, StoreError> {
    let key = phone::key(number);
    let first: Option<i64> = sqlx::query_scalar("SELECT id FROM customer WHERE owner_phone = $1")
        .bind(&key)
        .fetch_optional(&mut **tx)
        .await
        .map_err(db)?;
    if let Some(first) = first {
        return Ok(KnownOwner { phone: key, customer_id: first });
    }
    let written = sqlx::query("UPDATE customer SET owner_phone = $2 WHERE id = $1 AND owner_phone IS NULL")
        .bind(customer_id)
        .bind(&key)
        .execute(&mut **tx)
        .await
        .map_err(db)?;
    if written.rows_affected() == 0 {
        let there = customer::get(&mut **tx, customer_id).await?;
        return Err(there.map_or(StoreError::NotFound("customer"), |_| {
            StoreError::Conflict("the customer is the owner by another number".into())
        }));
    }
    Ok(KnownOwner { phone: key, customer_id })
}

pub(crate) async fn forget(tx: &mut Tx, number: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE customer SET owner_phone = NULL WHERE owner_phone = $1")
        .bind(phone::key(number))
        .execute(&mut **tx)
        .await
        .map_err(db)?;
    Ok(())
}

/// A customer becomes another row, because a person said so.
pub(crate) async fn moved(tx: &mut Tx, from: i64, into: i64) -> Result<(), StoreError> {
    let number: Option<Option<String>> = sqlx::query_scalar("SELECT owner_phone FROM customer WHERE id = $1")
        .bind(from)
        .fetch_optional(&mut **tx)
        .await
        .map_err(db)?;
    let Some(number) = number.flatten() else { return Ok(()) };
    for (id, number) in [(from, None), (into, Some(number))] {
        sqlx::query("UPDATE customer SET owner_phone = $2 WHERE id = $1")
            .bind(id)
            .bind(number)
            .execute(&mut **tx)
            .await
            .map_err(db)?;
    }
    Ok(())
}

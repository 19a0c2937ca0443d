//! Who a sender is: business-scoped user id first, phone second.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    customer::{CustomerRow, CustomerStore, KnownOwner, Sender},
    micros, phone,
};
use sqlx::{Row, SqliteExecutor, sqlite::SqliteRow};

use crate::{SqliteStore, Tx, db, owner, route};

/// The customer of a sender, by the rules of [`CustomerStore`].
pub(crate) async fn identify(tx: &mut Tx, sender: &Sender, now: Timestamp) -> Result<i64, StoreError> {
    let key = sender.wa_id.as_deref().map(phone::key);
    let by_user: Option<i64> = sqlx::query_scalar("SELECT id FROM customer WHERE user_id = $1")
        .bind(&sender.user_id)
        .fetch_optional(&mut **tx)
        .await
        .map_err(db)?;
    let by_phone: Option<(i64, Option<String>)> =
        sqlx::query_as("SELECT id, user_id FROM customer WHERE phone = $1")
            .bind(&key)
            .fetch_optional(&mut **tx)
            .await
            .map_err(db)?;
    let id = match (by_user, &by_phone) {
        (Some(id), _) => id,
        (None, Some((id, _))) if sender.user_id.is_none() => *id,
        _ => insert(tx, now).await?,
    };
    match by_phone {
        Some((other, None)) if other != id => hand_over(tx, other, id).await?,
        Some((other, Some(_))) if other != id => take_phone(tx, other).await?,
        _ => {}
    }
    sqlx::query(
        "UPDATE customer SET user_id = COALESCE($2, user_id), phone = COALESCE($3, phone),
           wa_id = COALESCE($4, wa_id), name = COALESCE($5, name)
         WHERE id = $1",
    )
    .bind(id)
    .bind(&sender.user_id)
    .bind(&key)
    .bind(&sender.wa_id)
    .bind(&sender.name)
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    Ok(id)
}

async fn insert(tx: &mut Tx, now: Timestamp) -> Result<i64, StoreError> {
    sqlx::query_scalar("INSERT INTO customer (created_us) VALUES ($1) RETURNING id")
        .bind(micros::to(now))
        .fetch_one(&mut **tx)
        .await
        .map_err(db)
}

/// A match by the phone alone: the number leads to the new row, and nothing else goes with it.
async fn hand_over(tx: &mut Tx, from: i64, into: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE customer SET phone = NULL, merged_into = $2 WHERE id = $1")
        .bind(from)
        .bind(into)
        .execute(&mut **tx)
        .await
        .map_err(db)?;
    Ok(())
}

/// Another person had the number.
async fn take_phone(tx: &mut Tx, from: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE customer SET phone = NULL, wa_id = NULL WHERE id = $1")
        .bind(from)
        .execute(&mut **tx)
        .await
        .map_err(db)?;
    Ok(())
}

/// The customer's conversation, made where there is none.
pub(crate) async fn conversation(tx: &mut Tx, customer: i64) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "INSERT INTO conversation (customer_id) VALUES ($1)
         ON CONFLICT (customer_id) DO UPDATE SET customer_id = excluded.customer_id RETURNING id",
    )
    .bind(customer)
    .fetch_one(&mut **tx)
    .await
    .map_err(db)
}

fn read(row: &SqliteRow) -> Result<CustomerRow, StoreError> {
    let id: i64 = row.get("id");
    Ok(CustomerRow {
        id,
        user_id: row.get("user_id"),
        phone: row.get("phone"),
        wa_id: row.get("wa_id"),
        name: row.get("name"),
        merged_into: row.get("merged_into"),
        created_at: micros::from(row.get("created_us"), "customer", "created_us", &id.to_string())?,
    })
}

pub(crate) async fn get(
    executor: impl SqliteExecutor<'_>,
    id: i64,
) -> Result<Option<CustomerRow>, StoreError> {
    let row = sqlx::query(concat!("SELECT ", columns!(customer), " FROM customer WHERE id = $1"))
        .bind(id)
        .fetch_optional(executor)
        .await
        .map_err(db)?;
    row.as_ref().map(read).transpose()
}

async fn need(tx: &mut Tx, id: i64) -> Result<CustomerRow, StoreError> {
    get(&mut **tx, id).await?.ok_or(StoreError::NotFound("customer"))
}

/// The customer who has an id of a sender now, if any.
async fn known(tx: &mut Tx, sender: &Sender) -> Result<Option<i64>, StoreError> {
    sqlx::query_scalar(
        "SELECT id FROM customer WHERE user_id = $1 OR phone = $2 ORDER BY user_id IS $1 DESC LIMIT 1",
    )
    .bind(&sender.user_id)
    .bind(sender.wa_id.as_deref().map(phone::key))
    .fetch_optional(&mut **tx)
    .await
    .map_err(db)
}

#[async_trait]
impl CustomerStore for SqliteStore {
    async fn identify(&self, sender: &Sender, now: Timestamp) -> Result<CustomerRow, StoreError> {
        if sender.user_id.is_none() && sender.wa_id.is_none() {
            return Err(StoreError::Invalid("a sender without any id".into()));
        }
        let mut tx = self.begin().await?;
        // In order of arrival: those who wrote before come first.
        route::all(&mut tx).await?;
        let id = identify(&mut tx, sender, now).await?;
        let row = need(&mut tx, id).await?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn customer(&self, id: i64) -> Result<Option<CustomerRow>, StoreError> {
        get(&self.readers, id).await
    }

    async fn customer_by_phone(&self, phone: &str) -> Result<Option<CustomerRow>, StoreError> {
        let row = sqlx::query(concat!("SELECT ", columns!(customer), " FROM customer WHERE phone = $1"))
            .bind(phone::key(phone))
            .fetch_optional(&self.readers)
            .await
            .map_err(db)?;
        row.as_ref().map(read).transpose()
    }

    async fn merge(&self, from: i64, into: i64) -> Result<CustomerRow, StoreError> {
        let mut tx = self.begin().await?;
        let (was, is) = (need(&mut tx, from).await?, need(&mut tx, into).await?);
        if from == into || (was.user_id.is_some() && is.user_id.is_some()) {
            return Err(StoreError::Conflict("two customers with a user id each are two people".into()));
        }
        if is.merged_into.is_some() {
            return Err(StoreError::Conflict("it was merged into another customer itself".into()));
        }
        sqlx::query("UPDATE customer SET user_id = NULL, phone = NULL, merged_into = $2 WHERE id = $1")
            .bind(from)
            .bind(into)
            .execute(&mut *tx)
            .await
            .map_err(db)?;
        sqlx::query(
            "UPDATE customer SET user_id = COALESCE(user_id, $2), phone = COALESCE(phone, $3),
               wa_id = COALESCE(wa_id, $4), name = COALESCE(name, $5)
             WHERE id = $1",
        )
        .bind(into)
        .bind(&was.user_id)
        .bind(&was.phone)
        .bind(&was.wa_id)
        .bind(&was.name)
        .execute(&mut *tx)
        .await
        .map_err(db)?;
        owner::moved(&mut tx, from, into).await?;
        for sql in [
            "UPDATE booking SET customer_id = $2 WHERE customer_id = $1",
            "UPDATE waitlist SET customer_id = $2 WHERE customer_id = $1",
        ] {
            sqlx::query(sql).bind(from).bind(into).execute(&mut *tx).await.map_err(db)?;
        }
        let row = need(&mut tx, into).await?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn ids_changed(&self, was: &Sender, is: &Sender) -> Result<CustomerRow, StoreError> {
        let mut tx = self.begin().await?;
        let id = change_ids(&mut tx, was, is).await?.ok_or(StoreError::NotFound("customer"))?;
        let row = need(&mut tx, id).await?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn known_owners(&self) -> Result<Vec<KnownOwner>, StoreError> {
        owner::known(&self.readers).await
    }

    async fn know_owner(&self, phone: &str, customer_id: i64) -> Result<KnownOwner, StoreError> {
        let mut tx = self.begin().await?;
        let known = owner::know(&mut tx, phone, customer_id).await?;
        tx.commit().await.map_err(db)?;
        Ok(known)
    }

    async fn forget_owner(&self, phone: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        owner::forget(&mut tx, phone).await?;
        tx.commit().await.map_err(db)
    }
}

/// Gives the customer of `was` the ids of `is`; `None` where nobody is known by them.
pub(crate) async fn change_ids(tx: &mut Tx, was: &Sender, is: &Sender) -> Result<Option<i64>, StoreError> {
    let Some(id) = known(tx, was).await? else { return Ok(None) };
    let key = is.wa_id.as_deref().map(phone::key);
    sqlx::query("UPDATE customer SET user_id = NULL WHERE user_id = $1 AND id <> $2")
        .bind(&is.user_id)
        .bind(id)
        .execute(&mut **tx)
        .await
        .map_err(db)?;
    sqlx::query("UPDATE customer SET phone = NULL, wa_id = NULL WHERE phone = $1 AND id <> $2")
        .bind(&key)
        .bind(id)
        .execute(&mut **tx)
        .await
        .map_err(db)?;
    sqlx::query(
        "UPDATE customer SET user_id = COALESCE($2, user_id), phone = COALESCE($3, phone),
           wa_id = COALESCE($4, wa_id), name = COALESCE($5, name)
         WHERE id = $1",
    )
    .bind(id)
    .bind(&is.user_id)
    .bind(&key)
    .bind(&is.wa_id)
    .bind(&is.name)
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    Ok(Some(id))
}

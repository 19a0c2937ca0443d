//! Who a sender is: business-scoped user id first, phone second. Whatever changes who is who holds one lock per
//! tenant ([`locks`]), so that two senders never become two rows for one person.

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    customer::{CustomerRow, CustomerStore, KnownOwner, Sender},
    micros, phone,
};
use sqlx::{PgConnection, PgExecutor, Row, postgres::PgRow};

use crate::{PostgresStore, Tx, error, lock, owner, retry, text};

/// What accepting messages and everything about identities holds.
pub(crate) fn locks(store: &PostgresStore) -> lock::Keys {
    store.locks([("inbox", "")])
}

/// A sender as it can be kept.
pub(crate) fn kept(sender: &Sender) -> Sender {
    let clean = |text: &Option<String>| text.as_deref().map(|text| text::clean(text).into_owned());
    Sender { user_id: clean(&sender.user_id), wa_id: clean(&sender.wa_id), name: clean(&sender.name) }
}

/// The customer of a sender, by the rules of [`CustomerStore`]. The lock is held.
pub(crate) async fn identify(
    tx: &mut PgConnection,
    sender: &Sender,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let key = sender.wa_id.as_deref().map(phone::key);
    let rows: Vec<(i64, Option<String>, Option<String>)> =
        sqlx::query_as("SELECT id, user_id, phone FROM customer WHERE user_id = $1 OR phone = $2")
            .bind(&sender.user_id)
            .bind(&key)
            .fetch_all(&mut *tx)
            .await
            .map_err(error::store)?;
    let by_user = rows.iter().find(|(_, user_id, _)| user_id.is_some() && *user_id == sender.user_id);
    let by_phone = rows.iter().find(|(_, _, phone)| phone.is_some() && *phone == key);
    let id = match (by_user, by_phone) {
        (Some((id, ..)), _) => *id,
        (None, Some((id, ..))) if sender.user_id.is_none() => *id,
        _ => insert(tx, now).await?,
    };
    if let Some((other, user_id, _)) = by_phone.filter(|(other, ..)| *other != id) {
        // A match by the phone alone: the number leads to this row, and nothing else goes with it. Where the other
        // row has a user id, another person had the number.
        sqlx::query(
            "UPDATE customer SET phone = NULL, wa_id = CASE WHEN $3 THEN NULL ELSE wa_id END,
                 merged_into = CASE WHEN $3 THEN merged_into ELSE $2 END
             WHERE id = $1",
        )
        .bind(other)
        .bind(id)
        .bind(user_id.is_some())
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
    }
    complete(tx, id, sender).await?;
    Ok(id)
}

async fn insert(tx: &mut PgConnection, now: Timestamp) -> Result<i64, StoreError> {
    sqlx::query_scalar("INSERT INTO customer (created_us) VALUES ($1) RETURNING id")
        .bind(micros::to(now))
        .fetch_one(tx)
        .await
        .map_err(error::store)
}

/// Gives a row what the sender reveals.
async fn complete(tx: &mut PgConnection, id: i64, sender: &Sender) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE customer SET user_id = COALESCE($2, user_id), phone = COALESCE($3, phone),
             wa_id = COALESCE($4, wa_id), name = COALESCE($5, name)
         WHERE id = $1",
    )
    .bind(id)
    .bind(&sender.user_id)
    .bind(sender.wa_id.as_deref().map(phone::key))
    .bind(&sender.wa_id)
    .bind(&sender.name)
    .execute(tx)
    .await
    .map(drop)
    .map_err(error::store)
}

// Columns by name, never `*`: a newer program may add some while this one has the statement prepared.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, user_id, phone, wa_id, name, merged_into, created_us FROM customer ", $rest)
    };
}

fn read(row: &PgRow) -> Result<CustomerRow, StoreError> {
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

pub(crate) async fn get(executor: impl PgExecutor<'_>, id: i64) -> Result<Option<CustomerRow>, StoreError> {
    let row = sqlx::query(select!("WHERE id = $1"))
        .bind(id)
        .fetch_optional(executor)
        .await
        .map_err(error::store)?;
    row.as_ref().map(read).transpose()
}

async fn need(tx: &mut PgConnection, id: i64) -> Result<CustomerRow, StoreError> {
    get(tx, id).await?.ok_or(StoreError::NotFound("customer"))
}

/// The customer who has an id of a sender now, if any; the user id goes before the phone.
async fn known(tx: &mut PgConnection, sender: &Sender) -> Result<Option<i64>, StoreError> {
    sqlx::query_scalar(
        "SELECT id FROM customer WHERE user_id = $1 OR phone = $2
         ORDER BY user_id IS NOT DISTINCT FROM $1 DESC LIMIT 1",
    )
    .bind(&sender.user_id)
    .bind(sender.wa_id.as_deref().map(phone::key))
    .fetch_optional(tx)
    .await
    .map_err(error::store)
}

/// Gives the customer of `was` the ids of `is`, in a transaction that has the [`locks`]; `None` where nobody is known
/// by them.
pub(crate) async fn change_ids(
    tx: &mut PgConnection,
    was: &Sender,
    is: &Sender,
) -> Result<Option<i64>, StoreError> {
    let Some(id) = known(tx, was).await? else { return Ok(None) };
    sqlx::query("UPDATE customer SET user_id = NULL WHERE user_id = $1 AND id <> $2")
        .bind(&is.user_id)
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
    sqlx::query("UPDATE customer SET phone = NULL, wa_id = NULL WHERE phone = $1 AND id <> $2")
        .bind(is.wa_id.as_deref().map(phone::key))
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
    complete(tx, id, is).await?;
    Ok(Some(id))
}

impl PostgresStore {
    async fn begin_identities(&self) -> Result<Tx, StoreError> {
        self.begin_locked(&locks(self)).await
    }

    async fn merge_once(&self, from: i64, into: i64) -> Result<CustomerRow, StoreError> {
        let mut tx = self.begin_identities().await?;
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
            .map_err(error::store)?;
        sqlx::query(
            "UPDATE customer SET user_id = COALESCE(user_id, $2), phone = COALESCE(phone, $3),
                 wa_id = COALESCE(wa_id, $4), name = COALESCE(name, $5)
             WHERE id = $1",
        )
        .bind(into)
        .bind(was.user_id)
        .bind(was.phone)
        .bind(was.wa_id)
        .bind(was.name)
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
        owner::moved(&mut tx, from, into).await?;
        for sql in [
            "UPDATE booking SET customer_id = $2 WHERE customer_id = $1",
            "UPDATE waitlist SET customer_id = $2 WHERE customer_id = $1",
        ] {
            sqlx::query(sql).bind(from).bind(into).execute(&mut *tx).await.map_err(error::store)?;
        }
        let row = need(&mut tx, into).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(row)
    }

    async fn ids_changed_once(&self, was: &Sender, is: &Sender) -> Result<CustomerRow, StoreError> {
        let mut tx = self.begin_identities().await?;
        let id = change_ids(&mut tx, was, is).await?.ok_or(StoreError::NotFound("customer"))?;
        let row = need(&mut tx, id).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(row)
    }
}

#[async_trait]
impl CustomerStore for PostgresStore {
    async fn identify(&self, sender: &Sender, now: Timestamp) -> Result<CustomerRow, StoreError> {
        if sender.user_id.is_none() && sender.wa_id.is_none() {
            return Err(StoreError::Invalid("a sender without any id".into()));
        }
        let sender = kept(sender);
        retry::passing(|| async {
            let mut tx = self.begin_identities().await?;
            let id = identify(&mut tx, &sender, now).await?;
            let row = need(&mut tx, id).await?;
            tx.commit().await.map_err(error::store)?;
            Ok(row)
        })
        .await
    }

    async fn customer(&self, id: i64) -> Result<Option<CustomerRow>, StoreError> {
        get(&self.pool, id).await
    }

    async fn customer_by_phone(&self, phone: &str) -> Result<Option<CustomerRow>, StoreError> {
        let row = sqlx::query(select!("WHERE phone = $1"))
            .bind(phone::key(&text::clean(phone)))
            .fetch_optional(&self.pool)
            .await
            .map_err(error::store)?;
        row.as_ref().map(read).transpose()
    }

    async fn merge(&self, from: i64, into: i64) -> Result<CustomerRow, StoreError> {
        retry::passing(|| self.merge_once(from, into)).await
    }

    async fn ids_changed(&self, was: &Sender, is: &Sender) -> Result<CustomerRow, StoreError> {
        let (was, is) = (kept(was), kept(is));
        retry::passing(|| self.ids_changed_once(&was, &is)).await
    }

    async fn known_owners(&self) -> Result<Vec<KnownOwner>, StoreError> {
        owner::known(&self.pool).await
    }

    async fn know_owner(&self, phone: &str, customer_id: i64) -> Result<KnownOwner, StoreError> {
        retry::passing(|| async {
            let mut tx = self.begin_identities().await?;
            let known = owner::know(&mut tx, phone, customer_id).await?;
            tx.commit().await.map_err(error::store)?;
            Ok(known)
        })
        .await
    }

    async fn forget_owner(&self, phone: &str) -> Result<(), StoreError> {
        retry::passing(|| async {
            let mut tx = self.begin_identities().await?;
            owner::forget(&mut tx, phone).await?;
            tx.commit().await.map_err(error::store)
        })
        .await
    }
}

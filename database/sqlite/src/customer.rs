//! Who a sender is: business-scoped user id first, phone second.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    inbox::{IncomingMessage, Sender},
};
use serde_json::json;
use sqlx::{Sqlite, Transaction};

use crate::micros;

/// What is known of a customer.
#[derive(sqlx::FromRow)]
struct Known {
    conversation: i64,
    user_id: Option<String>,
    wa_id: Option<String>,
    name: Option<String>,
}

impl Known {
    /// Whether the sender reveals nothing that the row does not have yet. Only then may the row be used as it is.
    fn has_all_of(&self, sender: &Sender) -> bool {
        let same = |new: &Option<String>, old: &Option<String>| new.is_none() || new == old;
        let identified = match &sender.user_id {
            Some(_) => self.user_id == sender.user_id,
            // By the phone alone: numbers lead to one row, see `find`.
            None => sender.wa_id.is_some() && self.wa_id == sender.wa_id,
        };
        identified && same(&sender.wa_id, &self.wa_id) && same(&sender.name, &self.name)
    }
}

/// The conversations of the messages' senders, in the messages' order. One statement where all senders are known
/// as they are; each new or changed one is resolved by itself.
pub(crate) async fn conversations(
    tx: &mut Transaction<'static, Sqlite>,
    messages: &[&IncomingMessage],
    now: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let user_ids: BTreeSet<&str> = messages.iter().filter_map(|m| m.sender.user_id.as_deref()).collect();
    let wa_ids: BTreeSet<&str> = messages.iter().filter_map(|m| m.sender.wa_id.as_deref()).collect();
    let known: Vec<Known> = sqlx::query_as(
        "SELECT c.id AS conversation, k.user_id, k.wa_id, k.name
         FROM customer k JOIN conversation c ON c.customer_id = k.id
         WHERE k.user_id IN (SELECT value FROM json_each($1)) OR k.wa_id IN (SELECT value FROM json_each($2))",
    )
    .bind(json!(user_ids).to_string())
    .bind(json!(wa_ids).to_string())
    .fetch_all(&mut **tx)
    .await
    .map_err(StoreError::database)?;
    let mut by_id: HashMap<&str, &Known> = HashMap::with_capacity(known.len() * 2);
    for row in &known {
        for id in row.user_id.iter().chain(&row.wa_id) {
            by_id.insert(id, row);
        }
    }
    let mut found = Vec::with_capacity(messages.len());
    let mut changed = false;
    for message in messages {
        let sender = &message.sender;
        let row = sender.user_id.as_deref().or(sender.wa_id.as_deref()).and_then(|id| by_id.get(id));
        // What one resolution changes, another may depend on: from the first change on, each is looked up anew.
        if let Some(row) = row.filter(|row| !changed && row.has_all_of(sender)) {
            found.push(row.conversation);
        } else {
            changed = true;
            found.push(resolve(tx, sender, now).await?);
        }
    }
    Ok(found)
}

/// The customer and conversation of a sender, made where they are new. What the sender newly reveals (a phone
/// beside a known user id, or the reverse) is added to the row.
async fn resolve(
    tx: &mut Transaction<'static, Sqlite>,
    sender: &Sender,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let customer = match find(tx, sender).await? {
        Some(id) => {
            update(tx, id, sender).await?;
            id
        }
        None => sqlx::query_scalar(
            "INSERT INTO customer (user_id, wa_id, name, created_us) VALUES ($1, $2, $3, $4) RETURNING id",
        )
        .bind(&sender.user_id)
        .bind(&sender.wa_id)
        .bind(&sender.name)
        .bind(micros::to(now))
        .fetch_one(&mut **tx)
        .await
        .map_err(StoreError::database)?,
    };
    sqlx::query_scalar(
        "INSERT INTO conversation (customer_id) VALUES ($1)
         ON CONFLICT (customer_id) DO UPDATE SET customer_id = excluded.customer_id RETURNING id",
    )
    .bind(customer)
    .fetch_one(&mut **tx)
    .await
    .map_err(StoreError::database)
}

async fn find(tx: &mut Transaction<'static, Sqlite>, sender: &Sender) -> Result<Option<i64>, StoreError> {
    if let Some(user_id) = &sender.user_id {
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM customer WHERE user_id = $1")
            .bind(user_id)
            .fetch_optional(&mut **tx)
            .await
            .map_err(StoreError::database)?;
        if known.is_some() {
            return Ok(known);
        }
    }
    let Some(wa_id) = &sender.wa_id else { return Ok(None) };
    let known: Option<(i64, Option<String>)> =
        sqlx::query_as("SELECT id, user_id FROM customer WHERE wa_id = $1")
            .bind(wa_id)
            .fetch_optional(&mut **tx)
            .await
            .map_err(StoreError::database)?;
    match known {
        // Numbers are recycled: another user id on a known number is another person, who must not inherit
        // anything. The number now leads to the new one.
        Some((id, Some(other))) if sender.user_id.as_ref().is_some_and(|new| *new != other) => {
            sqlx::query("UPDATE customer SET wa_id = NULL WHERE id = $1")
                .bind(id)
                .execute(&mut **tx)
                .await
                .map_err(StoreError::database)?;
            Ok(None)
        }
        Some((id, _)) => Ok(Some(id)),
        None => Ok(None),
    }
}

async fn update(tx: &mut Transaction<'static, Sqlite>, id: i64, sender: &Sender) -> Result<(), StoreError> {
    if let Some(wa_id) = &sender.wa_id {
        // A row known by the user id takes the number over from a row that was known by the number alone only
        // where that row has a user id to live on with; otherwise both stay apart.
        sqlx::query("UPDATE customer SET wa_id = NULL WHERE wa_id = $1 AND id <> $2 AND user_id IS NOT NULL")
            .bind(wa_id)
            .bind(id)
            .execute(&mut **tx)
            .await
            .map_err(StoreError::database)?;
    }
    sqlx::query(
        "UPDATE customer SET
           user_id = COALESCE($2, user_id),
           wa_id = CASE WHEN $3 IS NULL OR EXISTS (SELECT 1 FROM customer o WHERE o.wa_id = $3 AND o.id <> $1)
                        THEN wa_id ELSE $3 END,
           name = COALESCE($4, name)
         WHERE id = $1",
    )
    .bind(id)
    .bind(&sender.user_id)
    .bind(&sender.wa_id)
    .bind(&sender.name)
    .execute(&mut **tx)
    .await
    .map_err(StoreError::database)?;
    Ok(())
}

//! Giving messages their customers and conversations.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use mcp_store::{StoreError, conversation::SERVICE_WINDOW, customer::Sender, micros, phone};
use sqlx::{PgConnection, Row};

use super::Fresh;
use crate::{conversation, customer, error};

/// What is known of a customer.
#[derive(sqlx::FromRow)]
struct Known {
    conversation: i64,
    user_id: Option<String>,
    phone: Option<String>,
    wa_id: Option<String>,
    name: Option<String>,
}

impl Known {
    /// Whether the sender reveals nothing that the row does not have yet. Only then may the row be used as it is.
    fn has_all_of(&self, sender: &Sender) -> bool {
        let same = |new: &Option<String>, old: &Option<String>| new.is_none() || new == old;
        let identified = match &sender.user_id {
            Some(_) => self.user_id == sender.user_id,
            None => sender.wa_id.is_some(),
        };
        let phone = sender.wa_id.as_deref().map(phone::key);
        identified
            && same(&sender.wa_id, &self.wa_id)
            && same(&phone, &self.phone)
            && same(&sender.name, &self.name)
    }
}

/// Writes where each message belongs, and what that means for its conversation.
pub(super) async fn all(
    tx: &mut PgConnection,
    fresh: &[Fresh<'_>],
    numbers: &[i64],
    now: Timestamp,
) -> Result<(), StoreError> {
    let conversations = conversations(tx, fresh, now).await?;
    sqlx::query(
        "INSERT INTO inbox_route (seq, conversation_id, state)
         SELECT seq, conversation_id, 'pending' FROM unnest($1::bigint[], $2::bigint[]) AS r (seq, conversation_id)",
    )
    .bind(numbers)
    .bind(&conversations)
    .execute(&mut *tx)
    .await
    .map_err(error::store)?;
    let mut windows: BTreeMap<i64, i64> = BTreeMap::new();
    for (message, conversation) in fresh.iter().zip(conversations) {
        let until = micros::to(message.message.sent_at).saturating_add(micros::of(SERVICE_WINDOW));
        let window = windows.entry(conversation).or_insert(until);
        *window = until.max(*window);
    }
    let (ids, windows): (Vec<i64>, Vec<i64>) = windows.into_iter().unzip();
    sqlx::query(
        "UPDATE conversation c SET first_pending_us = COALESCE(c.first_pending_us, $3), last_pending_us = $3,
             window_until_us = GREATEST(c.window_until_us, w.until)
         FROM unnest($1::bigint[], $2::bigint[]) AS w (id, until) WHERE c.id = w.id",
    )
    .bind(ids)
    .bind(windows)
    .bind(micros::to(now))
    .execute(tx)
    .await
    .map(drop)
    .map_err(error::store)
}

/// The conversations of the messages' senders, in the messages' order. One statement where all senders are known as
/// they are; each new or changed one is resolved by itself.
async fn conversations(
    tx: &mut PgConnection,
    fresh: &[Fresh<'_>],
    now: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let user_ids: BTreeSet<&str> = fresh.iter().filter_map(|m| m.sender.user_id.as_deref()).collect();
    let phones: BTreeSet<String> =
        fresh.iter().filter_map(|m| m.sender.wa_id.as_deref()).map(phone::key).collect();
    let known: Vec<Known> = sqlx::query_as(
        "SELECT c.id AS conversation, k.user_id, k.phone, k.wa_id, k.name
         FROM customer k JOIN conversation c ON c.customer_id = k.id
         WHERE k.user_id = ANY($1) OR k.phone = ANY($2)",
    )
    .bind(user_ids.into_iter().collect::<Vec<_>>())
    .bind(phones.into_iter().collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await
    .map_err(error::store)?;
    let by_user: HashMap<&str, &Known> =
        known.iter().filter_map(|row| Some((row.user_id.as_deref()?, row))).collect();
    let by_phone: HashMap<&str, &Known> =
        known.iter().filter_map(|row| Some((row.phone.as_deref()?, row))).collect();
    let mut found = Vec::with_capacity(fresh.len());
    let mut changed = false;
    for Fresh { sender, .. } in fresh {
        let row = match (&sender.user_id, &sender.wa_id) {
            (Some(id), _) => by_user.get(id.as_str()),
            (None, Some(wa_id)) => by_phone.get(phone::key(wa_id).as_str()),
            (None, None) => None,
        };
        // What one resolution changes, another may depend on: from the first change on, each is looked up anew.
        if let Some(row) = row.filter(|row| !changed && row.has_all_of(sender)) {
            found.push(row.conversation);
        } else {
            changed = true;
            let id = customer::identify(tx, sender, now).await?;
            found.push(conversation::of(tx, id).await.map_err(error::store)?.get("id"));
        }
    }
    Ok(found)
}

//! Giving what arrived its customer and conversation, apart from the path that acknowledgements wait for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mcp_store::{StoreError, conversation::SERVICE_WINDOW, customer::Sender, micros, phone};
use serde_json::json;
use sqlx::SqliteExecutor;

use crate::{Tx, customer, db};

#[derive(sqlx::FromRow)]
struct Waiting {
    seq: i64,
    user_id: Option<String>,
    wa_id: Option<String>,
    name: Option<String>,
    sent_us: i64,
    received_us: i64,
}

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
    fn has_all_of(&self, sender: &Waiting) -> bool {
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

/// What changes in a conversation: first and last arrival, end of the service window.
struct Burst {
    first: i64,
    last: i64,
    window: i64,
}

/// When the oldest message without conversation arrived.
pub(crate) async fn oldest(executor: impl SqliteExecutor<'_>) -> Result<Option<i64>, StoreError> {
    sqlx::query_scalar(
        "SELECT received_us FROM inbox WHERE seq > (SELECT COALESCE(MAX(seq), 0) FROM inbox_route)
         ORDER BY seq LIMIT 1",
    )
    .fetch_optional(executor)
    .await
    .map_err(db)
}

/// Gives every message without conversation its own; returns how many there were.
pub(crate) async fn all(tx: &mut Tx) -> Result<usize, StoreError> {
    first(tx, u32::MAX).await
}

/// Gives the oldest messages without conversation, so many at most, their own; returns how many there were.
pub(crate) async fn first(tx: &mut Tx, most: u32) -> Result<usize, StoreError> {
    let waiting: Vec<Waiting> = sqlx::query_as(
        "SELECT seq, user_id, wa_id, name, sent_us, received_us FROM inbox
         WHERE seq > (SELECT COALESCE(MAX(seq), 0) FROM inbox_route) ORDER BY seq LIMIT $1",
    )
    .bind(most)
    .fetch_all(&mut **tx)
    .await
    .map_err(db)?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let conversations = conversations(tx, &waiting).await?;
    let mut bursts: BTreeMap<i64, Burst> = BTreeMap::new();
    let mut routes = Vec::with_capacity(waiting.len());
    for (message, conversation) in waiting.iter().zip(conversations) {
        routes.push(json!([message.seq, conversation]));
        let window = message.sent_us.saturating_add(micros::of(SERVICE_WINDOW));
        let burst = bursts.entry(conversation).or_insert(Burst {
            first: message.received_us,
            last: message.received_us,
            window,
        });
        burst.last = message.received_us;
        burst.window = burst.window.max(window);
    }
    sqlx::query(
        "INSERT INTO inbox_route (seq, conversation_id, state)
         SELECT value ->> 0, value ->> 1, 'pending' FROM json_each($1)",
    )
    .bind(json!(routes).to_string())
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    let bursts: Vec<_> = bursts.iter().map(|(id, b)| json!([id, b.first, b.last, b.window])).collect();
    sqlx::query(
        "UPDATE conversation SET
           first_pending_us = COALESCE(first_pending_us, j.value ->> 1), last_pending_us = j.value ->> 2,
           window_until_us = MAX(COALESCE(window_until_us, j.value ->> 3), j.value ->> 3)
         FROM json_each($1) j WHERE conversation.id = j.value ->> 0",
    )
    .bind(json!(bursts).to_string())
    .execute(&mut **tx)
    .await
    .map_err(db)?;
    Ok(waiting.len())
}

/// The conversations of the messages' senders, in the messages' order. One statement where all senders are known
/// as they are; each new or changed one is resolved by itself.
async fn conversations(tx: &mut Tx, messages: &[Waiting]) -> Result<Vec<i64>, StoreError> {
    let user_ids: BTreeSet<&str> = messages.iter().filter_map(|m| m.user_id.as_deref()).collect();
    let phones: BTreeSet<String> =
        messages.iter().filter_map(|m| m.wa_id.as_deref()).map(phone::key).collect();
    let known: Vec<Known> = sqlx::query_as(
        "SELECT c.id AS conversation, k.user_id, k.phone, k.wa_id, k.name
         FROM customer k JOIN conversation c ON c.customer_id = k.id
         WHERE k.user_id IN (SELECT value FROM json_each($1)) OR k.phone IN (SELECT value FROM json_each($2))",
    )
    .bind(json!(user_ids).to_string())
    .bind(json!(phones).to_string())
    .fetch_all(&mut **tx)
    .await
    .map_err(db)?;
    let mut by_user: HashMap<&str, &Known> = HashMap::with_capacity(known.len());
    let mut by_phone: HashMap<&str, &Known> = HashMap::with_capacity(known.len());
    for row in &known {
        row.user_id.as_deref().map(|id| by_user.insert(id, row));
        row.phone.as_deref().map(|id| by_phone.insert(id, row));
    }
    let mut found = Vec::with_capacity(messages.len());
    let mut changed = false;
    for message in messages {
        let row = match (&message.user_id, &message.wa_id) {
            (Some(id), _) => by_user.get(id.as_str()),
            (None, Some(wa_id)) => by_phone.get(phone::key(wa_id).as_str()),
            (None, None) => None,
        };
        // What one resolution changes, another may depend on: from the first change on, each is looked up anew.
        if let Some(row) = row.filter(|row| !changed && row.has_all_of(message)) {
            found.push(row.conversation);
        } else {
            changed = true;
            let sender = Sender {
                user_id: message.user_id.clone(),
                wa_id: message.wa_id.clone(),
                name: message.name.clone(),
            };
            let arrived =
                micros::from(message.received_us, "inbox", "received_us", &message.seq.to_string())?;
            let id = customer::identify(tx, &sender, arrived).await?;
            found.push(customer::conversation(tx, id).await?);
        }
    }
    Ok(found)
}

//! What belongs to a customer.

use std::collections::BTreeSet;

use mcp_store::{StoreError, phone};
use serde_json::json;

use crate::{Tx, db};

/// What belongs to a customer, by the keys of its rows.
pub(super) struct Scope {
    /// The customer and those that point to it.
    pub customers: Vec<i64>,
    conversations: Vec<i64>,
    bookings: Vec<String>,
    messages: Vec<i64>,
}

/// Tables with a customer's rows, in an order in which they can be deleted, and which rows these are: `$1` is the
/// scope as JSON.
pub(super) const TABLES: [(&str, &str, &str); 17] = [
    (
        "delivery_status",
        "outbox_id IN (SELECT id FROM outbox WHERE conversation_id IN (SELECT value FROM json_each($1, '$.conversations')))
         OR wamid IN (SELECT wamid FROM outbox WHERE conversation_id IN (SELECT value FROM json_each($1, '$.conversations')))",
        "seq",
    ),
    ("dead_letter", "conversation_id IN (SELECT value FROM json_each($1, '$.conversations'))", "id"),
    ("echo", "conversation_id IN (SELECT value FROM json_each($1, '$.conversations'))", "id"),
    ("usage_customer", "customer_id IN (SELECT value FROM json_each($1, '$.customers'))", "customer_id, day, kind"),
    ("turn", "conversation_id IN (SELECT value FROM json_each($1, '$.conversations'))", "conversation_id, epoch"),
    ("history", "conversation_id IN (SELECT value FROM json_each($1, '$.conversations'))", "id"),
    // Outcomes of bookings, and what was heard or said under the ids of messages; before the messages go.
    (
        "idempotency",
        "booking_id IN (SELECT value FROM json_each($1, '$.bookings'))
         OR key IN (SELECT door || i.id FROM inbox i, (SELECT 'heard:' AS door UNION ALL SELECT 'chat:' UNION ALL
                      SELECT 'chat-since:' UNION ALL SELECT 'chat-answer:')
                    WHERE i.seq IN (SELECT value FROM json_each($1, '$.messages')))",
        "key",
    ),
    ("inbox_route", "seq IN (SELECT value FROM json_each($1, '$.messages'))", "seq"),
    ("inbox", "seq IN (SELECT value FROM json_each($1, '$.messages'))", "seq"),
    ("outbox", "conversation_id IN (SELECT value FROM json_each($1, '$.conversations'))", "seq"),
    ("waitlist", "customer_id IN (SELECT value FROM json_each($1, '$.customers'))", "id"),
    ("reminder", "booking_id IN (SELECT value FROM json_each($1, '$.bookings'))", "booking_id, due_us"),
    ("conversation", "id IN (SELECT value FROM json_each($1, '$.conversations'))", "id"),
    ("audit_payload", "customer_id IN (SELECT value FROM json_each($1, '$.customers'))", "seq"),
    // Not deleted: bookings lose their person, the audit keeps its entries, customers go last.
    ("booking", "id IN (SELECT value FROM json_each($1, '$.bookings'))", "id"),
    (
        "audit",
        "seq IN (SELECT seq FROM audit_payload WHERE customer_id IN (SELECT value FROM json_each($1, '$.customers')))",
        "seq",
    ),
    ("customer", "id IN (SELECT value FROM json_each($1, '$.customers'))", "id"),
];

/// How many of [`TABLES`], from the first, are deleted row by row.
pub(super) const DELETED: usize = 14;

impl Scope {
    /// Finds everything; `None` without that customer.
    pub(super) async fn read(tx: &mut Tx, id: i64) -> Result<Option<Self>, StoreError> {
        let rows: Vec<(i64, Option<String>, Option<String>)> = sqlx::query_as(
            "WITH RECURSIVE mine (id) AS (
               SELECT id FROM customer WHERE id = $1
               UNION SELECT c.id FROM customer c JOIN mine ON c.merged_into = mine.id)
             SELECT c.id, c.phone, c.wa_id FROM customer c JOIN mine ON mine.id = c.id ORDER BY c.id",
        )
        .bind(id)
        .fetch_all(&mut **tx)
        .await
        .map_err(db)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let customers: Vec<i64> = rows.iter().map(|(id, _, _)| *id).collect();
        let mut phones = BTreeSet::new();
        for (_, phone, wa_id) in rows {
            phones.extend(phone);
            phones.extend(wa_id.as_deref().map(phone::key));
        }
        let ids = json!({"customers": customers, "phones": phones}).to_string();
        let conversations = sqlx::query_scalar(
            "SELECT id FROM conversation WHERE customer_id IN (SELECT value FROM json_each($1, '$.customers')) ORDER BY id",
        )
        .bind(&ids)
        .fetch_all(&mut **tx)
        .await
        .map_err(db)?;
        let bookings = sqlx::query_scalar(
            "SELECT id FROM booking WHERE customer_id IN (SELECT value FROM json_each($1, '$.customers'))
               OR phone IN (SELECT value FROM json_each($1, '$.phones')) ORDER BY id",
        )
        .bind(&ids)
        .fetch_all(&mut **tx)
        .await
        .map_err(db)?;
        let messages = sqlx::query_scalar(
            "SELECT seq FROM inbox_route WHERE conversation_id IN (SELECT value FROM json_each($1)) ORDER BY seq",
        )
        .bind(json!(conversations).to_string())
        .fetch_all(&mut **tx)
        .await
        .map_err(db)?;
        Ok(Some(Self { customers, conversations, bookings, messages }))
    }

    /// As the statements take it.
    pub(super) fn json(&self) -> String {
        json!({
            "customers": self.customers,
            "conversations": self.conversations,
            "bookings": self.bookings,
            "messages": self.messages,
        })
        .to_string()
    }
}

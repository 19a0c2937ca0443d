//! What belongs to a customer.

use std::collections::BTreeSet;

use mcp_store::{StoreError, phone};
use serde_json::json;
use sqlx::PgConnection;

use crate::error;

/// What belongs to a customer, by the keys of its rows.
pub(super) struct Scope {
    /// The customer and those that point to it.
    pub customers: Vec<i64>,
    conversations: Vec<i64>,
    bookings: Vec<String>,
}

/// The members of one of the scope's lists, in a statement whose `$1` is the scope.
macro_rules! ids {
    (bookings) => {
        "(SELECT jsonb_array_elements_text($1::jsonb -> 'bookings'))"
    };
    ($list:ident) => {
        concat!("(SELECT jsonb_array_elements_text($1::jsonb -> '", stringify!($list), "')::bigint)")
    };
}
pub(super) use ids;

/// Tables with a customer's rows, in an order in which they can be deleted; which rows these are; and their order.
pub(super) const TABLES: [(&str, &str, &str); 17] = [
    (
        "delivery_status",
        concat!(
            "outbox_id IN (SELECT id FROM outbox WHERE conversation_id IN ",
            ids!(conversations),
            ") OR wamid IN (SELECT wamid FROM outbox WHERE conversation_id IN ",
            ids!(conversations),
            ")"
        ),
        "seq",
    ),
    ("dead_letter", concat!("conversation_id IN ", ids!(conversations)), "id"),
    ("echo", concat!("conversation_id IN ", ids!(conversations)), "id"),
    ("usage_customer", concat!("customer_id IN ", ids!(customers)), "customer_id, day, kind"),
    ("turn", concat!("conversation_id IN ", ids!(conversations)), "conversation_id, epoch"),
    ("history", concat!("conversation_id IN ", ids!(conversations)), "id"),
    // Outcomes of bookings, and what was heard or said under the ids of messages; before the messages go.
    (
        "idempotency",
        concat!(
            "booking_id IN ",
            ids!(bookings),
            " OR key IN (SELECT door || i.id FROM inbox i JOIN inbox_route r ON r.seq = i.seq,
                         (VALUES ('heard:'), ('chat:'), ('chat-since:'), ('chat-answer:')) AS d (door) WHERE r.conversation_id IN ",
            ids!(conversations),
            ")"
        ),
        "key",
    ),
    // The route is deleted with its message: in one statement, because each finds the other.
    ("inbox_route", concat!("conversation_id IN ", ids!(conversations)), "seq"),
    (
        "inbox",
        concat!("seq IN (SELECT seq FROM inbox_route WHERE conversation_id IN ", ids!(conversations), ")"),
        "seq",
    ),
    ("outbox", concat!("conversation_id IN ", ids!(conversations)), "seq"),
    ("waitlist", concat!("customer_id IN ", ids!(customers)), "id"),
    ("reminder", concat!("booking_id IN ", ids!(bookings)), "booking_id, due_us"),
    ("conversation", concat!("id IN ", ids!(conversations)), "id"),
    ("audit_payload", concat!("customer_id IN ", ids!(customers)), "seq"),
    // Not deleted: bookings lose their person, the audit keeps its entries, customers go last.
    ("booking", concat!("id IN ", ids!(bookings)), "id"),
    (
        "audit",
        concat!("seq IN (SELECT seq FROM audit_payload WHERE customer_id IN ", ids!(customers), ")"),
        "seq",
    ),
    ("customer", concat!("id IN ", ids!(customers)), "id"),
];

impl Scope {
    /// Finds everything; `None` without that customer.
    pub(super) async fn read(tx: &mut PgConnection, id: i64) -> Result<Option<Self>, StoreError> {
        let rows: Vec<(i64, Option<String>, Option<String>)> = sqlx::query_as(
            "WITH RECURSIVE mine (id) AS (
                 SELECT id FROM customer WHERE id = $1
                 UNION SELECT c.id FROM customer c JOIN mine ON c.merged_into = mine.id)
             SELECT c.id, c.phone, c.wa_id FROM customer c JOIN mine ON mine.id = c.id ORDER BY c.id",
        )
        .bind(id)
        .fetch_all(&mut *tx)
        .await
        .map_err(error::store)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let customers: Vec<i64> = rows.iter().map(|(id, _, _)| *id).collect();
        let mut phones = BTreeSet::new();
        for (_, phone, wa_id) in rows {
            phones.extend(phone);
            phones.extend(wa_id.as_deref().map(phone::key));
        }
        let conversations =
            sqlx::query_scalar("SELECT id FROM conversation WHERE customer_id = ANY($1) ORDER BY id")
                .bind(&customers)
                .fetch_all(&mut *tx)
                .await
                .map_err(error::store)?;
        let bookings = sqlx::query_scalar(
            "SELECT id FROM booking WHERE customer_id = ANY($1) OR phone = ANY($2) ORDER BY id",
        )
        .bind(&customers)
        .bind(phones.into_iter().collect::<Vec<_>>())
        .fetch_all(tx)
        .await
        .map_err(error::store)?;
        Ok(Some(Self { customers, conversations, bookings }))
    }

    /// Nothing new can refer to the customer or its conversations until the transaction ends.
    pub(super) async fn lock(&self, tx: &mut PgConnection) -> Result<(), StoreError> {
        for sql in [
            concat!(
                "SELECT id FROM conversation WHERE id IN ",
                ids!(conversations),
                " ORDER BY id FOR UPDATE"
            ),
            concat!("SELECT id FROM customer WHERE id IN ", ids!(customers), " ORDER BY id FOR UPDATE"),
            concat!("SELECT id FROM booking WHERE id IN ", ids!(bookings), " ORDER BY id FOR UPDATE"),
        ] {
            sqlx::query(sql).bind(self.json()).execute(&mut *tx).await.map_err(error::store)?;
        }
        Ok(())
    }

    /// As the statements take it.
    pub(super) fn json(&self) -> String {
        json!({
            "customers": self.customers,
            "conversations": self.conversations,
            "bookings": self.bookings,
        })
        .to_string()
    }
}

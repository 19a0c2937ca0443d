//! The audit's chain.

use std::slice;

use async_trait::async_trait;
use futures::TryStreamExt;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    audit::{
        AuditCheck, AuditHead, AuditPayload, AuditRow, AuditStore, AuditVerdict, CheckedEntry, GENESIS,
        NewAudit, payload_digest,
    },
    booking::{Booking, BookingRow},
    micros,
};
use serde_json::json;
use sqlx::{
    PgConnection, Postgres, Row,
    postgres::{PgArguments, PgRow},
};

use crate::{PostgresStore, error, retry, text};

/// An entry as it is kept, but for what only the end of the chain knows: number, hash before, hash.
pub(crate) struct Prepared {
    at: i64,
    actor: String,
    action: String,
    subject: String,
    digest: Option<String>,
    /// The canonical form behind its first element, the number.
    rest: String,
    customer_id: Option<i64>,
    salt: Option<String>,
    content: Option<String>,
}

/// A call of the function that appends, with the number of its first parameter; [`bind`] binds the eleven.
macro_rules! append_call {
    (1) => {
        "audit_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    };
    (29) => {
        "audit_append($29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39)"
    };
}
pub(crate) use append_call;

type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

impl Prepared {
    pub fn new(entry: &NewAudit, now: Timestamp) -> Result<Self, StoreError> {
        let clean = |text: &str| text::clean(text).into_owned();
        let (actor, action, subject) = (clean(&entry.actor), clean(&entry.action), clean(&entry.subject));
        let kept =
            entry.payload.as_ref().map(|p| Ok((clean(&p.salt), text::json(&p.content)?))).transpose()?;
        let digest = kept.as_ref().map(|(salt, content)| payload_digest(salt, content));
        let canonical = json!([micros::to(now), actor, action, subject, digest]).to_string();
        let rest = canonical.strip_prefix('[').unwrap_or(&canonical).to_owned();
        let (salt, content) = kept.unzip();
        Ok(Self {
            at: micros::to(now),
            actor,
            action,
            subject,
            digest,
            rest,
            customer_id: entry.payload.as_ref().and_then(|payload| payload.customer_id),
            salt,
            content,
        })
    }

    /// An entry about a booking; its payload is about the booking's customer where nobody is named.
    pub fn about(entry: &NewAudit, booking: &Booking, now: Timestamp) -> Result<Self, StoreError> {
        let mut entry = entry.clone();
        entry.subject = format!("booking:{}", booking.id);
        if let Some(payload) = &mut entry.payload {
            payload.customer_id = payload.customer_id.or(booking.customer_id());
        }
        Self::new(&entry, now)
    }
}

/// Binds the parameters of [`append_call`].
pub(crate) fn bind<'q>(store: &PostgresStore, entries: &'q [Prepared], query: Query<'q>) -> Query<'q> {
    fn all<'q, T>(entries: &'q [Prepared], of: impl Fn(&'q Prepared) -> T) -> Vec<T> {
        entries.iter().map(of).collect()
    }
    query
        .bind(store.locks([("audit", "")]).into_vec().first().copied())
        .bind(GENESIS)
        .bind(all(entries, |e| e.at))
        .bind(all(entries, |e| e.actor.as_str()))
        .bind(all(entries, |e| e.action.as_str()))
        .bind(all(entries, |e| e.subject.as_str()))
        .bind(all(entries, |e| e.digest.as_deref()))
        .bind(all(entries, |e| e.rest.as_str()))
        .bind(all(entries, |e| e.customer_id))
        .bind(all(entries, |e| e.salt.as_deref()))
        .bind(all(entries, |e| e.content.as_deref()))
}

/// Appends an entry about a booking.
pub(crate) async fn append_about(
    store: &PostgresStore,
    tx: &mut PgConnection,
    entry: &NewAudit,
    row: &BookingRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let prepared = Prepared::about(entry, &row.booking, now)?;
    written(store, tx, &prepared).await.map(drop)
}

/// Appends an entry. The chain's end is locked from here to the end of the transaction: to be done last.
pub(crate) async fn append(
    store: &PostgresStore,
    tx: &mut PgConnection,
    entry: &NewAudit,
    now: Timestamp,
) -> Result<AuditRow, StoreError> {
    let prepared = Prepared::new(entry, now)?;
    let (seq, previous, hash) = written(store, tx, &prepared).await?;
    Ok(AuditRow {
        seq,
        at: micros::floor(now),
        actor: prepared.actor,
        action: prepared.action,
        subject: prepared.subject,
        payload_digest: prepared.digest,
        payload: entry.payload.as_ref().map(|AuditPayload { content, .. }| content.clone()),
        previous,
        hash,
    })
}

async fn written(
    store: &PostgresStore,
    tx: &mut PgConnection,
    entry: &Prepared,
) -> Result<(i64, String, String), StoreError> {
    let query = sqlx::query(concat!("SELECT seq, previous, hash FROM ", append_call!(1)));
    let row = bind(store, slice::from_ref(entry), query).fetch_one(tx).await.map_err(error::store)?;
    Ok((row.get("seq"), row.get("previous"), row.get("hash")))
}

const COLUMNS: &str = "SELECT a.seq, a.at_us, a.actor, a.action, a.subject, a.payload_digest, a.previous, a.hash,
    p.salt, p.content_json FROM audit a LEFT JOIN audit_payload p ON p.seq = a.seq WHERE a.seq > $1 ORDER BY a.seq LIMIT $2";

fn read(row: &PgRow) -> Result<CheckedEntry, StoreError> {
    let seq: i64 = row.get("seq");
    let salt: Option<String> = row.get("salt");
    let content: Option<String> = row.get("content_json");
    Ok(CheckedEntry {
        row: AuditRow {
            seq,
            at: micros::from(row.get("at_us"), "audit", "at_us", &seq.to_string())?,
            actor: row.get("actor"),
            action: row.get("action"),
            subject: row.get("subject"),
            payload_digest: row.get("payload_digest"),
            // One that was tampered with is for the verification to find, and no reason to show nothing else.
            payload: content.as_deref().and_then(|content| serde_json::from_str(content).ok()),
            previous: row.get("previous"),
            hash: row.get("hash"),
        },
        kept: salt.zip(content),
    })
}

#[async_trait]
impl AuditStore for PostgresStore {
    async fn record(&self, entry: &NewAudit, now: Timestamp) -> Result<AuditRow, StoreError> {
        retry::passing(|| async {
            let mut tx = self.begin().await?;
            let row = append(self, &mut tx, entry, now).await?;
            tx.commit().await.map_err(error::store)?;
            Ok(row)
        })
        .await
    }

    async fn audit(&self, after: i64, most: u32) -> Result<Vec<AuditRow>, StoreError> {
        let rows = sqlx::query(COLUMNS)
            .bind(after)
            .bind(i64::from(most))
            .fetch_all(&self.pool)
            .await
            .map_err(error::store)?;
        rows.iter().map(|row| read(row).map(|entry| entry.row)).collect()
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        let last: Option<(i64, String)> =
            sqlx::query_as("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
                .fetch_optional(&self.pool)
                .await
                .map_err(error::store)?;
        let (seq, hash) = last.unwrap_or_else(|| (0, GENESIS.to_owned()));
        Ok(AuditHead { seq, hash })
    }

    async fn verify_audit(&self, earlier: Option<&AuditHead>) -> Result<AuditVerdict, StoreError> {
        let mut check = AuditCheck::new(earlier);
        // One statement: one instant, however long the chain. Rows come as they are needed.
        let mut rows = sqlx::query(COLUMNS).bind(0_i64).bind(i64::MAX).fetch(&self.pool);
        while let Some(row) = rows.try_next().await.map_err(error::store)? {
            if let Err(verdict) = check.next(&read(&row)?) {
                return Ok(verdict);
            }
        }
        Ok(check.end())
    }
}

//! What was done by whom.

use async_trait::async_trait;
use futures::TryStreamExt;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    audit::{
        AuditCheck, AuditHead, AuditRow, AuditStore, AuditVerdict, CheckedEntry, GENESIS, NewAudit,
        entry_hash, payload_digest,
    },
    booking::BookingRow,
    micros,
};
use serde_json::{Value, json};
use sqlx::{Row, SqliteConnection, SqliteExecutor, sqlite::SqliteRow};

use crate::{SqliteStore, db};

const ENTRIES: &str = concat!(
    "SELECT ",
    columns!(audit, a),
    ", p.salt, p.content_json
    FROM audit a LEFT JOIN audit_payload p ON p.seq = a.seq WHERE a.seq > $1 ORDER BY a.seq LIMIT $2"
);

async fn head(executor: impl SqliteExecutor<'_>) -> Result<AuditHead, StoreError> {
    let last: Option<(i64, String)> = sqlx::query_as("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        .fetch_optional(executor)
        .await
        .map_err(db)?;
    let (seq, hash) = last.unwrap_or_else(|| (0, GENESIS.to_owned()));
    Ok(AuditHead { seq, hash })
}

/// The end of the chain in a column: `[seq, hash]` as JSON.
pub(crate) fn head_in(column: Option<&str>) -> Result<AuditHead, StoreError> {
    let Some(text) = column else { return Ok(AuditHead { seq: 0, hash: GENESIS.to_owned() }) };
    let (seq, hash) = serde_json::from_str(text).map_err(|_| StoreError::Inconsistent {
        table: "audit",
        column: "hash",
        row: "the last one".to_owned(),
    })?;
    Ok(AuditHead { seq, hash })
}

/// Rows to append to the chain, as JSON for its two tables.
pub(crate) struct Chain {
    head: AuditHead,
    /// seq, at, actor, action, subject, digest of the payload, hash before, hash.
    pub entries: Vec<Value>,
    /// seq, customer, salt, content.
    pub payloads: Vec<Value>,
}

impl Chain {
    /// Nothing behind the end of the chain; it must not grow otherwise before the rows are written.
    pub fn behind(head: AuditHead) -> Self {
        Self { head, entries: Vec::new(), payloads: Vec::new() }
    }

    /// Adds an entry.
    pub fn append(&mut self, entry: &NewAudit, now: Timestamp) -> AuditRow {
        let (seq, at) = (self.head.seq + 1, micros::floor(now));
        let content = entry.payload.as_ref().map(|payload| payload.content.to_string());
        let digest = entry
            .payload
            .as_ref()
            .zip(content.as_ref())
            .map(|(payload, content)| payload_digest(&payload.salt, content));
        let NewAudit { actor, action, subject, .. } = entry;
        let hash = entry_hash(&self.head.hash, seq, at, actor, action, subject, digest.as_deref());
        let previous = std::mem::replace(&mut self.head, AuditHead { seq, hash: hash.clone() }).hash;
        self.entries.push(json!([seq, micros::to(at), actor, action, subject, digest, previous, hash]));
        if let Some((payload, content)) = entry.payload.as_ref().zip(content) {
            self.payloads.push(json!([seq, payload.customer_id, payload.salt, content]));
        }
        AuditRow {
            seq,
            at,
            actor: actor.clone(),
            action: action.clone(),
            subject: subject.clone(),
            payload_digest: digest,
            payload: entry.payload.as_ref().map(|payload| payload.content.clone()),
            previous,
            hash,
        }
    }
}

/// Appends an entry in the caller's transaction.
pub(crate) async fn append(
    tx: &mut SqliteConnection,
    entry: &NewAudit,
    now: Timestamp,
) -> Result<AuditRow, StoreError> {
    let mut chain = Chain::behind(head(&mut *tx).await?);
    let row = chain.append(entry, now);
    sqlx::query(
        "INSERT INTO audit (seq, at_us, actor, action, subject, payload_digest, previous, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(row.seq)
    .bind(micros::to(row.at))
    .bind(&row.actor)
    .bind(&row.action)
    .bind(&row.subject)
    .bind(&row.payload_digest)
    .bind(&row.previous)
    .bind(&row.hash)
    .execute(&mut *tx)
    .await
    .map_err(db)?;
    if let Some(payload) = &entry.payload {
        sqlx::query(
            "INSERT INTO audit_payload (seq, customer_id, salt, content_json) VALUES ($1, $2, $3, $4)",
        )
        .bind(row.seq)
        .bind(payload.customer_id)
        .bind(&payload.salt)
        .bind(payload.content.to_string())
        .execute(&mut *tx)
        .await
        .map_err(db)?;
    }
    Ok(row)
}

/// An entry about a booking; its payload is about the booking's customer where nobody is named.
pub(crate) fn about(entry: &NewAudit, row: &BookingRow) -> NewAudit {
    let mut entry = entry.clone();
    entry.subject = format!("booking:{}", row.booking.id);
    if let Some(payload) = &mut entry.payload {
        payload.customer_id = payload.customer_id.or(row.booking.customer_id());
    }
    entry
}

/// Appends the entry of a booking or a change, where one was asked for.
pub(crate) async fn of_booking(
    tx: &mut SqliteConnection,
    entry: Option<&NewAudit>,
    row: &BookingRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(entry) = entry else { return Ok(()) };
    append(tx, &about(entry, row), now).await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<CheckedEntry, StoreError> {
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
impl AuditStore for SqliteStore {
    async fn record(&self, entry: &NewAudit, now: Timestamp) -> Result<AuditRow, StoreError> {
        let mut tx = self.begin().await?;
        let row = append(&mut tx, entry, now).await?;
        tx.commit().await.map_err(db)?;
        Ok(row)
    }

    async fn audit(&self, after: i64, most: u32) -> Result<Vec<AuditRow>, StoreError> {
        let rows = sqlx::query(ENTRIES).bind(after).bind(most).fetch_all(&self.readers).await.map_err(db)?;
        rows.iter().map(|row| read(row).map(|entry| entry.row)).collect()
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        head(&self.readers).await
    }

    async fn verify_audit(&self, earlier: Option<&AuditHead>) -> Result<AuditVerdict, StoreError> {
        let mut check = AuditCheck::new(earlier);
        let mut rows = sqlx::query(ENTRIES).bind(0_i64).bind(i64::MAX).fetch(&self.readers);
        while let Some(row) = rows.try_next().await.map_err(db)? {
            if let Err(broken) = check.next(&read(&row)?) {
                return Ok(broken);
            }
        }
        Ok(check.end())
    }
}

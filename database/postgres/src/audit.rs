//! The audit's chain.

use async_trait::async_trait;
use futures::TryStreamExt;
use jiff::Timestamp;
use mcp_store::{
    StoreError,
    audit::{
        AuditCheck, AuditHead, AuditPayload, AuditRow, AuditStore, AuditVerdict, CheckedEntry, GENESIS,
        NewAudit, payload_digest,
    },
    booking::BookingRow,
    micros,
};
use serde_json::json;
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::{PostgresStore, error, retry, text};

/// Appends an entry about a booking; its payload is about the booking's customer where nobody is named.
pub(crate) async fn append_about(
    store: &PostgresStore,
    tx: &mut PgConnection,
    entry: &NewAudit,
    row: &BookingRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut entry = entry.clone();
    entry.subject = format!("booking:{}", row.booking.id);
    if let Some(payload) = &mut entry.payload {
        payload.customer_id = payload.customer_id.or(row.booking.customer_id());
    }
    append(store, tx, &entry, now).await.map(drop)
}

/// Appends an entry. The chain's end is locked from here to the end of the transaction: to be done last.
pub(crate) async fn append(
    store: &PostgresStore,
    tx: &mut PgConnection,
    entry: &NewAudit,
    now: Timestamp,
) -> Result<AuditRow, StoreError> {
    let clean = |text: &str| text::clean(text).into_owned();
    let (actor, action, subject) = (clean(&entry.actor), clean(&entry.action), clean(&entry.subject));
    let kept = entry.payload.as_ref().map(|p| Ok((clean(&p.salt), text::json(&p.content)?))).transpose()?;
    let digest = kept.as_ref().map(|(salt, content)| payload_digest(salt, content));
    // The canonical form without its first element, the number, which only the database knows.
    let rest = json!([micros::to(now), actor, action, subject, digest]).to_string();
    let (salt, content) = kept.unzip();
    let row = sqlx::query(
        "SELECT seq, previous, hash FROM audit_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(store.locks([("audit", "")]).into_vec().first().copied())
    .bind(GENESIS)
    .bind(micros::to(now))
    .bind(&actor)
    .bind(&action)
    .bind(&subject)
    .bind(&digest)
    .bind(rest.strip_prefix('[').unwrap_or(&rest))
    .bind(entry.payload.as_ref().and_then(|payload| payload.customer_id))
    .bind(salt)
    .bind(content)
    .fetch_one(tx)
    .await
    .map_err(error::store)?;
    Ok(AuditRow {
        seq: row.get("seq"),
        at: micros::floor(now),
        actor,
        action,
        subject,
        payload_digest: digest,
        payload: entry.payload.as_ref().map(|AuditPayload { content, .. }| content.clone()),
        previous: row.get("previous"),
        hash: row.get("hash"),
    })
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

//! What the channel says became of our messages.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    inbox::{DeadLetter, DeadSource, DeliveryStatus},
    micros, sha256,
};
use sqlx::{PgConnection, Row};

use crate::{dead_letter, error, text};

/// Words that prove that the channel took the message, and how far it got.
const TAKEN: [&str; 4] = ["sent", "delivered", "read", "played"];
const FAILED: &str = "failed";

/// Keeps a status and applies it; `false` where it was here already.
pub(crate) async fn keep(
    tx: &mut PgConnection,
    status: &DeliveryStatus,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (wamid, word) = (text::clean(&status.wamid), text::clean(&status.status));
    let kept = sqlx::query(
        "INSERT INTO delivery_status (id_key, wamid, status, outbox_id, error_code, at_us)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id_key, wamid, status) DO NOTHING",
    )
    .bind(sha256::key(&[&wamid, &word]))
    .bind(&*wamid)
    .bind(&*word)
    .bind(text::clean_opt(status.outbox_id.as_deref()))
    .bind(status.error_code)
    .bind(micros::to(status.at))
    .execute(&mut *tx)
    .await
    .map_err(error::store)?;
    if kept.rows_affected() == 0 {
        return Ok(false);
    }
    apply(tx, status, now).await?;
    Ok(true)
}

/// A status that carries our id proves what became of a send, whatever the sender believed; so does one of a wamid
/// that the channel gave us.
async fn apply(tx: &mut PgConnection, status: &DeliveryStatus, now: Timestamp) -> Result<(), StoreError> {
    let (sql, key) = match &status.outbox_id {
        Some(id) => (
            "SELECT seq, id, conversation_id, state FROM outbox WHERE id = $1 AND attempts > 0 FOR UPDATE",
            id,
        ),
        None => {
            ("SELECT seq, id, conversation_id, state FROM outbox WHERE wamid = $1 FOR UPDATE", &status.wamid)
        }
    };
    let found: Option<(i64, String, i64, String)> =
        sqlx::query_as(sql).bind(text::clean(key)).fetch_optional(&mut *tx).await.map_err(error::store)?;
    let Some((seq, id, conversation, state)) = found else { return Ok(()) };
    if TAKEN.contains(&status.status.as_str()) {
        taken(tx, seq, status, now).await?;
        if state == "parked" {
            dead_letter::settled(tx, &id).await?;
        }
    } else if status.status == FAILED && state != FAILED {
        let code = status.error_code.map_or_else(|| "without a code".to_owned(), |code| code.to_string());
        let why = format!("the channel reported error {code}");
        sqlx::query(
            "UPDATE outbox SET state = 'failed', wamid = COALESCE(wamid, $2), epoch = nextval('claim_epoch'), error = $3
             WHERE seq = $1",
        )
        .bind(seq)
        .bind(text::clean(&status.wamid))
        .bind(&why)
        .execute(&mut *tx)
        .await
        .map_err(error::store)?;
        dead_letter::settled(tx, &id).await?;
        let letter = DeadLetter { source: DeadSource::Outbox, reason: why, payload: id };
        dead_letter::keep(tx, &letter, Some(conversation), now).await?;
    }
    Ok(())
}

async fn taken(
    tx: &mut PgConnection,
    seq: i64,
    status: &DeliveryStatus,
    now: Timestamp,
) -> Result<(), StoreError> {
    let at = micros::to(status.at);
    let delivered = (status.status != "sent").then_some(at);
    let read = matches!(status.status.as_str(), "read" | "played").then_some(at);
    sqlx::query(
        "UPDATE outbox SET
             epoch = CASE WHEN state IN ('pending', 'sending', 'ambiguous') THEN nextval('claim_epoch') ELSE epoch END,
             error = CASE WHEN state = 'failed' THEN error END,
             sent_us = CASE WHEN state = 'failed' THEN sent_us ELSE COALESCE(sent_us, $3) END,
             state = CASE WHEN state = 'failed' THEN state ELSE 'sent' END,
             wamid = COALESCE(wamid, $2),
             delivered_us = COALESCE(delivered_us, $4), read_us = COALESCE(read_us, $5)
         WHERE seq = $1",
    )
    .bind(seq)
    .bind(text::clean(&status.wamid))
    .bind(micros::to(now))
    .bind(delivered)
    .bind(read)
    .execute(tx)
    .await
    .map(drop)
    .map_err(error::store)
}

/// Statuses of a wamid that came before we knew whose it is.
pub(crate) async fn apply_earlier(
    tx: &mut PgConnection,
    wamid: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let keys: Vec<i64> = TAKEN.iter().chain(&[FAILED]).map(|status| sha256::key(&[wamid, status])).collect();
    let rows = sqlx::query(
        "SELECT status, error_code, at_us FROM delivery_status
         WHERE id_key = ANY($1) AND wamid = $2 AND outbox_id IS NULL ORDER BY seq",
    )
    .bind(keys)
    .bind(wamid)
    .fetch_all(&mut *tx)
    .await
    .map_err(error::store)?;
    for row in rows {
        let status = DeliveryStatus {
            wamid: wamid.to_owned(),
            status: row.get("status"),
            outbox_id: None,
            error_code: row.get("error_code"),
            at: micros::from(row.get("at_us"), "delivery_status", "at_us", wamid)?,
        };
        apply(tx, &status, now).await?;
    }
    Ok(())
}

//! A message of the outbox as read.

use mcp_store::{
    StoreError, micros,
    outbox::{OutgoingKind, OutgoingRow, OutgoingState},
};
use sqlx::{Row, SqliteExecutor, sqlite::SqliteRow};

use crate::{
    db,
    driver::{count, instant},
};

pub(super) async fn get(
    executor: impl SqliteExecutor<'_>,
    id: &str,
) -> Result<Option<OutgoingRow>, StoreError> {
    let row = sqlx::query(concat!("SELECT ", columns!(outbox), " FROM outbox WHERE id = $1"))
        .bind(id)
        .fetch_optional(executor)
        .await
        .map_err(db)?;
    row.as_ref().map(read).transpose()
}

pub(super) fn kind(row: &SqliteRow, id: &str) -> Result<OutgoingKind, StoreError> {
    let inconsistent = || StoreError::Inconsistent { table: "outbox", column: "kind", row: id.to_owned() };
    OutgoingKind::parse(row.get("kind")).ok_or_else(inconsistent)
}

pub(super) fn state(row: &SqliteRow, id: &str) -> Result<OutgoingState, StoreError> {
    let inconsistent = || StoreError::Inconsistent { table: "outbox", column: "state", row: id.to_owned() };
    OutgoingState::parse(row.get("state")).ok_or_else(inconsistent)
}

fn read(row: &SqliteRow) -> Result<OutgoingRow, StoreError> {
    let id: String = row.get("id");
    let at = |column| instant(row, "outbox", column, &id);
    Ok(OutgoingRow {
        conversation_id: row.get("conversation_id"),
        booking_id: row.get("booking_id"),
        kind: kind(row, &id)?,
        state: state(row, &id)?,
        attempts: count(row.get("attempts")),
        unknowns: count(row.get("unknowns")),
        wamid: row.get("wamid"),
        error: row.get("error"),
        created_at: micros::from(row.get("created_us"), "outbox", "created_us", &id)?,
        sent_at: at("sent_us")?,
        delivered_at: at("delivered_us")?,
        read_at: at("read_us")?,
        id,
    })
}

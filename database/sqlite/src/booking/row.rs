//! Booking rows as read.

use mcp_store::{
    StoreError,
    booking::{BookedFor, Booking, BookingItem, BookingRow, BookingState},
    micros,
};
use sqlx::{Row, SqliteConnection, SqliteExecutor, sqlite::SqliteRow};

use crate::{db, driver::instant};

pub(super) async fn find(
    executor: impl SqliteExecutor<'_>,
    id: &str,
) -> Result<Option<BookingRow>, StoreError> {
    let row = sqlx::query(concat!("SELECT ", columns!(booking), " FROM booking WHERE id = $1"))
        .bind(id)
        .fetch_optional(executor)
        .await
        .map_err(db)?;
    row.as_ref().map(read).transpose()
}

/// The row just written.
pub(super) async fn get(tx: &mut SqliteConnection, id: &str) -> Result<BookingRow, StoreError> {
    find(tx, id).await?.ok_or(StoreError::NotFound("booking"))
}

/// The services of a row.
fn items(row: &SqliteRow, id: &str) -> Result<Vec<BookingItem>, StoreError> {
    serde_json::from_str(row.get("items_json")).map_err(|_| StoreError::Inconsistent {
        table: "booking",
        column: "items_json",
        row: id.to_owned(),
    })
}

pub(crate) fn read(row: &SqliteRow) -> Result<BookingRow, StoreError> {
    let id: String = row.get("id");
    let at = |column: &'static str| micros::from(row.get(column), "booking", column, &id);
    let booked_for = match row.get("customer_id") {
        Some(customer) => BookedFor::Customer(customer),
        None => BookedFor::Named { phone: row.get("customer_phone") },
    };
    let state = BookingState::parse(row.get("state")).ok_or_else(|| StoreError::Inconsistent {
        table: "booking",
        column: "state",
        row: id.clone(),
    })?;
    Ok(BookingRow {
        revision: row.get("revision"),
        reason: row.get("reason"),
        created_at: at("created_us")?,
        changed_at: at("changed_us")?,
        erased_at: instant(row, "booking", "erased_us", &id)?,
        booking: Booking {
            reference: row.get("reference"),
            booked_for,
            customer_name: row.get("customer_name"),
            items: items(row, &id)?,
            currency: row.get("currency"),
            state,
            hold_until: instant(row, "booking", "hold_until_us", &id)?,
            id,
        },
    })
}

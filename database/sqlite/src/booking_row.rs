//! Booking rows, written and read.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{BookedFor, BookingRow, BookingState, NewBooking},
};
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};

use crate::micros;

/// Whether the row could be written, or the database refused it for an overlap.
pub(crate) enum Inserted {
    Done,
    Overlap,
}

pub(crate) async fn insert(
    tx: &mut Transaction<'static, Sqlite>,
    booking: &NewBooking,
    now: Timestamp,
) -> Result<Inserted, StoreError> {
    let (customer_id, phone) = match &booking.booked_for {
        BookedFor::Customer(id) => (Some(*id), None),
        BookedFor::Named { phone, .. } => (None, phone.as_deref()),
    };
    let result = sqlx::query(
        "INSERT INTO booking (id, reference, customer_id, customer_name, customer_phone, service_id, service_name,
           staff_id, staff_name, start_us, end_us, occupies_from_us, occupies_to_us, price_cents, currency, state, created_us)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(&booking.id)
    .bind(&booking.reference)
    .bind(customer_id)
    .bind(&booking.customer_name)
    .bind(phone)
    .bind(&booking.service_id)
    .bind(&booking.service_name)
    .bind(&booking.staff_id)
    .bind(&booking.staff_name)
    .bind(micros::to(booking.start))
    .bind(micros::to(booking.end))
    .bind(micros::to(booking.occupies_from))
    .bind(micros::to(booking.occupies_to))
    .bind(i64::try_from(booking.price_cents).unwrap_or(i64::MAX))
    .bind(&booking.currency)
    .bind(booking.state.as_str())
    .bind(micros::to(now))
    .execute(&mut **tx)
    .await;
    match result {
        Ok(_) => Ok(Inserted::Done),
        Err(error) if error.as_database_error().is_some_and(|e| e.message().contains("booking_overlap")) => {
            Ok(Inserted::Overlap)
        }
        Err(error) => Err(StoreError::database(error)),
    }
}

pub(crate) async fn get(tx: &mut Transaction<'static, Sqlite>, id: &str) -> Result<BookingRow, StoreError> {
    let row = sqlx::query("SELECT * FROM booking WHERE id = $1")
        .bind(id)
        .fetch_one(&mut **tx)
        .await
        .map_err(StoreError::database)?;
    read(&row)
}

pub(crate) fn read(row: &SqliteRow) -> Result<BookingRow, StoreError> {
    let id: String = row.get("id");
    let at = |column: &'static str| micros::from(row.get(column), "booking", column, &id);
    let customer_id: Option<i64> = row.get("customer_id");
    let customer_name: String = row.get("customer_name");
    let booked_for = customer_id.map_or_else(
        || BookedFor::Named { name: customer_name.clone(), phone: row.get("customer_phone") },
        BookedFor::Customer,
    );
    let state: String = row.get("state");
    let inconsistent = |column| StoreError::Inconsistent { table: "booking", column, row: id.clone() };
    Ok(BookingRow {
        booking: NewBooking {
            reference: row.get("reference"),
            booked_for,
            customer_name,
            service_id: row.get("service_id"),
            service_name: row.get("service_name"),
            staff_id: row.get("staff_id"),
            staff_name: row.get("staff_name"),
            start: at("start_us")?,
            end: at("end_us")?,
            occupies_from: at("occupies_from_us")?,
            occupies_to: at("occupies_to_us")?,
            price_cents: u64::try_from(row.get::<i64, _>("price_cents"))
                .map_err(|_| inconsistent("price_cents"))?,
            currency: row.get("currency"),
            state: BookingState::parse(&state).ok_or_else(|| inconsistent("state"))?,
            id: id.clone(),
        },
        revision: row.get("revision"),
        customer_id,
        created_at: at("created_us")?,
    })
}

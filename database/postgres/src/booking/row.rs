//! Booking rows, read and written.

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{BookedFor, Booking, BookingRow, BookingState, Choice},
    lanes::{LONGEST, Occupation},
    micros,
};
use sqlx::{Row, postgres::PgRow};

use crate::text;

/// The columns of a booking's row, in any order, of the table called `b`.
macro_rules! columns {
    () => {
        "b.id, b.reference, b.customer_id, b.customer_name, b.customer_phone, b.items_json, b.currency, b.state, \
         b.hold_until_us, b.revision, b.reason, b.created_us, b.changed_us, b.erased_us"
    };
}
pub(crate) use columns;

/// A row as selected by [`columns`].
pub(crate) fn read(row: &PgRow) -> Result<BookingRow, StoreError> {
    let id: String = row.get("id");
    let instant = |column| text::instant(row.get(column), "booking", column, &id);
    let at = |column| micros::from(row.get(column), "booking", column, &id);
    let state: String = row.get("state");
    let booked_for = match row.get("customer_id") {
        Some(customer) => BookedFor::Customer(customer),
        None => BookedFor::Named { phone: row.get("customer_phone") },
    };
    Ok(BookingRow {
        booking: Booking {
            reference: row.get("reference"),
            booked_for,
            customer_name: row.get("customer_name"),
            items: text::from_json(row.get("items_json"), "booking", "items_json", &id)?,
            currency: row.get("currency"),
            state: BookingState::parse(&state).ok_or_else(|| StoreError::Inconsistent {
                table: "booking",
                column: "state",
                row: id.clone(),
            })?,
            hold_until: instant("hold_until_us")?,
            id: id.clone(),
        },
        revision: row.get("revision"),
        reason: row.get("reason"),
        created_at: at("created_us")?,
        changed_at: at("changed_us")?,
        erased_at: instant("erased_us")?,
    })
}

/// The choice as it will be kept: instants in microseconds, the reference in upper case, no NUL in text.
pub(crate) fn kept(mut choice: Choice) -> Result<Choice, StoreError> {
    let booking = &mut choice.booking;
    booking.reference = text::clean(&booking.reference).to_uppercase();
    booking.customer_name = text::clean(&booking.customer_name).into_owned();
    if let BookedFor::Named { phone: Some(phone) } = &mut booking.booked_for {
        *phone = text::clean(phone).into_owned();
    }
    booking.hold_until = booking.hold_until.map(micros::floor);
    for item in &mut booking.items {
        item.start = micros::floor(item.start);
        item.end = micros::floor(item.end);
    }
    for occupation in &mut choice.occupations {
        occupation.from = micros::floor(occupation.from);
        occupation.to = micros::floor(occupation.to);
    }
    valid(&choice)?;
    Ok(choice)
}

fn valid(choice: &Choice) -> Result<(), StoreError> {
    let invalid = |why: &str| Err(StoreError::Invalid(why.to_owned()));
    let booking = &choice.booking;
    if booking.items.is_empty() || booking.items.iter().any(|item| item.end <= item.start) {
        return invalid("a booking has at least one service, and each ends after its start");
    }
    if booking.start().duration_until(booking.end()) > LONGEST {
        return invalid("the services of a booking lie within 31 days");
    }
    if booking.items.iter().any(|item| i64::try_from(item.price_cents).is_err()) {
        return invalid("a price fits 63 bits");
    }
    if !booking.state.stands() || (booking.state == BookingState::Held) != booking.hold_until.is_some() {
        return invalid("a booking begins held until some time, requested or confirmed");
    }
    if choice.occupations.is_empty() {
        return invalid("a booking occupies at least one lane");
    }
    let mut names: Vec<_> = choice.occupations.iter().map(|o| (o.lane.as_str(), o.from)).collect();
    names.sort_unstable();
    names.dedup();
    let bad = |o: &Occupation| o.lane.is_empty() || o.to <= o.from || o.from.duration_until(o.to) > LONGEST;
    if names.len() < choice.occupations.len() || choice.occupations.iter().any(bad) {
        return invalid(
            "an occupation has a lane, ends after its beginning within 31 days, and is there once",
        );
    }
    Ok(())
}

/// The customer's phone as given, and its key.
pub(crate) fn phone_of(booking: &Booking) -> (Option<&str>, Option<String>) {
    match &booking.booked_for {
        BookedFor::Named { phone } => (phone.as_deref(), phone.as_deref().map(mcp_store::phone::key)),
        BookedFor::Customer(_) => (None, None),
    }
}

/// Occupations as arrays, one per column.
#[derive(Debug, Default)]
pub(super) struct Occupations {
    pub bookings: Vec<String>,
    pub lanes: Vec<String>,
    pub shares: Vec<String>,
    pub from: Vec<i64>,
    pub to: Vec<i64>,
    pub pinned: Vec<bool>,
}

impl Occupations {
    /// Those of a choice.
    pub fn of(choice: &Choice, booking_id: &str) -> Self {
        let mut all = Self::default();
        all.add(choice, booking_id);
        all
    }

    /// Adds those of a choice.
    pub fn add(&mut self, choice: &Choice, booking_id: &str) {
        for occupation in &choice.occupations {
            self.bookings.push(booking_id.to_owned());
            self.lanes.push(occupation.lane.clone());
            self.shares.push(occupation.share.clone().unwrap_or_else(|| booking_id.to_owned()));
            self.from.push(micros::to(occupation.from));
            self.to.push(micros::to(occupation.to));
            self.pinned.push(occupation.pinned);
        }
    }
}

/// When reminders are due; past ones are left out.
pub(super) fn reminders(choice: &Choice, now: Timestamp) -> Vec<i64> {
    let mut due: Vec<i64> =
        choice.reminders.iter().filter(|at| **at > now).map(|at| micros::to(*at)).collect();
    due.sort_unstable();
    due.dedup();
    due
}

//! A booking as it is written and read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// States of a booking.
///
/// `held → requested → confirmed → completed | cancelled | no_show`. Held, requested and confirmed bookings *stand*:
/// they occupy their lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingState {
    /// Reserved for somebody who chose it and has not confirmed yet, until `hold_until`.
    Held,
    /// Taken by the customer, waiting for the owner or for the calendar to be read.
    Requested,
    /// Stands.
    Confirmed,
    /// Took place.
    Completed,
    /// Over without taking place.
    Cancelled,
    /// The customer did not come.
    NoShow,
}

impl BookingState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Held, Self::Requested, Self::Confirmed, Self::Completed, Self::Cancelled, Self::NoShow];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Requested => "requested",
            Self::Confirmed => "confirmed",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no_show",
        }
    }

    /// From storage.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether it occupies its lanes.
    pub fn stands(self) -> bool {
        matches!(self, Self::Held | Self::Requested | Self::Confirmed)
    }
}

/// For whom a booking is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookedFor {
    /// A customer known from the channel.
    Customer(i64),
    /// A customer an agent or the staff named.
    Named {
        /// Telephone number as it was given, where it was.
        phone: Option<String>,
    },
}

/// One service of a booking; names and price are snapshots of the moment it was booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingItem {
    /// Service.
    pub service_id: String,
    /// Its name.
    pub service_name: String,
    /// Who does it.
    pub staff_id: String,
    /// Their name.
    pub staff_name: String,
    /// Start of the service, without buffers.
    pub start: Timestamp,
    /// End of the service, without buffers.
    pub end: Timestamp,
    /// Price in the smallest unit of the booking's currency.
    pub price_cents: u64,
}

/// What a booking says. Kept as it was when booked; a move replaces the items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Id: 32 hex digits.
    pub id: String,
    /// What the customer quotes, `K7QF2M`; unique ([`StoreError::Conflict`](crate::StoreError::Conflict)).
    pub reference: String,
    /// Who comes.
    pub booked_for: BookedFor,
    /// Name to book under.
    pub customer_name: String,
    /// What is done, in order of time; at least one.
    pub items: Vec<BookingItem>,
    /// ISO 4217.
    pub currency: String,
    /// State.
    pub state: BookingState,
    /// Until when a held booking stands (exclusive); `None` in every other state.
    pub hold_until: Option<Timestamp>,
}

impl Booking {
    /// Start of the first service.
    pub fn start(&self) -> Timestamp {
        self.items.iter().map(|item| item.start).min().unwrap_or(Timestamp::MIN)
    }

    /// End of the last service.
    pub fn end(&self) -> Timestamp {
        self.items.iter().map(|item| item.end).max().unwrap_or(Timestamp::MIN)
    }

    /// The price of all services, in the smallest unit.
    pub fn price_cents(&self) -> u64 {
        self.items.iter().fold(0, |sum, item| sum.saturating_add(item.price_cents))
    }

    /// The services by name, each once, in order: `Corte + Barba`.
    pub fn service_names(&self) -> String {
        joined(self.items.iter().map(|item| item.service_name.as_str()))
    }

    /// Who does them by name, each once, in order.
    pub fn staff_names(&self) -> String {
        joined(self.items.iter().map(|item| item.staff_name.as_str()))
    }

    /// The customer, where known from the channel.
    pub fn customer_id(&self) -> Option<i64> {
        match self.booked_for {
            BookedFor::Customer(id) => Some(id),
            BookedFor::Named { .. } => None,
        }
    }
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut once: Vec<&str> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once.join(" + ")
}

/// A booking as committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingRow {
    /// What it says.
    pub booking: Booking,
    /// 1 at first; grows by one with every change. Part of the mirrored event's id. (That a later booking moved an
    /// occupation to another unit is no change: nobody was told the unit.)
    pub revision: i64,
    /// Why it was cancelled or declined, where a reason was given.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
    /// When the customer was erased: name, phone and customer are empty since.
    pub erased_at: Option<Timestamp>,
}

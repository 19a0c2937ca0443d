//! A request that nobody decided about in time, or that no calendar confirmed, lapses: its time is free for others, and
//! its customer is told, with the nearest times that can be booked instead.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mcp_store::{
    StoreError,
    booking::{BookingRow, BookingState, Change},
    outbox::{NewOutgoing, OutgoingKind},
};
use mcp_tenant::{Profile, profile::Confirmation, words::Language};

use super::ask::{self, Instead};
use crate::{
    booking::{Desk, FindError, system, waits},
    words::{
        self,
        notice::{self, Lapsed},
        owner::{Line, line},
        person,
        receipt::details,
    },
};

/// Requests that began so long ago are looked at: the process may have been away when they lapsed.
pub const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24);
/// Why the row is cancelled. By these reasons what has lapsed is known again, and told, after the process died in between.
const UNDECIDED: &str = "nobody decided about the request in time";
const UNREAD: &str = "no calendar confirmed the request in time";
const ACTION: &str = "booking.lapse";

/// The reason of a row that lapses where bookings are confirmed like this.
fn reason(confirmation: Confirmation) -> &'static str {
    match confirmation {
        Confirmation::OwnerApproves => UNDECIDED,
        Confirmation::Automatic => UNREAD,
    }
}

/// When a request lapses, as it is written.
pub fn moment(profile: &Profile, language: Language, row: &BookingRow) -> String {
    let zone = TimeZone::get(&profile.business.time_zone).unwrap_or(TimeZone::UTC);
    language.moment(&waits::until(row).to_zoned(zone))
}

/// Whether a row is a request that lapsed.
pub fn has_lapsed(row: &BookingRow) -> bool {
    how(row).is_some()
}

/// How a request lapsed; nothing where it did not.
fn how(row: &BookingRow) -> Option<Lapsed> {
    match row.reason.as_deref() {
        _ if row.booking.state != BookingState::Cancelled => None,
        Some(UNDECIDED) => Some(Lapsed::Undecided),
        Some(UNREAD) => Some(Lapsed::Unconfirmed),
        _ => None,
    }
}

/// Lapses a request as it was read; nothing where somebody decided meanwhile.
pub async fn lapse(desk: &Desk, row: &BookingRow, now: Timestamp) -> Result<Option<BookingRow>, StoreError> {
    let key = format!("lapse:{}:{}", row.booking.id, row.revision);
    let reason = reason(desk.profile().profile.rules.confirmation);
    let change = Change::Decline { reason: Some(reason.to_owned()) };
    let request = system::change(row, key, ACTION, change);
    Ok(desk.store.change(&request, now).await?.row().cloned())
}

/// Tells who is concerned by a request that lapsed.
#[derive(Debug, Default)]
pub struct Tidings {
    /// Bookings whose people were told since the start: what free times there are is not read again for them.
    told: Mutex<HashSet<String>>,
}

impl Tidings {
    /// Tells the customers of these rows, and the owner, once each, however often this runs and wherever. The customer
    /// asked for it, and may be on the way: it is told at night as well, and to those who want no notices. Returns how
    /// many rows were new.
    pub async fn tell(&self, desk: &Desk, lapsed: &[&BookingRow]) -> Result<usize, StoreError> {
        let mut fresh = 0;
        for row in lapsed {
            if self.is_told(&row.booking.id) {
                continue;
            }
            customer(desk, row).await?;
            owner(desk, row).await?;
            self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(row.booking.id.clone());
            fresh += 1;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|id| lapsed.iter().any(|row| row.booking.id == *id));
        Ok(fresh)
    }

    fn is_told(&self, booking: &str) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).contains(booking)
    }
}

async fn customer(desk: &Desk, row: &BookingRow) -> Result<(), StoreError> {
    let (Some(customer), Some(how)) = (row.booking.customer_id(), how(row)) else { return Ok(()) };
    let loaded = desk.profile();
    let profile = &loaded.profile;
    let conversation = desk.store.conversation_of(customer).await?;
    let language = words::held_in(profile, &conversation);
    let contact = person::contact(language, profile);
    let text = notice::lapsed(language, how, &details(profile, language, row), &contact);
    let times = match ask::other_times(desk, row, language, Instead::Anew).await {
        // A time that would only be requested again is no way out of a request that lapsed.
        Ok(_) if !desk.is_calendar_read(row.booking.start()).await => Vec::new(),
        Ok(times) => times,
        Err(FindError::Store(error)) => return Err(error),
        // No times to offer is no reason not to tell.
        Err(_) => Vec::new(),
    };
    let message = NewOutgoing {
        id: desk.ids.id(),
        kind: OutgoingKind::Notice,
        dedupe_key: Some(format!("changed:{}:{}", row.booking.id, row.revision)),
        body: ask::with_times(&text, &times, language),
    };
    desk.store.enqueue(conversation.id, &message, desk.clock.now()).await?;
    Ok(())
}

/// The owner may have agreed to it elsewhere: where they can be reached, they read that it is gone.
async fn owner(desk: &Desk, row: &BookingRow) -> Result<(), StoreError> {
    let loaded = desk.profile();
    let why = match how(row) {
        Some(Lapsed::Unconfirmed) => Line::LapsedUnconfirmed,
        _ => Line::Lapsed,
    };
    let text = |language| {
        let details = details(&loaded.profile, language, row);
        format!("{}\n{}\n{details}", line(language, why), row.booking.customer_name)
    };
    let key = format!("lapsed:{}:{}", row.booking.id, row.revision);
    ask::owner_if_reached(desk, key, text, &[]).await?;
    Ok(())
}

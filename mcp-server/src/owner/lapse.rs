//! A request that nobody decided about in time lapses: its time is free for others, and its customer is told, with the
//! nearest times that can be booked instead.

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
use mcp_tenant::{Profile, words::Language};

use super::ask::{self, Instead};
use crate::{
    booking::{Desk, FindError, system},
    words::{
        self, notice,
        owner::{Line, line},
        receipt::details,
    },
};

/// So long before its start a request lapses.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);
/// Requests that began so long ago are looked at: the process may have been away when they lapsed.
pub const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24);
/// Why the row is cancelled. By this reason what has lapsed is known again, and told, after the process died in between.
const REASON: &str = "nobody decided about the request in time";
const ACTION: &str = "booking.lapse";

/// When a request lapses: an hour before it would begin; where it came later than two hours before, when half of that
/// time is over.
pub fn at(row: &BookingRow) -> Timestamp {
    let start = row.booking.start();
    let ahead = start.saturating_sub(AHEAD).unwrap_or(start);
    let half = start.duration_since(row.changed_at) / 2;
    ahead.max(row.changed_at.saturating_add(half).unwrap_or(start))
}

/// When a request lapses, as it is written.
pub fn moment(profile: &Profile, language: Language, row: &BookingRow) -> String {
    let zone = TimeZone::get(&profile.business.time_zone).unwrap_or(TimeZone::UTC);
    language.moment(&at(row).to_zoned(zone))
}

/// Whether a row is a request that lapsed.
pub fn has_lapsed(row: &BookingRow) -> bool {
    row.booking.state == BookingState::Cancelled && row.reason.as_deref() == Some(REASON)
}

/// Lapses a request as it was read; nothing where somebody decided meanwhile.
pub async fn lapse(desk: &Desk, row: &BookingRow, now: Timestamp) -> Result<Option<BookingRow>, StoreError> {
    let key = format!("lapse:{}:{}", row.booking.id, row.revision);
    let change = Change::Decline { reason: Some(REASON.to_owned()) };
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
    let Some(customer) = row.booking.customer_id() else { return Ok(()) };
    let loaded = desk.profile();
    let profile = &loaded.profile;
    let conversation = desk.store.conversation_of(customer).await?;
    let language = words::held_in(profile, &conversation);
    let text = notice::lapsed(language, &details(profile, language, row));
    let times = match ask::other_times(desk, row, language, Instead::Anew).await {
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
    let text = |language| {
        let details = details(&loaded.profile, language, row);
        format!("{}\n{}\n{details}", line(language, Line::Lapsed), row.booking.customer_name)
    };
    let key = format!("lapsed:{}:{}", row.booking.id, row.revision);
    ask::owner_if_reached(desk, key, text, &[]).await?;
    Ok(())
}

//! What can be booked. [`free_slots`] is the only function that decides it, for an offer and again, over fresh rows,
//! inside the transaction that books: offered means bookable.

use jiff::{
    Timestamp, Zoned,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use crate::{Profile, adjustment::Adjustment, when::Window};

mod agenda;
mod busy;
pub(crate) mod clock;
mod limits;
mod near;
mod open;
mod people;
mod query;
mod reach;
mod reason;
mod resources;
mod rows;
mod search;
mod slot;
mod stretch;
mod units;

use agenda::Agenda;
pub use busy::{Busy, Mirrored, Occupation, Standing, StandingPart};
pub use query::{MOST_SERVICES, Query, Visit};
pub use reach::{Closed, nothing_bookable};
pub use reason::Reason;
pub use search::{Near, free_slots, nearest, plan, why_not};
pub use slot::{Move, Part, Plan, Share, Slot, TakenLane};
pub use stretch::Stretch;

/// A profile with its zone resolved.
#[derive(Clone, Debug)]
pub struct Calendar<'a> {
    profile: &'a Profile,
    zone: TimeZone,
}

impl<'a> Calendar<'a> {
    /// Resolves the profile's zone.
    pub fn new(profile: &'a Profile) -> Result<Self, jiff::Error> {
        let zone = TimeZone::get(&profile.business.time_zone)?;
        Ok(Self { profile, zone })
    }

    /// The profile.
    pub fn profile(&self) -> &'a Profile {
        self.profile
    }

    /// The business's zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The business's local time at an instant.
    pub fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// A window as exact time, from its first day's earliest start to its last day's latest.
    pub fn stretch(&self, window: &Window) -> Stretch {
        let local = |day: Date, minute: u16| clock::epoch_day(day) * clock::DAY + i64::from(minute) * 60;
        let (from, to) = (local(window.first, window.from), local(window.last, window.to));
        let clock = clock::Clock::new(&self.zone, from - 2 * clock::DAY, to + 2 * clock::DAY);
        let at = |local| Timestamp::from_second(clock.boundary(local));
        Stretch { from: at(from).unwrap_or(Timestamp::MIN), to: at(to).unwrap_or(Timestamp::MAX) }
    }

    /// The local time at which the last of the hours ends that begin on the local day of `now`; nothing where the
    /// business does not open that day. With hours past midnight it lies on the following day.
    pub fn closing(&self, now: &Zoned, adjustments: &[Adjustment]) -> Option<DateTime> {
        let day = clock::epoch_day(now.date());
        let days = open::Days::new(self.profile, adjustments, day..day + 1);
        let last = days.business_local(open::For::Anybody).into_iter().map(|(_, to)| to).max()?;
        let ahead = i32::try_from((last - day * clock::DAY) / 60).ok()?;
        now.date().at(0, 0, 0, 0).checked_add(jiff::Span::new().minutes(ahead)).ok()
    }
}

#[cfg(test)]
mod tests;

//! What can be in the way of one start, and what cannot.

use jiff::{SignedDuration, Timestamp};

use super::{Stretch, Visit, agenda::times};
use crate::Profile;

impl Visit<'_> {
    /// The stretch that the visit takes if it begins at an instant, from its first buffer to its last; nothing where
    /// bookings elsewhere in the day count too, because of a limit per day.
    ///
    /// Of the rows in [`Busy`](super::Busy) those that share an instant with it are enough to see that the visit can be
    /// booked: where [`plan`](super::plan) over them (and all adjustments, and no `bookings`) finds a place and moves
    /// nobody, it finds the same over all rows. Everybody who could do it and every unit it could have is taken or free
    /// in this stretch alone, and nothing that lies elsewhere has to give way. What it says otherwise is not final: who
    /// must move to make room may hang together with bookings far away.
    ///
    /// There is one difference, where a resource had more units once: a booking that still stands on one that is gone
    /// needs another unit. Over all rows that can forbid a start it does not even touch; over these it cannot.
    pub fn near(&self, profile: &Profile, start: Timestamp) -> Option<Stretch> {
        let limits = |wanted: &super::query::Wanted<'_>| {
            wanted.service.max_per_day.is_some()
                || wanted.people.iter().any(|person| person.max_per_day.is_some())
        };
        if profile.rules.max_per_day.is_some() || self.wanted.iter().any(limits) {
            return None;
        }
        let times = times(self);
        let (from, to) = (times.first()?.occupied.0, times.last()?.occupied.1);
        let at = |seconds: i64| start.checked_add(SignedDuration::from_secs(seconds)).ok();
        Some(Stretch { from: at(from)?, to: at(to)? })
    }
}

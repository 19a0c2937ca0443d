//! A zone over a stretch of time as a short table, so that a calendar of months costs additions and comparisons.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Seconds of a day without a change of clocks.
pub(crate) const DAY: i64 = 86_400;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days since 1970-01-01.
pub(crate) fn epoch_day(date: Date) -> i64 {
    date.duration_since(EPOCH).as_hours() / 24
}

/// 0 for Monday.
pub(crate) fn weekday(epoch_day: i64) -> usize {
    usize::try_from((epoch_day + 3).rem_euclid(7)).unwrap_or_default()
}

/// What the clocks of a zone show from one instant to another.
///
/// A local time is a number too: the seconds since 1970-01-01T00:00 that a clock there would count if it had never
/// been changed.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// Instants from which an offset (seconds east) holds, ascending; the first holds from ever.
    parts: Vec<(i64, i64)>,
}

impl Clock {
    /// The table between two instants. Outside, the offsets of its ends are taken to hold.
    pub fn new(zone: &TimeZone, from: i64, to: i64) -> Self {
        let clamp = |at: i64| at.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        let first = Timestamp::from_second(clamp(from)).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut parts = vec![(i64::MIN, i64::from(zone.to_offset(first).seconds()))];
        for change in zone.following(first) {
            let (at, offset) = (change.timestamp().as_second(), i64::from(change.offset().seconds()));
            if at > to {
                break;
            }
            if parts.last().is_some_and(|last| last.1 != offset) {
                parts.push((at, offset));
            }
        }
        Self { parts }
    }

    /// What a clock shows at an instant.
    pub fn local(&self, at: i64) -> i64 {
        // Few parts, and times near the end of the table are no rarer than others: a plain scan is quickest.
        let offset = self.parts.iter().rev().find(|part| part.0 <= at).map_or(0, |part| part.1);
        at + offset
    }

    /// The instant at which a clock shows a local time: the first one where it shows it twice, none where the clocks
    /// skip it.
    pub fn exact(&self, local: i64) -> Option<i64> {
        self.find(local).ok()
    }

    /// Like [`Clock::exact`]; a time the clocks skip is the moment at which they do.
    pub fn boundary(&self, local: i64) -> i64 {
        match self.find(local) {
            Ok(at) | Err(at) => at,
        }
    }

    fn find(&self, local: i64) -> Result<i64, i64> {
        for (n, (from, offset)) in self.parts.iter().enumerate() {
            let at = local - offset;
            if at < *from {
                return Err(*from);
            }
            if self.parts.get(n + 1).is_none_or(|next| at < next.0) {
                return Ok(at);
            }
        }
        // The last part has no end, so one of them holds.
        Err(local)
    }

    /// The largest and the smallest offset between two instants.
    pub fn offsets(&self, from: i64, to: i64) -> (i64, i64) {
        let first = self.parts.partition_point(|part| part.0 <= from).saturating_sub(1);
        let here = self.parts.iter().skip(first).take_while(|part| part.0 <= to).map(|part| part.1);
        here.fold((i64::MIN, i64::MAX), |(most, least), offset| (most.max(offset), least.min(offset)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(zone: &str, from: &str, to: &str) -> Clock {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        Clock::new(&TimeZone::get(zone).unwrap(), at(from), at(to))
    }

    fn local(text: &str) -> i64 {
        text.parse::<jiff::civil::DateTime>()
            .unwrap()
            .to_zoned(TimeZone::UTC)
            .unwrap()
            .timestamp()
            .as_second()
    }

    fn utc(at: i64) -> String {
        Timestamp::from_second(at).unwrap().to_string()
    }

    #[test]
    fn a_skipped_time_does_not_exist_and_bounds_at_the_change() {
        let berlin = clock("Europe/Berlin", "2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z");
        assert_eq!(berlin.exact(local("2026-03-29T02:30")), None);
        assert_eq!(utc(berlin.boundary(local("2026-03-29T02:30"))), "2026-03-29T01:00:00Z");
        assert_eq!(utc(berlin.exact(local("2026-03-29T03:00")).unwrap()), "2026-03-29T01:00:00Z");
        assert_eq!(utc(berlin.exact(local("2026-03-29T01:59")).unwrap()), "2026-03-29T00:59:00Z");
    }

    #[test]
    fn a_repeated_time_is_its_first_instant() {
        let howe = clock("Australia/Lord_Howe", "2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z");
        // At 02:00 summer time (+11) the clocks go back to 01:30 (+10:30).
        assert_eq!(utc(howe.exact(local("2026-04-05T01:45")).unwrap()), "2026-04-04T14:45:00Z");
        assert_eq!(utc(howe.exact(local("2026-04-05T02:00")).unwrap()), "2026-04-04T15:30:00Z");
        assert_eq!(howe.local(howe.exact(local("2026-04-05T02:00")).unwrap()), local("2026-04-05T02:00"));
    }

    #[test]
    fn a_day_that_a_country_skipped_has_no_times() {
        let apia = clock("Pacific/Apia", "2011-12-01T00:00:00Z", "2012-01-31T00:00:00Z");
        assert_eq!(apia.exact(local("2011-12-30T12:00")), None);
        assert_eq!(apia.boundary(local("2011-12-30T09:00")), apia.boundary(local("2011-12-30T17:00")));
    }

    #[test]
    fn weekdays_are_counted_from_monday() {
        assert_eq!(weekday(epoch_day(Date::constant(2026, 11, 23))), 0);
        assert_eq!(weekday(epoch_day(Date::constant(1969, 12, 28))), 6);
    }
}

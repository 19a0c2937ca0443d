//! What a person asked for, turned into a local window of time.
//!
//! A language model never computes dates: it fills these fields with the customer's own words and the server
//! resolves them in the business's zone.

use jiff::{
    ToSpan, Zoned,
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

/// A day of the week as tools take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl From<Day> for Weekday {
    fn from(day: Day) -> Self {
        match day {
            Day::Mon => Self::Monday,
            Day::Tue => Self::Tuesday,
            Day::Wed => Self::Wednesday,
            Day::Thu => Self::Thursday,
            Day::Fri => Self::Friday,
            Day::Sat => Self::Saturday,
            Day::Sun => Self::Sunday,
        }
    }
}

/// A part of the local day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PartOfDay {
    /// Before noon.
    Morning,
    /// From noon to 18:00.
    Afternoon,
    /// From 18:00.
    Evening,
}

/// When somebody would like to come, in the words they used. Nothing given means "as soon as possible".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhenRequest {
    /// A weekday by name: the next one from today on, today included.
    #[serde(default)]
    pub weekday: Option<Day>,
    /// With `weekday`: 0 for this coming one, 1 for the one a week later.
    #[serde(default)]
    #[schemars(range(min = 0, max = 8))]
    pub week: Option<u8>,
    /// Day of the month.
    #[serde(default)]
    #[schemars(range(min = 1, max = 31))]
    pub day: Option<i8>,
    /// Month, with `day`; left out means the next such day.
    #[serde(default)]
    #[schemars(range(min = 1, max = 12))]
    pub month: Option<i8>,
    /// Days from today: 0 today, 1 tomorrow.
    #[serde(default)]
    #[schemars(range(min = 0, max = 366))]
    pub offset_days: Option<u16>,
    /// Morning, afternoon or evening.
    #[serde(default)]
    pub part_of_day: Option<PartOfDay>,
    /// Earliest local start, `15:00`.
    #[serde(default)]
    #[schemars(length(max = 5))]
    pub from: Option<String>,
    /// Latest local start, `18:00`.
    #[serde(default)]
    #[schemars(length(max = 5))]
    pub to: Option<String>,
}

/// Why a request names no time.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RequestError {
    /// `31` of a month with 30 days, or the like.
    #[error("day {day} of month {month} does not exist: ask the customer for another date")]
    NoSuchDate {
        /// As asked.
        day: i8,
        /// As asked.
        month: i8,
    },
    /// Not `HH:MM`.
    #[error("`{0}` is not a time of day: write it like 15:00")]
    NotATime(String),
    /// The window ends before it begins.
    #[error("the time window ends before it begins: `from` must be before `to`")]
    EmptyWindow,
    /// Two ways of naming the day at once.
    #[error("name the day in one way only: weekday, day (with month), or offset_days")]
    SeveralDays,
}

/// The local days and times of day in which a start is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// First local day.
    pub first: Date,
    /// Last local day, included. Equal to `first` where a day was named.
    pub last: Date,
    /// Earliest local start on each day.
    pub from: Time,
    /// Latest local start on each day, included.
    pub to: Time,
}

impl Window {
    /// Whether a local start lies in the window.
    pub fn contains(&self, start: DateTime) -> bool {
        (self.first..=self.last).contains(&start.date()) && (self.from..=self.to).contains(&start.time())
    }
}

/// How many days are searched when no day was named.
const OPEN_SEARCH_DAYS: i32 = 14;

impl WhenRequest {
    /// Resolves the request against the business's present local time.
    pub fn resolve(&self, now: &Zoned) -> Result<Window, RequestError> {
        let today = now.date();
        let named = [self.weekday.is_some(), self.day.is_some(), self.offset_days.is_some()];
        if named.iter().filter(|given| **given).count() > 1 {
            return Err(RequestError::SeveralDays);
        }
        let one_day = if let Some(day) = self.weekday {
            Some(weekday_from(today, day.into(), self.week.unwrap_or(0)))
        } else if let Some(day) = self.day {
            Some(day_of_month(today, day, self.month)?)
        } else {
            self.offset_days.map(|days| today.saturating_add(i32::from(days).days()))
        };
        let (first, last) = match one_day {
            Some(day) => (day, day),
            None => (today, today.saturating_add(OPEN_SEARCH_DAYS.days())),
        };
        let (mut from, mut to) = match self.part_of_day {
            None => (Time::midnight(), Time::MAX),
            Some(PartOfDay::Morning) => (Time::midnight(), Time::constant(11, 59, 59, 0)),
            Some(PartOfDay::Afternoon) => (Time::constant(12, 0, 0, 0), Time::constant(17, 59, 59, 0)),
            Some(PartOfDay::Evening) => (Time::constant(18, 0, 0, 0), Time::MAX),
        };
        // A stated time is more exact than a part of the day and replaces it.
        if let Some(text) = &self.from {
            from = time(text)?;
            to = Time::MAX;
        }
        if let Some(text) = &self.to {
            to = time(text)?;
            if self.from.is_none() {
                from = Time::midnight();
            }
        }
        if to < from {
            return Err(RequestError::EmptyWindow);
        }
        Ok(Window { first, last, from, to })
    }
}

fn weekday_from(today: Date, weekday: Weekday, week: u8) -> Date {
    let ahead = i32::from(today.weekday().until(weekday));
    today.saturating_add((ahead + i32::from(week) * 7).days())
}

fn day_of_month(today: Date, day: i8, month: Option<i8>) -> Result<Date, RequestError> {
    let month_known = month.unwrap_or(today.month());
    let missing = || RequestError::NoSuchDate { day, month: month_known };
    // The next such date: this year or month first, then those after it (a leap day may be four years off).
    if let Some(month) = month {
        return (0..=4)
            .filter_map(|years| Date::new(today.year() + years, month, day).ok())
            .find(|date| *date >= today)
            .ok_or_else(missing);
    }
    (0..=3)
        .filter_map(|months| {
            today.first_of_month().saturating_add(months.months()).with().day(day).build().ok()
        })
        .find(|date| *date >= today)
        .ok_or_else(missing)
}

fn time(text: &str) -> Result<Time, RequestError> {
    let wrong = || RequestError::NotATime(text.chars().take(16).collect());
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let number = |s: &str| {
        ((1..=2).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit()))
            .then(|| s.parse::<i8>().ok())
            .flatten()
    };
    Time::new(number(hour).ok_or_else(wrong)?, number(minute).ok_or_else(wrong)?, 0, 0).map_err(|_| wrong())
}

/// The zone of a profile.
pub fn zone(name: &str) -> Result<TimeZone, jiff::Error> {
    TimeZone::get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        // A Saturday morning.
        "2026-11-21T10:00:00-03:00[America/Sao_Paulo]".parse().unwrap()
    }

    fn days(request: &WhenRequest) -> (String, String) {
        let window = request.resolve(&now()).unwrap();
        (window.first.to_string(), window.last.to_string())
    }

    #[test]
    fn a_weekday_is_the_next_one_and_today_counts() {
        let on = |day, week| WhenRequest { weekday: Some(day), week, ..WhenRequest::default() };
        assert_eq!(days(&on(Day::Tue, None)).0, "2026-11-24");
        assert_eq!(days(&on(Day::Sat, None)).0, "2026-11-21");
        assert_eq!(days(&on(Day::Sat, Some(1))).0, "2026-11-28");
        assert_eq!(days(&on(Day::Fri, Some(1))).0, "2026-12-04");
    }

    #[test]
    fn a_day_of_the_month_is_the_next_such_day() {
        let on = |day, month| WhenRequest { day: Some(day), month, ..WhenRequest::default() };
        assert_eq!(days(&on(25, None)).0, "2026-11-25");
        assert_eq!(days(&on(20, None)).0, "2026-12-20");
        assert_eq!(days(&on(31, None)).0, "2026-12-31");
        assert_eq!(days(&on(3, Some(2))).0, "2027-02-03");
        assert_eq!(days(&on(29, Some(2))).0, "2028-02-29");
        let missing = on(31, Some(4)).resolve(&now()).unwrap_err();
        assert_eq!(missing, RequestError::NoSuchDate { day: 31, month: 4 });
    }

    #[test]
    fn no_day_searches_two_weeks_and_several_days_are_refused() {
        assert_eq!(days(&WhenRequest::default()), ("2026-11-21".into(), "2026-12-05".into()));
        let both = WhenRequest { weekday: Some(Day::Mon), offset_days: Some(1), ..WhenRequest::default() };
        assert_eq!(both.resolve(&now()), Err(RequestError::SeveralDays));
    }

    #[test]
    fn a_stated_time_replaces_the_part_of_the_day() {
        let request = WhenRequest {
            part_of_day: Some(PartOfDay::Morning),
            from: Some("15:00".into()),
            to: Some("16:30".into()),
            ..WhenRequest::default()
        };
        let window = request.resolve(&now()).unwrap();
        assert_eq!((window.from.hour(), window.to.hour(), window.to.minute()), (15, 16, 30));
        let reversed =
            WhenRequest { from: Some("15:00".into()), to: Some("9:00".into()), ..WhenRequest::default() };
        assert_eq!(reversed.resolve(&now()), Err(RequestError::EmptyWindow));
        let garbage = WhenRequest { from: Some("três".into()), ..WhenRequest::default() };
        assert!(matches!(garbage.resolve(&now()), Err(RequestError::NotATime(_))));
    }
}

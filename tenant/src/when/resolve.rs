//! From words to days.

use jiff::{
    Timestamp, ToSpan, Zoned,
    civil::{Date, DateTime, Time, Weekday},
};

use super::{PartOfDay, When, WhenError, Window, time::minutes};
use crate::slots::{
    Stretch,
    clock::{Clock, DAY, epoch_day},
};

/// What was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Local days and times of day.
    pub window: Window,
    /// The same as exact time, from the first day's earliest start to the last day's latest.
    pub stretch: Stretch,
    /// Where one day and one time were named: the start that is wanted.
    pub exact: Option<Timestamp>,
    /// The other day that the same words can mean, to be said with an answer: "next friday" on a Monday.
    pub other: Option<Date>,
    /// Whether a day, a week or a month was named at all.
    pub named: bool,
}

/// Days that are searched where none was named.
const OPEN_SEARCH: i64 = 14;
/// Longest way ahead, in days and weeks.
const MOST_DAYS: i32 = 366;
const MOST_WEEKS: i32 = 52;
/// A date of the year whose last one was at most so many days ago is taken for a slip, not for next year's.
const SLIP: i64 = 31;
/// An end before its beginning lies on the next morning where it is no later than this, in minutes.
const MORNING_AFTER: u16 = 6 * 60;
const NOON: u16 = 12 * 60;

/// Days from the first to the last, and what was unclear about them.
struct Days {
    first: Date,
    last: Date,
    other: Option<Date>,
}

impl Days {
    fn one(date: Date) -> Self {
        Self { first: date, last: date, other: None }
    }
}

impl When {
    /// What is meant at a moment in the business's zone. `closing` is when today's hours end
    /// ([`crate::slots::Calendar::closing`]); none where the business does not open today.
    ///
    /// - Nothing named: today and the two weeks after it.
    /// - A weekday is the next one from today on. Today counts until its hours are over (or the wanted time is, or
    ///   where it does not open at all): "friday" on a Friday after closing is the one a week later.
    /// - With `week` 1 or more it is the weekday of that calendar week, Monday to Sunday: "next friday" on a Monday is
    ///   in eleven days; `other` then names the nearer one. `week` alone is all of that week from today on.
    /// - A day of the month is the next one, today until it is over; months without that day are left out.
    /// - A day and month is this year's, or next year's where that is over; but where the last one was at most 31 days
    ///   ago, or is today and over, it is an error: nobody books eleven months ahead by chance. A leap day is the next
    ///   there is. A year makes it that very day. A month alone is all of it from today on.
    /// - A weekday beside a date or an offset must be that day's.
    /// - `at` is one start; `from` alone has an open end, `to` alone an open beginning, both ends count. `to` before
    ///   `from` is the next morning's up to 06:00, else an error. A stated time is more exact than a part of the day
    ///   and replaces it; "at 8" in the evening or afternoon is 20:00.
    /// - A day or time that is over, or that the clocks skip, is an error; one that they show twice is the first.
    pub fn resolve(&self, now: &Zoned, closing: Option<DateTime>) -> Result<Resolved, WhenError> {
        let (from, to) = self.times()?;
        let today = Today { now: now.datetime(), closing, to };
        let days = self.days(&today)?;
        let window = Window { first: days.first, last: days.last, from, to };
        let local = |day: Date, minute: u16| epoch_day(day) * DAY + i64::from(minute) * 60;
        let (begins, ends) = (local(days.first, from), local(days.last, to));
        let clock = Clock::new(now.time_zone(), begins - 2 * DAY, ends + 2 * DAY);
        let (begins, ends) = (clock.boundary(begins), clock.boundary(ends));
        if begins >= ends {
            return Err(WhenError::NoSuchTime(days.first));
        }
        let at = |second: i64| Timestamp::from_second(second).map_err(|_| WhenError::NoSuchTime(days.first));
        let stretch = Stretch { from: at(begins)?, to: at(ends)? };
        let exact = (days.first == days.last && to == from + 1).then_some(stretch.from);
        let named = *self
            != Self {
                part_of_day: self.part_of_day,
                at: self.at.clone(),
                from: self.from.clone(),
                to: self.to.clone(),
                ..Self::default()
            };
        Ok(Resolved { window, stretch, exact, other: days.other, named })
    }

    /// First minute of the day and first minute that is too late.
    fn times(&self) -> Result<(u16, u16), WhenError> {
        let read = |text: &Option<String>| text.as_deref().map(minutes).transpose();
        let (at, from, to) = (read(&self.at)?, read(&self.from)?, read(&self.to)?);
        let late = matches!(self.part_of_day, Some(PartOfDay::Afternoon | PartOfDay::Evening));
        let on_half_day =
            |minute: u16| if late && (60..NOON).contains(&minute) { minute + NOON } else { minute };
        match (at, from.map(on_half_day), to) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(WhenError::Empty),
            (Some(at), None, None) if at < Window::DAY => Ok((on_half_day(at), on_half_day(at) + 1)),
            (None, Some(from), Some(to)) if from < Window::DAY => {
                let to = if on_half_day(to) >= from { on_half_day(to) } else { to };
                if to >= from {
                    Ok((from, (to + 1).min(Window::DAY.max(from + 1))))
                } else if to <= MORNING_AFTER {
                    Ok((from, to + Window::DAY + 1))
                } else {
                    Err(WhenError::Empty)
                }
            }
            (None, Some(from), None) if from < Window::DAY => Ok((from, Window::DAY)),
            (None, None, Some(to)) => Ok((0, (on_half_day(to) + 1).min(Window::DAY))),
            (None, None, None) => Ok(match self.part_of_day {
                None => (0, Window::DAY),
                Some(PartOfDay::Morning) => (0, NOON),
                Some(PartOfDay::Afternoon) => (NOON, 18 * 60),
                Some(PartOfDay::Evening) => (18 * 60, Window::DAY),
            }),
            // 24:00 ends a day; nothing begins then.
            _ => Err(WhenError::NotATime("24:00".to_owned())),
        }
    }

    fn days(&self, today: &Today) -> Result<Days, WhenError> {
        let dated = self.day.is_some() || self.month.is_some() || self.year.is_some();
        if usize::from(dated) + usize::from(self.offset_days.is_some()) + usize::from(self.week.is_some()) > 1
        {
            return Err(WhenError::Several);
        }
        let weekday = self.weekday.map(Weekday::from);
        let found = if dated {
            self.dated(today)?
        } else if let Some(days) = self.offset_days {
            if !(0..=MOST_DAYS).contains(&days) {
                return Err(WhenError::OutOfRange("offset_days"));
            }
            Days::one(today.not_over(ahead(today.date(), i64::from(days)))?)
        } else if let Some(weeks) = self.week {
            if !(0..=MOST_WEEKS).contains(&weeks) {
                return Err(WhenError::OutOfRange("week"));
            }
            week(today, i64::from(weeks), weekday)?
        } else if let Some(weekday) = weekday {
            Days::one(today.next(weekday))
        } else {
            Days { first: today.date(), last: ahead(today.date(), OPEN_SEARCH), other: None }
        };
        match weekday {
            Some(said) if found.first != found.last => {
                Err(if dated { WhenError::Several } else { WhenError::Mismatch { date: found.first, said } })
            }
            Some(said) if found.first.weekday() != said => {
                Err(WhenError::Mismatch { date: found.first, said })
            }
            _ => Ok(found),
        }
    }

    fn dated(&self, today: &Today) -> Result<Days, WhenError> {
        let year = self.year.map(|year| if (0..100).contains(&year) { year + 2000 } else { year });
        let year = year.map(|year| i16::try_from(year).ok().filter(|y| (1..=9999).contains(y)));
        let year = year.map(|year| year.ok_or(WhenError::OutOfRange("year"))).transpose()?;
        let small = |number: Option<i32>, most: i32, name: &'static str| {
            let checked =
                number.map(|n| i8::try_from(n).ok().filter(|n| (1..=most).contains(&i32::from(*n))));
            checked.map(|n| n.ok_or(WhenError::OutOfRange(name))).transpose()
        };
        match (small(self.day, 31, "day")?, small(self.month, 12, "month")?, year) {
            (Some(day), Some(month), Some(year)) => {
                let date = Date::new(year, month, day);
                let date = date.map_err(|_| WhenError::NoSuchDate(format!("{year}-{month:02}-{day:02}")))?;
                Ok(Days::one(today.not_over(date)?))
            }
            (Some(day), Some(month), None) => of_year(today, month, day).map(Days::one),
            (Some(day), None, None) => of_month(today, day).map(Days::one),
            (None, Some(month), year) => whole_month(today, month, year),
            (Some(_) | None, None, Some(_)) => Err(WhenError::Incomplete),
            (None, None, None) => Err(WhenError::Several),
        }
    }
}

/// The present, and how long today counts.
struct Today {
    now: DateTime,
    closing: Option<DateTime>,
    /// First minute of a day that is too late.
    to: u16,
}

impl Today {
    fn date(&self) -> Date {
        self.now.date()
    }

    /// Whether the wanted time of today is over.
    fn is_late(&self) -> bool {
        let midnight = self.date().to_datetime(Time::midnight());
        let last = midnight.saturating_add((i64::from(self.to) - 1).minutes());
        last < self.now
    }

    /// Whether today does not count any more.
    fn is_over(&self) -> bool {
        self.is_late() || self.closing.is_none_or(|closing| closing <= self.now)
    }

    fn not_over(&self, date: Date) -> Result<Date, WhenError> {
        let over = date < self.date() || (date == self.date() && self.is_late());
        if over { Err(WhenError::Past(date)) } else { Ok(date) }
    }

    /// The next such weekday, today until it is over.
    fn next(&self, weekday: Weekday) -> Date {
        let days = i64::from(self.date().weekday().until(weekday));
        ahead(self.date(), if days == 0 && self.is_over() { 7 } else { days })
    }
}

fn ahead(date: Date, days: i64) -> Date {
    date.saturating_add(days.days())
}

/// A calendar week, or one day of it.
fn week(today: &Today, weeks: i64, weekday: Option<Weekday>) -> Result<Days, WhenError> {
    let monday = ahead(today.date(), 7 * weeks - i64::from(today.date().weekday().to_monday_zero_offset()));
    let Some(weekday) = weekday else {
        let (first, last) = (monday.max(today.date()), ahead(monday, 6));
        // Of this week, today may be all that is left.
        return if first == last {
            today.not_over(first).map(Days::one)
        } else {
            Ok(Days { first, last, other: None })
        };
    };
    let nearest = today.next(weekday);
    if weeks == 0 {
        return Ok(Days::one(nearest));
    }
    let date = ahead(monday, i64::from(weekday.to_monday_zero_offset()));
    Ok(Days { first: date, last: date, other: Some(nearest).filter(|other| weeks == 1 && *other != date) })
}

fn of_year(today: &Today, month: i8, day: i8) -> Result<Date, WhenError> {
    let year = today.date().year();
    // Leap days lie up to eight years apart.
    let mut dates = (-8..=8).filter_map(|n| Date::new(year.saturating_add(n), month, day).ok());
    let all: Vec<Date> = dates.by_ref().collect();
    let next = all.iter().copied().find(|date| *date >= today.date());
    let next = next.ok_or_else(|| WhenError::NoSuchDate(format!("day {day} of month {month}")))?;
    let last = all.iter().copied().rfind(|date| *date < today.date());
    match last {
        Some(last) if epoch_day(today.date()) - epoch_day(last) <= SLIP => Err(WhenError::Past(last)),
        _ => today.not_over(next),
    }
}

fn of_month(today: &Today, day: i8) -> Result<Date, WhenError> {
    let first = today.date().first_of_month();
    let months =
        (0..=4_i64).filter_map(|months| first.saturating_add(months.months()).with().day(day).build().ok());
    let over = |date: &Date| *date < today.date() || (*date == today.date() && today.is_over());
    let next = months.into_iter().find(|date| !over(date));
    next.ok_or_else(|| WhenError::NoSuchDate(format!("day {day}")))
}

fn whole_month(today: &Today, month: i8, year: Option<i16>) -> Result<Days, WhenError> {
    let this = today.date();
    let year = year.unwrap_or_else(|| this.year().saturating_add(i16::from(month < this.month())));
    let first = Date::new(year, month, 1).map_err(|_| WhenError::OutOfRange("year"))?;
    let last = first.last_of_month();
    if last < this {
        return Err(WhenError::Past(last));
    }
    if first.max(this) == last {
        return today.not_over(last).map(Days::one);
    }
    Ok(Days { first: first.max(this), last, other: None })
}

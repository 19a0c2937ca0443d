//! Why a wish names no time.

use jiff::civil::{Date, Weekday};
use serde::Serialize;

/// Why a wish names no time. The text tells a model or an agent what to do next.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum WhenError {
    /// The day is over, or its part that was asked for.
    #[error("{0} is over: ask the customer for a day to come; for the same day next year give the year too")]
    Past(Date),
    /// A day that no month of that name has, or none at all.
    #[error("{0} does not exist: ask the customer for another date")]
    NoSuchDate(String),
    /// The clocks skip it.
    #[error("that time does not exist on {0}: the clocks are put forward then; ask for another time")]
    NoSuchTime(Date),
    /// Weekday and date do not belong together.
    #[error("{date} is not a {}, it is a {}: ask the customer which of the two is meant", name(*.said), name(.date.weekday()))]
    Mismatch {
        /// The day that was named by its date.
        date: Date,
        /// The weekday that was named with it.
        said: Weekday,
    },
    /// Two ways of naming the day at once.
    #[error("name the day in one way only: weekday (and week), day (and month), week or offset_days")]
    Several,
    /// A year without its month.
    #[error("a year alone names no day: give month and day too")]
    Incomplete,
    /// A number outside of its range.
    #[error("`{0}` is out of its range")]
    OutOfRange(&'static str),
    /// Not a time of day.
    #[error("`{0}` is not a time of day: write it like 15:00")]
    NotATime(String),
    /// The window ends before it begins.
    #[error("the time ends before it begins: `from` must be before `to`, and `at` stands alone")]
    Empty,
}

/// Why, as a stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenReason {
    /// It is over.
    Past,
    /// There is no such day or time.
    Impossible,
    /// It contradicts itself.
    Contradiction,
    /// It is not written as it must be.
    Malformed,
}

impl WhenError {
    /// The stable code on every door.
    pub fn code(&self) -> &'static str {
        "validation"
    }

    /// Why, as a stable word.
    pub fn reason(&self) -> WhenReason {
        match self {
            Self::Past(_) => WhenReason::Past,
            Self::NoSuchDate(_) | Self::NoSuchTime(_) => WhenReason::Impossible,
            Self::Mismatch { .. } | Self::Several | Self::Empty => WhenReason::Contradiction,
            Self::Incomplete | Self::OutOfRange(_) | Self::NotATime(_) => WhenReason::Malformed,
        }
    }
}

fn name(day: Weekday) -> &'static str {
    crate::words::Language::English.weekday(day)
}

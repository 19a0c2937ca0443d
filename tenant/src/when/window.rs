//! The local days and times of day at which something may begin.

use jiff::civil::Date;

/// Local days, and on each of them a stretch of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// First local day.
    pub first: Date,
    /// Last local day, included.
    pub last: Date,
    /// Earliest start on each day, in minutes after midnight.
    pub from: u16,
    /// First minute of each day that is too late; above [`Window::DAY`] where it lies on the following day.
    pub to: u16,
}

impl Window {
    /// Minutes of a day.
    pub const DAY: u16 = 24 * 60;
}

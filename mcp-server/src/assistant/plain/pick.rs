//! Picking a day and a time of it, for a booking and for moving one.

use jiff::{Timestamp, civil::Date};
use mcp_store::booking::BookingRow;
use mcp_tenant::{slots::Calendar, when::When};

use super::{Menu, Screen, Step, Want, screen::CHOICES};
use crate::{
    booking::{FindError, Found},
    words::{
        menu::{Title, short_day, short_moment, title},
        time,
    },
};

/// Parts of a day: from a minute to the next one's.
const PARTS: [(u16, u16, Title); 3] =
    [(0, 719, Title::Morning), (720, 1079, Title::Afternoon), (1080, 1439, Title::Evening)];

/// What a day and a time are picked for.
#[derive(Clone, Copy)]
pub enum Pick<'a> {
    /// A booking.
    Book(&'a Want),
    /// Moving one.
    Move(&'a BookingRow),
}

impl Pick<'_> {
    /// Days from a day on.
    pub fn days(self, from: Option<Date>) -> Step {
        match self {
            Self::Book(want) => Step::Days(want.clone(), from),
            Self::Move(row) => Step::MoveDays(row.booking.id.clone(), from),
        }
    }

    /// Times of a day from a minute on.
    pub fn times(self, day: Date, from: Option<u16>) -> Step {
        match self {
            Self::Book(want) => Step::Times(want.clone(), day, from),
            Self::Move(row) => Step::MoveTimes(row.booking.id.clone(), day, from),
        }
    }

    /// A start.
    pub fn slot(self, start: Timestamp) -> Step {
        match self {
            Self::Book(want) => Step::Hold(want.clone(), start),
            Self::Move(row) => Step::MoveAsk(row.booking.id.clone(), row.revision, start),
        }
    }
}

/// A stretch of a day as a wish; minutes both included.
pub fn on(day: Date, minutes: Option<(u16, u16)>) -> When {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    When {
        day: Some(day.day().into()),
        month: Some(day.month().into()),
        year: Some(day.year().into()),
        from: minutes.map(|(from, _)| clock(from)),
        to: minutes.map(|(_, to)| clock(to)),
        ..When::default()
    }
}

impl Menu<'_> {
    /// Free days as rows; `days` may hold one more than fits, which leads on. With a way to one more service.
    pub(super) fn day_rows(
        &self,
        body: String,
        days: &[Date],
        pick: Pick<'_>,
        also: Option<&Step>,
    ) -> Screen {
        let calendar = Calendar::new(&self.loaded.profile).ok();
        let today = calendar.map(|calendar| calendar.local(self.now).date());
        let mut screen = Screen::new(body);
        let most = CHOICES - usize::from(also.is_some());
        for day in days.iter().take(most) {
            let ahead = today.and_then(|today| today.until(*day).ok()).map(|span| span.get_days());
            let near = ahead.filter(|ahead| *ahead <= 1).map(|ahead| self.language().from_today(ahead));
            screen = screen.row(self, &pick.times(*day, None), short_day(self.language(), *day), near);
        }
        if let Some(next) = days.get(most) {
            screen = screen.titled_row(self, &pick.days(Some(*next)), Title::More);
        }
        screen.also(self, also).person(self)
    }

    /// Times of a day as rows: all where they fit, else the parts of the day, else a page of them. Nothing where none
    /// is left.
    pub(super) async fn time_rows<F>(
        &self,
        (body, day): (String, Date),
        from: Option<u16>,
        find: impl Fn(When) -> F + Send + Sync,
        pick: Pick<'_>,
    ) -> Result<Option<Screen>, FindError>
    where
        F: Future<Output = Result<Found, FindError>> + Send,
    {
        // A time that is over by now is no time, and no error.
        let some = |found: Result<Found, FindError>| match found {
            Ok(found) => Ok(Some(found)),
            Err(FindError::When(_)) => Ok(None),
            Err(error) => Err(error),
        };
        // Rows for times, beside another day and a person, and for what leads on.
        let room = CHOICES - 1;
        let window = from.map(|from| {
            let part = PARTS.iter().find(|(first, last, _)| (*first..=*last).contains(&from));
            (from, part.map_or(1439, |(_, last, _)| *last))
        });
        let Some(found) = some(find(on(day, window)).await)? else { return Ok(None) };
        if found.slots.is_empty() {
            return Ok(None);
        }
        let mut screen = Screen::new(body);
        if from.is_none() && (found.more || found.slots.len() > room + 1) {
            for (first, last, words) in PARTS {
                let part = some(find(on(day, Some((first, last)))).await)?;
                let Some(part) = part.filter(|part| !part.slots.is_empty()) else { continue };
                let range = match (part.slots.first(), part.slots.last()) {
                    (Some(first), Some(last)) => {
                        Some(format!("{} – {}", time(&first.start), time(&last.start)))
                    }
                    _ => None,
                };
                let step = pick.times(day, Some(first));
                screen = screen.row(self, &step, title(self.language(), words), range);
            }
        } else {
            let fits = found.slots.len() <= room + usize::from(!found.more);
            let shown = if fits { found.slots.len() } else { room };
            for slot in found.slots.iter().take(shown) {
                let description =
                    format!("{} – {} · {}", time(&slot.start), time(&slot.end), slot.staff_name);
                screen = screen.row(self, &pick.slot(slot.slot.start), time(&slot.start), Some(description));
            }
            if let Some(next) = found.slots.get(shown) {
                let minute = u16::from(next.start.hour().unsigned_abs()) * 60
                    + u16::from(next.start.minute().unsigned_abs());
                screen = screen.titled_row(self, &pick.times(day, Some(minute)), Title::More);
            }
        }
        // With ten rows of times and a person there may be no room for it; the main menu is a word away.
        Ok(Some(screen.titled_row(self, &pick.days(None), Title::OtherDay).person(self)))
    }

    /// Slots of any day as rows.
    pub(super) fn slot_rows<'s>(
        &self,
        body: String,
        slots: impl Iterator<Item = (Step, &'s jiff::Zoned, &'s str)>,
        other: &Step,
    ) -> Screen {
        let mut screen = Screen::new(body);
        for (step, start, staff) in slots.take(CHOICES) {
            let words = short_moment(self.language(), start);
            screen = screen.row(self, &step, words, Some(staff.to_owned()));
        }
        screen.titled_row(self, other, Title::OtherDay).person(self)
    }
}

//! What an owner looks at: the menu, a day's agenda, what waits, what is changed.

use std::fmt::Write as _;

use jiff::{ToSpan, civil::Date};
use mcp_store::booking::{BookingRow, BookingState};
use mcp_tenant::{
    slots::{Calendar, Stretch},
    when::Window,
};

use super::{Owner, Screen, Step, hours::read_rows};
use crate::{
    assistant::Decided,
    booking::{FindError, pages},
    words::{
        menu::short_moment,
        owner::{Line, Title, title},
        receipt::details,
        time,
    },
};

/// Bookings read for one screen.
pub const MOST: u32 = 500;
/// Rows of a list, beside the menu.
const ROWS: usize = 9;

impl Owner<'_> {
    /// What an owner can write and tap.
    pub(super) fn main(&self, why: Option<Line>) -> Screen {
        let why = why.map_or_else(String::new, |why| format!("{}\n\n", self.line(why)));
        let today = self.today().unwrap_or(Date::MIN);
        let words = |which| title(self.language(), which);
        Screen::new(format!("{why}{}", self.line(Line::Help)))
            .row(self, &Step::Agenda(today), words(Title::Today), None)
            .row(self, &Step::Agenda(today.saturating_add(1.day())), words(Title::Tomorrow), None)
            .row(self, &Step::Pending, words(Title::Pending), None)
            .row(self, &Step::Changes, words(Title::Changes), None)
    }

    /// A local day as exact time.
    pub(super) fn stretch(&self, first: Date, last: Date) -> Result<Stretch, FindError> {
        Ok(Calendar::new(&self.loaded.profile)?.stretch(&Window::days(first, last)))
    }

    /// One booking as an owner reads it in a list: who comes, what for, by whom.
    pub(super) fn entry(calendar: &Calendar<'_>, row: &BookingRow) -> String {
        let b = &row.booking;
        let state = if b.state == BookingState::Requested { " ⏳" } else { "" };
        let (from, to) = (time(&calendar.local(b.start())), time(&calendar.local(b.end())));
        let (services, staff) = (b.service_names(), b.staff_names());
        format!("{from}–{to} {} · {services} · {staff}{state}", b.customer_name)
    }

    pub(super) async fn agenda(&self, day: Date) -> Result<Decided, FindError> {
        let stretch = self.stretch(day, day)?;
        let calendar = Calendar::new(&self.loaded.profile)?;
        let rows = self.desk().store.bookings(stretch.from, stretch.to, MOST).await?;
        let mut text = self.language().date(day);
        let mut any = false;
        for row in rows.iter().filter(|row| row.booking.state.stands()) {
            any = true;
            // Writing into a String does not fail.
            let _ = write!(text, "\n• {}", Self::entry(&calendar, row));
        }
        if !any {
            let _ = write!(text, "\n{}", self.line(Line::Free));
        }
        // A full day does not fit above buttons.
        if text.encode_utf16().count() > crate::whatsapp::interactive::LONGEST_BODY {
            return Ok(Screen::new(text).shown(self));
        }
        Ok(Screen::new(text).button(self, &Step::Main, Title::Menu).shown(self))
    }

    /// Requests that are not over.
    pub(super) async fn requests(&self) -> Result<Vec<BookingRow>, FindError> {
        Ok(pages::requested(&*self.desk().store, self.now).await?)
    }

    pub(super) async fn pending(&self) -> Result<Decided, FindError> {
        let rows = self.requests().await?;
        if rows.is_empty() {
            return Ok(self.main(Some(Line::NothingPending)).shown(self));
        }
        let calendar = Calendar::new(&self.loaded.profile)?;
        let mut screen = Screen::new(self.line(Line::WhichPending));
        for row in rows.iter().take(ROWS) {
            let at = short_moment(self.language(), &calendar.local(row.booking.start()));
            let about = format!("{} · {}", row.booking.customer_name, row.booking.service_names());
            screen = screen.row(self, &Step::Request(row.booking.id.clone()), at, Some(about));
        }
        let menu = title(self.language(), Title::Menu);
        Ok(screen.row(self, &Step::Main, menu, None).shown(self))
    }

    pub(super) async fn request(&self, booking: &str) -> Result<Decided, FindError> {
        let row = self.desk().store.booking(booking).await?;
        let Some(row) = row.filter(|row| row.booking.state == BookingState::Requested) else {
            return Ok(self.main(Some(Line::Changed)).shown(self));
        };
        let body = self.described(Line::Requested, &row);
        let decide = |yes| Step::Decide(row.booking.id.clone(), row.revision, yes);
        let screen = Screen::new(body)
            .button(self, &decide(true), Title::Approve)
            .button(self, &decide(false), Title::Decline)
            .button(self, &Step::Main, Title::Menu);
        Ok(screen.shown(self))
    }

    /// A line above who comes and what for.
    pub(super) fn described(&self, which: Line, row: &BookingRow) -> String {
        let details = details(&self.loaded.profile, self.language(), row);
        format!("{}\n{}\n{details}", self.line(which), row.booking.customer_name)
    }

    pub(super) async fn changes(&self) -> Result<Decided, FindError> {
        let rows = self.desk().store.adjustments(self.today()?, Date::MAX).await?;
        let rows = read_rows(&rows);
        if rows.is_empty() {
            return Ok(self.main(Some(Line::NoChanges)).shown(self));
        }
        let mut screen = Screen::new(self.line(Line::WhichChange));
        for adjustment in rows.iter().rev().take(ROWS) {
            let text = self.said(adjustment);
            screen = screen.row(self, &Step::UndoAsk(adjustment.id.clone()), text.clone(), Some(text));
        }
        let menu = title(self.language(), Title::Menu);
        Ok(screen.row(self, &Step::Main, menu, None).shown(self))
    }
}

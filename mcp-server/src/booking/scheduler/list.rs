//! Lists of bookings, page by page.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use mcp_store::booking::{BookedFor, BookingRow, BookingState};

use super::{Failure, FailureCode, Scheduler};

/// Which bookings.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of the customer with this number.
    pub phone: Option<String>,
    /// That begin on this local day; from today on where left out.
    pub date: Option<Date>,
    /// In this state.
    pub state: Option<BookingState>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// How many.
    pub limit: usize,
}

impl Filter {
    /// As callers write it.
    pub fn read(
        phone: Option<String>,
        date: Option<&str>,
        state: Option<&str>,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Self, Failure> {
        let date = date
            .map(|text| {
                text.parse::<Date>()
                    .ok()
                    .filter(|_| text.len() == 10)
                    .ok_or_else(|| Failure::field("date", "date must be a local day like 2026-11-24"))
            })
            .transpose()?;
        let state = state
            .map(|text| {
                BookingState::parse(text).filter(|state| *state != BookingState::Held).ok_or_else(|| {
                    Failure::field(
                        "status",
                        "status must be one of requested, confirmed, completed, cancelled, no_show",
                    )
                })
            })
            .transpose()?;
        Ok(Self { phone, date, state, cursor, limit })
    }
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page {
    /// In order of their start.
    pub rows: Vec<BookingRow>,
    /// For the next page, where there may be one.
    pub next: Option<String>,
}

/// Rows that are looked through for one page at most; a page may come short of its size, with a cursor.
const MOST_READ: usize = 2000;
const CHUNK: u32 = 200;
/// How far ahead lists reach.
const AHEAD: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    start: Timestamp,
    id: String,
}

impl Place {
    fn of(row: &BookingRow) -> Self {
        Self { start: row.booking.start(), id: row.booking.id.clone() }
    }

    fn text(&self) -> String {
        BASE64.encode(format!("{}~{}", self.start.as_microsecond(), self.id))
    }

    fn read(text: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64.decode(text).ok()?).ok()?;
        let (start, id) = text.split_once('~')?;
        let start = Timestamp::from_microsecond(start.parse().ok()?).ok()?;
        Some(Self { start, id: id.to_owned() })
    }
}

impl Scheduler {
    /// Bookings that begin in a span, in order of their start. Holds are in no list.
    pub async fn list(&self, filter: &Filter) -> Result<Page, Failure> {
        let store = &self.desk.store;
        let (from, to) = self.span(filter.date)?;
        let mut last = match &filter.cursor {
            None => None,
            Some(text) => Some(Place::read(text).ok_or_else(|| {
                Failure::field("cursor", "pass `next` of the page before unchanged, or leave cursor out")
            })?),
        };
        let owner = match &filter.phone {
            None => None,
            Some(phone) => {
                let key = mcp_store::phone::canonical(phone).ok_or_else(|| {
                    Failure::field(
                        "phone",
                        "phone must be a number in international form, like +55 11 98888-7777",
                    )
                })?;
                let known =
                    store.customer_by_phone(phone).await.map_err(|error| Failure::of_reading(&error))?;
                Some((key, known.map(|customer| customer.id)))
            }
        };
        let wanted = |row: &BookingRow| {
            let of = owner.as_ref().is_none_or(|(key, customer)| match &row.booking.booked_for {
                BookedFor::Customer(id) => Some(*id) == *customer,
                BookedFor::Named { phone } => {
                    phone.as_deref().is_some_and(|phone| mcp_store::phone::key(phone) == *key)
                }
            });
            of && filter.state.is_none_or(|state| state == row.booking.state)
        };
        let (mut rows, mut read) = (Vec::new(), 0);
        loop {
            let start = last.as_ref().map_or(from, |place| place.start.max(from));
            let chunk =
                store.bookings(start, to, CHUNK).await.map_err(|error| Failure::of_reading(&error))?;
            let (whole, before) = (chunk.len() == CHUNK as usize, last.clone());
            for row in chunk {
                let place = Place::of(&row);
                if last.as_ref().is_some_and(|last| place <= *last) {
                    continue;
                }
                read += 1;
                last = Some(place);
                if wanted(&row) {
                    rows.push(row);
                }
                if rows.len() == filter.limit || read == MOST_READ {
                    return Ok(Page { rows, next: last.map(|place| place.text()) });
                }
            }
            // A chunk without anything new would be read for ever: more bookings than it holds at one instant.
            if !whole || before == last {
                return Ok(Page { rows, next: None });
            }
        }
    }

    fn span(&self, date: Option<Date>) -> Result<(Timestamp, Timestamp), Failure> {
        let wrong = |_| Failure::new(FailureCode::Configuration, "the business's time zone is unknown");
        let now = self.desk.clock.now();
        let zone = TimeZone::get(&self.desk.profile().profile.business.time_zone).map_err(wrong)?;
        let begin = |day: Date| day.to_zoned(zone.clone()).map(|at| at.timestamp());
        let day = date.unwrap_or_else(|| now.to_zoned(zone.clone()).date());
        let from = begin(day).map_err(wrong)?;
        let to = if date.is_some() {
            begin(day.saturating_add(1.day())).map_err(wrong)?
        } else {
            now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX)
        };
        Ok((from, to))
    }
}

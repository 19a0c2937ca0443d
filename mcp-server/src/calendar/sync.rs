//! Brings the mirror of one calendar up to date: what changed since the last time, or everything.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mcp_store::{
    Store, StoreError,
    booking::BookingRow,
    calendar::{MirroredEvent, SyncPage},
};

use super::{
    CalendarError,
    cursor::Cursor,
    detect::{Seen, done_to_ours, laid_over, seen},
    event::{Event, EventPage},
    google::{GoogleCalendar, Listed, Listing},
    proposals::{AskOwner, Proposal},
};
use crate::clock::SharedClock;

/// One calendar in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedCalendar {
    /// Its id.
    pub id: String,
    /// Whom its events block; nobody by name for everybody.
    pub staff: Vec<String>,
}

/// What a synchronisation has to know of the business.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Zone of a calendar that does not tell its own.
    pub zone: TimeZone,
    /// How far ahead bookings are taken.
    pub horizon: SignedDuration,
}

/// Synchronises calendars, each one at a time.
pub struct Sync {
    google: Arc<GoogleCalendar>,
    store: Arc<dyn Store>,
    clock: SharedClock,
    owner: Arc<dyn AskOwner>,
    begun: AtomicU64,
    turns: Mutex<HashMap<String, Arc<Turn>>>,
}

/// The last try of one calendar: its number, and how it ended. Held while one runs.
type Turn = tokio::sync::Mutex<(u64, Result<(), CalendarError>)>;

/// Events of the past count this long: bookings reach a few days back.
const BACK: SignedDuration = SignedDuration::from_hours(4 * 24);
/// The window goes this far beyond the horizon: it is listed anew each day, and a booking begun at the horizon lasts.
const BEYOND: SignedDuration = SignedDuration::from_hours(8 * 24);
/// Free and busy times are asked for in pieces of this length.
const PIECE: SignedDuration = SignedDuration::from_hours(42 * 24);
/// Pages of 1000 events read at once.
const MOST_PAGES: usize = 30;
/// Bookings read at once.
const BOOKINGS: u32 = 500;

/// All that one synchronisation brought.
struct Brought {
    /// By id; where an id came twice, the later one counts.
    events: BTreeMap<String, Event>,
    zone: TimeZone,
    token: Option<String>,
}

impl Sync {
    /// Over Google and the tenant's database.
    pub fn new(
        google: Arc<GoogleCalendar>,
        store: Arc<dyn Store>,
        clock: SharedClock,
        owner: Arc<dyn AskOwner>,
    ) -> Self {
        Self { google, store, clock, owner, begun: AtomicU64::new(0), turns: Mutex::default() }
    }

    /// Brings one calendar up to date. Who asks while it runs waits for one that began after they asked; one such
    /// serves them all.
    pub async fn run(&self, used: &UsedCalendar, ground: &Ground) -> Result<(), CalendarError> {
        let asked = self.begun.load(Ordering::SeqCst);
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(used.id.clone()).or_insert_with(|| Arc::new(Turn::new((0, Ok(()))))))
        };
        let mut last = turn.lock().await;
        if last.0 > asked {
            return last.1.as_ref().copied().map_err(CalendarError::again);
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let outcome = self.synchronise(used, ground).await;
        *last = (number, outcome.as_ref().copied().map_err(CalendarError::again));
        outcome
    }

    async fn synchronise(&self, used: &UsedCalendar, ground: &Ground) -> Result<(), CalendarError> {
        // Another replica may be faster; what it wrote is read before the second try.
        match self.once(used, ground).await {
            Err(CalendarError::Store(StoreError::Stale)) => self.once(used, ground).await,
            other => other,
        }
    }

    async fn once(&self, used: &UsedCalendar, ground: &Ground) -> Result<(), CalendarError> {
        let now = self.clock.now();
        let states = self.store.calendars().await?;
        let kept =
            states.into_iter().find(|state| state.calendar == used.id).and_then(|state| state.sync_token);
        let staff = used.staff.join(",");
        let cursor = kept.as_deref().and_then(|text| Cursor::of(text, &staff, now));
        let window = (before(now), after(now, ground.horizon));
        let page = match self.listed(used, cursor.as_ref(), window, ground).await {
            Ok((brought, whole)) => {
                let listed_at = if whole { now } else { cursor.map_or(now, |cursor| cursor.listed_at) };
                let token = brought.token.clone();
                let mut page = self.understood(used, brought, window, now).await?;
                page.replace = whole;
                page.sync_token = token.map(|token| Cursor { listed_at, staff, token }.text());
                page
            }
            Err(CalendarError::Forbidden(_)) => self.only_busy(used, window).await?,
            Err(error) => return Err(error),
        };
        self.store.sync(&used.id, kept.as_deref(), &page, now).await?;
        Ok(())
    }

    /// What changed, or everything (`true`) where there is no token or Google has forgotten it.
    async fn listed(
        &self,
        used: &UsedCalendar,
        cursor: Option<&Cursor>,
        window: (Timestamp, Timestamp),
        ground: &Ground,
    ) -> Result<(Brought, bool), CalendarError> {
        if let Some(cursor) = cursor
            && let Some(brought) = self.pages(used, &Listing::Since(&cursor.token), ground).await?
        {
            return Ok((brought, false));
        }
        let all = self.pages(used, &Listing::Window(window.0, window.1), ground).await?;
        all.map(|brought| (brought, true))
            .ok_or_else(|| CalendarError::NotNow("Google forgets what it has just said".into()))
    }

    /// All pages; they are written as one, because a part of a calendar would look free.
    async fn pages(
        &self,
        used: &UsedCalendar,
        listing: &Listing<'_>,
        ground: &Ground,
    ) -> Result<Option<Brought>, CalendarError> {
        let mut brought = Brought { events: BTreeMap::new(), zone: ground.zone.clone(), token: None };
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let Listed::Page(page) = self.google.page(&used.id, listing, next.as_deref()).await? else {
                return Ok(None);
            };
            let EventPage { items, next_page_token, next_sync_token, time_zone } = page;
            brought.events.extend(items.into_iter().map(|event| (event.id.clone(), event)));
            if let Some(zone) = time_zone.and_then(|name| TimeZone::get(&name).ok()) {
                brought.zone = zone;
            }
            if next_page_token.is_none() {
                brought.token = next_sync_token;
                return Ok(Some(brought));
            }
            next = next_page_token;
        }
        Err(CalendarError::NotNow("more events than can be read: remove old or repeated ones".into()))
    }

    /// What the mirror becomes. What the owner has to decide is handed over first: were it done after, a crash in
    /// between would lose it.
    async fn understood(
        &self,
        used: &UsedCalendar,
        brought: Brought,
        window: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<SyncPage, CalendarError> {
        let bookings = self.bookings(&brought, now).await?;
        let mut page = SyncPage { fresh: true, ..SyncPage::default() };
        for event in brought.events.values() {
            match seen(event, &brought.zone, &bookings) {
                Seen::Busy(from, to) if to > window.0 && from < window.1 => {
                    for row in bookings.values() {
                        self.propose(laid_over((from, to), &used.staff, row, now)).await?;
                    }
                    page.upserts.extend(blocking(used, &event.id, from, to));
                }
                // What lies outside the window comes with the next whole list.
                Seen::Busy(..) | Seen::Free => page.deletes.extend(names(used, &event.id)),
                Seen::Ours(ours, span) => {
                    if let Some(row) = bookings.get(&ours.booking_id) {
                        self.propose(done_to_ours(&ours, span, row, now)).await?;
                    }
                    page.deletes.extend(names(used, &event.id));
                }
            }
        }
        Ok(page)
    }

    async fn propose(&self, proposal: Option<Proposal>) -> Result<(), StoreError> {
        match proposal {
            Some(proposal) => self.owner.ask(proposal).await,
            None => Ok(()),
        }
    }

    /// The bookings that the events can be about: those they name, and those that are still to come where an event
    /// may lie over them.
    async fn bookings(
        &self,
        brought: &Brought,
        now: Timestamp,
    ) -> Result<BTreeMap<String, BookingRow>, StoreError> {
        let mut found = BTreeMap::new();
        let busy = brought.events.values().filter(|event| event.our_id().is_none());
        let spans: Vec<_> =
            busy.filter_map(|event| event.busy(&brought.zone)).filter(|(_, to)| *to > now).collect();
        let to = spans.iter().map(|(_, to)| *to).max();
        let from = spans.iter().map(|(from, _)| *from).min().map(|from| before(from.max(now)));
        if let (Some(mut from), Some(to)) = (from, to) {
            loop {
                let rows = self.store.bookings(from, to, BOOKINGS).await?;
                let (last, full) =
                    (rows.last().map(|row| row.booking.start()), rows.len() == BOOKINGS as usize);
                found.extend(rows.into_iter().map(|row| (row.booking.id.clone(), row)));
                match last {
                    Some(last) if full && last > from => from = last,
                    _ => break,
                }
            }
        }
        for ours in brought.events.values().filter_map(Event::our_id) {
            if !found.contains_key(&ours.booking_id)
                && let Some(row) = self.store.booking(&ours.booking_id).await?
            {
                found.insert(ours.booking_id, row);
            }
        }
        Ok(found)
    }

    /// The mirror of a calendar whose events may not be read. Our own bookings are not in such a calendar: who may
    /// not read events may not write them.
    async fn only_busy(
        &self,
        used: &UsedCalendar,
        window: (Timestamp, Timestamp),
    ) -> Result<SyncPage, CalendarError> {
        let mut page = SyncPage { replace: true, fresh: true, ..SyncPage::default() };
        let mut from = window.0;
        while from < window.1 {
            let to = from.saturating_add(PIECE).unwrap_or(window.1).min(window.1);
            for (start, end) in self.google.free_busy(&used.id, from, to).await? {
                if start < end {
                    page.upserts.extend(blocking(used, &format!("busy-{start}"), start, end));
                }
            }
            from = to;
        }
        Ok(page)
    }
}

fn before(at: Timestamp) -> Timestamp {
    at.saturating_sub(BACK).unwrap_or(Timestamp::MIN)
}

fn after(now: Timestamp, horizon: SignedDuration) -> Timestamp {
    now.saturating_add(horizon).and_then(|at| at.saturating_add(BEYOND)).unwrap_or(Timestamp::MAX)
}

/// A row for each person whose calendar it is, or one for everybody.
fn blocking(used: &UsedCalendar, id: &str, from: Timestamp, to: Timestamp) -> Vec<MirroredEvent> {
    let row = |event_id: String, staff_id: Option<String>| MirroredEvent { event_id, from, to, staff_id };
    match used.staff.as_slice() {
        [] => vec![row(id.to_owned(), None)],
        staff => {
            names(used, id).into_iter().zip(staff).map(|(name, one)| row(name, Some(one.clone()))).collect()
        }
    }
}

/// Under which ids an event is kept.
fn names(used: &UsedCalendar, id: &str) -> Vec<String> {
    match used.staff.as_slice() {
        [] | [_] => vec![id.to_owned()],
        staff => staff.iter().map(|one| format!("{id}~{one}")).collect(),
    }
}

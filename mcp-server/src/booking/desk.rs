//! The desk: finds free slots and turns a wish into a request the store decides on.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};
use mcp_store::{
    Store, StoreError,
    booking::{Alternative, BookingRow},
};
use mcp_tenant::{
    scalar::Span,
    slots::{Calendar, Query, Reason, Slot, Stretch, Visit, free_slots, nearest},
    when::{Resolved, When, WhenError, Window},
};

use super::{
    Principal, SlotPart, SlotRef, SlotRefs,
    busy::{adjustments, busy},
};
use crate::{
    calendar::OutsideCalendar,
    clock::SharedClock,
    ids::SharedIds,
    profile_file::{Loaded, ProfileWatch},
    whatsapp::template::Templates,
};

/// One desk for every door.
pub struct Desk {
    /// The tenant's database.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: SharedClock,
    /// Ids.
    pub ids: SharedIds,
    /// The business as it is now.
    pub profile: ProfileWatch,
    /// References.
    pub refs: SlotRefs,
    /// The owner's calendar outside, where there is one.
    pub outside: Option<Arc<dyn OutsideCalendar>>,
    /// What may be said outside of the customer service window: whether somebody can be reached at all.
    pub templates: Templates,
}

/// A free slot as it is offered.
#[derive(Clone, Debug)]
pub struct OfferedSlot {
    /// Opaque reference.
    pub reference: String,
    /// What it names.
    pub slot: SlotRef,
    /// Start in the business's zone.
    pub start: Zoned,
    /// End in the business's zone.
    pub end: Zoned,
    /// Id of the staff member who does the first service.
    pub staff: String,
    /// Names of the staff, each once, in order: `Zé`, `Zé + Rui`.
    pub staff_name: String,
}

/// What was found for a request.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which days and times were meant.
    pub meant: Resolved,
    /// Free slots in order, one for each start, at most [`MOST_SLOTS`].
    pub slots: Vec<OfferedSlot>,
    /// Whether there are more than these.
    pub more: bool,
    /// Where there is none: the nearest free ones around what was asked for.
    pub nearest: Vec<OfferedSlot>,
}

/// Slots offered at once.
pub const MOST_SLOTS: usize = 40;
/// Slots named where nothing was free, and how many days around are searched for them.
const NEAREST: usize = 3;
const NEAREST_DAYS: i64 = 7;
/// How far from a start bookings can matter to it: services and buffers last a day at most, days are counted whole,
/// and resources may be changed along a chain of bookings.
const BEFORE: SignedDuration = SignedDuration::from_hours(3 * 24);
const AFTER: SignedDuration = SignedDuration::from_hours(10 * 24);

/// Why nothing could be looked up.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// No such service, or nobody who does it.
    #[error(transparent)]
    Unknown(Reason),
    /// The time asked for cannot be understood.
    #[error(transparent)]
    When(#[from] WhenError),
    /// The profile's zone is unknown; a profile is checked before it is used.
    #[error("resolve the business's time zone")]
    Zone(#[from] jiff::Error),
    /// The database failed.
    #[error("read the bookings")]
    Store(#[from] StoreError),
}

impl Desk {
    /// The present profile.
    pub fn profile(&self) -> Arc<Loaded> {
        Arc::clone(&self.profile.borrow())
    }

    /// The present profile as it binds a principal: people of the business need not give themselves notice.
    pub(super) fn business(&self, principal: &Principal) -> Arc<Loaded> {
        let loaded = self.profile();
        if principal.is_staff() { Arc::new(without_notice(&loaded)) } else { loaded }
    }

    /// Free slots of a service, with references for a principal.
    pub async fn find(
        &self,
        principal: &Principal,
        service: &str,
        staff: Option<&str>,
        when: &When,
    ) -> Result<Found, FindError> {
        self.find_visit(principal, &[(service, staff)], when).await
    }

    /// Free slots of a visit of several services, one after the other, each by a named person or anyone; with
    /// references for a principal.
    pub async fn find_visit(
        &self,
        principal: &Principal,
        services: &[(&str, Option<&str>)],
        when: &When,
    ) -> Result<Found, FindError> {
        self.look(principal, services, None, when).await
    }

    /// Free slots that a booking can be moved to: the same services by the same people, and what the booking itself
    /// occupies is free; a time without a day is one of the booking's day. With references for a principal.
    pub async fn find_other(
        &self,
        principal: &Principal,
        row: &BookingRow,
        when: &When,
    ) -> Result<Found, FindError> {
        let items = row.booking.items.iter();
        let services: Vec<_> =
            items.map(|item| (item.service_id.as_str(), Some(item.staff_id.as_str()))).collect();
        let day = Calendar::new(&self.profile().profile)?.local(row.booking.start()).date();
        self.look(principal, &services, Some(&row.booking.id), &when.clone().or_on(day)).await
    }

    async fn look(
        &self,
        principal: &Principal,
        services: &[(&str, Option<&str>)],
        without: Option<&str>,
        when: &When,
    ) -> Result<Found, FindError> {
        let loaded = self.business(principal);
        let profile = &loaded.profile;
        let calendar = Calendar::new(profile)?;
        let now = self.clock.now();
        let local = calendar.local(now);
        let visit = Visit::new(profile, services).map_err(FindError::Unknown)?;
        let today = local.date();
        let near =
            self.store.adjustments(today.saturating_sub(1.day()), today.saturating_add(1.day())).await?;
        let meant = when.resolve(&local, calendar.closing(&local, &adjustments(&near)))?;
        let (from, to) = around(meant.stretch);
        // An owner's own events close the slots too. Where they cannot be read the offer stands on what is known
        // here; they are read again before the booking is confirmed. First they: reading them brings the agenda's
        // mirror up to date.
        let outside = self.outside_busy(from, to).await.and_then(Result::ok).unwrap_or_default();
        let agenda = self.store.agenda(from, to, now).await?;
        let busy = busy(&agenda, &outside);
        let busy = without.map_or(busy.clone(), |booking| busy.without(booking));
        let query = Query { visit, window: meant.window.clone(), now, limit: MOST_SLOTS + 1 };
        let mut free = free_slots(&calendar, &busy, &query);
        let more = free.len() > MOST_SLOTS;
        free.truncate(MOST_SLOTS);
        let pinned: Vec<bool> = services.iter().map(|(_, staff)| staff.is_some()).collect();
        let slots = free.iter().filter_map(|slot| self.offer(principal, &calendar, slot, &pinned)).collect();
        let nearest = if free.is_empty() {
            let day = |at: Timestamp| calendar.local(at).date();
            let window = Window::days(
                day(meant.stretch.from),
                day(meant.stretch.to).saturating_add(NEAREST_DAYS.days()),
            );
            let query = Query { window, limit: usize::MAX, ..query };
            let near = nearest(&calendar, &busy, &query, meant.stretch.from, NEAREST);
            near.iter().filter_map(|near| self.offer(principal, &calendar, &near.slot, &pinned)).collect()
        } else {
            Vec::new()
        };
        Ok(Found { meant, slots, more, nearest })
    }

    fn offer(
        &self,
        principal: &Principal,
        calendar: &Calendar<'_>,
        slot: &Slot<'_>,
        pinned: &[bool],
    ) -> Option<OfferedSlot> {
        let part = |(part, pinned): (&mcp_tenant::slots::Part<'_>, &bool)| SlotPart {
            service: part.service.id.clone(),
            staff: part.staff.id.clone(),
            pinned: *pinned,
        };
        let wanted = SlotRef { start: slot.start, parts: slot.parts.iter().zip(pinned).map(part).collect() };
        let mut people: Vec<&str> = Vec::new();
        for part in &slot.parts {
            if !people.contains(&part.staff.name.as_str()) {
                people.push(&part.staff.name);
            }
        }
        Some(OfferedSlot {
            reference: self.refs.make(principal, &wanted),
            start: calendar.local(slot.start),
            end: calendar.local(slot.end),
            staff: slot.parts.first()?.staff.id.clone(),
            staff_name: people.join(" + "),
            slot: wanted,
        })
    }

    /// Free slots of a service that begin in a stretch, by start, at most [`MOST_SLOTS`]; for one who waits. `None` where
    /// the owner's calendar cannot be read: nobody is offered what it may be against, and nobody knows that it is taken.
    pub async fn free_between(
        &self,
        service: &str,
        staff: Option<&str>,
        starts: Stretch,
    ) -> Result<Option<Vec<SlotRef>>, FindError> {
        let loaded = self.profile();
        let profile = &loaded.profile;
        let calendar = Calendar::new(profile)?;
        let now = self.clock.now();
        let visit = Visit::of_one(profile, service, staff).map_err(FindError::Unknown)?;
        let (from, to) = around(starts);
        let outside = match self.outside_busy(from, to).await {
            None => Vec::new(),
            Some(Ok(busy)) => busy,
            Some(Err(())) => return Ok(None),
        };
        let agenda = self.store.agenda(from, to, now).await?;
        let day = |at: Timestamp| calendar.local(at).date();
        let window = Window::days(day(starts.from), day(starts.to));
        let busy = busy(&agenda, &outside);
        let free = free_slots(&calendar, &busy, &Query { visit, window, now, limit: usize::MAX });
        let inside = free.iter().filter(|slot| starts.from <= slot.start && slot.start < starts.to);
        let named = inside.filter_map(|slot| {
            let part = slot.parts.first()?;
            Some(SlotRef::one(&part.service.id, &part.staff.id, slot.start, staff.is_some()))
        });
        Ok(Some(named.take(MOST_SLOTS).collect()))
    }

    /// The slot that a refusal names as free, for the services of the slot that was refused. Where a person was asked for,
    /// the person who is named with it is.
    pub fn alternative(&self, refused: &SlotRef, alternative: &Alternative) -> SlotRef {
        let mut slot = SlotRef { start: alternative.start, parts: refused.parts.clone() };
        if let Some(first) = slot.parts.first_mut() {
            first.staff.clone_from(&alternative.staff_id);
        }
        slot
    }

    /// A customer's bookings that are not over, the next one first.
    pub async fn mine(&self, customer: i64) -> Result<Vec<BookingRow>, StoreError> {
        self.store.open_of(customer, self.clock.now()).await
    }

    /// A reference to a booking, for a principal who may know of it.
    pub fn booking_ref(&self, principal: &Principal, booking_id: &str) -> String {
        self.refs.make_booking(principal, booking_id)
    }

    /// The id of the booking a reference names; nothing where it was not made for this principal.
    pub fn read_booking_ref(&self, principal: &Principal, text: &str) -> Option<String> {
        self.refs.read_booking(principal, text)
    }

    /// Whether the owner's calendars could be read (or there are none), and what stands in them around a slot. What
    /// keeps single people busy is read into the mirror, which the transaction looks at; where one person alone can do
    /// it, what stands in calendars of others does not matter, and theirs counts here.
    pub(super) async fn outside_around(&self, slot: &SlotRef, held: bool) -> (bool, Vec<Stretch>) {
        let Some(outside) = self.outside.as_ref() else { return (true, Vec::new()) };
        let (from, to) = around(Stretch { from: slot.start, to: slot.start });
        let mut staff: Vec<String> = slot.parts.iter().map(|part| part.staff.clone()).collect();
        staff.dedup();
        let alone = staff.len() == 1 && (held || slot.parts.iter().all(|part| part.pinned));
        let read = if alone { outside.busy_of(&staff, from, to).await } else { outside.busy(from, to).await };
        read.map_or_else(|_| (false, Vec::new()), |busy| (true, busy))
    }

    /// Whether the owner's calendars can be read around an instant, or there are none: what is free then is known.
    pub async fn is_calendar_read(&self, at: Timestamp) -> bool {
        let (from, to) = around(Stretch { from: at, to: at });
        !matches!(self.outside_busy(from, to).await, Some(Err(())))
    }

    pub(super) async fn outside_busy(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<Result<Vec<Stretch>, ()>> {
        let outside = self.outside.as_ref()?;
        Some(outside.busy(from, to).await.map_err(|_| ()))
    }
}

/// The span whose agenda decides about starts in a stretch.
pub(super) fn around(stretch: Stretch) -> (Timestamp, Timestamp) {
    (
        stretch.from.saturating_sub(BEFORE).unwrap_or(Timestamp::MIN),
        stretch.to.saturating_add(AFTER).unwrap_or(Timestamp::MAX),
    )
}

/// The business as it is for those who need not give notice.
pub(super) fn without_notice(loaded: &Loaded) -> Loaded {
    let mut profile = loaded.profile.clone();
    profile.rules.minimum_notice = Span::minutes(0);
    for service in &mut profile.services {
        service.minimum_notice = None;
    }
    Loaded { profile, hash: loaded.hash.clone(), ignored: Vec::new(), warnings: Vec::new() }
}

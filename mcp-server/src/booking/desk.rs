//! The desk: finds free slots and turns a wish into a request the store decides on.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};
use mcp_store::{
    Store, StoreError,
    booking::{Agenda, BookedFor, BookingRequest, BookingState, OpenLimit},
};
use mcp_tenant::{
    profile::Confirmation,
    slots::{Calendar, Query, Reason, Slot, Stretch, Visit, free_slots, nearest},
    when::{Resolved, When, WhenError, Window},
};

use super::{
    Principal, SlotRef, SlotRefs,
    busy::{adjustments, busy},
    choose::{Chosen, choose},
};
use crate::{
    calendar::OutsideCalendar,
    clock::SharedClock,
    ids::SharedIds,
    profile_file::{Loaded, ProfileWatch},
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
}

/// A free slot as it is offered.
#[derive(Clone, Debug)]
pub struct OfferedSlot {
    /// Opaque reference.
    pub reference: String,
    /// Start in the business's zone.
    pub start: Zoned,
    /// End in the business's zone.
    pub end: Zoned,
    /// Staff member's id.
    pub staff: String,
    /// Staff member's name.
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

/// Who wants which slot, under which key.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What.
    pub slot: SlotRef,
    /// For whom.
    pub booked_for: BookedFor,
    /// Name to book under.
    pub customer_name: String,
    /// A repeat of the effect gets the first one's outcome.
    pub idempotency_key: String,
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

    /// Free slots of a service, with references for a principal.
    pub async fn find(
        &self,
        principal: &Principal,
        service: &str,
        staff: Option<&str>,
        when: &When,
    ) -> Result<Found, FindError> {
        let loaded = self.profile();
        let profile = &loaded.profile;
        let calendar = Calendar::new(profile)?;
        let now = self.clock.now();
        let local = calendar.local(now);
        let visit = Visit::of_one(profile, service, staff).map_err(FindError::Unknown)?;
        let today = local.date();
        let near =
            self.store.adjustments(today.saturating_sub(1.day()), today.saturating_add(1.day())).await?;
        let meant = when.resolve(&local, calendar.closing(&local, &adjustments(&near)))?;
        let (from, to) = around(meant.stretch);
        let agenda = self.store.agenda(from, to, now).await?;
        // An owner's own events close the slots too. Where they cannot be read the offer stands on what is known
        // here; they are read again before the booking is confirmed.
        let outside = self.outside_busy(from, to).await.and_then(Result::ok).unwrap_or_default();
        let busy = busy(&agenda, &outside);
        let query = Query { visit, window: meant.window.clone(), now, limit: MOST_SLOTS + 1 };
        let mut free = free_slots(&calendar, &busy, &query);
        let more = free.len() > MOST_SLOTS;
        free.truncate(MOST_SLOTS);
        let pinned = staff.is_some();
        let slots = free.iter().filter_map(|slot| self.offer(principal, &calendar, slot, pinned)).collect();
        let nearest = if free.is_empty() {
            let day = |at: Timestamp| calendar.local(at).date();
            let window = Window::days(
                day(meant.stretch.from),
                day(meant.stretch.to).saturating_add(NEAREST_DAYS.days()),
            );
            let query = Query { window, limit: usize::MAX, ..query };
            let near = nearest(&calendar, &busy, &query, meant.stretch.from, NEAREST);
            near.iter().filter_map(|near| self.offer(principal, &calendar, &near.slot, pinned)).collect()
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
        pinned: bool,
    ) -> Option<OfferedSlot> {
        let part = slot.parts.first()?;
        let named = SlotRef {
            service: part.service.id.clone(),
            staff: part.staff.id.clone(),
            start: slot.start,
            pinned,
        };
        Some(OfferedSlot {
            reference: self.refs.make(principal, &named),
            start: calendar.local(slot.start),
            end: calendar.local(slot.end),
            staff: part.staff.id.clone(),
            staff_name: part.staff.name.clone(),
        })
    }

    async fn outside_busy(&self, from: Timestamp, to: Timestamp) -> Option<Result<Vec<Stretch>, ()>> {
        let outside = self.outside.as_ref()?;
        Some(outside.busy(from, to).await.map_err(|_| ()))
    }

    /// A request the store decides on, inside the booking transaction and over fresh data. The owner's calendar is
    /// read before: where that fails, the booking begins as `requested` and is never called confirmed.
    pub async fn request(&self, wish: Wish) -> BookingRequest {
        let loaded = self.profile();
        let now = self.clock.now();
        let (from, to) = around(Stretch { from: wish.slot.start, to: wish.slot.start });
        let (read, outside) = match self.outside_busy(from, to).await {
            None => (true, Vec::new()),
            Some(Ok(busy)) => (true, busy),
            Some(Err(())) => (false, Vec::new()),
        };
        let automatic = loaded.profile.rules.confirmation == Confirmation::Automatic;
        let state = if read && automatic { BookingState::Confirmed } else { BookingState::Requested };
        let limit = match &wish.booked_for {
            BookedFor::Customer(id) => {
                Some(OpenLimit { customer_id: *id, most: loaded.profile.rules.max_open_per_customer })
            }
            BookedFor::Named { .. } => None,
        };
        let digest =
            format!("{}~{}~{}~{:?}", wish.slot.service, wish.slot.staff, wish.slot.start, wish.booked_for);
        let idempotency_key = wish.idempotency_key.clone();
        let chosen = Chosen { id: self.ids.id(), reference: self.ids.reference(), state, now, outside };
        let choose = Arc::new(move |agenda: &Agenda| choose(&loaded.profile, &wish, &chosen, agenda));
        BookingRequest {
            idempotency_key,
            digest,
            holder: None,
            confirm: None,
            limit,
            around: (from, to),
            choose,
            audit: None,
        }
    }
}

/// The span whose agenda decides about starts in a stretch.
fn around(stretch: Stretch) -> (Timestamp, Timestamp) {
    (
        stretch.from.saturating_sub(BEFORE).unwrap_or(Timestamp::MIN),
        stretch.to.saturating_add(AFTER).unwrap_or(Timestamp::MAX),
    )
}

//! The desk: finds free slots and turns a wish into a request the store decides on.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, Zoned};
use mcp_store::{
    Store, StoreError,
    booking::{
        Alternative, BookedFor, BookingRequest, BookingState, NewBooking, Occupied, OpenLimit, Refused,
    },
};
use mcp_tenant::{
    Profile,
    profile::localized,
    request::{RequestError, WhenRequest, Window},
    slots::{Busy, Calendar, Refusal, Slot, Stretch},
};

use super::{Principal, SlotRef, SlotRefs};
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
    /// Where it was looked for.
    pub window: Window,
    /// Free slots in order, at most [`MOST_SLOTS`]; where nobody was asked for by name, one for each start.
    pub slots: Vec<OfferedSlot>,
    /// Whether there are more than these.
    pub more: bool,
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
/// Alternatives named with a refusal.
const ALTERNATIVES: usize = 3;

/// Why nothing could be looked up.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// No such service.
    #[error("this service does not exist: list the services and choose one of them")]
    UnknownService,
    /// No such staff member.
    #[error("this staff member does not do this service: choose somebody else or leave the choice open")]
    UnknownStaff,
    /// The time asked for cannot be understood.
    #[error(transparent)]
    Request(#[from] RequestError),
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
        when: &WhenRequest,
    ) -> Result<Found, FindError> {
        let loaded = self.profile();
        let profile = &loaded.profile;
        let calendar = Calendar::new(profile)?;
        let now = self.clock.now();
        let service = profile.service(service).ok_or(FindError::UnknownService)?;
        if staff.is_some_and(|id| !profile.staff_for(service).any(|person| person.id == id)) {
            return Err(FindError::UnknownStaff);
        }
        let window = when.resolve(&calendar.local(now))?;
        let (from, to) = around_window(profile, &window, now)?;
        let mut busy = to_busy(&self.store.occupied(from, to).await?);
        // An owner's own events close the slots too. Where they cannot be read the offer stands on what is known
        // here; they are read again before the booking is confirmed.
        if let Some(Ok(outside)) = self.outside_busy(from, to).await {
            busy.extend(for_everyone(profile, &outside));
        }
        let people = profile.staff_for(service).count().max(1);
        let mut free = calendar.free(service, staff, &window, &busy, now, (MOST_SLOTS + 1) * people);
        if staff.is_none() {
            free.dedup_by_key(|slot| slot.start);
        }
        let more = free.len() > MOST_SLOTS;
        free.truncate(MOST_SLOTS);
        let pinned = staff.is_some();
        let slots =
            free.into_iter().map(|slot| self.offer(principal, profile, &calendar, slot, pinned)).collect();
        Ok(Found { window, slots, more })
    }

    fn offer(
        &self,
        principal: &Principal,
        profile: &Profile,
        calendar: &Calendar<'_>,
        slot: Slot,
        pinned: bool,
    ) -> OfferedSlot {
        let name = profile.staff_member(&slot.staff).map_or_else(|| slot.staff.clone(), |s| s.name.clone());
        let named = SlotRef { service: slot.service, staff: slot.staff.clone(), start: slot.start, pinned };
        OfferedSlot {
            reference: self.refs.make(principal, &named),
            start: calendar.local(slot.start),
            end: calendar.local(slot.end),
            staff: slot.staff,
            staff_name: name,
        }
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
        let margin = SignedDuration::from_hours(24 * 7);
        let from = wish.slot.start.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        let to = wish.slot.start.saturating_add(margin).unwrap_or(Timestamp::MAX);
        let (state, outside) = match self.outside_busy(from, to).await {
            None => (BookingState::Confirmed, Vec::new()),
            Some(Ok(busy)) => (BookingState::Confirmed, busy),
            Some(Err(())) => (BookingState::Requested, Vec::new()),
        };
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
        let choose = Arc::new(move |taken: &[Occupied]| choose(&loaded.profile, &wish, &chosen, taken));
        BookingRequest { idempotency_key, digest, limit, around: (from, to), choose }
    }
}

struct Chosen {
    id: String,
    reference: String,
    state: BookingState,
    now: Timestamp,
    outside: Vec<Stretch>,
}

fn choose(
    profile: &Profile,
    wish: &Wish,
    chosen: &Chosen,
    taken: &[Occupied],
) -> Result<NewBooking, Refused> {
    let calendar = Calendar::new(profile)
        .map_err(|_| Refused::new("configuration", "the business's time zone is unknown"))?;
    let mut busy = to_busy(taken);
    busy.extend(for_everyone(profile, &chosen.outside));
    let slot = &wish.slot;
    let asked = Some(slot.staff.as_str());
    let booked = match calendar.book(&slot.service, asked, slot.start, &busy, chosen.now) {
        // Nobody was asked for by name: a colleague who is free will do.
        Err(_) if !slot.pinned => calendar.book(&slot.service, None, slot.start, &busy, chosen.now),
        other => other,
    };
    let free = booked.map_err(|refusal| refused(profile, &calendar, slot, &busy, chosen.now, refusal))?;
    let Some(service) = profile.service(&free.service) else {
        return Err(Refused::new("not_found", Refusal::UnknownService.to_string()));
    };
    Ok(NewBooking {
        id: chosen.id.clone(),
        reference: chosen.reference.clone(),
        booked_for: wish.booked_for.clone(),
        customer_name: wish.customer_name.clone(),
        service_name: localized(&service.name, profile.language()).to_owned(),
        staff_name: profile.staff_member(&free.staff).map_or_else(String::new, |s| s.name.clone()),
        price_cents: service.price.cents(),
        currency: profile.business.currency.clone(),
        service_id: free.service,
        staff_id: free.staff,
        start: free.start,
        end: free.end,
        occupies_from: free.occupies.from,
        occupies_to: free.occupies.to,
        state: chosen.state,
    })
}

fn refused(
    profile: &Profile,
    calendar: &Calendar<'_>,
    slot: &SlotRef,
    busy: &[Busy],
    now: Timestamp,
    refusal: Refusal,
) -> Refused {
    let code = match refusal {
        Refusal::UnknownService | Refusal::UnknownStaff => "not_found",
        Refusal::OutsideHours | Refusal::BeyondHorizon => "outside_hours",
        Refusal::NoticeTooShort => "notice_too_short",
        Refusal::Taken => "slot_taken",
    };
    let day = calendar.local(slot.start).date();
    let window = Window {
        first: day,
        last: day.saturating_add(jiff::ToSpan::days(5)),
        from: jiff::civil::Time::MIN,
        to: jiff::civil::Time::MAX,
    };
    let mut alternatives = match profile.service(&slot.service) {
        Some(service) => calendar.free(service, None, &window, busy, now, 400),
        None => Vec::new(),
    };
    alternatives.sort_by_key(|free| (free.start.duration_since(slot.start).abs(), free.start));
    alternatives.dedup_by_key(|free| free.start);
    alternatives.truncate(ALTERNATIVES);
    alternatives.sort_by_key(|free| free.start);
    Refused {
        code: code.to_owned(),
        message: refusal.to_string(),
        alternatives: alternatives
            .into_iter()
            .map(|free| Alternative { staff_id: free.staff, start: free.start })
            .collect(),
    }
}

/// The exact span whose bookings matter to a window, generously.
fn around_window(
    profile: &Profile,
    window: &Window,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), jiff::Error> {
    let zone = mcp_tenant::request::zone(&profile.business.time_zone)?;
    let day = SignedDuration::from_hours(24);
    let at = |date: jiff::civil::Date| date.to_zoned(zone.clone()).map_or(now, |zoned| zoned.timestamp());
    let from = at(window.first).saturating_sub(day).unwrap_or(Timestamp::MIN);
    let to = at(window.last).saturating_add(day * 3).unwrap_or(Timestamp::MAX);
    Ok((from, to))
}

fn to_busy(taken: &[Occupied]) -> Vec<Busy> {
    taken
        .iter()
        .map(|o| Busy { staff: o.staff_id.clone(), stretch: Stretch { from: o.from, to: o.to } })
        .collect()
}

/// An event in the business's one calendar closes that time for everybody.
fn for_everyone(profile: &Profile, stretches: &[Stretch]) -> Vec<Busy> {
    profile
        .staff
        .iter()
        .flat_map(|person| stretches.iter().map(move |s| Busy { staff: person.id.clone(), stretch: *s }))
        .collect()
}

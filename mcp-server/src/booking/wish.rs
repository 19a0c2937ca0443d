//! A wish to book or to hold, as the request a store decides on.

use std::sync::Arc;

use jiff::Timestamp;
use mcp_store::{
    booking::{Agenda, BookedFor, BookingRequest, BookingState, ConfirmHold, OpenLimit, code},
    phone, sha256,
};
use mcp_tenant::{
    Profile,
    profile::Confirmation,
    slots::{Calendar, Stretch, Visit, plan},
};

use super::{
    Desk, Principal, SlotRef,
    audit::{self, Action},
    busy::busy,
    choose::{Chosen, choose, one_line},
    desk::{around, without_notice},
};
use crate::profile_file::Loaded;

/// Who wants which slot, under which key.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Who acts.
    pub principal: Principal,
    /// What.
    pub slot: SlotRef,
    /// For whom.
    pub booked_for: BookedFor,
    /// Name to book under.
    pub customer_name: String,
    /// A repeat of the effect gets the first one's outcome.
    pub idempotency_key: String,
    /// The hold that becomes the booking, by id: where it stands still and is this customer's, nothing is chosen anew.
    pub confirm: Option<String>,
}

impl Wish {
    /// A customer books for themselves.
    pub fn of_customer(
        customer: i64,
        slot: SlotRef,
        name: impl Into<String>,
        key: impl Into<String>,
    ) -> Self {
        Self {
            principal: Principal::Customer(customer),
            slot,
            booked_for: BookedFor::Customer(customer),
            customer_name: name.into(),
            idempotency_key: key.into(),
            confirm: None,
        }
    }

    /// Whose holds give way to this wish: each customer has one at most.
    fn holder(&self) -> String {
        match &self.booked_for {
            BookedFor::Customer(id) => format!("customer:{id}"),
            BookedFor::Named { phone: Some(number) } => format!("phone:{}", phone::key(number)),
            BookedFor::Named { phone: None } => format!("{}:{}", self.principal.actor(), self.customer_name),
        }
    }
}

impl Desk {
    /// A request the store decides on, inside the booking transaction and over fresh data. The owner's calendar is
    /// read before: where that fails, the booking begins as `requested` and is never called confirmed.
    pub async fn request(&self, wish: Wish) -> BookingRequest {
        let loaded = self.business(&wish.principal);
        let (read, outside) = self.outside_around(&wish.slot, wish.confirm.is_some()).await;
        let state = first_state(&loaded, &wish.principal, read);
        let confirm = wish.confirm.as_ref().filter(|_| is_clear(&loaded, &wish.slot, &outside)).map(|id| {
            ConfirmHold { booking_id: id.clone(), state, customer_name: Some(one_line(&wish.customer_name)) }
        });
        let limit = limit(&loaded, &wish);
        let chosen = self.chosen(state, None, outside);
        BookingRequest { confirm, limit, ..self.asked(loaded, wish, chosen, Action::Book) }
    }

    /// Reserves a slot for the profile's `rules.hold`, for a customer who has chosen it and has not confirmed yet. An
    /// earlier hold of the same customer gives way.
    pub async fn hold(&self, wish: Wish) -> BookingRequest {
        let loaded = self.business(&wish.principal);
        let (_, outside) = self.outside_around(&wish.slot, false).await;
        let limit = limit(&loaded, &wish);
        let until = self.clock.now().saturating_add(loaded.profile.rules.hold.as_duration());
        let chosen = self.chosen(BookingState::Held, Some(until.unwrap_or(Timestamp::MAX)), outside);
        BookingRequest { limit, ..self.asked(loaded, wish, chosen, Action::Hold) }
    }

    fn asked(&self, loaded: Arc<Loaded>, wish: Wish, chosen: Chosen, action: Action) -> BookingRequest {
        // A digest stays for a day; it must not be readable.
        let booked_for = format!("{:?}", wish.booked_for);
        let digest =
            sha256::hex_of(&[action.as_str().as_bytes(), wish.slot.text().as_bytes(), booked_for.as_bytes()]);
        let audit = audit::entry(&*self.ids, &wish.principal, action, Some(audit::asked(&wish.slot)));
        let (idempotency_key, holder) = (wish.idempotency_key.clone(), wish.holder());
        let near = near(&loaded.profile, &wish.slot);
        let around = around(Stretch { from: wish.slot.start, to: wish.slot.start });
        let choose = Arc::new(move |agenda: &Agenda| choose(&loaded.profile, &wish, &chosen, agenda));
        BookingRequest {
            idempotency_key,
            digest,
            holder: Some(holder),
            confirm: None,
            limit: None,
            near,
            around,
            choose,
            audit: Some(audit),
        }
    }

    pub(super) fn chosen(
        &self,
        state: BookingState,
        hold_until: Option<Timestamp>,
        outside: Vec<Stretch>,
    ) -> Chosen {
        let (id, reference, now) = (self.ids.id(), self.ids.reference(), self.clock.now());
        Chosen { id, reference, state, hold_until, now, outside }
    }
}

/// The span that holds all that can be in a slot's way, whoever does it; nothing where the day's bookings count too.
fn near(profile: &Profile, slot: &SlotRef) -> Option<(Timestamp, Timestamp)> {
    let visit = Visit::new(profile, &slot.by_anyone()).ok()?;
    visit.near(profile, slot.start).map(|near| (near.from, near.to))
}

/// The state a booking begins in: it is confirmed only where the owner's calendar was read and the owner need not
/// be asked.
pub(super) fn first_state(loaded: &Loaded, principal: &Principal, read: bool) -> BookingState {
    let automatic = principal.is_staff() || loaded.profile.rules.confirmation == Confirmation::Automatic;
    if read && automatic { BookingState::Confirmed } else { BookingState::Requested }
}

/// Whether the owner's calendar has nothing against a slot that is held already. Where it has, the hold is not
/// confirmed: what is free is decided anew.
fn is_clear(loaded: &Loaded, slot: &SlotRef, outside: &[Stretch]) -> bool {
    if outside.is_empty() {
        return true;
    }
    // Notice was kept when it was held.
    let loaded = without_notice(loaded);
    let profile = &loaded.profile;
    let (Ok(calendar), Ok(visit)) = (Calendar::new(profile), Visit::new(profile, &slot.offered())) else {
        return false;
    };
    let only = busy(&Agenda::default(), outside);
    !plan(&calendar, &only, &visit, slot.start, slot.start)
        .is_err_and(|reason| reason.code() == code::SLOT_TAKEN)
}

/// Customers may have so many open bookings; the staff decides for itself.
fn limit(loaded: &Loaded, wish: &Wish) -> Option<OpenLimit> {
    match &wish.booked_for {
        BookedFor::Customer(id) if !wish.principal.is_staff() => {
            Some(OpenLimit { customer_id: *id, most: loaded.profile.rules.max_open_per_customer })
        }
        _ => None,
    }
}

//! Choosing inside the transaction that books: the same arithmetic as for an offer, over fresh rows.

use jiff::{Timestamp, ToSpan};
use mcp_store::{
    booking::{Agenda, Alternative, Booking, BookingItem, BookingState, Choice, Refused, code},
    lanes::{LaneMove, Occupation},
};
use mcp_tenant::{
    Profile,
    profile::localized,
    slots::{Busy, Calendar, Plan, Query, Reason, Share, Stretch, Visit, nearest, plan},
    when::Window,
};

use super::{SlotRef, busy::busy, desk::Wish};

/// Alternatives named with a refusal, and how many days are searched for them.
const ALTERNATIVES: usize = 3;
const ALTERNATIVE_DAYS: i64 = 5;

/// What was fixed before the transaction.
pub struct Chosen {
    /// Id of the booking.
    pub id: String,
    /// What the customer quotes.
    pub reference: String,
    /// State to begin in.
    pub state: BookingState,
    /// The present.
    pub now: Timestamp,
    /// Events of the owner's calendar outside.
    pub outside: Vec<Stretch>,
}

/// What is written for a wish, or why nothing is.
pub fn choose(profile: &Profile, wish: &Wish, chosen: &Chosen, agenda: &Agenda) -> Result<Choice, Refused> {
    let calendar = Calendar::new(profile)
        .map_err(|_| Refused::new("configuration", "the business's time zone is unknown"))?;
    let busy = busy(agenda, &chosen.outside);
    let slot = &wish.slot;
    let by = |staff: Option<&str>| {
        let visit = Visit::of_one(profile, &slot.service, staff)?;
        plan(&calendar, &busy, &visit, slot.start, chosen.now)
    };
    let planned = match by(Some(&slot.staff)) {
        // Nobody was asked for by name: a colleague who is free will do.
        Err(_) if !slot.pinned => by(None),
        other => other,
    };
    let plan = planned.map_err(|reason| refused(&calendar, slot, &busy, chosen.now, reason))?;
    Ok(written(profile, wish, chosen, plan))
}

fn written(profile: &Profile, wish: &Wish, chosen: &Chosen, plan: Plan<'_>) -> Choice {
    let items = plan.slot.parts.iter().map(|part| BookingItem {
        service_id: part.service.id.clone(),
        service_name: localized(&part.service.name, profile.language()).to_owned(),
        staff_id: part.staff.id.clone(),
        staff_name: part.staff.name.clone(),
        start: part.start,
        end: part.end,
        price_cents: part.service.price.cents(),
    });
    let booking = Booking {
        id: chosen.id.clone(),
        reference: chosen.reference.clone(),
        booked_for: wish.booked_for.clone(),
        customer_name: wish.customer_name.clone(),
        items: items.collect(),
        currency: profile.business.currency.clone(),
        state: chosen.state,
        hold_until: None,
    };
    let occupations = plan.lanes.into_iter().map(|taken| Occupation {
        share: (taken.share != Share::Own).then(|| taken.share.text(&chosen.id)),
        lane: taken.lane,
        from: taken.stretch.from,
        to: taken.stretch.to,
        pinned: taken.pinned,
    });
    let moves = plan.moves.into_iter().map(|moved| LaneMove {
        booking_id: moved.booking,
        lane: moved.from,
        from: moved.stretch.from,
        to_lane: moved.to,
    });
    Choice { booking, occupations: occupations.collect(), moves: moves.collect(), reminders: Vec::new() }
}

/// The stable code of a reason, with the nearest free starts: by the person who was asked for, else by anyone.
fn refused(calendar: &Calendar<'_>, slot: &SlotRef, busy: &Busy, now: Timestamp, reason: Reason) -> Refused {
    let profile = calendar.profile();
    let alternatives = |staff: Option<&str>| {
        let Ok(visit) = Visit::of_one(profile, &slot.service, staff) else { return Vec::new() };
        let day = calendar.local(slot.start).date();
        let window = Window::days(day, day.saturating_add(ALTERNATIVE_DAYS.days()));
        let query = Query { visit, window, now, limit: usize::MAX };
        nearest(calendar, busy, &query, slot.start, ALTERNATIVES)
    };
    let mut near = if slot.pinned { alternatives(Some(&slot.staff)) } else { Vec::new() };
    if near.is_empty() {
        near = alternatives(None);
    }
    near.sort_by_key(|near| near.slot.start);
    let alternative = |near: &mcp_tenant::slots::Near<'_>| {
        let part = near.slot.parts.first()?;
        Some(Alternative { staff_id: part.staff.id.clone(), start: near.slot.start })
    };
    let code = match reason.code() {
        "slot_taken" => code::SLOT_TAKEN,
        other => other,
    };
    Refused {
        code: code.to_owned(),
        message: reason.to_string(),
        alternatives: near.iter().filter_map(alternative).collect(),
    }
}

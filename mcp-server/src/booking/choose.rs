//! Choosing inside the transaction that books: the same arithmetic as for an offer, over fresh rows.

use jiff::{SignedDuration, Timestamp, ToSpan};
use mcp_store::{
    booking::{Agenda, Alternative, BookedFor, Booking, BookingItem, BookingState, Choice, Refused, code},
    lanes::{LaneMove, Occupation},
};
use mcp_tenant::{
    Profile,
    profile::localized,
    slots::{Busy, Calendar, Plan, Query, Reason, Share, Stretch, Visit, nearest, plan},
    when::Window,
};

use super::{SlotRef, busy::busy, wish::Wish};

/// Alternatives named with a refusal, and how many days are searched for them.
const ALTERNATIVES: usize = 3;
const ALTERNATIVE_DAYS: i64 = 5;
/// Nobody is reminded so soon after booking.
const TOO_SOON: SignedDuration = SignedDuration::from_mins(30);

/// What was fixed before the transaction.
pub struct Chosen {
    /// Id of the booking.
    pub id: String,
    /// What the customer quotes.
    pub reference: String,
    /// State to begin in.
    pub state: BookingState,
    /// Until when it is held, where it is.
    pub hold_until: Option<Timestamp>,
    /// The present.
    pub now: Timestamp,
    /// Events of the owner's calendar outside.
    pub outside: Vec<Stretch>,
}

/// What is written for a wish, or why nothing is.
pub fn choose(profile: &Profile, wish: &Wish, chosen: &Chosen, agenda: &Agenda) -> Result<Choice, Refused> {
    let who = (&wish.booked_for, wish.customer_name.as_str());
    placed(profile, &wish.slot, who, chosen, agenda)
}

/// What is written for a booking at a slot, or why nothing is.
pub fn placed(
    profile: &Profile,
    slot: &SlotRef,
    (booked_for, customer_name): (&BookedFor, &str),
    chosen: &Chosen,
    agenda: &Agenda,
) -> Result<Choice, Refused> {
    let calendar = Calendar::new(profile)
        .map_err(|_| Refused::new("configuration", "the business's time zone is unknown"))?;
    let busy = busy(agenda, &chosen.outside);
    let by = |services: &[(&str, Option<&str>)]| {
        let visit = Visit::new(profile, services)?;
        plan(&calendar, &busy, &visit, slot.start, chosen.now)
    };
    let planned = match by(&slot.offered()) {
        // Nobody was asked for by name: a colleague who is free will do.
        Err(_) if slot.parts.iter().any(|part| !part.pinned) => by(&slot.wanted()),
        other => other,
    };
    let plan = planned.map_err(|reason| refused(&calendar, slot, &busy, chosen.now, reason))?;
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
        booked_for: booked_for.clone(),
        customer_name: one_line(customer_name),
        items: items.collect(),
        currency: profile.business.currency.clone(),
        state: chosen.state,
        hold_until: chosen.hold_until,
    };
    let (occupations, moves) = taken(plan, &chosen.id);
    let reminders = reminders(profile, booking.start(), chosen.now);
    Ok(Choice { booking, occupations, moves, reminders })
}

/// The lanes of a plan, as the store takes them.
fn taken(plan: Plan<'_>, booking: &str) -> (Vec<Occupation>, Vec<LaneMove>) {
    let occupations = plan.lanes.into_iter().map(|taken| Occupation {
        share: (taken.share != Share::Own).then(|| taken.share.text(booking)),
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
    (occupations.collect(), moves.collect())
}

/// When the customer is reminded, by the profile; a reminder that would follow at once is left out.
fn reminders(profile: &Profile, start: Timestamp, now: Timestamp) -> Vec<Timestamp> {
    let due =
        profile.reminders.iter().filter_map(|reminder| start.checked_sub(reminder.before.as_duration()).ok());
    due.filter(|due| due.duration_since(now) >= TOO_SOON).collect()
}

/// The stable code of a reason, with the nearest free starts: by the person who was asked for, else by others, who are
/// named with them. Of several services only the first one's person can be named: there nobody else is put in.
fn refused(calendar: &Calendar<'_>, slot: &SlotRef, busy: &Busy, now: Timestamp, reason: Reason) -> Refused {
    let profile = calendar.profile();
    let alternatives = |services: &[(&str, Option<&str>)]| {
        let Ok(visit) = Visit::new(profile, services) else { return Vec::new() };
        let day = calendar.local(slot.start).date();
        let window = Window::days(day, day.saturating_add(ALTERNATIVE_DAYS.days()));
        let query = Query { visit, window, now, limit: usize::MAX };
        nearest(calendar, busy, &query, slot.start, ALTERNATIVES)
    };
    let mut near = alternatives(&slot.wanted());
    if let ([part], true) = (slot.parts.as_slice(), near.is_empty())
        && part.pinned
    {
        near = alternatives(&slot.by_anyone());
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

/// Longest name that is kept, in characters.
const LONGEST_NAME: usize = 60;

/// A name on one line: what an owner reads in a list is not to be forged by line breaks or marks that turn the text.
pub fn one_line(name: &str) -> String {
    let visible = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let words: Vec<String> =
        name.split_whitespace().map(|word| word.chars().filter(visible).collect()).collect();
    words.join(" ").chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_name_is_squeezed_to_one_short_line_without_marks_nobody_sees() {
        for (given, kept) in [
            ("  Ana   Souza ", "Ana Souza"),
            ("Ana\r\n\n15:00 Bia\u{2028}Rui", "Ana 15:00 Bia Rui"),
            ("Ana\u{202e}oluaP\u{200b}\u{feff}\u{7}", "AnaoluaP"),
            ("Zoë 👩‍🦰", "Zoë 👩🦰"),
            ("\u{0}\u{200f}", ""),
        ] {
            assert_eq!(one_line(given), kept, "{given:?}");
        }
        assert_eq!(one_line(&"ü".repeat(100)).chars().count(), super::LONGEST_NAME);
    }
}

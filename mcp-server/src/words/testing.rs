//! A salon and a booking for the tests of sentences.

use mcp_store::booking::{BookedFor, Booking, BookingItem, BookingRow, BookingState};
use mcp_tenant::{
    Profile,
    profile::{BusinessType, Tone},
    starter,
};

use super::Language;

/// A salon with the address and telephone number of its language's country.
pub(crate) fn salon(language: Language, tone: Tone) -> Profile {
    let country = starter::Language::ALL.into_iter().find(|other| other.tag() == language.tag()).unwrap();
    let mut profile = starter::starter(BusinessType::Salon, country).unwrap();
    profile.assistant.tone = tone;
    profile.assistant.handover.message.clear();
    profile
}

/// Tuesday 2026-11-24 15:00 UTC, a cut with Ana.
pub(crate) fn row(state: BookingState) -> BookingRow {
    let start = "2026-11-24T15:00:00Z".parse().unwrap();
    BookingRow {
        booking: Booking {
            id: "00000000000000000000000000000001".to_owned(),
            reference: "K7M2QX".to_owned(),
            booked_for: BookedFor::Customer(1),
            customer_name: "Maria".to_owned(),
            items: vec![BookingItem {
                service_id: "corte".to_owned(),
                service_name: "Corte".to_owned(),
                staff_id: "ana".to_owned(),
                staff_name: "Ana".to_owned(),
                start,
                end: "2026-11-24T15:45:00Z".parse().unwrap(),
                price_cents: 8000,
            }],
            currency: "EUR".to_owned(),
            state,
            hold_until: (state == BookingState::Held).then(|| "2026-11-23T12:05:00Z".parse().unwrap()),
        },
        revision: 1,
        reason: (state == BookingState::Cancelled).then(|| "Ana está doente".to_owned()),
        created_at: "2026-11-23T12:00:00Z".parse().unwrap(),
        changed_at: "2026-11-23T12:00:00Z".parse().unwrap(),
        erased_at: None,
    }
}

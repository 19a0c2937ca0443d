use std::fmt::Write;

use mcp_tenant::profile::Tone;

use super::*;
use crate::words::testing::{row, salon};

/// What `say` makes of it in every language and tone.
fn everywhere(say: impl Fn(&Profile, Language) -> String) -> String {
    let mut all = String::new();
    for language in Language::ALL {
        for tone in [Tone::Informal, Tone::Formal] {
            let said = say(&salon(language, tone), language);
            write!(all, "-- {} {tone:?}\n{said}\n", language.tag()).unwrap();
        }
    }
    all
}

#[test]
fn every_state_has_a_receipt_in_every_language() {
    for state in BookingState::ALL {
        let text = everywhere(|profile, language| receipt(profile, language, &row(state)));
        insta::assert_snapshot!(format!("receipt_{}", state.as_str()), text);
    }
}

#[test]
fn a_move_is_told_by_where_the_booking_stands_now() {
    insta::assert_snapshot!(everywhere(|profile, language| moved(
        profile,
        language,
        &row(BookingState::Confirmed)
    )));
    insta::assert_snapshot!(everywhere(|profile, language| moved(
        profile,
        language,
        &row(BookingState::Requested)
    )));
}

#[test]
fn a_declined_request_is_told_with_its_reason() {
    insta::assert_snapshot!(everywhere(|profile, language| declined(
        profile,
        language,
        &row(BookingState::Cancelled)
    )));
}

#[test]
fn who_waits_reads_that_nothing_is_reserved() {
    insta::assert_snapshot!(everywhere(|profile, language| {
        let day = language.date("2026-11-24".parse().unwrap());
        waitlisted(profile, language, "Corte", &day)
    }));
}

#[test]
fn a_hold_says_until_when_on_the_business_clock() {
    let profile = salon(Language::Portuguese, Tone::Informal);
    assert_eq!(profile.business.time_zone, "America/Sao_Paulo");
    let text = receipt(&profile, Language::German, &row(BookingState::Held));
    assert!(text.starts_with("Zeit bis 09:05 Uhr reserviert ⏳"), "{text}");
}

#[test]
fn an_address_is_of_use_only_to_who_still_has_to_come() {
    let profile = salon(Language::English, Tone::Informal);
    let address = profile.business.address.clone().unwrap();
    for state in BookingState::ALL {
        let text = receipt(&profile, Language::English, &row(state));
        assert_eq!(text.contains(&address), state.stands(), "{text}");
    }
}

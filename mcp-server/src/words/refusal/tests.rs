use std::fmt::Write;

use mcp_store::booking::Alternative;
use mcp_tenant::profile::Tone;

use super::*;
use crate::words::testing::salon;

const CODES: [&str; 9] = [
    "slot_taken",
    "notice_too_short",
    "limit_reached",
    "not_found",
    "not_yours",
    "conflict",
    "service_unavailable",
    "outside_hours",
    "validation",
];

#[test]
fn a_refusal_says_why_and_that_nothing_was_done() {
    for tried in [Tried::Book, Tried::Move, Tried::Cancel, Tried::Decide] {
        let mut all = String::new();
        for language in Language::ALL {
            let profile = salon(language, Tone::Formal);
            for code in CODES {
                let text = refusal(&profile, language, tried, &Refused::new(code, ""));
                writeln!(all, "{} {code}: {text}", language.tag()).unwrap();
            }
        }
        insta::assert_snapshot!(format!("refusal_{tried:?}"), all);
    }
}

#[test]
fn a_refusal_with_free_starts_nearby_offers_them() {
    let mut refused = Refused::slot_taken();
    for start in ["2026-11-24T15:15:00Z", "2026-11-25T12:00:00Z"] {
        refused.alternatives.push(Alternative { staff_id: "ana".into(), start: start.parse().unwrap() });
    }
    let mut all = String::new();
    for language in Language::ALL {
        for tone in [Tone::Informal, Tone::Formal] {
            let text = refusal(&salon(language, tone), language, Tried::Move, &refused);
            write!(all, "-- {} {tone:?}\n{text}\n", language.tag()).unwrap();
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn who_asked_for_a_person_reads_that_only_others_are_free() {
    let mut refused = Refused::slot_taken();
    let start = "2026-11-24T15:15:00Z".parse().unwrap();
    refused.alternatives.push(Alternative { staff_id: "rui".into(), start });
    for language in Language::ALL {
        let mut profile = salon(language, Tone::Informal);
        profile.staff.truncate(2);
        let (asked, other) = (profile.staff[0].clone(), profile.staff[1].clone());
        refused.alternatives[0].staff_id.clone_from(&other.id);
        let slot = |pinned| SlotRef::one("corte", &asked.id, start, pinned);
        let text = refusal_of(&profile, language, &slot(true), &refused);
        assert!(text.contains(&by_others(language, &asked.name)), "{text}");
        assert!(text.contains(&format!("· {}", other.name)), "{text}");
        let text = refusal_of(&profile, language, &slot(false), &refused);
        assert_eq!(text, refusal(&profile, language, Tried::Book, &refused));
    }
}

//! Free slots, held against the same rules written down minute by minute.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod case;
mod naive;
mod near;
mod random;

use case::{Case, commit};
use mcp_tenant::slots::{Calendar, Query, Visit, free_slots, plan, why_not};
use naive::Naive;
use proptest::prelude::*;

/// What the product says, in the words of the naive one.
fn check(seed: u64) -> Result<(), TestCaseError> {
    let case = Case::random(seed);
    let naive = Naive::new(&case);
    let calendar = Calendar::new(&case.profile).unwrap();
    let visit = Visit::new(&case.profile, &case.parts()).unwrap();
    let query = Query { visit: visit.clone(), window: case.window.clone(), now: case.now, limit: case.limit };
    let slots = free_slots(&calendar, &case.busy, &query);
    let found: Vec<_> = slots
        .iter()
        .map(|slot| (slot.start, slot.parts.iter().map(|part| part.staff.id.as_str()).collect::<Vec<_>>()))
        .collect();
    prop_assert_eq!(&found, &naive.free(), "seed {}", seed);
    for start in case.asked.iter().copied().chain(slots.iter().step_by(7).map(|slot| slot.start)) {
        let says = why_not(&calendar, &case.busy, &visit, start, case.now);
        prop_assert_eq!(says, naive.decide(start).err(), "seed {}, start {}", seed, start);
        if says.is_none() {
            booking_keeps_lanes_apart(&case, start, seed)?;
        }
    }
    Ok(())
}

/// What a database would refuse: two on one lane at one time without a common share.
fn booking_keeps_lanes_apart(case: &Case, start: jiff::Timestamp, seed: u64) -> Result<(), TestCaseError> {
    let calendar = Calendar::new(&case.profile).unwrap();
    let visit = Visit::new(&case.profile, &case.parts()).unwrap();
    let plan = plan(&calendar, &case.busy, &visit, start, case.now).unwrap();
    let mut busy = case.busy.clone();
    commit(&mut busy, &plan, "new");
    for (n, a) in busy.occupations.iter().enumerate() {
        for b in &busy.occupations[..n] {
            let clash = a.lane == b.lane && a.share != b.share && a.stretch.overlaps(&b.stretch);
            prop_assert!(!clash, "seed {seed}, start {start}: {a:?} and {b:?}");
        }
        let unit = a.lane.strip_prefix("resource:").and_then(|lane| lane.split_once('/'));
        if let Some((id, unit)) = unit {
            prop_assert!(unit.parse::<u32>().unwrap() <= case.profile.resource(id).unwrap().capacity);
        }
    }
    Ok(())
}

/// `MINUTE_CASES` random businesses; more for a longer look.
fn cases() -> u32 {
    std::env::var("MINUTE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_121),
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_slot_and_every_refusal_is_what_the_rules_say_minute_by_minute(seed in any::<u64>()) {
        check(seed)?;
    }
}

#[test]
fn the_random_cases_come_to_every_refusal_and_to_every_kind_of_slot() {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for seed in 0..400 {
        let case = Case::random(seed);
        let calendar = Calendar::new(&case.profile).unwrap();
        let visit = Visit::new(&case.profile, &case.parts()).unwrap();
        for start in &case.asked {
            let kind = match plan(&calendar, &case.busy, &visit, *start, case.now) {
                Err(reason) => format!("{reason:?}"),
                Ok(plan) if !plan.moves.is_empty() => "with moves".into(),
                Ok(plan) if plan.slot.parts.len() > 1 => "of several services".into(),
                Ok(plan) if plan.slot.parts[0].service.capacity > 1 => "of a class".into(),
                Ok(_) => "plain".into(),
            };
            *seen.entry(kind).or_default() += 1;
        }
    }
    let kinds = [
        "NoticeTooShort",
        "BeyondHorizon",
        "OffStep",
        "BusinessClosed",
        "StaffAway",
        "ResourceClosed",
        "DayFull",
        "ServiceFull",
        "StaffFull",
        "StaffTaken",
        "ClassFull",
        "ResourceTaken",
        "with moves",
        "of several services",
        "of a class",
        "plain",
    ];
    let rare: Vec<_> = kinds.iter().filter(|kind| !seen.contains_key(**kind)).collect();
    assert!(rare.is_empty(), "never seen: {rare:?} in {seen:?}");
}

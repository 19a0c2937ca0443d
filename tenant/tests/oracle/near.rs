//! What is near a start is enough to book it.

use jiff::Timestamp;
use mcp_tenant::{
    Profile,
    slots::{Busy, Calendar, Occupation, Plan, Stretch, Visit, plan},
};
use proptest::prelude::*;

use crate::{case::Case, cases};

/// What a store reads of a stretch: rows that share an instant with it, and the owner's changes.
fn read(busy: &Busy, near: &Stretch) -> Busy {
    let mut read = Busy { bookings: Vec::new(), ..busy.clone() };
    read.occupations.retain(|row| row.stretch.overlaps(near));
    read.mirrored.retain(|event| event.stretch.overlaps(near));
    read
}

/// The starts of a case that are asked about, each with what is found near it, where that settles it.
fn settled<'a>(case: &'a Case, profile: &'a Profile) -> Vec<(Timestamp, Option<Plan<'a>>)> {
    let calendar = Calendar::new(profile).unwrap();
    let visit = Visit::new(profile, &case.parts()).unwrap();
    let found = |start: &Timestamp| {
        let near = visit.near(profile, *start)?;
        let plan = plan(&calendar, &read(&case.busy, &near), &visit, *start, case.now).ok();
        Some((*start, plan.filter(|plan| plan.moves.is_empty())))
    };
    case.asked.iter().filter_map(found).collect()
}

/// What is free near a start is the same over everything.
fn check(seed: u64) -> Result<(), TestCaseError> {
    let case = Case::random(seed);
    let calendar = Calendar::new(&case.profile).unwrap();
    let visit = Visit::new(&case.profile, &case.parts()).unwrap();
    for (start, near) in settled(&case, &case.profile) {
        let all = plan(&calendar, &case.busy, &visit, start, case.now).ok();
        match near {
            Some(near) => prop_assert_eq!(Some(near), all, "seed {}, start {}", seed, start),
            // Then who makes room is looked for further away, or there is none.
            None => prop_assert!(all.is_none_or(|all| !all.moves.is_empty()), "seed {seed}, start {start}"),
        }
    }
    // With a unit less than there was when others booked, it meets nobody either.
    let mut fewer = case.profile.clone();
    fewer.resources.iter_mut().for_each(|resource| resource.capacity -= 1);
    for (start, near) in settled(&case, &fewer) {
        for taken in near.iter().flat_map(|near| &near.lanes) {
            let share = taken.share.text("new");
            let meets = |row: &&Occupation| {
                row.lane == taken.lane && row.share != share && row.stretch.overlaps(&taken.stretch)
            };
            let met = case.busy.occupations.iter().find(meets);
            prop_assert!(met.is_none(), "seed {seed}, start {start}: {taken:?} meets {met:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases() * 4,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_122),
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_free_near_a_start_is_the_same_over_everything(seed in any::<u64>()) {
        check(seed)?;
    }
}

#[test]
fn most_starts_that_can_be_booked_are_settled_by_what_is_near() {
    let (mut near, mut all) = (0, 0);
    for seed in 0..300 {
        let case = Case::random(seed);
        let calendar = Calendar::new(&case.profile).unwrap();
        let visit = Visit::new(&case.profile, &case.parts()).unwrap();
        for (start, found) in settled(&case, &case.profile) {
            all += usize::from(plan(&calendar, &case.busy, &visit, start, case.now).is_ok());
            near += usize::from(found.is_some());
        }
    }
    assert!(near > 100 && near * 10 >= all * 9 && near < all, "{near} of {all}");
}

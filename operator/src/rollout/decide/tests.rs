//! A small world in which environments take what they are granted, or break by it.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::rollout::WaveSize;

const START: Timestamp = Timestamp::constant(1_793_000_000, 0);

fn targets(name: &str) -> Targets {
    EnvironmentName::ALL.map(|environment| (environment, format!("{name}-{environment}"))).into()
}

fn policy(size: u32) -> Policy {
    Policy {
        size: WaveSize::Count(size),
        deadline: Duration::from_mins(10),
        settle: Duration::from_secs(30),
        paused: false,
        resume: None,
        skip: None,
    }
}

/// An environment that runs since before everything.
fn running(namespace: &str, environment: EnvironmentName, has: &str) -> Seen {
    let has = format!("{has}-{environment}");
    Seen {
        namespace: namespace.to_owned(),
        environment,
        canary: false,
        generation: Some(1),
        has: Some(has.clone()),
        shows: Some(has),
        holds: ["WorkloadReady".to_owned(), "ModelReady".to_owned()].into(),
        ready_since: Some(START - SignedDuration::from_hours(1)),
        trouble: "starting".to_owned(),
    }
}

fn production(count: usize) -> Vec<Seen> {
    (0..count).map(|n| running(&format!("shop-{n:02}"), EnvironmentName::Production, "old")).collect()
}

struct World {
    seen: Vec<Seen>,
    state: State,
    targets: Targets,
    policy: Policy,
    now: Timestamp,
    /// Revisions that do not run.
    bad: BTreeSet<Revision>,
    /// What was granted at each step.
    granted: Vec<BTreeMap<String, Revision>>,
}

impl World {
    fn new(seen: Vec<Seen>, policy: Policy) -> Self {
        let stable = targets("old");
        let state = State { release: release_of(&stable), stable, ..State::default() };
        Self {
            seen,
            state,
            targets: targets("old"),
            policy,
            now: START,
            bad: BTreeSet::new(),
            granted: Vec::new(),
        }
    }

    fn decide(&self) -> Decision {
        // What is kept is what the next process reads.
        let kept: State = serde_json::from_str(&serde_json::to_string(&self.state).unwrap()).unwrap();
        assert_eq!(kept, self.state);
        decide(&kept, &self.seen, &self.targets, &self.policy, self.now, START)
    }

    /// Decides, lets the grants happen, and lets half a minute pass.
    fn step(&mut self) {
        let Decision { state, grants } = self.decide();
        self.state = state;
        for one in &mut self.seen {
            let Some(revision) = grants.get(&one.namespace) else { continue };
            one.has = Some(revision.clone());
            one.shows = Some(revision.clone());
            if one.ready_since.is_some() || self.bad.contains(revision) || one.trouble == "broken by a change"
            {
                let works = !self.bad.contains(revision);
                one.ready_since = works.then_some(self.now);
                one.trouble = "broken by a change".to_owned();
                let holds = ["WorkloadReady", "ModelReady"].map(str::to_owned);
                one.holds = if works { holds.into() } else { BTreeSet::new() };
            }
        }
        self.granted.push(grants);
        let again = self.decide();
        if again.state == self.state {
            assert!(again.grants.is_empty(), "the same is granted twice: {again:?}");
        }
        self.now += SignedDuration::from_secs(30);
    }

    fn steps(&mut self, count: usize) {
        (0..count).for_each(|_| self.step());
    }

    fn with(&self, revision: &str) -> Vec<&str> {
        let has = |one: &&Seen| one.has.as_deref().is_some_and(|has| has.starts_with(revision));
        self.seen.iter().filter(has).map(|one| one.namespace.as_str()).collect()
    }
}

#[test]
fn a_change_goes_wave_by_wave_in_one_order_to_its_end() {
    let mut world = World::new(production(7), policy(3));
    world.step();
    assert!(world.granted[0].is_empty(), "nothing rolls where nothing changed");
    world.targets = targets("new");
    world.step();
    assert_eq!(world.with("new"), ["shop-00", "shop-01", "shop-02"]);
    assert_eq!(world.state.stable, targets("old"), "who comes now gets what is known to be good");
    world.steps(10);
    assert_eq!(world.with("new").len(), 7);
    assert_eq!((world.state.stable, world.state.wave), (targets("new"), None));
    let sizes: Vec<usize> = world.granted.iter().map(BTreeMap::len).filter(|size| *size > 0).collect();
    assert_eq!(sizes, [3, 3, 1]);
}

#[test]
fn canaries_come_first_then_development_staging_and_production_and_who_does_not_run_comes_last() {
    use EnvironmentName::{Development, Production, Staging};
    let mut canary = running("z-canary", Production, "old");
    canary.canary = true;
    let mut down = running("a-down", Development, "old");
    down.ready_since = None;
    let seen = vec![
        running("a", Production, "old"),
        running("b", Staging, "old"),
        running("c", Development, "old"),
        canary,
        down,
    ];
    let mut world = World::new(seen, policy(5));
    world.targets = targets("new");
    world.steps(20);
    let order: Vec<String> = world.granted.iter().flat_map(BTreeMap::keys).cloned().collect();
    assert_eq!(order, ["z-canary", "c", "b", "a", "a-down"]);
}

#[test]
fn a_wave_that_does_not_come_back_halts_and_goes_back_and_nobody_else_is_touched() {
    let mut world = World::new(production(20), policy(4));
    world.targets = targets("bad");
    world.bad.insert("bad-production".to_owned());
    world.steps(100);
    let halt = world.state.halt.clone().unwrap();
    assert_eq!(halt.failed.len(), 4);
    assert_eq!(world.with("old").len(), 20, "all are as before");
    let touched: BTreeSet<&String> = world.granted.iter().flat_map(BTreeMap::keys).collect();
    assert_eq!(touched.len(), 4);
    assert_eq!(world.state.stable, targets("old"));
    assert!(halt.since >= START + SignedDuration::from_mins(10), "not before the deadline");

    world.targets = targets("fixed");
    world.steps(30);
    assert_eq!(world.with("fixed").len(), 20);
    assert_eq!(world.state.halt, None);
}

#[test]
fn a_condition_that_held_before_has_to_hold_again_and_one_that_did_not_has_not() {
    let mut world = World::new(production(2), policy(1));
    world.seen[0].holds.remove("ModelReady");
    world.targets = targets("new");
    world.step();
    world.seen[0].holds = ["WorkloadReady".to_owned()].into();
    world.step();
    assert_eq!(world.with("new").len(), 2, "it was no better before");
    world.seen[1].holds.remove("ModelReady");
    world.steps(30);
    let failed = world.state.halt.unwrap().failed;
    assert_eq!(failed.keys().collect::<Vec<_>>(), ["shop-01"]);
}

#[test]
fn what_was_halted_is_tried_again_once_for_each_time_a_person_says_so() {
    let mut world = World::new(production(6), policy(2));
    world.targets = targets("bad");
    world.bad.insert("bad-production".to_owned());
    world.steps(30);
    let token = world.state.resume_token().unwrap();
    world.policy.resume = Some(token.clone());
    world.step();
    assert!(world.state.wave.is_some());
    world.steps(60);
    assert!(world.state.halt.is_some(), "halted again");
    assert_eq!(world.state.halts, 2);
    assert_ne!(world.state.resume_token(), Some(token), "the old word is used up");
    world.bad.clear();
    world.policy.resume = world.state.resume_token();
    world.steps(30);
    assert_eq!(world.with("bad").len(), 6, "the cause was elsewhere");
}

#[test]
fn a_new_target_in_the_middle_of_a_wave_takes_the_wave_along_and_begins_no_second_one() {
    let mut world = World::new(production(6), policy(2));
    world.targets = targets("bad");
    world.bad.insert("bad-production".to_owned());
    world.steps(3);
    world.targets = targets("fixed");
    world.step();
    assert_eq!(world.with("fixed"), ["shop-00", "shop-01"]);
    assert!(world.with("bad").is_empty());
    world.steps(30);
    assert_eq!(world.with("fixed").len(), 6);
    // And back, as if nothing had been asked for.
    world.targets = targets("newer");
    world.step();
    world.targets = targets("fixed");
    world.step();
    assert_eq!(world.with("fixed").len(), 6);
}

#[test]
fn a_pause_lets_the_wave_end_and_begins_no_other_and_a_skip_takes_everybody_at_once() {
    let mut world = World::new(production(9), policy(3));
    world.targets = targets("new");
    world.step();
    world.policy.paused = true;
    world.steps(10);
    assert_eq!((world.with("new").len(), &world.state.wave), (3, &None));
    world.policy.skip = Some("another-release".to_owned());
    world.step();
    assert_eq!(world.with("new").len(), 3);
    world.policy.skip = Some(release_of(&world.targets));
    world.step();
    assert_eq!(world.with("new").len(), 9);
}

#[test]
fn what_a_client_changes_itself_is_not_held_against_the_roll_out() {
    let mut world = World::new(production(2), policy(1));
    world.targets = targets("new");
    world.step();
    world.seen[0].generation = Some(2);
    world.seen[0].ready_since = None;
    world.seen[0].holds.clear();
    world.steps(40);
    assert_eq!((world.state.halt.as_ref(), world.with("new").len()), (None, 2));
}

#[test]
fn a_deadline_that_passed_while_nobody_looked_begins_anew() {
    let mut world = World::new(production(2), policy(1));
    world.targets = targets("new");
    world.step();
    world.seen[0].shows = Some("old-production".to_owned());
    world.now = START + SignedDuration::from_hours(5);
    let began = world.now;
    let later = decide(&world.state, &world.seen, &world.targets, &world.policy, world.now, began);
    assert_eq!(later.state.halt, None);
    assert!(world.decide().state.halt.is_some());
}

#[test]
fn who_leaves_in_the_middle_is_not_waited_for() {
    let mut world = World::new(production(3), policy(1));
    world.targets = targets("bad");
    world.bad.insert("bad-production".to_owned());
    world.step();
    world.bad.clear();
    world.seen.remove(0);
    world.steps(20);
    assert_eq!((world.state.halt.as_ref(), world.with("bad").len()), (None, 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is asked for, breaks and mends in whatever order.
    #[test]
    fn no_more_than_a_wave_is_ever_at_risk_and_what_works_arrives_everywhere(
        kinds in prop::collection::vec((0_usize..3, any::<bool>(), prop::bool::weighted(0.8)), 1..30),
        size in 1_u32..6,
        asked in prop::collection::vec((0_u8..5, prop::bool::weighted(0.4), 1_usize..40), 1..6),
    ) {
        let seen: Vec<Seen> = kinds.iter().enumerate().map(|(n, (kind, canary, runs))| {
            let mut one = running(&format!("shop-{n:02}"), EnvironmentName::ALL[*kind], "old");
            one.canary = *canary;
            if !runs {
                one.ready_since = None;
                one.holds.clear();
            }
            one
        }).collect();
        let runners: BTreeSet<String> =
            seen.iter().filter(|one| one.ready_since.is_some()).map(|one| one.namespace.clone()).collect();
        let mut world = World::new(seen, policy(size));
        for (release, is_bad, steps) in asked {
            // The form a release is asked for in says whether it works.
            let name = format!("{}{release}", if is_bad { "bad" } else { "good" });
            world.targets = targets(&name);
            world.bad.extend(targets(&name).into_values().filter(|revision| revision.starts_with("bad")));
            for _ in 0..steps {
                world.step();
                let broken = world.seen.iter().filter(|one| runners.contains(&one.namespace) && one.ready_since.is_none());
                prop_assert!(broken.count() <= size as usize);
                if world.state.halt.is_some() {
                    prop_assert!(world.seen.iter().all(|one| !runners.contains(&one.namespace) || one.ready_since.is_some()));
                }
                for revision in world.state.stable.values() {
                    prop_assert!(!revision.starts_with("bad") || runners.is_empty());
                }
            }
        }
        world.targets = targets("good-at-last");
        world.steps(40 + 3 * kinds.len());
        prop_assert_eq!(world.with("good-at-last").len(), kinds.len());
        prop_assert_eq!(&world.state.wave, &None);
        let quiet = world.decide();
        prop_assert_eq!(&quiet.state, &world.state);
        prop_assert!(quiet.grants.is_empty());
    }
}

//! What environments are rendered from, across restarts of the operator and changes of everything around.

use mcp_crds::environment::Image;

use super::*;
use crate::{names::ClientKey, render::tests::settings};

const NOW: Timestamp = Timestamp::constant(1_793_000_000, 0);
const PRODUCTION: EnvironmentName = EnvironmentName::Production;

fn platform() -> Platform {
    Platform { settings: settings(), extra_ca: None }
}

fn plan(tag: &str) -> McpPlanSpec {
    let mut plan = McpPlanSpec::default();
    plan.images.production = Some(Image { tag: tag.to_owned(), digest: None });
    plan
}

fn namespace(client: &str) -> TenantNamespace {
    ClientKey::new("agency", client).unwrap().namespace(PRODUCTION)
}

fn kept(tag: &str) -> BTreeMap<Domain, Kept> {
    let rollouts = Rollouts::new(platform(), BTreeMap::new(), NOW);
    let kept = fresh(&rollouts.targets(Some(&plan(tag))));
    [("basic".to_owned(), kept)].into()
}

fn revision(tag: &str) -> Revision {
    Base::of(PRODUCTION, &platform(), Some(&plan(tag))).revision()
}

fn given(rollouts: &Rollouts, client: &str, tag: &str, standing: &Standing) -> Given {
    rollouts.given(&namespace(client), PRODUCTION, Some(("basic", &plan(tag))), standing)
}

fn there(revision: &str) -> Standing {
    Standing::There(Some(revision.to_owned()))
}

#[test]
fn an_environment_keeps_what_it_has_until_it_is_granted_more_and_a_new_one_gets_what_is_known_to_be_good() {
    let rollouts = Rollouts::new(platform(), kept("v1"), NOW);
    for standing in [there(&revision("v1")), Standing::Absent] {
        let name = if standing == Standing::Absent { "fresh" } else { "old" };
        let given = given(&rollouts, name, "v2", &standing);
        assert_eq!((given.revision, given.turn), (revision("v1"), Turn::Taken));
        assert_eq!(given.base.image_tag, "v1");
    }
}

#[test]
fn a_grant_holds_at_once_and_after_a_restart_although_nothing_was_delivered_yet() {
    let rollouts = Rollouts::new(platform(), kept("v1"), NOW);
    given(&rollouts, "shop", "v1", &there(&revision("v1")));
    let mut kept = kept("v1").remove("basic").unwrap();
    kept.bases.insert(revision("v2"), Base::of(PRODUCTION, &platform(), Some(&plan("v2"))));
    kept.state.wave = Some(super::super::state::Wave {
        since: NOW,
        members: [(
            namespace("shop").as_str().to_owned(),
            super::super::state::Member {
                from: Some(revision("v1")),
                to: revision("v2"),
                generation: None,
                owed: BTreeSet::new(),
            },
        )]
        .into(),
    });
    let grants = [(namespace("shop").as_str().to_owned(), revision("v2"))].into();
    let change = Change { kept: kept.clone(), differs: true, grants, rolled: (1, 1) };
    rollouts.commit("basic", &change);
    assert_eq!(given(&rollouts, "shop", "v2", &there(&revision("v1"))).revision, revision("v2"));
    let restarted = Rollouts::new(platform(), [("basic".to_owned(), kept)].into(), NOW);
    assert_eq!(given(&restarted, "shop", "v2", &there(&revision("v1"))).revision, revision("v2"));
}

#[test]
fn what_cannot_be_rendered_any_more_is_left_as_it_stands_until_its_client_changes() {
    let mut old = kept("v1");
    // As an operator of another version kept it.
    let mut base = Base::of(PRODUCTION, &platform(), Some(&plan("v1")));
    base.renderer = "another form".to_owned();
    let revision = base.revision();
    old.get_mut("basic").unwrap().bases.insert(revision.clone(), base);
    let rollouts = Rollouts::new(platform(), old, NOW);
    let standing = there(&revision);
    let waits = given(&rollouts, "shop", "v2", &standing);
    assert_eq!((waits.turn, waits.base.image_tag.as_str()), (Turn::Waits, "v1"));
    rollouts.take(namespace("shop").as_str(), &waits.revision);
    let taken = given(&rollouts, "shop", "v2", &standing);
    assert_eq!(
        (taken.turn, taken.base.image_tag.as_str()),
        (Turn::Taken, "v1"),
        "its settings are those of before"
    );

    for standing in [there("nobody-knows"), Standing::There(None)] {
        let waits = given(&rollouts, "unknown", "v2", &standing);
        assert_eq!((waits.turn, waits.revision), (Turn::Waits, self::revision("v2")));
        rollouts.retain(&BTreeSet::new());
    }
}

#[test]
fn a_client_that_names_another_plan_does_not_wait_for_it() {
    let rollouts = Rollouts::new(platform(), kept("v1"), NOW);
    let standing = there(&revision("v1"));
    given(&rollouts, "shop", "v1", &standing);
    let gold = plan("gold");
    let moved = rollouts.given(&namespace("shop"), PRODUCTION, Some(("gold", &gold)), &standing);
    assert_eq!((moved.turn, moved.base.image_tag.as_str()), (Turn::Taken, "gold"));
    let without = rollouts.given(&namespace("shop"), PRODUCTION, None, &there(&moved.revision));
    assert_eq!((without.turn, without.base.image_tag.as_str()), (Turn::Taken, "stable"));
}

#[test]
fn a_domain_whose_state_was_lost_rolls_out_what_differs_and_nothing_else() {
    let rollouts = Rollouts::new(platform(), BTreeMap::new(), NOW);
    assert_eq!(given(&rollouts, "same", "v1", &there(&revision("v1"))).turn, Turn::Taken);
    assert_eq!(given(&rollouts, "other", "v1", &there(&revision("v0"))).turn, Turn::Waits);
}

//! Watches that break off, fall silent, are told that their version is gone, and lists that are old.

use std::{collections::HashSet, time::Duration};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Service},
    networking::v1::NetworkPolicy,
};
use kube::{
    ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::json;

use crate::{
    ends,
    lane::Lane,
    picture::{self, Picture},
    proxy::{Ask, Deed},
    running::Operator,
};

const NUMBER: &str = "73000001";

/// A lane named as its client.
async fn begin(agency: &'static str) -> (Lane, Operator, Picture) {
    let lane = Lane::enter(agency).await;
    let operator = lane.operator().await;
    lane.neighbour().await;
    lane.ready(agency, NUMBER).await;
    lane.quiet(&operator).await;
    let wanted = picture::of(&lane, agency, NUMBER).await.unwrap();
    (lane, operator, wanted)
}

async fn neighbours(lane: &Lane) -> picture::Versions {
    picture::versions(lane, &format!("{}-neighbour", lane.agency)).await
}

/// What the operator would undo at once if it saw it.
async fn disturb(lane: &Lane) {
    let (name, none) = (lane.agency, DeleteParams::default());
    let namespace = &format!("{name}-production");
    lane.inside::<ConfigMap>(namespace).delete(&format!("{name}-profile"), &none).await.unwrap();
    lane.inside::<NetworkPolicy>(namespace).delete("default-deny", &none).await.unwrap();
    let patch = Patch::Merge(json!({"spec": {"selector": {"nobody": "at-all"}}}));
    lane.inside::<Service>(namespace).patch(name, &PatchParams::default(), &patch).await.unwrap();
    let patch = Patch::Merge(json!({"spec": {"paused": true}}));
    lane.inside::<Deployment>(namespace).patch(name, &PatchParams::default(), &patch).await.unwrap();
}

/// Everything is as it was, at a cost that is no storm.
async fn mended(lane: &Lane, operator: &Operator, wanted: &Picture, before: (usize, usize)) {
    picture::becomes(lane, lane.agency, NUMBER, wanted).await;
    lane.quiet(operator).await;
    picture::becomes(lane, lane.agency, NUMBER, wanted).await;
    let after = operator.proxy.count();
    let spent = (after.0 - before.0, after.1 - before.1);
    assert!(spent.0 <= 150 && spent.1 <= 60, "{spent:?} reads and writes: {}", operator.proxy.story());
}

#[tokio::test]
async fn watches_that_break_off_again_and_again_or_cannot_be_taken_up_for_a_while() {
    let (lane, operator, wanted) = begin("watches").await;
    let neighbour = neighbours(&lane).await;
    for refusal in [Deed::Answer(500), Deed::Cut, Deed::Answer(429)] {
        let before = operator.proxy.count();
        operator.proxy.rule(move |ask| if ask.is_watch() { refusal.clone() } else { Deed::Pass });
        operator.proxy.cut_watches();
        disturb(&lane).await;
        // One comes and one goes that no watch ever shows.
        lane.create(&lane.example("unseen", "73000002")).await;
        lane.delete("unseen").await;
        lane.create(&lane.example("late", "73000003")).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        operator.proxy.pass();
        mended(&lane, &operator, &wanted, before).await;
        lane.reason("late", "Ready").await;
        lane.delete("late").await;
        lane.gone("late").await;
        lane.gone("unseen").await;
        assert_eq!(neighbours(&lane).await, neighbour);
    }
    // Broken off many times in a row.
    let before = operator.proxy.count();
    for _ in 0..10 {
        operator.proxy.cut_watches();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    disturb(&lane).await;
    mended(&lane, &operator, &wanted, before).await;

    // Silent, as where something on the way has forgotten the connections: seen when they end, or when the operator finds
    // that nothing came for longer than a watch lasts.
    let before = operator.proxy.count();
    operator.proxy.silence_watches(true);
    disturb(&lane).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_ne!(picture::of(&lane, lane.agency, NUMBER).await.unwrap(), wanted, "the watches were not silent");
    operator.proxy.silence_watches(false);
    if ends::all() {
        // The server ends a watch after 290 s.
        tokio::time::sleep(Duration::from_secs(200)).await;
    } else {
        operator.proxy.cut_watches();
    }
    mended(&lane, &operator, &wanted, before).await;
}

/// The first watch of each kind is told that its version is gone; the list that follows is answered so.
fn gone_then(list: Deed) -> impl FnMut(&Ask) -> Deed + Send + 'static {
    let (mut expired, mut listed) = (HashSet::new(), HashSet::new());
    move |ask| {
        if ask.is_watch() {
            return if expired.insert(ask.path.clone()) { Deed::Expired } else { Deed::Pass };
        }
        let is_list = !ask.is_write() && expired.contains(&ask.path);
        if is_list && listed.insert(ask.path.clone()) { list.clone() } else { Deed::Pass }
    }
}

#[tokio::test]
async fn a_version_that_is_gone_and_a_list_that_is_old() {
    let (lane, operator, wanted) = begin("watches-old").await;
    let mut neighbour = neighbours(&lane).await;
    let claim = lane.namespaces().get("watches-old-production").await.unwrap().uid();
    // An old list is one of a time before there was any client: nothing must be taken for gone that is there.
    for list in [Deed::Pass, Deed::Stale, Deed::Answer(500)] {
        let before = operator.proxy.count();
        let is_old = matches!(list, Deed::Stale);
        operator.proxy.rule(gone_then(list));
        operator.proxy.cut_watches();
        disturb(&lane).await;
        mended(&lane, &operator, &wanted, before).await;
        operator.proxy.pass();
        if is_old {
            // As long as an old list is all there is, a status may say that the workload is not there; nothing is touched.
            lane.reason("watches-old-neighbour", "Ready").await;
            lane.quiet(&operator).await;
            let now = neighbours(&lane).await;
            let children = |of: &picture::Versions| {
                of.iter().filter(|(id, ..)| id != "McpClient").cloned().collect::<Vec<_>>()
            };
            assert_eq!(children(&now), children(&neighbour));
            neighbour = now;
        }
        assert_eq!(neighbours(&lane).await, neighbour);
        assert_eq!(lane.namespaces().get("watches-old-production").await.unwrap().uid(), claim);
    }
    assert!(operator.proxy.done_to() > 20, "the rules did next to nothing");
}

//! What the operator costs the API server.

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use crate::{
    running::{OPERATOR, OPERATOR_NAMESPACE},
    world::{World, eventually},
};

#[tokio::test]
async fn looking_again_without_a_change_asks_nothing() {
    let world = World::enter("cost").await;
    world.running("idle", "55000001").await;
    // What is kept of roll-outs is written once, when there is somebody to roll out to.
    world.found::<ConfigMap>(OPERATOR_NAMESPACE, "mcp-rollout").await;
    world.quiet().await;
    let requests = || (OPERATOR.metrics.writes.get(), OPERATOR.metrics.reads.get());
    for round in 0..5 {
        let (before, passes) = (requests(), OPERATOR.metrics.reconciles_ok());
        // An annotation that means nothing: the client is looked at, and nothing is to be done.
        world
            .patch("idle", json!({"metadata": {"annotations": {"example.com/round": round.to_string()}}}))
            .await;
        eventually("the client was looked at", async || {
            if OPERATOR.metrics.reconciles_ok() > passes { Ok(()) } else { Err("not yet".to_owned()) }
        })
        .await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(requests(), before);
    }
    world.clear("idle").await;
}

#[tokio::test]
async fn a_new_environment_costs_at_most_sixteen_writes_of_children() {
    let world = World::enter("cost").await;
    world.quiet().await;
    let before = OPERATOR.metrics.writes.get();
    world.running("fresh", "55000002").await;
    world.quiet().await;
    let spent = OPERATOR.metrics.writes.get() - before;
    // Besides the children: the finalizer, and a status each time the workload came a step further.
    assert!((10..=16 + 6).contains(&spent), "{spent} writes");
    world.clear("fresh").await;
}

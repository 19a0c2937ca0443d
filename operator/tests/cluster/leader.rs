//! Two operators in one cluster: one acts.

use std::sync::Arc;

use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use mcp_operator::{
    metrics::Metrics,
    run::{self, RunError},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    running::{self, OPERATOR, OPERATOR_NAMESPACE},
    world::{World, eventually},
};

async fn holder_becomes(world: &World, holder: &str) {
    let leases: Api<Lease> = world.inside(OPERATOR_NAMESPACE);
    let patch = json!({"spec": {"holderIdentity": holder}});
    leases.patch("mcp-operator", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

#[tokio::test]
async fn a_second_operator_takes_over_when_the_first_goes_and_ends_when_it_is_displaced() {
    let world = World::enter("leader").await;
    let (metrics, stop) = (Metrics::shared(), CancellationToken::new());
    let second = tokio::spawn({
        let (metrics, stop) = (Arc::clone(&metrics), stop.clone());
        async move {
            let mut settings = running::settings("stable");
            settings.identity = Some("second".to_owned());
            // On a machine of its own it would have the port to itself.
            settings.listen_asleep.set_port(0);
            let client = run::client(running::rights_of_the_chart().await, &metrics).unwrap();
            run::run(client, settings, metrics, stop).await
        }
    });
    world.running("before", "58000001").await;
    assert_eq!((OPERATOR.metrics.leading.get(), metrics.leading.get()), (1, 0));
    assert_eq!(
        (metrics.reads.get(), metrics.writes.get()),
        (0, 0),
        "the one that stands by asks for nothing but the lease"
    );

    tokio::task::spawn_blocking(|| OPERATOR.stop()).await.unwrap();
    eventually("the second one leads", async || {
        if metrics.leading.get() == 1 { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    world.running("after", "58000002").await;
    assert!(metrics.writes.get() >= 10);

    // A third one, or a person, takes the lease away: the process ends, rather than to go on beside another one.
    OPERATOR.start_again();
    holder_becomes(&world, "third").await;
    let ended = second.await.unwrap();
    assert!(matches!(&ended, Err(RunError::Lost(why)) if why.contains("third")), "{ended:?}");
    holder_becomes(&world, "").await;
    eventually("the first one leads again", async || {
        if OPERATOR.metrics.leading.get() == 1 { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    world.clear("before").await;
    world.clear("after").await;
}

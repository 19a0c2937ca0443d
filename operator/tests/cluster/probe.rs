//! A client that says Ready works: what the running server says is in its status, and costs nothing while it is the same.

use std::{net::IpAddr, time::Duration};

use k8s_openapi::api::core::v1::Service;
use kube::{
    ResourceExt,
    api::{Patch, PatchParams},
};
use mcp_crds::EnvironmentName;
use serde_json::json;

use crate::{
    bed,
    running::OPERATOR,
    servers::{self, failing},
    world::{World, condition, eventually},
};

/// Waits until all servers were asked some rounds more.
async fn some_rounds(client: &str) {
    let before = servers::asked(client);
    eventually("the server was asked again", async || {
        let now = servers::asked(client);
        if now >= before + 3 { Ok(()) } else { Err(format!("{now}")) }
    })
    .await;
}

#[tokio::test]
async fn a_token_that_expires_takes_ready_away_and_a_good_one_brings_it_back() {
    let world = World::enter("probe").await;
    world.running("expires", "59000001").await;
    let status = world.clients().get("expires").await.unwrap().status.unwrap();
    assert_eq!(status.environments[0].version.as_deref(), Some("0.1.0"));
    for kind in ["ServerVerified", "ChannelReady", "CalendarReady", "ModelReady"] {
        let found = condition(Some(&status), Some(EnvironmentName::Production), kind).unwrap();
        assert_eq!((found.status.as_str(), found.reason.as_str()), ("True", "Ready"), "{kind}");
    }

    servers::says("expires", failing("whatsapp", "credential_refused"));
    let message = world.reason("expires", "CredentialRefused").await;
    assert_eq!(
        message,
        "production: the number cannot be used: the Graph API answers error 190; make a new token"
    );
    let status = world.clients().get("expires").await.unwrap().status;
    assert_eq!(condition(status.as_ref(), None, "Ready").unwrap().status, "False");
    assert_eq!(condition(status.as_ref(), None, "Stalled").unwrap().status, "True");

    servers::says("expires", json!({}));
    world.reason("expires", "Ready").await;
    eventually("both turns are Events", async || {
        let about = "involvedObject.name=expires";
        let events = bed::kubectl(&["get", "events", "-n", "probe", "--field-selector", about], "")?;
        let told = |reason: &str| events.lines().any(|line| line.contains(reason));
        if told("Warning   CredentialRefused") && told("Normal    Ready") { Ok(()) } else { Err(events) }
    })
    .await;
    world.clear("expires").await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_unknown_and_one_answer_is_enough() {
    let world = World::enter("probe").await;
    world.running("silent", "59000002").await;
    servers::falls_ill("silent");
    let message = world.reason("silent", "ServerUnreachable").await;
    assert!(message.contains("3 times in a row (HTTP 503 at /status)"), "{message}");
    let status = world.clients().get("silent").await.unwrap().status;
    assert_eq!(condition(status.as_ref(), None, "Ready").unwrap().status, "Unknown");
    servers::says("silent", json!({}));
    world.reason("silent", "Ready").await;

    servers::says("silent", json!({"client": "somebody-else"}));
    let message = world.environment_reason("silent", "ServerVerified", "ServerMismatch").await;
    assert!(message.contains("`production` of `somebody-else`, not `production` of `silent`"), "{message}");
    servers::says("silent", json!({}));
    world.reason("silent", "Ready").await;
    world.clear("silent").await;
}

#[tokio::test]
async fn asking_costs_the_api_server_nothing_and_a_new_operator_takes_over_what_is_known() {
    let world = World::enter("probe").await;
    world.running("steady", "59000003").await;
    let version = async || world.clients().get("steady").await.unwrap().resource_version();
    for says in [json!({}), failing("gemini", "not_found")] {
        servers::says("steady", says.clone());
        world
            .environment_reason("steady", "ModelReady", if says == json!({}) { "Ready" } else { "NotFound" })
            .await;
        world.quiet().await;
        let (requests, before) =
            ((OPERATOR.metrics.writes.get(), OPERATOR.metrics.reads.get()), version().await);
        some_rounds("steady").await;
        assert_eq!((OPERATOR.metrics.writes.get(), OPERATOR.metrics.reads.get()), requests);

        tokio::task::spawn_blocking(|| OPERATOR.restart()).await.unwrap();
        some_rounds("steady").await;
        world.quiet().await;
        assert_eq!(version().await, before, "the status was written again");
    }
    servers::says("steady", json!({}));
    world.reason("steady", "Ready").await;

    world.patch("steady", json!({"spec": {"environments": [suspended(&world, "steady").await]}})).await;
    world.reason("steady", "Suspended").await;
    let asked = servers::asked("steady");
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(servers::asked("steady") <= asked + 1, "a suspended server is asked");
    world.environment_reason("steady", "ChannelReady", "Suspended").await;
    world.clear("steady").await;
}

async fn suspended(world: &World, name: &str) -> serde_json::Value {
    let mut client = world.clients().get(name).await.unwrap();
    client.spec.environments[0].suspend = true;
    serde_json::to_value(&client.spec.environments[0]).unwrap()
}

#[tokio::test]
async fn a_service_that_is_turned_to_somewhere_else_is_turned_back() {
    let world = World::enter("probe").await;
    world.running("turned", "59000004").await;
    let services = world.inside::<Service>("turned-production");
    let elsewhere = json!({"spec": {"type": "ExternalName", "externalName": "evil.example", "clusterIP": null, "clusterIPs": null}});
    services.patch("turned", &PatchParams::default(), &Patch::Merge(elsewhere)).await.unwrap();
    eventually("the Service leads to the server again", async || {
        let spec = services.get("turned").await.map_err(|error| error.to_string())?.spec.unwrap();
        // The name that was written beside it means nothing to a Service of this type.
        match (spec.type_.as_deref(), spec.cluster_ip.as_deref()) {
            (Some("ClusterIP"), Some(address)) if address.parse::<IpAddr>().is_ok() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    world.clear("turned").await;
}

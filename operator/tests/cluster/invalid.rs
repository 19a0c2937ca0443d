//! Clients that cannot be served.

use kube::{Api, api::PostParams};
use mcp_crds::McpClient;
use serde_json::json;

use crate::world::{World, eventually};

#[tokio::test]
async fn an_invalid_profile_is_explained_and_the_last_good_one_keeps_running() {
    let world = World::enter("invalid").await;
    world.running("profile", "57000001").await;
    let mut client = world.clients().get("profile").await.unwrap();
    client.spec.profile.services[0].staff = vec!["nobody".to_owned()];
    world.patch("profile", json!({"spec": {"profile": client.spec.profile}})).await;
    let message = world.reason("profile", "ProfileInvalid").await;
    assert!(message.contains("services[0].staff") && message.contains("nobody"), "{message}");
    let config: k8s_openapi::api::core::v1::ConfigMap =
        world.found("profile-production", "profile-profile").await;
    assert!(!config.data.unwrap()["profile.yaml"].contains("nobody"));
    world.environment_reason("profile", "WorkloadReady", "Ready").await;
    world.clear("profile").await;
}

#[tokio::test]
async fn a_client_that_cannot_be_read_says_so_and_can_be_deleted() {
    let world = World::enter("invalid").await;
    world.running("unread", "57000002").await;
    // The schema lets it pass, for a pattern cannot add; the type does not.
    world.raw_patch("unread", json!({"spec": {"profile": {"rules": {"horizon": "366d23h"}}}})).await;
    eventually("the status explains it", async || {
        let status = world.raw_status("unread").await;
        let text = status.to_string();
        if text.contains("ProfileInvalid") && text.contains("366d23h") { Ok(()) } else { Err(text) }
    })
    .await;
    // Others are still served.
    world.running("bystander", "57000003").await;
    world.clear("bystander").await;
    world.raw_delete("unread").await;
    assert!(
        world
            .namespaces()
            .get("unread-production")
            .await
            .unwrap()
            .metadata
            .labels
            .unwrap()
            .contains_key("mcp-platform.dev/detached")
    );
    world.clear("unread").await;
}

#[tokio::test]
async fn a_client_outside_of_the_agencies_is_told_that_it_is_not_served() {
    let world = World::enter("invalid").await;
    let elsewhere = Api::<McpClient>::namespaced(world.client.clone(), "elsewhere");
    let mut client = world.example("stray", "57000004");
    client.metadata.namespace = Some("elsewhere".to_owned());
    elsewhere.create(&PostParams::default(), &client).await.unwrap();
    eventually("it is told", async || {
        let status = elsewhere.get("stray").await.unwrap().status.unwrap_or_default();
        let ready = status.conditions.first().cloned().ok_or("no status")?;
        if ready.reason == "AgencyNotServed" { Ok(()) } else { Err(format!("{ready:?}")) }
    })
    .await;
    assert!(world.namespaces().get_opt("stray-production").await.unwrap().is_none());
    elsewhere.delete("stray", &kube::api::DeleteParams::default()).await.unwrap();
    eventually("it is gone at once", async || {
        elsewhere
            .get_opt("stray")
            .await
            .unwrap()
            .map_or(Ok(()), |client| Err(format!("{:?}", client.metadata)))
    })
    .await;
}

//! A client that hibernates: nothing of it runs, nothing of it is lost, and whoever comes is told.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{PersistentVolumeClaim, Pod},
    discovery::v1::EndpointSlice,
    networking::v1::Ingress,
};
use kube::{
    ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use mcp_crds::EnvironmentName;
use serde_json::{Value, json};

use crate::{
    running::{ASLEEP_ADDRESS, LISTEN_ASLEEP},
    world::{World, condition, eventually},
};

/// What an ingress controller gets from where the slice leads.
fn answer(host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(*LISTEN_ASLEEP).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn replicas(deployment: &Deployment) -> Option<i32> {
    deployment.spec.as_ref()?.replicas
}

#[tokio::test]
async fn a_client_that_hibernates_runs_nothing_keeps_everything_and_its_route_says_why() {
    let world = World::enter("asleep").await;
    world.credentials("bear", &[]).await;
    let mut client = world.example("bear", "59200001");
    let route = json!({"host": "bear.agency.example", "path": "/bear"});
    client.spec.environments[0].route = serde_json::from_value(route).unwrap();
    world.create(&client).await;
    let (namespace, slice) = ("bear-production", "bear-asleep");
    world.pretend_pods_run(namespace).await;
    world.reason("bear", "Ready").await;
    assert!(world.is_absent::<EndpointSlice>(namespace, slice).await);
    let claim: PersistentVolumeClaim = world.found(namespace, "bear-data").await;

    world.patch("bear", json!({"spec": {"hibernate": {"reason": "Closed until March"}}})).await;
    let message = world.reason("bear", "Suspended").await;
    assert!(message.contains("take spec.hibernate out"), "{message}");
    let found: EndpointSlice = world.found(namespace, slice).await;
    assert_eq!(found.labels()["kubernetes.io/service-name"], "bear");
    assert_eq!(found.endpoints.unwrap()[0].addresses, [ASLEEP_ADDRESS]);
    assert_eq!(found.ports.unwrap()[0].port, Some(i32::from(LISTEN_ASLEEP.port())));
    assert_eq!(replicas(&world.deployment(namespace, "bear").await), Some(0));
    world.found::<Ingress>(namespace, "bear").await;
    let said = tokio::task::spawn_blocking(|| answer("bear.agency.example", "/bear/webhooks/whatsapp"))
        .await
        .unwrap();
    assert!(said.starts_with("HTTP/1.1 503 ") && said.contains("Closed until March"), "{said}");
    assert!(said.to_ascii_lowercase().contains("retry-after: 600"), "{said}");

    let slices = world.inside::<EndpointSlice>(namespace);
    slices.delete(slice, &DeleteParams::default()).await.unwrap();
    world.found::<EndpointSlice>(namespace, slice).await;

    world.patch("bear", json!({"spec": {"hibernate": null}})).await;
    eventually("its own server answers", async || {
        let running = replicas(&world.deployment(namespace, "bear").await) == Some(1);
        if running && world.is_absent::<EndpointSlice>(namespace, slice).await {
            Ok(())
        } else {
            Err("not yet".into())
        }
    })
    .await;
    world.pretend_pods_run(namespace).await;
    world.reason("bear", "Ready").await;
    let again: PersistentVolumeClaim = world.found(namespace, "bear-data").await;
    assert_eq!(again.uid(), claim.uid());

    // Suspended in one environment, it goes with the client.
    let mut environments = serde_json::to_value(&client.spec.environments).unwrap();
    environments[0]["suspend"] = Value::Bool(true);
    world.patch("bear", json!({"spec": {"environments": environments}})).await;
    world.found::<EndpointSlice>(namespace, slice).await;
    world.delete("bear").await;
    assert!(world.is_absent::<EndpointSlice>(namespace, slice).await);
    world.clear("bear").await;
}

#[tokio::test]
async fn what_was_tried_in_staging_is_promoted_by_its_digest() {
    let world = World::enter("asleep").await;
    world.credentials("tried", &[]).await;
    let mut client = world.example("tried", "59200002");
    let mut staging = client.spec.environments[0].clone();
    staging.name = EnvironmentName::Staging;
    staging.whatsapp.phone_number_id = "59200003".to_owned();
    let mut profile = client.spec.profile.clone();
    profile.services[0].price = "95.00".parse().unwrap();
    staging.profile = Some(profile);
    client.spec.environments.push(staging);
    world.create(&client).await;
    for namespace in ["tried-staging", "tried-production"] {
        world.pretend_pods_run(namespace).await;
    }
    world.reason("tried", "Ready").await;
    let profile = async |namespace: &str| {
        let data =
            world.found::<k8s_openapi::api::core::v1::ConfigMap>(namespace, "tried-profile").await.data;
        data.unwrap()["profile.yaml"].clone()
    };
    assert!(profile("tried-staging").await.contains("95.00"));
    assert!(!profile("tried-production").await.contains("95.00"));

    let digest = format!("sha256:{}", "5".repeat(64));
    let pods = world.inside::<Pod>("tried-staging");
    let pod = pods.list(&ListParams::default()).await.unwrap().items.remove(0);
    let runs = json!({"status": {"containerStatuses": [{
        "name": "server", "image": "x", "ready": true, "restartCount": 0, "state": {"running": {}},
        "imageID": format!("mcp-platform.local/mcp-server@{digest}"),
    }]}});
    pods.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Merge(runs)).await.unwrap();
    let told = eventually("the digest is reported", async || {
        let status = world.clients().get("tried").await.unwrap().status.unwrap_or_default();
        assert!(condition(Some(&status), Some(EnvironmentName::Staging), "WorkloadReady").is_some());
        let staging =
            status.environments.into_iter().find(|environment| environment.name == EnvironmentName::Staging);
        staging.and_then(|staging| staging.image_digest).ok_or_else(|| "none".to_owned())
    })
    .await;
    assert_eq!(told, digest);

    let mut environments = serde_json::to_value(&client.spec.environments).unwrap();
    environments[0]["image"] = json!({"tag": "stable", "digest": told});
    world.patch("tried", json!({"spec": {"environments": environments}})).await;
    eventually("production is to run it", async || {
        let pod = world.deployment("tried-production", "tried").await.spec.unwrap().template.spec.unwrap();
        let image = pod.containers[0].image.clone().unwrap();
        if image == format!("mcp-platform.local/mcp-server:stable@{digest}") { Ok(()) } else { Err(image) }
    })
    .await;
    world.clear("tried").await;
}

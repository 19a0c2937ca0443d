//! From a client to a running tenant, and what edits do to it.

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Namespace, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount},
    rbac::v1::RoleBinding,
};
use kube::{
    ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use serde_json::json;

use crate::{
    bed,
    running::OPERATOR,
    world::{World, eventually},
};

#[tokio::test]
async fn a_client_becomes_a_tenant_that_reports_ready() {
    let world = World::enter("lifecycle").await;
    world.running("ready", "51000001").await;
    let namespace = "ready-production";
    let labels = world.namespaces().get(namespace).await.unwrap().metadata.labels.unwrap();
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");
    world.found::<RoleBinding>(namespace, "mcp-operator").await;
    world.found::<ServiceAccount>(namespace, "ready").await;
    world.found::<Secret>(namespace, "ready-credentials").await;
    world.found::<Secret>(namespace, "ready-keys").await;
    world.found::<ConfigMap>(namespace, "ready-profile").await;
    world.found::<PersistentVolumeClaim>(namespace, "ready-data").await;
    world.found::<Service>(namespace, "ready").await;

    let status = world.clients().get("ready").await.unwrap().status.unwrap();
    assert_eq!(status.environments_ready.as_deref(), Some("1/1"));
    let environment = &status.environments[0];
    assert_eq!(environment.url, "http://ready.ready-production.svc");
    assert_eq!(environment.webhook_url, "http://ready.ready-production.svc/webhooks/whatsapp");
    assert_eq!(environment.mcp_url, "http://ready.ready-production.svc/mcp");
    let kinds: Vec<&str> = environment.conditions.iter().map(|condition| condition.type_.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "Ready",
            "NamespaceReady",
            "ProfileReady",
            "CredentialsReady",
            "DeliveryReady",
            "WorkloadReady",
            "RouteReady",
            "ServerVerified",
            "ChannelReady",
            "CalendarReady",
            "ModelReady",
        ]
    );

    let table = bed::kubectl(&["get", "mcpc", "-n", "lifecycle", "ready"], "").unwrap();
    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..4], ["ready", "True", "Ready", "1/1"], "{table}");
    world.clear("ready").await;
}

#[tokio::test]
async fn a_new_price_reaches_the_profile_and_leaves_the_pod_alone() {
    let world = World::enter("lifecycle").await;
    world.running("price", "51000002").await;
    let namespace = "price-production";
    let before = world.deployment(namespace, "price").await;
    world.quiet().await;
    let writes = OPERATOR.metrics.writes.get();

    let mut client = world.clients().get("price").await.unwrap();
    client.spec.profile.services[0].price = "95.00".parse().unwrap();
    world.patch("price", json!({"spec": {"profile": client.spec.profile}})).await;
    eventually("the new price is in the ConfigMap", async || {
        let data = world.found::<ConfigMap>(namespace, "price-profile").await.data.unwrap_or_default();
        if data["profile.yaml"].contains("95.00") { Ok(()) } else { Err(data["profile.yaml"].clone()) }
    })
    .await;
    world.reason("price", "Ready").await;
    world.quiet().await;
    let after = world.deployment(namespace, "price").await;
    assert_eq!(after.metadata.generation, before.metadata.generation);
    let spent = OPERATOR.metrics.writes.get() - writes;
    assert!(spent <= 3, "one field changed and {spent} writes were made");
    world.clear("price").await;
}

#[tokio::test]
async fn what_somebody_edits_or_deletes_is_put_right_and_a_restart_by_hand_is_kept() {
    let world = World::enter("lifecycle").await;
    world.running("edits", "51000003").await;
    let namespace = "edits-production";
    let services = world.inside::<Service>(namespace);
    let before = services.get("edits").await.unwrap();
    let address = |service: &Service| service.spec.as_ref().and_then(|spec| spec.cluster_ip.clone());
    let apply = PatchParams::default();
    let port =
        json!({"spec": {"ports": [{"name": "public", "port": 81, "targetPort": 1, "protocol": "TCP"}]}});
    services.patch("edits", &apply, &Patch::Merge(port)).await.unwrap();
    world.inside::<ConfigMap>(namespace).delete("edits-profile", &DeleteParams::default()).await.unwrap();
    let image =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "server", "image": "evil"}]}}}});
    world.inside::<Deployment>(namespace).patch("edits", &apply, &Patch::Strategic(image)).await.unwrap();
    let mended = eventually("the Service has its port and no other", async || {
        // Never absent: whoever uses it would be refused, and its address would be another one.
        let service = services.get("edits").await.unwrap();
        let ports = service.spec.clone().unwrap().ports.unwrap();
        let numbers: Vec<i32> = ports.iter().map(|port| port.port).collect();
        if numbers == [80] { Ok(service) } else { Err(format!("{ports:?}")) }
    })
    .await;
    assert_eq!((mended.uid(), address(&mended)), (before.uid(), address(&before)));
    world.found::<ConfigMap>(namespace, "edits-profile").await;
    let frozen = json!({"immutable": true, "data": {"profile.yaml": "nothing"}});
    let profiles = world.inside::<ConfigMap>(namespace);
    profiles.patch("edits-profile", &apply, &Patch::Merge(frozen)).await.unwrap();
    eventually("the profile is the right one again, though it could not be changed", async || {
        let profile = profiles.get("edits-profile").await.map_err(|error| error.to_string())?;
        let data = profile.data.unwrap_or_default();
        if profile.immutable.is_none() && data["profile.yaml"] != "nothing" {
            Ok(())
        } else {
            Err(format!("{data:?}"))
        }
    })
    .await;
    eventually("the image is the right one again", async || {
        let pod = world.deployment(namespace, "edits").await.spec.unwrap().template.spec.unwrap();
        let image = pod.containers[0].image.clone().unwrap();
        if image == "mcp-platform.local/mcp-server:stable" { Ok(()) } else { Err(image) }
    })
    .await;

    let restart = json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}});
    world.inside::<Deployment>(namespace).patch("edits", &apply, &Patch::Merge(restart)).await.unwrap();
    world.quiet().await;
    let template = world.deployment(namespace, "edits").await.spec.unwrap().template;
    assert_eq!(template.metadata.unwrap().annotations.unwrap()["kubectl.kubernetes.io/restartedAt"], "now");
    world.clear("edits").await;
}

#[tokio::test]
async fn the_pods_own_reason_is_reported() {
    let world = World::enter("lifecycle").await;
    world.credentials("image", &[]).await;
    world.create(&world.example("image", "51000004")).await;
    let pods = world.inside::<Pod>("image-production");
    let status = json!({"status": {"phase": "Pending", "containerStatuses": [{
        "name": "server", "image": "x", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}},
    }], "conditions": [{"type": "PodScheduled", "status": "True"}]}});
    eventually("a pod is there to fail", async || {
        let pod = pods.list(&ListParams::default()).await.unwrap().items.into_iter().next().ok_or("none")?;
        let patch = Patch::Merge(&status);
        pods.patch_status(&pod.name_any(), &PatchParams::default(), &patch)
            .await
            .map_err(|error| error.to_string())
    })
    .await;
    let message = world.environment_reason("image", "WorkloadReady", "WorkloadNotReady").await;
    assert!(message.starts_with("ImagePullBackOff: Back-off pulling image"), "{message}");
    world.clear("image").await;
}

#[tokio::test]
async fn a_new_operator_changes_nothing_that_stands_and_still_reports() {
    let world = World::enter("lifecycle").await;
    world.running("restart", "51000005").await;
    let namespace = "restart-production";
    let versions = async || {
        [
            world.deployment(namespace, "restart").await.resource_version(),
            world.found::<Secret>(namespace, "restart-keys").await.resource_version(),
            world.found::<Secret>(namespace, "restart-credentials").await.resource_version(),
            world.found::<ConfigMap>(namespace, "restart-profile").await.resource_version(),
            world.namespaces().get(namespace).await.unwrap().resource_version(),
            world.clients().get("restart").await.unwrap().resource_version(),
        ]
    };
    world.quiet().await;
    let before = versions().await;
    tokio::task::spawn_blocking(|| OPERATOR.restart()).await.unwrap();
    // Proof that the new one is at work: it puts right what is deleted.
    let services = world.inside::<Service>(namespace);
    services.delete("restart", &DeleteParams::default()).await.unwrap();
    world.found::<Service>(namespace, "restart").await;
    world.quiet().await;
    assert_eq!(versions().await, before);
    world.clear("restart").await;
}

#[tokio::test]
async fn a_namespace_that_somebody_deletes_is_made_anew() {
    let world = World::enter("lifecycle").await;
    world.running("vanish", "51000006").await;
    let before = world.namespaces().get("vanish-production").await.unwrap().uid();
    world.namespaces().delete("vanish-production", &DeleteParams::default()).await.unwrap();
    eventually("another namespace takes its place", async || {
        let found: Option<Namespace> =
            world.namespaces().get_opt("vanish-production").await.map_err(|error| error.to_string())?;
        match found {
            Some(namespace) if namespace.uid() != before => Ok(()),
            other => Err(format!("{:?}", other.map(|namespace| namespace.metadata))),
        }
    })
    .await;
    world.pretend_pods_run("vanish-production").await;
    world.reason("vanish", "Ready").await;
    world.clear("vanish").await;
}

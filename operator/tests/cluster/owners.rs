//! Whose an object is, and whose the fields in it.

use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::Deployment,
        core::v1::{ConfigMap, Service},
        events::v1::Event,
        networking::v1::Ingress,
    },
};
use kube::{
    Resource, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::world::{World, eventually};

/// What of an object is the operator's: without what the API server and its controllers keep in it.
async fn content<K>(world: &World, namespace: &str, name: &str) -> Value
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Serialize,
    K: DeserializeOwned + Clone + std::fmt::Debug,
{
    let object: K = world.found(namespace, name).await;
    let mut value = serde_json::to_value(object).unwrap();
    for part in ["metadata", "status"] {
        value.as_object_mut().unwrap().remove(part);
    }
    value
}

async fn merge<K>(world: &World, namespace: &str, name: &str, patch: Value)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: DeserializeOwned + Clone + std::fmt::Debug,
{
    let parameters = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..PatchParams::default() };
    world.inside::<K>(namespace).patch(name, &parameters, &Patch::Strategic(patch)).await.unwrap();
}

/// Waits until an object is again what it was.
async fn mended<K>(world: &World, namespace: &str, name: &str, before: &Value)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Serialize,
    K: DeserializeOwned + Clone + std::fmt::Debug,
{
    eventually(&format!("{name} is what it was"), async || {
        let now = content::<K>(world, namespace, name).await;
        if now == *before { Ok(()) } else { Err(now.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn what_somebody_adds_to_what_is_rendered_is_taken_away_again() {
    let world = World::enter("owners").await;
    world.running("added", "59000001").await;
    let (namespace, name) = ("added-production", "added");
    world.quiet().await;
    let service = content::<Service>(&world, namespace, name).await;
    let deployment = content::<Deployment>(&world, namespace, name).await;
    let profile = content::<ConfigMap>(&world, namespace, "added-profile").await;

    merge::<Service>(
        &world,
        namespace,
        name,
        json!({"metadata": {"labels": {"team": "ana"}}, "spec": {
            "selector": {"nobody": "at-all"}, "externalIPs": ["192.0.2.1"], "sessionAffinity": "ClientIP",
            "ports": [{"name": "back-door", "port": 22}],
        }}),
    )
    .await;
    merge::<ConfigMap>(&world, namespace, "added-profile", json!({"data": {"more.yaml": "x"}})).await;
    let restart = json!({"kubectl.kubernetes.io/restartedAt": "now", "example.com/mark": "x"});
    merge::<Deployment>(
        &world,
        namespace,
        name,
        json!({"spec": {"minReadySeconds": 7, "template": {
            "metadata": {"annotations": restart},
            "spec": {"hostNetwork": true, "containers": [
                {"name": "server", "env": [{"name": "HTTPS_PROXY", "value": "http://listener.example"}]},
                {"name": "listener", "image": "listener.example/listener"},
            ]},
        }}}),
    )
    .await;

    mended::<Service>(&world, namespace, name, &service).await;
    mended::<ConfigMap>(&world, namespace, "added-profile", &profile).await;
    // A restart by hand is the one thing that stays.
    let mut restarted = deployment.clone();
    restarted["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] =
        json!("now");
    mended::<Deployment>(&world, namespace, name, &restarted).await;
    world.quiet().await;
    let labels = world.found::<Service>(namespace, name).await.metadata.labels.unwrap();
    assert_eq!(labels["team"], "ana", "labels may be anybody's");
    world.clear("added").await;
}

#[tokio::test]
async fn a_service_that_leads_elsewhere_is_turned_back() {
    let world = World::enter("owners").await;
    world.running("turned", "59000002").await;
    let (namespace, name) = ("turned-production", "turned");
    let before = world.found::<Service>(namespace, name).await.spec.unwrap();
    let away = json!({"spec": {"type": "ExternalName", "externalName": "elsewhere.example", "clusterIP": "", "clusterIPs": null}});
    merge::<Service>(&world, namespace, name, away).await;
    eventually("the Service leads to the pods", async || {
        let spec = world.found::<Service>(namespace, name).await.spec.unwrap();
        let back = spec.type_.as_deref() == Some("ClusterIP")
            && spec.external_name.is_none()
            && spec.selector == before.selector
            && spec.cluster_ip.is_some();
        if back { Ok(()) } else { Err(format!("{spec:?}")) }
    })
    .await;
    world.clear("turned").await;
}

fn foreign_ingress(name: &str) -> Ingress {
    serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {"rules": [{"host": "own.agency.example", "http": {"paths": [{
            "path": "/", "pathType": "Prefix",
            "backend": {"service": {"name": name, "port": {"number": 80}}},
        }]}}]},
    }))
    .unwrap()
}

#[tokio::test]
async fn what_somebody_else_made_under_a_name_of_ours_is_left_alone_and_named() {
    let world = World::enter("owners").await;
    world.running("foreign", "59000003").await;
    let (namespace, name) = ("foreign-production", "foreign");
    let route = json!({"host": "foreign.agency.example", "path": "/foreign"});
    let mut environments =
        serde_json::to_value(world.clients().get(name).await.unwrap().spec.environments).unwrap();
    let without = environments.clone();
    environments[0]["route"] = route;
    world.patch(name, json!({"spec": {"environments": environments}})).await;
    world.found::<Ingress>(namespace, name).await;
    world.patch(name, json!({"spec": {"environments": without}})).await;
    eventually("our own Ingress is gone", async || {
        if world.is_absent::<Ingress>(namespace, name).await { Ok(()) } else { Err("it is there".to_owned()) }
    })
    .await;

    let ingresses = world.inside::<Ingress>(namespace);
    let theirs = ingresses.create(&PostParams::default(), &foreign_ingress(name)).await.unwrap();
    let mut again = without.clone();
    again[0]["whatsapp"]["messagesPerSecond"] = json!(7);
    // Another operator remembers nothing, and looks.
    tokio::task::spawn_blocking(|| crate::running::OPERATOR.restart()).await.unwrap();
    world.patch(name, json!({"spec": {"environments": again}})).await;
    eventually("the condition names it", async || {
        let message = world.environment_reason(name, "RouteReady", "Ready").await;
        if message.contains("the Ingress foreign in foreign-production was not made by the operator") {
            Ok(())
        } else {
            Err(message)
        }
    })
    .await;
    assert_eq!(ingresses.get(name).await.unwrap().uid(), theirs.uid());

    // Nor does it go with the client.
    world.delete(name).await;
    assert_eq!(ingresses.get(name).await.unwrap().uid(), theirs.uid());
    assert!(world.is_absent::<Service>(namespace, name).await);
    let events = world.inside::<Event>("owners").list(&ListParams::default()).await.unwrap().items;
    let told = events.iter().filter_map(|event| event.note.as_deref());
    let told: Vec<&str> = told.filter(|note| note.contains("left alone")).collect();
    assert!(told.iter().any(|note| note.contains("Ingress foreign in foreign-production")), "{told:?}");
    ingresses.delete(name, &DeleteParams::default()).await.unwrap();
    world.clear(name).await;
}

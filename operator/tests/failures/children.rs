//! What is made for a client is edited, deleted or given to others; and what others made stands beside it.

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, LimitRange, Namespace, ResourceQuota, Secret, Service, ServiceAccount},
    networking::v1::{Ingress, NetworkPolicy},
    rbac::v1::RoleBinding,
};
use kube::{
    Api, Resource, ResourceExt,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use crate::{
    lane::{Lane, eventually},
    picture,
};

const NAMESPACE: &str = "tended-production";

fn kinds() -> Vec<(ApiResource, &'static str)> {
    fn of<K: Resource<DynamicType = ()>>() -> ApiResource {
        ApiResource::erase::<K>(&())
    }
    vec![
        (of::<ServiceAccount>(), "tended"),
        (of::<Secret>(), "tended-credentials"),
        (of::<Secret>(), "tended-keys"),
        (of::<ConfigMap>(), "tended-profile"),
        (of::<Service>(), "tended"),
        (of::<LimitRange>(), "tended"),
        (of::<ResourceQuota>(), "tended"),
        (of::<NetworkPolicy>(), "default-deny"),
        (of::<NetworkPolicy>(), "tended"),
        (of::<Deployment>(), "tended"),
        (of::<RoleBinding>(), "mcp-operator"),
    ]
}

fn api(lane: &Lane, kind: &ApiResource) -> Api<DynamicObject> {
    Api::namespaced_with(lane.client.clone(), NAMESPACE, kind)
}

#[tokio::test]
async fn every_child_that_is_deleted_or_relabelled_or_given_away_is_what_it_was_again() {
    let lane = Lane::enter("edits").await;
    let operator = lane.operator().await;
    let nearby = lane.neighbour().await;
    lane.ready("tended", "75000001").await;
    lane.quiet(&operator).await;
    let wanted = picture::of(&lane, "tended", "75000001").await.unwrap();
    let neighbour = picture::versions(&lane, &nearby).await;
    let (apply, none) = (PatchParams::default(), DeleteParams::default());
    let names = kinds();

    for (kind, name) in &names {
        api(&lane, kind).delete(name, &none).await.unwrap();
    }
    picture::becomes(&lane, "tended", "75000001", &wanted).await;
    lane.quiet(&operator).await;

    // As if it were another client's, or nobody's. The binding is not among them: no watch shows it, and it is made anew when
    // it is missed.
    let names: Vec<_> = names.into_iter().filter(|(kind, _)| kind.kind != "RoleBinding").collect();
    let theirs = json!({"app.kubernetes.io/managed-by": "helm", "mcp-platform.dev/client": "somebody"});
    let nobodys = json!({"app.kubernetes.io/managed-by": null, "mcp-platform.dev/agency": null});
    for labels in [theirs, nobodys] {
        for (kind, name) in &names {
            let patch = json!({"metadata": {"labels": labels}});
            let patched = api(&lane, kind).patch(name, &apply, &Patch::Merge(patch)).await;
            // One that was on its way to be made anew needs none.
            assert!(
                patched.is_ok() || api(&lane, kind).get_opt(name).await.unwrap().is_none(),
                "{patched:?}"
            );
        }
        picture::becomes(&lane, "tended", "75000001", &wanted).await;
        lane.quiet(&operator).await;
    }

    // With an owner that is gone: the cluster's own collector deletes it.
    let orphan = json!({"metadata": {"ownerReferences": [{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "nobody", "uid": "00000000-0000-4000-8000-000000000000",
    }]}});
    for (kind, name) in names.iter().filter(|(kind, _)| kind.kind != "Deployment") {
        api(&lane, kind).patch(name, &apply, &Patch::Merge(&orphan)).await.unwrap();
    }
    eventually("what was given away is free of its owner", async || {
        for (kind, name) in &names {
            let found = api(&lane, kind).get_opt(name).await.map_err(|error| error.to_string())?;
            let found = found.ok_or_else(|| format!("{} {name} is not there", kind.kind))?;
            if !found.owner_references().is_empty() {
                return Err(format!("{} {name} has an owner", kind.kind));
            }
        }
        Ok(())
    })
    .await;
    picture::becomes(&lane, "tended", "75000001", &wanted).await;
    lane.quiet(&operator).await;
    lane.reason("tended", "Ready").await;
    assert_eq!(picture::versions(&lane, &nearby).await, neighbour);

    // Nor does a client stay because the operator's own rights were taken away.
    lane.inside::<RoleBinding>(NAMESPACE).delete("mcp-operator", &none).await.unwrap();
    lane.delete("tended").await;
    lane.gone("tended").await;
}

/// Objects of somebody else in a tenant's namespace: with no labels, with Helm's, and with ours under another name.
fn others() -> Vec<(ApiResource, Value)> {
    let ours = json!({"app.kubernetes.io/managed-by": "mcp-operator", "mcp-platform.dev/client": "foreign"});
    let config = |name: &str, labels: Value| {
        (
            ApiResource::erase::<ConfigMap>(&()),
            json!({"metadata": {"name": name, "labels": labels}, "data": {"theirs": "yes"}}),
        )
    };
    vec![
        config("plain", json!({})),
        config("of-helm", json!({"app.kubernetes.io/managed-by": "Helm"})),
        config("forged", ours.clone()),
        (
            ApiResource::erase::<Secret>(&()),
            json!({"metadata": {"name": "theirs", "labels": ours}, "stringData": {"theirs": "yes"}}),
        ),
        (
            ApiResource::erase::<Service>(&()),
            json!({"metadata": {"name": "theirs"}, "spec": {"ports": [{"port": 81}], "selector": {"a": "b"}}}),
        ),
        (
            ApiResource::erase::<Ingress>(&()),
            json!({"metadata": {"name": "foreign", "labels": {"app.kubernetes.io/managed-by": "Helm"}}, "spec": {"rules": [{
                "host": "own.agency.example", "http": {"paths": [{
                    "path": "/", "pathType": "Prefix",
                    "backend": {"service": {"name": "theirs", "port": {"number": 81}}},
                }]},
            }]}}),
        ),
    ]
}

#[tokio::test]
async fn what_others_made_stays_as_it_is_is_named_and_outlives_the_client() {
    let lane = Lane::enter("foreign").await;
    let mut operator = lane.operator().await;
    lane.ready("foreign", "75000002").await;
    let mut made = Vec::new();
    for (kind, object) in others() {
        let api = Api::<DynamicObject>::namespaced_with(lane.client.clone(), "foreign-production", &kind);
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        let object = api.create(&PostParams::default(), &object).await.unwrap();
        made.push((api, object));
    }
    let untouched = async || {
        for (api, object) in &made {
            let now = api.get(&object.name_any()).await.unwrap();
            assert_eq!((now.uid(), now.resource_version()), (object.uid(), object.resource_version()));
        }
    };
    lane.quiet(&operator).await;
    untouched().await;
    // Another operator applies everything, and looks at what is not asked for.
    operator.kill();
    operator = lane.operator().await;
    eventually("the condition names the Ingress of somebody else", async || {
        let route = lane.condition("foreign", "RouteReady").await.ok_or("no condition")?;
        if route.message.contains("the Ingress foreign in foreign-production was not made by the operator") {
            Ok(())
        } else {
            Err(route.message)
        }
    })
    .await;
    lane.patch("foreign", json!({"spec": {"displayName": "Another"}})).await;
    lane.reason("foreign", "Ready").await;
    untouched().await;
    lane.delete("foreign").await;
    lane.gone("foreign").await;
    lane.quiet(&operator).await;
    untouched().await;
    let left = lane.inside::<Service>("foreign-production").list(&ListParams::default()).await.unwrap();
    assert_eq!(left.items.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), ["theirs"]);
    let kept: Namespace = lane.namespaces().get("foreign-production").await.unwrap();
    assert_eq!(kept.labels()["mcp-platform.dev/detached"], "true");
}

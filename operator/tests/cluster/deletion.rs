//! What becomes of data.

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, PersistentVolumeClaim, Secret, Service},
    events::v1::Event,
};
use kube::{
    Resource, ResourceExt,
    api::{DeleteParams, ListParams, PostParams},
};
use mcp_crds::DeletionPolicy;
use serde_json::json;

use crate::world::{World, eventually};

const DETACHED: &str = "mcp-platform.dev/detached";

async fn assert_data_is_kept(world: &World, name: &str) {
    let namespace = &format!("{name}-production");
    assert_eq!(world.namespaces().get(namespace).await.unwrap().labels()[DETACHED], "true");
    let claim: PersistentVolumeClaim = world.found(namespace, &format!("{name}-data")).await;
    let keys: Secret = world.found(namespace, &format!("{name}-keys")).await;
    assert_eq!((claim.labels()[DETACHED].as_str(), keys.labels()[DETACHED].as_str()), ("true", "true"));
    assert!(world.is_absent::<Deployment>(namespace, name).await);
    assert!(world.is_absent::<Service>(namespace, name).await);
    assert!(world.is_absent::<Secret>(namespace, &format!("{name}-credentials")).await);
    assert!(world.is_absent::<ConfigMap>(namespace, &format!("{name}-profile")).await);
}

async fn data_of(world: &World, name: &str) -> (PersistentVolumeClaim, Secret) {
    let namespace = &format!("{name}-production");
    (
        world.found(namespace, &format!("{name}-data")).await,
        world.found(namespace, &format!("{name}-keys")).await,
    )
}

/// An object as a backup has it: what the cluster it came from knew of it is not taken along.
fn as_from_a_backup<K: Resource<DynamicType = ()>>(mut object: K) -> K {
    let meta = object.meta_mut();
    (meta.uid, meta.resource_version, meta.creation_timestamp) = (None, None, None);
    (meta.managed_fields, meta.finalizers, meta.generation) = (None, None, None);
    object
}

#[tokio::test]
async fn what_a_backup_brings_back_under_other_uids_is_the_clients_own() {
    let world = World::enter("deletion").await;
    let client = world.running("restored", "54000006").await;
    let (claim, keys) = data_of(&world, "restored").await;
    let namespace = world.namespaces().get("restored-production").await.unwrap();
    world.clear("restored").await;
    eventually("nothing is left of it", async || {
        let left = world.namespaces().get_opt("restored-production").await.unwrap();
        left.map_or(Ok(()), |left| Err(format!("{:?}", left.status)))
    })
    .await;

    // The order of a restore: namespaces, what is in them, and custom resources last.
    let new = PostParams::default();
    let mut namespace = as_from_a_backup(namespace);
    (namespace.spec, namespace.status) = (None, None);
    world.namespaces().create(&new, &namespace).await.unwrap();
    let mut claim = as_from_a_backup(claim);
    claim.status = None;
    let claim =
        world.inside::<PersistentVolumeClaim>("restored-production").create(&new, &claim).await.unwrap();
    let secret = as_from_a_backup(keys.clone());
    world.inside::<Secret>("restored-production").create(&new, &secret).await.unwrap();
    world.credentials("restored", &[]).await;
    let again = world.clients().create(&new, &as_from_a_backup(client.clone())).await.unwrap();
    assert_ne!(again.uid(), client.uid());
    world.pretend_pods_run("restored-production").await;
    world.reason("restored", "Ready").await;
    let (claim_again, keys_again) = data_of(&world, "restored").await;
    assert_eq!((claim_again.uid(), keys_again.data), (claim.uid(), keys.data));
    let mounted =
        world.deployment("restored-production", "restored").await.spec.unwrap().template.spec.unwrap();
    let volumes = serde_json::to_string(&mounted.volumes).unwrap();
    assert!(volumes.contains("restored-data"), "{volumes}");
    world.clear("restored").await;
}

#[tokio::test]
async fn retained_data_outlives_the_client_and_the_same_client_finds_it_again() {
    let world = World::enter("deletion").await;
    world.running("keep", "54000001").await;
    let namespace = "keep-production";
    let claim: PersistentVolumeClaim = world.found(namespace, "keep-data").await;
    let keys: Secret = world.found(namespace, "keep-keys").await;
    world.delete("keep").await;
    assert_data_is_kept(&world, "keep").await;

    world.running("keep", "54000001").await;
    let again: PersistentVolumeClaim = world.found(namespace, "keep-data").await;
    assert_eq!(again.uid(), claim.uid());
    assert!(!again.labels().contains_key(DETACHED));
    let namespace_labels = world.namespaces().get(namespace).await.unwrap().metadata.labels.unwrap();
    assert!(!namespace_labels.contains_key(DETACHED));
    let keys_again: Secret = world.found(namespace, "keep-keys").await;
    assert_eq!(keys_again.data, keys.data);
    assert!(!keys_again.labels().contains_key(DETACHED));
    world.clear("keep").await;
}

#[tokio::test]
async fn confirmed_deletion_takes_the_namespace_with_it() {
    let world = World::enter("deletion").await;
    world.credentials("gone", &[]).await;
    let mut client = world.example("gone", "54000002");
    client.spec.deletion_policy = DeletionPolicy::Delete;
    client
        .annotations_mut()
        .insert("mcp-platform.dev/confirm-delete".to_owned(), "gone-production".to_owned());
    world.create(&client).await;
    world.deployment("gone-production", "gone").await;
    world.delete("gone").await;
    // The client goes last.
    assert!(world.namespaces().get_opt("gone-production").await.unwrap().is_none());
}

#[tokio::test]
async fn unconfirmed_deletion_keeps_the_data_and_says_so() {
    let world = World::enter("deletion").await;
    world.credentials("unsure", &[]).await;
    let mut client = world.example("unsure", "54000003");
    client.spec.deletion_policy = DeletionPolicy::Delete;
    // Another namespace is named: that confirms nothing.
    client
        .annotations_mut()
        .insert("mcp-platform.dev/confirm-delete".to_owned(), "unsure-staging".to_owned());
    // Somebody holds the client back, so that its last words can be read.
    client.finalizers_mut().push("example.com/hold".to_owned());
    world.create(&client).await;
    world.deployment("unsure-production", "unsure").await;
    world.clients().delete("unsure", &DeleteParams::default()).await.unwrap();
    let message = world.reason("unsure", "DeletionUnconfirmed").await;
    assert!(message.contains("mcp-platform.dev/confirm-delete: unsure-production"), "{message}");
    eventually("the operator has let go", async || {
        let finalizers = world.clients().get("unsure").await.unwrap().metadata.finalizers.unwrap_or_default();
        if finalizers == ["example.com/hold"] { Ok(()) } else { Err(format!("{finalizers:?}")) }
    })
    .await;
    world.patch("unsure", json!({"metadata": {"finalizers": []}})).await;
    assert_data_is_kept(&world, "unsure").await;
    let events = world.inside::<Event>("deletion").list(&ListParams::default()).await.unwrap().items;
    let told = events.iter().any(|event| {
        event.reason.as_deref() == Some("DeletionUnconfirmed")
            && event.regarding.as_ref().is_some_and(|object| object.name.as_deref() == Some("unsure"))
    });
    assert!(told, "no event");
    world.clear("unsure").await;
}

#[tokio::test]
async fn an_environment_that_is_taken_out_of_the_spec_keeps_its_data_and_leaves_the_others_alone() {
    let world = World::enter("deletion").await;
    world.credentials("shrink", &[]).await;
    let mut client = world.example("shrink", "54000004");
    let mut staging = client.spec.environments[0].clone();
    staging.name = mcp_crds::EnvironmentName::Staging;
    staging.whatsapp.phone_number_id = "54000005".to_owned();
    client.spec.environments.push(staging);
    let production = client.spec.environments.remove(0);
    client.spec.environments.push(production);
    world.create(&client).await;
    for namespace in ["shrink-staging", "shrink-production"] {
        world.pretend_pods_run(namespace).await;
    }
    world.reason("shrink", "Ready").await;
    let before = world.deployment("shrink-staging", "shrink").await;

    let left = &client.spec.environments[..1];
    world.patch("shrink", json!({"spec": {"environments": left}})).await;
    eventually("production is detached", async || {
        let labels =
            world.namespaces().get("shrink-production").await.unwrap().metadata.labels.unwrap_or_default();
        if labels.contains_key(DETACHED) { Ok(()) } else { Err(format!("{labels:?}")) }
    })
    .await;
    assert_data_is_kept(&world, "shrink").await;
    world.reason("shrink", "Ready").await;
    assert_eq!(world.deployment("shrink-staging", "shrink").await.uid(), before.uid());

    // Asked for again, it finds its data.
    let (claim, keys) = data_of(&world, "shrink").await;
    world.patch("shrink", json!({"spec": {"environments": client.spec.environments}})).await;
    world.pretend_pods_run("shrink-production").await;
    world.reason("shrink", "Ready").await;
    let (claim_again, keys_again) = data_of(&world, "shrink").await;
    assert_eq!((claim_again.uid(), keys_again.data), (claim.uid(), keys.data));
    assert!(!claim_again.labels().contains_key(DETACHED));

    // Deleting the client leaves what was detached before where it is.
    world.patch("shrink", json!({"spec": {"environments": left}})).await;
    eventually("production is detached again", async || {
        let labels =
            world.namespaces().get("shrink-production").await.unwrap().metadata.labels.unwrap_or_default();
        if labels.contains_key(DETACHED) { Ok(()) } else { Err(format!("{labels:?}")) }
    })
    .await;
    world.delete("shrink").await;
    assert_data_is_kept(&world, "shrink").await;
    world.clear("shrink").await;
}

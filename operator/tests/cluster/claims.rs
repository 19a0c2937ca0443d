//! First owner wins.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Service};
use kube::{
    Api, ResourceExt,
    api::{ListParams, ObjectMeta, PostParams},
};
use mcp_crds::McpClient;

use crate::world::{World, eventually};

#[tokio::test]
async fn a_namespace_of_somebody_else_is_not_touched() {
    let world = World::enter("claims").await;
    let foreign = Namespace {
        metadata: ObjectMeta { name: Some("squat-production".to_owned()), ..ObjectMeta::default() },
        ..Namespace::default()
    };
    let foreign = world.namespaces().create(&PostParams::default(), &foreign).await.unwrap();
    world.credentials("squat", &[]).await;
    world.create(&world.example("squat", "53000001")).await;
    let message = world.reason("squat", "NameTaken").await;
    assert!(message.contains("squat-production") && message.contains("another name"), "{message}");
    let now = world.namespaces().get("squat-production").await.unwrap();
    assert_eq!(now.metadata.labels, foreign.metadata.labels);
    assert!(world.is_absent::<Service>("squat-production", "squat").await);

    // Deleting the client must not delete what is not its own.
    world.delete("squat").await;
    assert!(world.namespaces().get("squat-production").await.unwrap().metadata.deletion_timestamp.is_none());
    world.clear("squat").await;
}

#[tokio::test]
async fn of_two_agencies_clients_of_one_name_the_second_is_refused() {
    let world = World::enter("claims").await;
    world.running("twin", "53000002").await;
    let others = Api::<McpClient>::namespaced(world.client.clone(), "claims-other");
    let mut second = world.example("twin", "53000003");
    second.metadata.namespace = Some("claims-other".to_owned());
    others.create(&PostParams::default(), &second).await.unwrap();
    eventually("the second is refused", async || {
        let status = others.get("twin").await.unwrap().status.unwrap_or_default();
        let ready = status.conditions.first().cloned().ok_or("no status")?;
        if ready.reason == "NameTaken" { Ok(()) } else { Err(format!("{ready:?}")) }
    })
    .await;
    let owner =
        world.namespaces().get("twin-production").await.unwrap().labels()["mcp-platform.dev/agency"].clone();
    assert_eq!(owner, "claims");
    others.delete("twin", &kube::api::DeleteParams::default()).await.unwrap();
    eventually("the second is gone", async || {
        others.get_opt("twin").await.unwrap().map_or(Ok(()), |client| Err(format!("{:?}", client.metadata)))
    })
    .await;
    world.reason("twin", "Ready").await;
    world.clear("twin").await;
}

#[tokio::test]
async fn a_number_belongs_to_the_older_client_until_it_goes() {
    let world = World::enter("claims").await;
    world.running("older", "53000004").await;
    world.credentials("younger", &[]).await;
    world.create(&world.example("younger", "53000004")).await;
    let message = world.reason("younger", "NumberTaken").await;
    assert!(message.contains("53000004") && message.contains("the client older"), "{message}");
    assert!(world.namespaces().get_opt("younger-production").await.unwrap().is_none());

    world.delete("older").await;
    world.pretend_pods_run("younger-production").await;
    world.reason("younger", "Ready").await;

    // The older one, made again, is the later one now.
    world.create(&world.example("older", "53000004")).await;
    world.reason("older", "NumberTaken").await;
    let configs: Api<ConfigMap> = Api::namespaced(world.client.clone(), "older-production");
    let managed = ListParams::default().labels("app.kubernetes.io/managed-by=mcp-operator");
    assert!(configs.list(&managed).await.unwrap().items.is_empty());
    world.clear("older").await;
    world.clear("younger").await;
}

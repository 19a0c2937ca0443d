//! Plans: their limits hold, and none goes while a client names it.

use k8s_openapi::api::networking::v1::Ingress;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use mcp_crds::McpPlan;
use serde_json::{Value, json};

use crate::world::{World, eventually};

fn plans(world: &World) -> Api<McpPlan> {
    Api::all(world.client.clone())
}

async fn make(world: &World, name: &str, spec: Value) {
    let _ = plans(world).delete(name, &DeleteParams::default()).await;
    gone(world, name).await;
    let plan = json!({
        "apiVersion": "mcp-platform.dev/v1alpha1", "kind": "McpPlan", "metadata": {"name": name}, "spec": spec,
    });
    plans(world).create(&PostParams::default(), &serde_json::from_value(plan).unwrap()).await.unwrap();
}

async fn gone(world: &World, name: &str) {
    eventually(&format!("the plan {name} is gone"), async || {
        match plans(world).get_opt(name).await.map_err(|error| error.to_string())? {
            None => Ok(()),
            Some(plan) => Err(format!("{:?}", plan.status)),
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_waits_for_its_plan_keeps_to_it_and_holds_it() {
    let world = World::enter("plans").await;
    world.credentials("planned", &[]).await;
    let mut client = world.example("planned", "58000001");
    client.spec.plan = Some("basic".to_owned());
    world.create(&client).await;
    let message = world.reason("planned", "PlanMissing").await;
    assert!(message.contains("there is no McpPlan basic: create it"), "{message}");

    make(
        &world,
        "basic",
        json!({"limits": {"memory": "32Mi"}, "images": {"production": {"tag": "planned"}}}),
    )
    .await;
    let message = world.reason("planned", "PlanExceeded").await;
    assert!(message.contains("memory 64Mi where 32Mi is allowed: lower it"), "{message}");
    assert!(world.namespaces().get_opt("planned-production").await.unwrap().is_none(), "nothing was made");

    let wider = Patch::Merge(json!({"spec": {"limits": {"memory": "64Mi"}}}));
    plans(&world).patch("basic", &PatchParams::default(), &wider).await.unwrap();
    let deployment = world.deployment("planned-production", "planned").await;
    let image = deployment.spec.unwrap().template.spec.unwrap().containers[0].image.clone().unwrap();
    assert!(image.ends_with(":planned"), "{image}");

    plans(&world).delete("basic", &DeleteParams::default()).await.unwrap();
    eventually("the plan says who holds it", async || {
        let plan = plans(&world).get("basic").await.map_err(|error| error.to_string())?;
        let condition =
            plan.status.and_then(|status| status.conditions.first().cloned()).ok_or("no status")?;
        assert_eq!((condition.type_.as_str(), condition.reason.as_str()), ("Deletable", "InUse"));
        if condition.message.contains("plans/planned") { Ok(()) } else { Err(condition.message) }
    })
    .await;
    world.patch("planned", json!({"spec": {"plan": null}})).await;
    gone(&world, "basic").await;
    world.clear("planned").await;
}

#[tokio::test]
async fn a_route_comes_and_goes_with_the_spec_and_belongs_to_the_first() {
    let world = World::enter("plans").await;
    let route = json!({"host": "wa.agency.example", "path": "/routed"});
    world.credentials("routed", &[]).await;
    let mut first = world.example("routed", "58000002");
    first.spec.environments[0].route = serde_json::from_value(route.clone()).unwrap();
    world.create(&first).await;
    world.found::<Ingress>("routed-production", "routed").await;

    let mut second = world.example("routed-too", "58000003");
    second.spec.environments[0].route =
        serde_json::from_value(json!({"host": "wa.agency.example", "path": "/routed/below"})).unwrap();
    world.create(&second).await;
    let message = world.reason("routed-too", "RouteTaken").await;
    assert!(message.contains("belongs to the client routed"), "{message}");
    assert!(world.namespaces().get_opt("routed-too-production").await.unwrap().is_none());

    let mut environment = serde_json::to_value(&first.spec.environments[0]).unwrap();
    environment.as_object_mut().unwrap().remove("route");
    world.patch("routed", json!({"spec": {"environments": [environment]}})).await;
    eventually("the Ingress is gone", async || {
        if world.is_absent::<Ingress>("routed-production", "routed").await {
            Ok(())
        } else {
            Err("there".into())
        }
    })
    .await;
    world.found::<Ingress>("routed-too-production", "routed-too").await;
    world.clear("routed").await;
    world.clear("routed-too").await;
}

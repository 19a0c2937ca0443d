//! Plans: their limits hold, and none goes while a client names it.

use k8s_openapi::api::{core::v1::Secret, networking::v1::Ingress};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use mcp_crds::McpPlan;
use serde_json::{Value, json};

use crate::world::{World, eventually};

pub fn plans(world: &World) -> Api<McpPlan> {
    Api::all(world.client.clone())
}

pub async fn make(world: &World, name: &str, spec: Value) {
    let _ = plans(world).delete(name, &DeleteParams::default()).await;
    gone(world, name).await;
    let plan = json!({
        "apiVersion": "mcp-platform.dev/v1alpha1", "kind": "McpPlan", "metadata": {"name": name}, "spec": spec,
    });
    plans(world).create(&PostParams::default(), &serde_json::from_value(plan).unwrap()).await.unwrap();
}

pub async fn gone(world: &World, name: &str) {
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
        // What is said of its roll-out may stand there before.
        let conditions = plan.status.map(|status| status.conditions).unwrap_or_default();
        let condition =
            conditions.into_iter().find(|condition| condition.type_ == "Deletable").ok_or("not said")?;
        assert_eq!(condition.reason, "InUse");
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

#[tokio::test]
async fn a_host_of_another_agency_is_refused_at_admission_and_one_that_came_around_it_has_a_condition() {
    let world = World::enter("plans").await;
    world.credentials("host", &[]).await;
    let mut client = world.example("host", "58000004");
    for host in
        ["evil-agency.example", "agency.example", "a.b.agency.example", "wa.agency.example.evil.example"]
    {
        client.spec.environments[0].route = serde_json::from_value(json!({"host": host})).unwrap();
        let refusal = world.clients().create(&PostParams::default(), &client).await.unwrap_err().to_string();
        assert!(refusal.contains("may have no other host than: *.agency.example"), "{host}: {refusal}");
    }
    client.spec.environments[0].route = serde_json::from_value(json!({"host": "admitted.example"})).unwrap();
    world.create(&client).await;
    let message = world.reason("host", "HostNotAllowed").await;
    assert!(
        message.contains("may not have the host admitted.example: use one of *.agency.example"),
        "{message}"
    );
    assert!(world.namespaces().get_opt("host-production").await.unwrap().is_none(), "nothing was made");
    // Another edit is not refused for what is there already.
    let fields = world.clients().get("host").await.unwrap().spec.environments;
    let mut environment = serde_json::to_value(&fields[0]).unwrap();
    environment["suspend"] = json!(true);
    world.patch("host", json!({"spec": {"environments": [environment]}})).await;
    environment["route"]["host"] = json!("wa.agency.example");
    world.patch("host", json!({"spec": {"environments": [environment]}})).await;
    world.found::<Ingress>("host-production", "host").await;
    world.clear("host").await;
}

#[tokio::test]
async fn what_a_plan_says_of_pods_reaches_them_and_only_a_labelled_pull_secret_is_copied() {
    let world = World::enter("plans").await;
    let pods =
        json!({"priorityClassName": "tenants", "runtimeClassName": "gvisor", "imagePullSecret": "registry"});
    let defaults = json!({"resources": {"limits": {"memory": "96Mi"}}, "model": {"name": "gemini-4"}, "tokensPerDay": 1000});
    make(&world, "pods", json!({"pods": pods, "defaults": defaults})).await;
    world.credentials("pods", &[]).await;
    let mut client = world.example("pods", "58000005");
    client.spec.plan = Some("pods".to_owned());
    client.spec.environments[0].resources = None;
    client.spec.environments[0].model.name = None;
    world.create(&client).await;
    let message = world.reason("pods", "SecretMissing").await;
    assert!(message.contains("there is no Secret registry") && message.contains("pull-secret"), "{message}");

    let secrets = world.inside::<Secret>("plans");
    let secret = |labels: Value| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "registry", "labels": labels},
            "stringData": {".dockerconfigjson": "{\"auths\": {}}"},
        })
    };
    let parameters = PatchParams::apply("tests").force();
    secrets.patch("registry", &parameters, &Patch::Apply(secret(json!({})))).await.unwrap();
    world.patch("pods", json!({"metadata": {"annotations": {"example.com/again": "1"}}})).await;
    let message = world.reason("pods", "SecretNotLabelled").await;
    assert!(message.contains("mcp-platform.dev/pull-secret=true"), "{message}");
    let marked = secret(json!({"mcp-platform.dev/pull-secret": "true"}));
    secrets.patch("registry", &parameters, &Patch::Apply(marked)).await.unwrap();

    let pod = world.deployment("pods-production", "pods").await.spec.unwrap().template.spec.unwrap();
    assert_eq!(pod.priority_class_name.as_deref(), Some("tenants"));
    assert_eq!(pod.runtime_class_name.as_deref(), Some("gvisor"));
    assert_eq!(pod.image_pull_secrets.unwrap()[0].name, "pods-pull");
    let limits = pod.containers[0].resources.clone().unwrap().limits.unwrap();
    assert_eq!(limits["memory"].0, "96Mi");
    let copy: Secret = world.found("pods-production", "pods-pull").await;
    assert_eq!(copy.data.unwrap()[".dockerconfigjson"].0, b"{\"auths\": {}}");
    eventually("the status says what holds and where it is from", async || {
        let status = world.clients().get("pods").await.unwrap().status.unwrap_or_default();
        let effective =
            status.environments.first().and_then(|one| one.effective.clone()).ok_or("nothing yet")?;
        assert_eq!(effective.models, ["gemini-4"]);
        assert_eq!((effective.resources.as_str(), effective.tokens_per_day), ("10m, 32Mi, 96Mi", Some(1000)));
        assert_eq!(effective.from_plan, ["models", "resources", "tokensPerDay"]);
        Ok(())
    })
    .await;
    world.patch("pods", json!({"spec": {"plan": null}})).await;
    eventually("the copy goes with the plan", async || {
        if world.is_absent::<Secret>("pods-production", "pods-pull").await {
            Ok(())
        } else {
            Err("there".into())
        }
    })
    .await;
    world.clear("pods").await;
    plans(&world).delete("pods", &DeleteParams::default()).await.unwrap();
    gone(&world, "pods").await;
    secrets.delete("registry", &DeleteParams::default()).await.unwrap();
}

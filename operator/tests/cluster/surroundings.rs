//! What is around a tenant's workload: policies, quota, limits, disruption budget, monitor. Made, kept, and taken away.

use k8s_openapi::api::{
    core::v1::{LimitRange, Pod, ResourceQuota, Secret, Service},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
};
use kube::{
    ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use mcp_operator::external::PodMonitor;
use serde_json::{Value, json};

use crate::{
    bed,
    running::OPERATOR,
    world::{World, eventually},
};

/// The definition as far as the operator uses the kind.
const MONITORS: &str = r"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: podmonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  names: {kind: PodMonitor, listKind: PodMonitorList, plural: podmonitors, singular: podmonitor}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

#[tokio::test]
async fn policies_quota_and_limits_are_put_right_and_cost_nothing_while_they_stand() {
    let world = World::enter("surroundings").await;
    world.running("fenced", "59900001").await;
    let namespace = "fenced-production";
    let policies = world.inside::<NetworkPolicy>(namespace);
    let before = policies.get("default-deny").await.unwrap().uid();
    let apply = PatchParams::default();
    policies.delete("default-deny", &DeleteParams::default()).await.unwrap();
    let open = json!({"spec": {"ingress": [{}]}});
    policies.patch("fenced", &apply, &Patch::Merge(open)).await.unwrap();
    let quotas = world.inside::<ResourceQuota>(namespace);
    let more = json!({"spec": {"hard": {"pods": "100"}}});
    quotas.patch("fenced", &apply, &Patch::Merge(more)).await.unwrap();
    world.inside::<LimitRange>(namespace).delete("fenced", &DeleteParams::default()).await.unwrap();
    eventually("nothing goes in or out again", async || {
        let policy = policies.get("default-deny").await.map_err(|error| error.to_string())?;
        if policy.uid() == before { Err("it is the old one".to_owned()) } else { Ok(()) }
    })
    .await;
    eventually("the opening for everybody is closed", async || {
        let rules = policies.get("fenced").await.unwrap().spec.unwrap().ingress.unwrap();
        if rules.iter().all(|rule| rule.from.is_some()) { Ok(()) } else { Err(format!("{rules:?}")) }
    })
    .await;
    eventually("the quota is what it was", async || {
        let hard = quotas.get("fenced").await.unwrap().spec.unwrap().hard.unwrap();
        if hard["pods"].0 == "3" { Ok(()) } else { Err(format!("{hard:?}")) }
    })
    .await;
    world.found::<LimitRange>(namespace, "fenced").await;

    // The quota's status changes with every pod; that is nobody's edit.
    world.quiet().await;
    let writes = OPERATOR.metrics.writes.get();
    let pods = world.inside::<Pod>(namespace);
    pods.create(&PostParams::default(), &pod("copy", "16Mi")).await.unwrap();
    eventually("the quota counts the pod", async || {
        let used = quotas.get("fenced").await.unwrap().status.unwrap().used.unwrap();
        if used["pods"].0 == "2" { Ok(()) } else { Err(format!("{used:?}")) }
    })
    .await;
    world.quiet().await;
    assert_eq!(OPERATOR.metrics.writes.get(), writes);

    let refusal = pods.create(&PostParams::default(), &pod("large", "65Mi")).await.unwrap_err().to_string();
    assert!(refusal.contains("maximum memory usage per Pod"), "{refusal}");
    for kind in ["LoadBalancer", "NodePort"] {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "door"},
            "spec": {"type": kind, "ports": [{"port": 80}], "selector": {"app": "x"}},
        });
        let service: Service = serde_json::from_value(service).unwrap();
        let services = world.inside::<Service>(namespace);
        let refusal = services.create(&PostParams::default(), &service).await.unwrap_err().to_string();
        assert!(refusal.contains("exceeded quota"), "{kind}: {refusal}");
    }
    world.clear("fenced").await;
}

/// A pod as the namespace's Pod Security asks for it.
fn pod(name: &str, memory: &str) -> Pod {
    serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {
            "securityContext": {"runAsNonRoot": true, "runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}},
            "automountServiceAccountToken": false,
            "containers": [{
                "name": "x", "image": "none.example/none",
                "resources": {"requests": {"cpu": "1", "memory": memory}, "limits": {"memory": memory}},
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            }],
        },
    }))
    .unwrap()
}

async fn with_a_postgres(world: &World, name: &str, number: &str, replicas: u8) {
    world.credentials(name, &[]).await;
    let secret = json!({
        "metadata": {"name": format!("{name}-pg"), "labels": {"mcp-platform.dev/credentials": "true"}},
        "stringData": {"DATABASE_URL": "postgres://tenant:secret@db.example/tenant"},
    });
    let secret: Secret = serde_json::from_value(secret).unwrap();
    let secrets = world.inside::<Secret>(world.agency);
    let _ = secrets.delete(&secret.name_any(), &DeleteParams::default()).await;
    secrets.create(&PostParams::default(), &secret).await.unwrap();
    let mut client = world.example(name, number);
    let environment = &mut client.spec.environments[0];
    environment.replicas = replicas;
    environment.database =
        serde_json::from_value(json!({"postgres": {"secretRef": {"name": secret.name_any()}}})).unwrap();
    world.create(&client).await;
}

#[tokio::test]
async fn two_servers_have_a_disruption_budget_and_one_has_none() {
    let world = World::enter("surroundings").await;
    with_a_postgres(&world, "pair", "59900002", 2).await;
    let namespace = "pair-production";
    world.found::<PodDisruptionBudget>(namespace, "pair").await;
    let budgets = world.inside::<PodDisruptionBudget>(namespace);
    let edit = json!({"spec": {"maxUnavailable": null, "minAvailable": 2}});
    budgets.patch("pair", &PatchParams::default(), &Patch::Merge(edit)).await.unwrap();
    eventually("the budget is what it was, though both kinds of it cannot be had together", async || {
        let spec = budgets.get("pair").await.map_err(|error| error.to_string())?.spec.unwrap();
        if spec.min_available.is_none() && spec.max_unavailable.is_some() {
            Ok(())
        } else {
            Err(format!("{spec:?}"))
        }
    })
    .await;
    let mut environments = world.clients().get("pair").await.unwrap().spec.environments;
    environments[0].replicas = 1;
    world.patch("pair", json!({"spec": {"environments": environments}})).await;
    eventually("the budget is gone", async || {
        if world.is_absent::<PodDisruptionBudget>(namespace, "pair").await {
            Ok(())
        } else {
            Err("it is there, and the node could not be drained".to_owned())
        }
    })
    .await;
    world.clear("pair").await;
}

#[tokio::test]
async fn monitors_come_and_go_with_their_definition_and_nothing_fails_without_it() {
    let world = World::enter("surroundings").await;
    let definition = |verb: &str| bed::kubectl(&[verb, "-f", "-"], MONITORS);
    let _ = definition("delete");
    world.running("watched", "59900003").await;
    let namespace = "watched-production";
    for round in 0..2 {
        definition("create").unwrap();
        let monitor = world.found::<PodMonitor>(namespace, "watched").await;
        assert_eq!(monitor.spec.pod_metrics_endpoints[0].port, "internal", "round {round}");
        world.inside::<PodMonitor>(namespace).delete("watched", &DeleteParams::default()).await.unwrap();
        world.found::<PodMonitor>(namespace, "watched").await;
        definition("delete").unwrap();
        world.quiet().await;
        // An edit that is carried out shows that the operator is not stuck on the kind that is gone.
        let persona: Value = json!({"spec": {"displayName": format!("Round {round}")}});
        world.patch("watched", persona).await;
        world.reason("watched", "Ready").await;
    }
    world.clear("watched").await;
}

//! An address leads to one client at any moment.

use k8s_openapi::api::networking::v1::Ingress;
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::{
    bed,
    world::{World, eventually},
};

/// A rule of the cluster: no Ingress in this namespace may be changed.
fn frozen(namespace: &str) -> String {
    format!(
        r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: frozen-{namespace}}}
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}
    resourceRules:
      - {{apiGroups: [networking.k8s.io], apiVersions: [v1], operations: [UPDATE], resources: [ingresses]}}
  validations: [{{expression: "false", message: "frozen for a test"}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: frozen-{namespace}}}
spec: {{policyName: frozen-{namespace}, validationActions: [Deny]}}
"#
    )
}

fn paths(ingress: &Ingress) -> String {
    serde_json::to_value(&ingress.spec).unwrap()["rules"][0]["http"]["paths"][0]["path"].to_string()
}

async fn route(world: &World, name: &str, path: &str) {
    let client = world.clients().get(name).await.unwrap();
    let mut environments = serde_json::to_value(client.spec.environments).unwrap();
    environments[0]["route"] = json!({"host": "moving.agency.example", "path": path});
    world.patch(name, json!({"spec": {"environments": environments}})).await;
}

#[tokio::test]
async fn an_address_is_free_only_when_nothing_leads_from_it_any_more() {
    let world = World::enter("routes").await;
    world.running("mover", "59100001").await;
    route(&world, "mover", "/first").await;
    let moving: Ingress = world.found("mover-production", "mover").await;
    world.running("heir", "59100002").await;
    route(&world, "heir", "/first").await;
    world.reason("heir", "RouteTaken").await;

    let rule = frozen("mover-production");
    bed::kubectl(&["apply", "-f", "-"], &rule).unwrap();
    eventually("the rule is in force", async || {
        let change = [
            "annotate",
            "--dry-run=server",
            "--overwrite",
            "-n",
            "mover-production",
            "ingress",
            "mover",
            "a=b",
        ];
        bed::kubectl(&change, "").map_or(Ok(()), |_| Err("not yet".to_owned()))
    })
    .await;
    route(&world, "mover", "/second").await;
    world.reason("mover", "DeliveryFailed").await;
    // The claim on the new address stands, and the old one is still led from.
    let annotation = async || {
        let namespace = world.namespaces().get("mover-production").await.unwrap();
        namespace.annotations()["mcp-platform.dev/route"].clone()
    };
    assert_eq!(annotation().await, "moving.agency.example/first,moving.agency.example/second");
    // Longer than an address that is taken is looked at again.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    world.reason("heir", "RouteTaken").await;
    assert!(world.is_absent::<Ingress>("heir-production", "heir").await);

    bed::kubectl(&["delete", "-f", "-"], &rule).unwrap();
    let inherited: Ingress = world.found("heir-production", "heir").await;
    let moved: Ingress = world.inside("mover-production").get("mover").await.unwrap();
    assert_eq!((paths(&moved), paths(&inherited)), ("\"/second\"".to_owned(), "\"/first\"".to_owned()));
    assert_eq!(moved.uid(), moving.uid());
    let version = |ingress: &Ingress| ingress.resource_version().unwrap().parse::<u64>().unwrap();
    assert!(version(&moved) < version(&inherited), "it was given before it was free");
    assert_eq!(annotation().await, "moving.agency.example/second");

    // Who has no route any more holds none.
    let client = world.clients().get("mover").await.unwrap();
    let mut environments = serde_json::to_value(client.spec.environments).unwrap();
    environments[0]["route"] = Value::Null;
    world.patch("mover", json!({"spec": {"environments": environments}})).await;
    eventually("the claim is given up", async || {
        let namespace = world.namespaces().get("mover-production").await.unwrap();
        let claim = namespace.annotations().get("mcp-platform.dev/route");
        claim.map_or(Ok(()), |claim| Err(claim.clone()))
    })
    .await;
    assert!(world.is_absent::<Ingress>("mover-production", "mover").await);
    world.clear("mover").await;
    world.clear("heir").await;
}

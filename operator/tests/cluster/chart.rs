//! The chart as Helm renders it.

use crate::{bed, running::OPERATOR_NAMESPACE, world::World};

fn render(values: &[&str]) -> String {
    bed::chart(OPERATOR_NAMESPACE, values).unwrap()
}

#[test]
fn no_rule_gives_a_right_to_everything() {
    let manifests = render(&[]);
    // What a FlowSchema matches is no right.
    let rights: Vec<&str> =
        manifests.split("\n---").filter(|document| !document.contains("\nkind: FlowSchema")).collect();
    let rules: Vec<&str> = rights
        .iter()
        .flat_map(|document| document.lines())
        .map(str::trim)
        .filter(|line| ["verbs:", "resources:", "- apiGroups:"].iter().any(|key| line.starts_with(key)))
        .collect();
    assert!(rules.len() > 20, "{rules:?}");
    assert!(rules.iter().all(|line| !line.contains('*')), "{rules:?}");
}

#[test]
fn the_definition_outlives_the_chart() {
    let manifests = render(&[]);
    assert!(manifests.contains("helm.sh/resource-policy: keep"));
    assert!(!render(&["installDefinition=false"]).contains("kind: CustomResourceDefinition"));
}

#[test]
fn additional_authorities_reach_the_operator() {
    let manifests = render(&["endpoints.extraCa=PEM"]);
    for part in
        ["name: mcp-operator-extra-ca", "value: /etc/mcp-operator/ca.crt", "mountPath: /etc/mcp-operator"]
    {
        assert!(manifests.contains(part), "{part}");
    }
    assert!(!render(&[]).contains("extra-ca"));
}

#[test]
fn the_administrators_address_is_mounted_and_stands_in_no_variable() {
    let manifests = render(&["database.adminSecret=postgres-admin"]);
    for part in [
        "value: /etc/mcp-operator-database/DATABASE_URL",
        "secretName: postgres-admin",
        "mountPath: /etc/mcp-operator-database",
    ] {
        assert!(manifests.contains(part), "{part}");
    }
    assert!(!render(&[]).contains("DATABASE_ADMIN_URL_FILE"));
}

#[test]
fn values_that_mean_nothing_are_refused() {
    for value in [
        "agencys={a}",
        "agencies={}",
        "image.pullPolicy=Sometimes",
        "endpoints.geminiBase=gemini",
        "probeInterval=300",
        "network.ingress[0].podSelektor.matchLabels.app=x",
        "network.extraEgress[0].ports[0].port=443",
        "network.closedRanges={everywhere}",
        "namespaceQuota.memory=much",
    ] {
        let refusal = bed::chart(OPERATOR_NAMESPACE, &[value]).expect_err(value);
        assert!(refusal.contains("values don't meet the specifications of the schema"), "{value}: {refusal}");
    }
}

#[test]
fn one_replica_has_no_budget_that_would_hold_a_node_back() {
    assert!(render(&[]).contains("kind: PodDisruptionBudget"));
    assert!(!render(&["replicas=1"]).contains("kind: PodDisruptionBudget"));
}

#[test]
fn monitoring_is_there_where_it_is_asked_for() {
    assert!(!render(&[]).contains("apiVersion: monitoring.coreos.com"));
    let values = ["monitoring.podMonitor=true", "monitoring.rules=true", "monitoring.dashboard=true"];
    let manifests = render(&values);
    let of_kind = |kind: &str| {
        let documents =
            manifests.split("\n---").filter(|document| document.contains(&format!("kind: {kind}\n")));
        documents.map(|document| serde_yaml::from_str::<serde_json::Value>(document).unwrap()).last().unwrap()
    };
    assert_eq!(of_kind("PodMonitor")["spec"]["podMetricsEndpoints"][0]["port"], "probes");
    let alerts = include_str!("../../../charts/mcp-platform/files/alerts.yaml");
    let alerts: serde_json::Value = serde_yaml::from_str(alerts).unwrap();
    assert_eq!(of_kind("PrometheusRule")["spec"], alerts);
    let dashboards = of_kind("ConfigMap")["data"]["mcp-platform.json"].as_str().unwrap().to_owned();
    let dashboard: serde_json::Value = serde_json::from_str(&dashboards).unwrap();
    assert_eq!(dashboard["title"], "mcp-platform");
}

#[tokio::test]
async fn an_api_server_takes_all_of_it_under_the_strictest_pod_security() {
    let world = World::enter("rights").await;
    let label = "pod-security.kubernetes.io/warn=restricted";
    bed::kubectl(&["label", "--overwrite", "namespace", OPERATOR_NAMESPACE, label], "").unwrap();
    let manifests = render(&["agencies={rights}", "endpoints.extraCa=PEM"]);
    let apply = [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "--warnings-as-errors",
        "-f",
        "-",
    ];
    let answer = bed::kubectl(&apply, &manifests).unwrap();
    assert!(answer.contains("deployment.apps/mcp-operator serverside-applied"), "{answer}");
    drop(world);
}

//! The chart as Helm renders it.

use crate::{bed, running::OPERATOR_NAMESPACE, world::World};

fn render(values: &[&str]) -> String {
    bed::chart(OPERATOR_NAMESPACE, values).unwrap()
}

#[test]
fn no_rule_gives_a_right_to_everything() {
    let manifests = render(&[]);
    let rules: Vec<&str> = manifests
        .lines()
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
fn values_that_mean_nothing_are_refused() {
    for value in ["agencys={a}", "agencies={}", "image.pullPolicy=Sometimes", "endpoints.geminiBase=gemini"] {
        let refusal = bed::chart(OPERATOR_NAMESPACE, &[value]).expect_err(value);
        assert!(refusal.contains("values don't meet the specifications of the schema"), "{value}: {refusal}");
    }
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

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::runtime::{reflector, watcher};
use mcp_crds::McpClient;
use serde_json::json;

use super::*;

fn client(name: &str, generation: i64, observed: i64, reason: &str) -> Guarded {
    let condition = Condition {
        type_: "Ready".to_owned(),
        status: "False".to_owned(),
        reason: reason.to_owned(),
        message: "told to people, not to metrics".to_owned(),
        observed_generation: None,
        last_transition_time: Time(Timestamp::UNIX_EPOCH),
    };
    let mut client: McpClient =
        serde_yaml::from_str(include_str!("../../../examples/barbershop.yaml")).unwrap();
    client.metadata =
        serde_json::from_value(json!({"name": name, "namespace": "agency", "generation": generation}))
            .unwrap();
    client.status = Some(McpClientStatus {
        observed_generation: Some(observed),
        conditions: vec![condition],
        ..McpClientStatus::default()
    });
    crate::guard::DeserializeGuard(Ok(client))
}

#[test]
fn conditions_are_counted_as_the_watched_clients_have_them_now() {
    let metrics = Metrics::default();
    let (store, mut writer) = reflector::store();
    metrics.of(store);
    for client in
        [client("a", 2, 2, "KeysMissing"), client("b", 3, 2, "KeysMissing"), client("c", 1, 1, "NumberTaken")]
    {
        writer.apply_watcher_event(&watcher::Event::Apply(client));
    }
    let page = metrics.render();
    for line in [
        r#"mcp_operator_conditions{scope="client",type="Ready",status="False",reason="KeysMissing"} 2"#,
        r#"mcp_operator_conditions{scope="client",type="Ready",status="False",reason="NumberTaken"} 1"#,
        "mcp_operator_clients 3",
        "mcp_operator_clients_behind 1",
    ] {
        assert!(page.contains(&format!("\n{line}\n")), "{line} is not in {page}");
    }
    assert!(!page.contains("told to people"));
    writer.apply_watcher_event(&watcher::Event::Delete(client("c", 1, 1, "NumberTaken")));
    assert!(!metrics.render().contains("NumberTaken"));
}

#[test]
fn passes_and_requests_are_counted() {
    let metrics = Metrics::default();
    metrics.reconciled(Duration::from_millis(3));
    metrics.failed(Category::Unreachable, Duration::from_secs(31));
    metrics.asked(&Asked { verb: "patch", resource: "deployments".to_owned(), code: 200 });
    let page = metrics.render();
    for line in [
        r#"mcp_operator_reconciles_total{result="ok"} 1"#,
        r#"mcp_operator_reconcile_errors_total{category="unreachable"} 1"#,
        r#"mcp_operator_api_requests_total{verb="patch",resource="deployments",code="200"} 1"#,
        "mcp_operator_reconcile_duration_seconds_count 2",
    ] {
        assert!(page.contains(&format!("\n{line}\n")), "{line} is not in {page}");
    }
    assert!(page.ends_with("# EOF\n"));
}

/// Every `mcp_…` word of a text.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("mcp_operator_")).map(str::to_owned).collect()
}

#[test]
fn what_alerts_and_dashboard_ask_for_is_told() {
    let metrics = Metrics::default();
    metrics.reconciled(Duration::from_millis(3));
    metrics.failed(Category::Conflict, Duration::from_millis(3));
    metrics.asked(&Asked { verb: "patch", resource: "pods".to_owned(), code: 500 });
    let (store, mut writer) = reflector::store();
    writer.apply_watcher_event(&watcher::Event::Apply(client("a", 1, 1, "KeysMissing")));
    metrics.of(store);
    let told = metrics_in(&metrics.render());
    for (file, text) in [
        ("alerts.yaml", include_str!("../../../charts/mcp-platform/files/alerts.yaml")),
        ("dashboard.json", include_str!("../../../charts/mcp-platform/files/dashboard.json")),
    ] {
        let asked = metrics_in(text);
        assert!(asked.len() > 5, "{file}: {asked:?}");
        let unknown: Vec<_> = asked.difference(&told).collect();
        assert!(unknown.is_empty(), "{file} asks for {unknown:?}, which nothing tells");
    }
}

#[test]
fn every_alert_has_a_runbook() {
    let alerts = include_str!("../../../charts/mcp-platform/files/alerts.yaml");
    let (rules, books) = (alerts.matches("- alert: ").count(), alerts.matches("runbook: ").count());
    assert!(rules > 10);
    assert_eq!(rules, books);
    for line in alerts.lines() {
        let Some(name) = line.trim().strip_prefix("runbook: ") else { continue };
        let page = format!("{}/../docs/runbooks/{name}.md", env!("CARGO_MANIFEST_DIR"));
        assert!(std::path::Path::new(&page).exists(), "{page}");
    }
}

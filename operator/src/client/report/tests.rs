//! The status as people and as tools read it.

use serde_json::{Value, json};

use super::*;
use crate::{
    client::validate::validate,
    render::tests::{NOW, barbershop, settings},
};

/// What kstatus computes of a custom resource, after `kstatus/status/{core,generic}.go` of kubernetes-sigs/cli-utils.
fn kstatus(client: &Value) -> &'static str {
    if client["metadata"]["deletionTimestamp"].is_string() {
        return "Terminating";
    }
    let observed = &client["status"]["observedGeneration"];
    if !observed.is_null() && *observed != client["metadata"]["generation"] {
        return "InProgress";
    }
    let is = |kind: &str, status: &str| {
        let conditions = client["status"]["conditions"].as_array();
        conditions.into_iter().flatten().any(|c| c["type"] == kind && c["status"] == status)
    };
    if is("Reconciling", "True") {
        "InProgress"
    } else if is("Stalled", "True") {
        "Failed"
    } else if is("Ready", "False") || is("Ready", "Unknown") {
        "InProgress"
    } else {
        "Current"
    }
}

fn reported(outcome: Outcome, suspended: bool) -> McpClientStatus {
    let mut client = barbershop();
    client.metadata.generation = Some(3);
    client.spec.environments[0].suspend = suspended;
    let tenant = validate(&client, &settings(), NOW).unwrap().remove(0);
    status(&client, &[Finding { tenant: &tenant, outcome, workload: None }], NOW)
}

fn seen(status: &McpClientStatus) -> &'static str {
    kstatus(&json!({"metadata": {"generation": 3}, "status": status}))
}

fn delivered() -> Outcome {
    let yes = || Verdict::yes("as asked for");
    Outcome { credentials: yes(), profile: yes(), namespace: yes(), delivery: yes() }
}

#[test]
fn a_client_on_its_way_is_in_progress_and_one_that_waits_for_a_person_has_failed() {
    assert_eq!(seen(&reported(delivered(), false)), "InProgress");
    for (reason, expected) in [
        (Reason::DeliveryFailed, "InProgress"),
        (Reason::NamespaceTerminating, "InProgress"),
        (Reason::NumberTaken, "Failed"),
        (Reason::RouteTaken, "Failed"),
        (Reason::PlanExceeded, "Failed"),
    ] {
        let status = reported(Outcome::untouched(reason, "why"), false);
        assert_eq!(seen(&status), expected, "{reason:?}");
        assert_eq!(ready_reason(Some(&status)), Some(reason.as_str()));
    }
}

#[test]
fn a_ready_client_is_current_and_one_that_was_edited_since_is_not() {
    let conditions = summarized(&Verdict::yes("ready"), &[], Some(3), NOW);
    let status = McpClientStatus { observed_generation: Some(3), conditions, ..McpClientStatus::default() };
    assert_eq!(seen(&status), "Current");
    let edited = json!({"metadata": {"generation": 4}, "status": status});
    assert_eq!(kstatus(&edited), "InProgress");
}

#[test]
fn a_suspended_client_is_not_ready_and_nobody_is_called() {
    let status = reported(delivered(), true);
    assert_eq!(ready_reason(Some(&status)), Some("Suspended"));
    let stalled = status.conditions.iter().find(|condition| condition.type_ == "Stalled").unwrap();
    assert_eq!(stalled.status, "False");
}

#[test]
fn every_condition_is_there_from_the_first_pass_on_and_says_something() {
    let status = reported(Outcome::untouched(Reason::Progressing, "waits"), false);
    let kinds: Vec<&str> = status.conditions.iter().map(|condition| condition.type_.as_str()).collect();
    assert_eq!(kinds, ["Ready", "Reconciling", "Stalled"]);
    let conditions = &status.environments[0].conditions;
    assert_eq!(conditions.len(), 10);
    for condition in conditions.iter().chain(&status.conditions) {
        assert!(!condition.message.is_empty(), "{}", condition.type_);
        assert!(Reason::ALL.iter().any(|reason| reason.as_str() == condition.reason));
        assert_eq!(condition.observed_generation, Some(3));
    }
}

#[test]
fn what_needs_a_person_is_told_before_what_only_needs_time() {
    let mut client = barbershop();
    let mut staging = client.spec.environments[0].clone();
    staging.name = mcp_crds::EnvironmentName::Staging;
    client.spec.environments.push(staging);
    let tenants = validate(&client, &settings(), NOW).unwrap();
    let finding = |index: usize, reason| Finding {
        tenant: &tenants[index],
        outcome: Outcome::untouched(reason, "why"),
        workload: None,
    };
    let findings = [finding(0, Reason::Progressing), finding(1, Reason::NumberTaken)];
    let status = status(&client, &findings, NOW);
    assert_eq!(ready_reason(Some(&status)), Some("NumberTaken"));
    assert_eq!(status.environments_ready.as_deref(), Some("0/2"));
}

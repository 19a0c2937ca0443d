//! The status as people and as tools read it.

use serde_json::{Value, json};

use super::*;
use crate::{
    client::validate::validate,
    probe::{
        judge::judge,
        stand_in::{said as says, status as says_all_is_well, target},
    },
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
    status(&client, &[Finding { tenant: &tenant, outcome, workload: None, server: None }], NOW)
}

fn seen(status: &McpClientStatus) -> &'static str {
    kstatus(&json!({"metadata": {"generation": 3}, "status": status}))
}

fn delivered() -> Outcome {
    let yes = || Verdict::yes("as asked for");
    Outcome {
        credentials: yes(),
        profile: yes(),
        namespace: yes(),
        delivery: yes(),
        foreign_route: None,
        route: None,
    }
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
    assert_eq!(conditions.len(), 11);
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
        server: None,
    };
    let findings = [finding(0, Reason::Progressing), finding(1, Reason::NumberTaken)];
    let status = status(&client, &findings, NOW);
    assert_eq!(ready_reason(Some(&status)), Some("NumberTaken"));
    assert_eq!(status.environments_ready.as_deref(), Some("0/2"));
}

fn running() -> Workload {
    let deployment = json!({
        "metadata": {"generation": 1}, "spec": {"replicas": 1, "selector": {}, "template": {}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
    });
    let deployment = serde_json::from_value(deployment).unwrap();
    Workload { deployment: Some(std::sync::Arc::new(deployment)), pods: vec![] }
}

/// The status of a client whose server runs and says this, after a status like that.
fn asked(
    server: Option<Findings>,
    workload: Option<Workload>,
    before: Option<&McpClientStatus>,
) -> McpClientStatus {
    let mut client = barbershop();
    client.metadata.generation = Some(3);
    client.status = before.cloned();
    let tenant = validate(&client, &settings(), NOW).unwrap().remove(0);
    status(&client, &[Finding { tenant: &tenant, outcome: delivered(), workload, server }], NOW)
}

/// The same for a server that runs and says this.
fn told(server: Findings, before: Option<&McpClientStatus>) -> McpClientStatus {
    asked(Some(server), Some(running()), before)
}

fn answers(change: impl FnOnce(&mut Value)) -> Findings {
    let mut status = says_all_is_well("ze");
    change(&mut status);
    judge(&target("ze"), &[says(&status)], false)
}

fn expired() -> Findings {
    answers(|status| {
        status["dependencies"]["whatsapp"] = json!({"state": "failing", "reason": "credential_refused"});
    })
}

fn ready(status: &McpClientStatus) -> (&str, &str) {
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready").unwrap();
    (&ready.status, &ready.reason)
}

#[test]
fn ready_waits_for_the_servers_answer_and_goes_with_it() {
    let starting = asked(None, None, None);
    assert_eq!(ready(&starting), ("False", "Progressing"));
    let runs = asked(None, Some(running()), Some(&starting));
    assert_eq!(ready(&runs), ("Unknown", "Progressing"));
    assert_eq!(seen(&runs), "InProgress");
    let works = told(answers(|_| {}), Some(&runs));
    assert_eq!(ready(&works), ("True", "Ready"));
    assert_eq!(seen(&works), "Current");
    assert_eq!(works.environments[0].version.as_deref(), Some("0.1.0"));
    assert_eq!(works.environments[0].conditions[0].message, "ready");
    let fails = told(expired(), Some(&works));
    assert_eq!((ready(&fails), seen(&fails)), (("False", "CredentialRefused"), "Failed"));
    assert_eq!(fails.environments_ready.as_deref(), Some("0/1"));
    let away = told(Findings::unreachable(&target("ze"), "late"), Some(&works));
    assert_eq!((ready(&away), seen(&away)), (("Unknown", "ServerUnreachable"), "Failed"));
    let theirs = told(
        answers(|status| {
            status["dependencies"]["gemini"] = json!({"state": "failing", "reason": "unreachable"});
        }),
        Some(&works),
    );
    assert_eq!((ready(&theirs), seen(&theirs)), (("False", "ServiceUnreachable"), "InProgress"));
}

#[test]
fn a_new_operator_leaves_what_was_known_until_it_has_asked() {
    for known in [answers(|_| {}), expired()] {
        let before = told(known, None);
        assert_eq!(asked(None, Some(running()), Some(&before)), before);
    }
}

#[test]
fn what_the_server_before_said_is_not_the_new_ones_word() {
    let before = told(answers(|_| {}), None);
    let rolling = asked(None, None, Some(&before));
    assert_eq!(ready(&asked(None, Some(running()), Some(&rolling))), ("Unknown", "Progressing"));
}

#[test]
fn a_server_that_does_not_look_by_itself_is_ready_as_before() {
    let older = told(answers(|status| status["dependencies"] = json!({})), None);
    assert_eq!(ready(&older), ("True", "Ready"));
    let model =
        older.environments[0].conditions.iter().find(|condition| condition.type_ == "ModelReady").unwrap();
    assert_eq!((model.status.as_str(), model.reason.as_str()), ("Unknown", "NotObserved"));
}

#[test]
fn a_turn_is_told_once() {
    let works = told(answers(|_| {}), None);
    let fails = told(expired(), Some(&works));
    assert_eq!(turns(Some(&works), &fails), [], "Ready tells of it");
    let both = told(
        answers(|status| {
            for name in ["whatsapp", "calendar"] {
                status["dependencies"][name] = json!({"state": "failing", "reason": "credential_refused"});
            }
        }),
        Some(&fails),
    );
    let found = turns(Some(&fails), &both);
    assert_eq!(found.len(), 1);
    assert!(found[0].worse && found[0].message.starts_with("production: CalendarReady: "), "{found:?}");
    assert_eq!(turns(Some(&both), &both), []);
    assert_eq!(turns(None, &works), []);
}

//! From what was seen of a client to what is to be said. Knows no cluster.

use std::collections::BTreeSet;

use k8s_openapi::{api::core::v1::Event, apimachinery::pkg::apis::meta::v1::Condition};
use serde_json::Value;

use super::{
    advice::{self, Place},
    report::{ClientReport, Problem, Ready},
};
use crate::{
    client::{
        outcome::{Holds, Reason},
        workload,
    },
    commands::draft::{NEEDED, NEEDED_WITH_GOOGLE},
    running::Running,
    watches::Workload,
};

/// Something that was looked for.
#[derive(Clone, Debug)]
pub enum Seen<T> {
    /// It is there.
    There(T),
    /// It is not.
    Absent,
    /// It could not be looked at, and why.
    Hidden(String),
}

/// What was seen of one environment.
#[derive(Debug)]
pub struct EnvironmentSeen {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// What runs there.
    pub workload: Seen<Workload>,
    /// Its volume.
    pub volume: Seen<Running>,
    /// What the cluster warned of there.
    pub events: Vec<Event>,
}

/// What was seen of one client.
#[derive(Debug)]
pub struct ClientSeen {
    /// The client; not read as its type, for one that does not fit it is worth a word too.
    pub object: Value,
    /// Names of the keys in its Secret that are not empty.
    pub secret_keys: Seen<BTreeSet<String>>,
    /// Its environments.
    pub environments: Vec<EnvironmentSeen>,
    /// What the operator wrote about it, the oldest first.
    pub events: Vec<Event>,
}

/// Events that say why a volume is not there.
const VOLUME_EVENTS: [&str; 2] = ["FailedBinding", "ProvisioningFailed"];
/// Most events that are told of one environment.
const MOST_EVENTS: usize = 3;

/// What is to be said of a client. `operator` is whether somebody keeps its status true.
pub fn client(seen: &ClientSeen, operator: Ready, operator_namespace: &str) -> ClientReport {
    let object = &seen.object;
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (name, agency) = (text("/metadata/name"), text("/metadata/namespace"));
    let secret = text("/spec/credentialsSecretRef/name");
    let place = |namespace| Place { agency, client: name, secret, namespace, operator: operator_namespace };
    let mut problems = Vec::new();
    let conditions = conditions(object.pointer("/status/conditions"));
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let current = number("/status/observedGeneration") == number("/metadata/generation");

    let mut verdict = match ready.map(|ready| ready.status.as_str()) {
        _ if !text("/metadata/deletionTimestamp").is_empty() => Ready::No,
        Some("True") if current => Ready::Yes,
        Some("False") if current => Ready::No,
        _ => Ready::Unknown,
    };
    if !current || ready.is_none() {
        problems.push(Problem {
            environment: None,
            about: "status".to_owned(),
            reason: "NotLookedAt".to_owned(),
            message: "the operator has not looked at the client as it is now".to_owned(),
            next: match operator {
                Ready::Yes => "wait some seconds and ask again".to_owned(),
                _ => "see to the operator first".to_owned(),
            },
        });
    }
    for environment in &seen.environments {
        problems.extend(of_environment(object, environment, seen, &place(&environment.namespace), current));
    }
    // The client's own words, where no environment has any: it is not served, or cannot be read.
    if let Some(ready) = ready.filter(|ready| ready.status != "True" && current && problems.is_empty()) {
        problems.push(Problem {
            environment: None,
            about: ready.type_.clone(),
            reason: ready.reason.clone(),
            message: ready.message.clone(),
            next: advice::next(&ready.reason, &ready.message, &place("")),
        });
    }
    if !problems.is_empty() {
        // What was the matter before is often how it came to what is the matter now.
        let said: Vec<String> = problems.iter().map(|problem| problem.reason.clone()).collect();
        let told = warnings(&seen.events).into_iter().filter(|(reason, _)| !said.contains(reason));
        problems.extend(told.map(|(reason, message)| Problem {
            environment: None,
            about: "event".to_owned(),
            reason,
            message: format!("earlier: {message}"),
            next: format!("kubectl -n {agency} describe mcpclient {name}"),
        }));
    }
    if verdict == Ready::Yes && problems.iter().any(|problem| problem.reason != Hint::REASON) {
        // The status is a moment old; what stands there now counts.
        verdict = Ready::No;
    }
    if verdict == Ready::Yes && operator != Ready::Yes {
        verdict = Ready::Unknown;
        problems.push(Problem {
            environment: None,
            about: "operator".to_owned(),
            reason: "Stale".to_owned(),
            message: "the status says ready, but it cannot be seen that an operator keeps it true".to_owned(),
            next: "see to the operator first".to_owned(),
        });
    }
    ClientReport { namespace: agency.to_owned(), name: name.to_owned(), ready: verdict, problems }
}

/// What could not be looked at is no fault of the client's.
struct Hint;

impl Hint {
    const REASON: &'static str = "NotAllowedToLook";
}

fn of_environment(
    object: &Value,
    seen: &EnvironmentSeen,
    client: &ClientSeen,
    place: &Place<'_>,
    current: bool,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let problem = |about: &str, reason: &str, message: String, next: String| Problem {
        environment: Some(seen.name.clone()),
        about: about.to_owned(),
        reason: reason.to_owned(),
        message,
        next,
    };
    let statuses = object.pointer("/status/environments").and_then(Value::as_array).into_iter().flatten();
    let status = statuses.into_iter().find(|status| status["name"] == seen.name.as_str());
    let listed = conditions(status.map(|status| &status["conditions"]));
    // Where nobody has looked, nothing is known to be wrong, and Ready does not wait for it.
    // The summary says nothing that the others do not.
    let looked_at = |condition: &&Condition| {
        condition.type_ != "Ready" && condition.reason != Reason::NotObserved.as_str()
    };
    for condition in listed.iter().filter(looked_at).filter(|condition| condition.status != "True" && current)
    {
        // An unknown one was only not reached, and says nothing.
        if condition.status == "Unknown" && listed.iter().any(|other| other.status == "False") {
            continue;
        }
        // The server waits for what another condition says already.
        let said = |one: &Problem| one.reason == condition.reason;
        if condition.type_ == "WorkloadReady" && problems.iter().any(said) {
            continue;
        }
        let mut next = advice::next(&condition.reason, &condition.message, place);
        if let (true, Some(missing)) =
            (condition.type_ == "CredentialsReady", missing_keys(object, seen, client))
        {
            next = format!("{next} ({missing})");
        }
        problems.push(problem(&condition.type_, &condition.reason, condition.message.clone(), next));
    }
    match &seen.workload {
        Seen::There(workload) => {
            let verdict = workload::judge(workload);
            let told = problems.iter().any(|problem| problem.about == "WorkloadReady");
            if verdict.holds != Holds::Yes
                && workload.deployment.is_some()
                && !told
                && verdict.reason == Reason::WorkloadNotReady
            {
                let next = advice::workload(&verdict.message, place.namespace, place.client);
                problems.push(problem("pods", verdict.reason.as_str(), verdict.message, next));
            }
        }
        Seen::Absent => {}
        Seen::Hidden(why) => problems.push(problem(
            "pods",
            Hint::REASON,
            why.clone(),
            format!("ask for the right to read pods and deployments in {}", place.namespace),
        )),
    }
    problems.extend(
        volume_problem(seen, place).map(|(message, next)| problem("volume", "NotBound", message, next)),
    );
    if !problems.is_empty() {
        for event in warnings(&seen.events) {
            let (reason, message) = event;
            let next = format!("kubectl -n {} get events --sort-by=.lastTimestamp", place.namespace);
            problems.push(problem("event", &reason, message, next));
        }
    }
    problems
}

/// Which keys the Secret has and lacks, by name.
fn missing_keys(object: &Value, seen: &EnvironmentSeen, client: &ClientSeen) -> Option<String> {
    let Seen::There(keys) = &client.secret_keys else { return None };
    let environments = object.pointer("/spec/environments").and_then(Value::as_array).into_iter().flatten();
    let google = environments.into_iter().any(|environment| {
        environment["name"] == seen.name.as_str() && environment["calendar"]["google"].is_object()
    });
    let needed = NEEDED.into_iter().chain(NEEDED_WITH_GOOGLE.into_iter().filter(|_| google));
    let missing: Vec<&str> = needed.filter(|key| !keys.contains(*key)).collect();
    (!missing.is_empty()).then(|| format!("missing or empty: {}", missing.join(", ")))
}

fn volume_problem(seen: &EnvironmentSeen, place: &Place<'_>) -> Option<(String, String)> {
    let Seen::There(claim) = &seen.volume else { return None };
    let pending = claim.status.phase.as_deref() == Some("Pending");
    let name = claim.metadata.name.as_deref().unwrap_or_default();
    let event = seen.events.iter().rev().find(|event| {
        event.involved_object.name.as_deref() == Some(name)
            && event.involved_object.kind.as_deref() == Some("PersistentVolumeClaim")
            && event.reason.as_deref().is_some_and(|reason| VOLUME_EVENTS.contains(&reason))
    });
    let why = event.filter(|_| pending)?.message.clone().unwrap_or_default();
    let next = format!(
        "give the cluster a default StorageClass or a volume that fits: kubectl -n {} describe pvc {name}",
        place.namespace
    );
    Some((format!("the volume {name} waits: {why}"), next))
}

/// The latest warnings, each once, newest first.
fn warnings(events: &[Event]) -> Vec<(String, String)> {
    let mut told: Vec<(String, String)> = Vec::new();
    for event in events.iter().rev().filter(|event| event.type_.as_deref() == Some("Warning")) {
        let reason = event.reason.clone().unwrap_or_default();
        let kind = event.involved_object.kind.as_deref().unwrap_or_default();
        let name = event.involved_object.name.as_deref().unwrap_or_default();
        let message = format!("{kind} {name}: {}", event.message.as_deref().unwrap_or_default());
        if told.len() < MOST_EVENTS && told.iter().all(|(known, _)| *known != reason) {
            told.push((reason, message));
        }
    }
    told
}

fn conditions(value: Option<&Value>) -> Vec<Condition> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|condition| serde_json::from_value(condition.clone()).ok()).collect()
}

//! Looking at the cluster, with the rights of whoever asks. What may not be read is told, and the rest is looked at.

use std::{collections::BTreeSet, sync::Arc};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Event, PersistentVolumeClaim, Pod, Secret},
};
use kube::{
    Api, Client, Resource,
    api::{ApiResource, DynamicObject, ListParams},
};
use mcp_crds::McpClient;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Question, advice,
    judge::{self, ClientSeen, EnvironmentSeen, Seen},
    report::{Problem, Ready, Report},
};
use crate::{
    api::{CallError, absent_is_none, call},
    client::{outcome::Holds, workload},
    kinds::Kind,
    labels,
    running::Running,
    watches::Workload,
};

/// Name of the operator's Deployment in its chart.
const OPERATOR: &str = "mcp-operator";

/// Looks at the operator and at the clients that were asked for.
pub async fn look(client: &Client, question: &Question) -> Report {
    let found = match clients(client, question).await {
        Ok(found) => found,
        Err(error) => {
            let next = if error.is_not_found() {
                "install the platform: helm install mcp-platform charts/mcp-platform -n mcp-platform --create-namespace"
            } else if error.is_forbidden() {
                "ask for the right to list McpClients, or name your agency with -n"
            } else {
                "see that KUBECONFIG names the right cluster and that it answers"
            };
            let what = if error.is_not_found() {
                "the cluster does not know McpClients".to_owned()
            } else {
                error.to_string()
            };
            return Report::cannot_tell(what, next);
        }
    };
    let (operator, mut problems) = operator(client, &question.operator_namespace).await;
    let mut reports = Vec::new();
    for object in &found {
        let seen = one(client, object).await;
        reports.push(judge::client(&seen, operator, &question.operator_namespace));
    }
    if reports.is_empty() {
        let whom = question
            .client
            .as_ref()
            .map_or_else(|| "any client".to_owned(), |name| format!("the client {name}"));
        let place = question
            .agency
            .as_ref()
            .map_or_else(|| "the cluster".to_owned(), |agency| format!("the namespace {agency}"));
        problems.push(Problem {
            environment: None,
            about: "McpClient".to_owned(),
            reason: "NotFound".to_owned(),
            message: format!("there is not {whom} in {place}"),
            next: "apply its file with kubectl, or look at `kubectl get mcpclients -A` for its name"
                .to_owned(),
        });
    }
    Report { operator, problems, clients: reports }
}

async fn clients(client: &Client, question: &Question) -> Result<Vec<DynamicObject>, CallError> {
    let resource = ApiResource::erase::<McpClient>(&());
    let api: Api<DynamicObject> = match &question.agency {
        Some(agency) => Api::namespaced_with(client.clone(), agency, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let mut parameters = ListParams::default();
    if let Some(name) = &question.client {
        parameters = parameters.fields(&format!("metadata.name={name}"));
    }
    Ok(call("list McpClients", api.list(&parameters)).await?.items)
}

/// Whether the operator works, and what is to be said where it does not.
async fn operator(client: &Client, namespace: &str) -> (Ready, Vec<Problem>) {
    let problem = |reason: &str, message: String, next: String| Problem {
        environment: None,
        about: "operator".to_owned(),
        reason: reason.to_owned(),
        message,
        next,
    };
    match running(client, Kind::of::<Deployment>(), namespace, OPERATOR).await {
        Seen::Hidden(why) => {
            let next = format!(
                "ask for the right to read deployments in {namespace}, or say where the operator runs with --operator-namespace"
            );
            (Ready::Unknown, vec![problem("NotAllowedToLook", why, next)])
        }
        Seen::Absent => {
            let message =
                format!("no operator is installed in the namespace {namespace}: nothing changes by itself");
            let next =
                "install the platform's chart, or say where the operator runs with --operator-namespace"
                    .to_owned();
            (Ready::No, vec![problem("NotInstalled", message, next)])
        }
        Seen::There(deployment) => {
            let selector = deployment.spec.selector.match_labels.iter();
            let selector: Vec<String> = selector.map(|(key, value)| format!("{key}={value}")).collect();
            let pods = pods(client, namespace, &selector.join(",")).await.unwrap_or_default();
            let verdict = workload::judge(&Workload { deployment: Some(Arc::new(deployment)), pods });
            if verdict.holds == Holds::Yes {
                return (Ready::Yes, Vec::new());
            }
            let message = format!("the operator does not run: {}", verdict.message);
            let next = advice::workload(&verdict.message, namespace, OPERATOR);
            (Ready::No, vec![problem(verdict.reason.as_str(), message, next)])
        }
    }
}

async fn one(client: &Client, object: &DynamicObject) -> ClientSeen {
    let object = serde_json::to_value(object).unwrap_or_default();
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, agency) = (text("/metadata/name"), text("/metadata/namespace"));
    let secrets = Api::<Secret>::namespaced(client.clone(), &agency);
    let secret = seen(secrets, "Secret", &agency, &text("/spec/credentialsSecretRef/name")).await;
    let mut environments = Vec::new();
    for environment in object.pointer("/spec/environments").and_then(Value::as_array).into_iter().flatten() {
        let environment = environment["name"].as_str().unwrap_or_default().to_owned();
        let namespace = format!("{name}-{environment}");
        environments.push(EnvironmentSeen {
            workload: workload_in(client, &namespace, &name).await,
            volume: {
                let kind = Kind::of::<PersistentVolumeClaim>();
                running(client, kind, &namespace, &format!("{name}-data")).await
            },
            events: events(client, &namespace).await,
            name: environment,
            namespace,
        });
    }
    let events = events_of(client, &agency, &name).await;
    ClientSeen { secret_keys: key_names(secret), environments, events, object }
}

/// The names of the keys that hold something; their values go no further than here.
fn key_names(secret: Seen<Secret>) -> Seen<BTreeSet<String>> {
    match secret {
        Seen::There(secret) => {
            let data = secret.data.unwrap_or_default().into_iter();
            let filled = data.filter(|(_, value)| !value.0.iter().all(u8::is_ascii_whitespace));
            Seen::There(filled.map(|(key, _)| key).collect())
        }
        Seen::Absent => Seen::Absent,
        Seen::Hidden(why) => Seen::Hidden(why),
    }
}

async fn workload_in(client: &Client, namespace: &str, name: &str) -> Seen<Workload> {
    let deployment = match running(client, Kind::of::<Deployment>(), namespace, name).await {
        Seen::There(deployment) => Some(Arc::new(deployment)),
        Seen::Absent => None,
        Seen::Hidden(why) => return Seen::Hidden(why),
    };
    match pods(client, namespace, &format!("{}={name}", labels::CLIENT)).await {
        Ok(pods) => Seen::There(Workload { deployment, pods }),
        Err(error) => Seen::Hidden(error.to_string()),
    }
}

async fn pods(client: &Client, namespace: &str, selector: &str) -> Result<Vec<Arc<Running>>, CallError> {
    let api = Api::<Running>::namespaced_with(client.clone(), namespace, &Kind::of::<Pod>());
    let list =
        call(format!("list the pods in {namespace}"), api.list(&ListParams::default().labels(selector)))
            .await?;
    Ok(list.items.into_iter().map(Arc::new).collect())
}

/// Events of a client itself, the oldest first; none where they may not be read.
async fn events_of(client: &Client, agency: &str, name: &str) -> Vec<Event> {
    let about = format!("involvedObject.kind={},involvedObject.name={name}", McpClient::kind(&()));
    listed_events(client, agency, ListParams::default().fields(&about)).await
}

/// Events of a namespace, the oldest first; none where they may not be read: they only add to what is known.
async fn events(client: &Client, namespace: &str) -> Vec<Event> {
    listed_events(client, namespace, ListParams::default()).await
}

async fn listed_events(client: &Client, namespace: &str, which: ListParams) -> Vec<Event> {
    let api = Api::<Event>::namespaced(client.clone(), namespace);
    let list = call(format!("list the events in {namespace}"), api.list(&which.limit(500))).await;
    let mut events = list.map(|list| list.items).unwrap_or_default();
    events.sort_by_key(latest);
    events
}

/// When an event was last seen: who writes by the newer API gives it in another field.
fn latest(event: &Event) -> Option<jiff::Timestamp> {
    let series =
        event.series.as_ref().and_then(|series| series.last_observed_time.as_ref()).map(|time| time.0);
    let last = event.last_timestamp.as_ref().map(|time| time.0);
    series.or(last).or_else(|| event.event_time.as_ref().map(|time| time.0))
}

/// How far something is.
async fn running(client: &Client, kind: Kind, namespace: &str, name: &str) -> Seen<Running> {
    let api = Api::<Running>::namespaced_with(client.clone(), namespace, &kind);
    seen(api, kind.name(), namespace, name).await
}

async fn seen<K>(api: Api<K>, kind: &str, namespace: &str, name: &str) -> Seen<K>
where
    K: DeserializeOwned + Clone + std::fmt::Debug,
{
    if name.is_empty() {
        return Seen::Absent;
    }
    let action = format!("read the {kind} {name} in {namespace}");
    match absent_is_none(call(action, api.get(name)).await) {
        Ok(Some(object)) => Seen::There(object),
        Ok(None) => Seen::Absent,
        Err(error) => Seen::Hidden(error.to_string()),
    }
}

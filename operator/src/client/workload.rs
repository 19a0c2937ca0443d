//! What the watches show of a tenant's workload, in words. Knows no cluster.

use kube::ResourceExt;

use crate::{
    client::outcome::{Reason, Verdict},
    labels,
    running::{Condition, Container, Running},
    watches::Workload,
};

/// Whether the server runs, and otherwise why not and what to do.
pub fn judge(workload: &Workload) -> Verdict {
    let Some(deployment) = workload.deployment.as_deref() else {
        return Verdict::no(Reason::Progressing, "the server is being created");
    };
    if is_rolled_out(deployment) {
        return Verdict::yes("the server runs and answers");
    }
    let seen = deployment.status.observed_generation >= deployment.metadata.generation;
    // Faults of the rollout before this one say nothing about this one.
    let fault = seen.then(|| pod_fault(&workload.pods).or_else(|| deployment_fault(deployment))).flatten();
    match fault {
        Some(message) => Verdict::no(Reason::WorkloadNotReady, message),
        None => Verdict::no(Reason::Progressing, "the server is starting"),
    }
}

/// The revision of what the platform gives that the server was delivered with.
pub fn revision(workload: &Workload) -> Option<String> {
    workload.deployment.as_deref()?.annotations().get(labels::REVISION).cloned()
}

/// The image that runs, as the node tells it: of the server in the youngest pod, for that is what was asked for last.
pub fn running_image(workload: &Workload) -> Option<String> {
    let pods = workload.pods.iter().filter(|pod| !is_ending(pod));
    let images = pods.filter_map(|pod| {
        let server = pod.status.container_statuses.iter().find(|container| container.name == "server")?;
        let image = Some(server.image_id.clone()).filter(|image| !image.is_empty())?;
        Some((pod.creation_timestamp().map(|time| time.0), image))
    });
    images.max_by_key(|(made, _)| *made).map(|(_, image)| image)
}

/// The digest in it that a registry knows the image by. A node that loaded an image from a file knows none.
pub fn digest(image: &str) -> Option<&str> {
    image.rsplit_once('@').map(|(_, digest)| digest).filter(|digest| digest.starts_with("sha256:"))
}

fn is_rolled_out(deployment: &Running) -> bool {
    let status = &deployment.status;
    let asked = deployment.spec.replicas.unwrap_or(1);
    // Of one that nobody has looked at yet, nothing is known.
    status.observed_generation.is_some()
        && status.observed_generation >= deployment.metadata.generation
        && status.updated_replicas >= asked
        && status.replicas == status.updated_replicas
        && status.available_replicas >= asked
}

fn is_ending(pod: &Running) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

fn pod_fault(pods: &[impl AsRef<Running>]) -> Option<String> {
    // A pod on its way out is no fault, and of two the younger is the one that should run.
    let pod = pods
        .iter()
        .map(AsRef::as_ref)
        .filter(|pod| !is_ending(pod))
        .max_by_key(|pod| pod.creation_timestamp().map(|time| time.0))?;
    let status = &pod.status;
    let unscheduled = status.conditions.iter().find(|condition| {
        condition.type_ == "PodScheduled" && condition.status == "False" && condition.reason.is_some()
    });
    if let Some(condition) = unscheduled {
        let message = condition.message.as_deref().unwrap_or("no node takes the pod");
        return Some(sentence(
            condition.reason.as_deref().unwrap_or_default(),
            message,
            "free or add capacity",
        ));
    }
    let mut containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    containers.find_map(container_fault)
}

fn container_fault(container: &Container) -> Option<String> {
    let state = &container.state;
    let waiting = state.waiting.as_ref();
    let reason = waiting.and_then(|waiting| waiting.reason.as_deref()).unwrap_or_default();
    let message = waiting.and_then(|waiting| waiting.message.as_deref()).unwrap_or_default();
    match reason {
        // Waiting to be started again, ended, or started again and not ready yet: one crash loop, told in the same words
        // through all its turns, or the status would change every few seconds.
        "CrashLoopBackOff" | "" => {
            let before = container.last_state.terminated.as_ref();
            let ended = state.terminated.as_ref().or(before).filter(|ended| ended.exit_code != 0);
            match ended {
                Some(ended) if !container.ready => {
                    let cause = ended.reason.as_deref().unwrap_or("Error");
                    let how = format!("{} ended with code {} ({cause})", container.name, ended.exit_code);
                    Some(sentence("CrashLoopBackOff", &how, READ_LOG))
                }
                None if !reason.is_empty() => Some(sentence(reason, message, READ_LOG)),
                Some(_) | None => None,
            }
        }
        "ContainerCreating" | "PodInitializing" => None,
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => Some(sentence(
            reason,
            message,
            "check that the image and its tag exist and the nodes may pull it",
        )),
        _ => Some(sentence(reason, message, "see the pod's events")),
    }
}

const READ_LOG: &str = "read the log of its container";

fn deployment_fault(deployment: &Running) -> Option<String> {
    let conditions = &deployment.status.conditions;
    let is = |condition: &&Condition, kind: &str, status: &str| {
        condition.type_ == kind && condition.status == status
    };
    let fault = conditions
        .iter()
        .find(|condition| is(condition, "ReplicaFailure", "True"))
        .or_else(|| conditions.iter().find(|condition| is(condition, "Progressing", "False")))?;
    let reason = fault.reason.as_deref().unwrap_or("Failed");
    Some(sentence(reason, fault.message.as_deref().unwrap_or_default(), "see the events of the Deployment"))
}

/// A message of the cluster may be long and may have many lines; a condition's message is read in a terminal.
fn sentence(reason: &str, message: &str, action: &str) -> String {
    const MOST: usize = 400;
    let mut message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = message.char_indices().nth(MOST) {
        message.truncate(end);
        message.push('…');
    }
    let message = message.trim_end_matches('.');
    if message.is_empty() { format!("{reason}: {action}") } else { format!("{reason}: {message}; {action}") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::client::outcome::Holds;

    fn deployment(status: &Value) -> Arc<Running> {
        let value = json!({
            "metadata": {"generation": 2},
            "spec": {"replicas": 1, "selector": {}, "template": {}},
            "status": status,
        });
        Arc::new(serde_json::from_value(value).unwrap())
    }

    fn starting(pods: &[Value]) -> Workload {
        Workload {
            deployment: Some(deployment(&json!({"observedGeneration": 2, "replicas": 1}))),
            pods: pods.iter().map(|pod| Arc::new(serde_json::from_value(pod.clone()).unwrap())).collect(),
        }
    }

    #[test]
    fn a_server_is_ready_when_the_newest_deployment_is_available_and_nothing_older_runs() {
        let ready =
            json!({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1});
        let workload = Workload { deployment: Some(deployment(&ready)), pods: vec![] };
        assert_eq!(judge(&workload).holds, Holds::Yes);
        let stale =
            json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1});
        let workload = Workload { deployment: Some(deployment(&stale)), pods: vec![] };
        assert_eq!(judge(&workload).reason, Reason::Progressing);
    }

    #[test]
    fn the_pods_own_reason_is_told_with_what_to_do() {
        let waiting = |reason: &str, message: &str| {
            json!({"status": {"containerStatuses": [{
                "name": "server", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": {"waiting": {"reason": reason, "message": message}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
            }]}})
        };
        let unschedulable = json!({"status": {"conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available",
        }]}});
        for (pod, expected) in [
            (
                waiting("ImagePullBackOff", "Back-off pulling image \"x\""),
                "ImagePullBackOff: Back-off pulling image \"x\"",
            ),
            (
                waiting("CrashLoopBackOff", "back-off"),
                "CrashLoopBackOff: server ended with code 137 (OOMKilled)",
            ),
            (
                waiting("CreateContainerConfigError", "secret not found"),
                "CreateContainerConfigError: secret not found",
            ),
            (unschedulable, "Unschedulable: 0/1 nodes are available; free or add capacity"),
        ] {
            let verdict = judge(&starting(&[pod]));
            assert_eq!(verdict.reason, Reason::WorkloadNotReady);
            assert!(verdict.message.starts_with(expected), "{}", verdict.message);
        }
    }

    #[test]
    fn the_digest_is_that_of_the_youngest_server_and_of_no_other_container() {
        let pod = |made: &str, image: &str| {
            let container = |name: &str, image: &str| json!({"name": name, "image": "", "imageID": image, "ready": true, "restartCount": 0});
            json!({
                "metadata": {"creationTimestamp": made},
                "status": {"containerStatuses": [container("aside", "x@sha256:00"), container("server", image)]},
            })
        };
        let pods = [
            pod("2026-11-20T10:00:00Z", "registry.example/mcp-server@sha256:01"),
            pod("2026-11-20T11:00:00Z", "registry.example/mcp-server@sha256:02"),
            pod("2026-11-20T12:00:00Z", ""),
        ];
        let image = running_image(&starting(&pods)).unwrap();
        assert_eq!(digest(&image), Some("sha256:02"));
        assert_eq!(digest("sha256:03"), None, "loaded from a file");
    }

    #[test]
    fn a_pod_that_is_being_created_or_ended_is_no_fault() {
        let creating = json!({"status": {"containerStatuses": [{
            "name": "server", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": "ContainerCreating"}},
        }]}});
        let ending = json!({
            "metadata": {"deletionTimestamp": "2026-11-20T10:00:00Z"},
            "status": {"containerStatuses": [{
                "name": "server", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": {"terminated": {"exitCode": 137}},
            }]},
        });
        for pod in [creating, ending] {
            assert_eq!(judge(&starting(&[pod])).reason, Reason::Progressing);
        }
    }

    #[test]
    fn a_crash_loop_is_told_in_the_same_words_through_all_its_turns() {
        let ended = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
        let turns = [
            (ended.clone(), Value::Null),
            (json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}), ended.clone()),
            (json!({"running": {}}), ended),
        ];
        let told = turns.map(|(state, last)| {
            judge(&starting(&[json!({"status": {"containerStatuses": [{
                "name": "server", "image": "", "imageID": "", "ready": false, "restartCount": 3,
                "state": state, "lastState": last,
            }]}})]))
        });
        assert_eq!(told[0].reason, Reason::WorkloadNotReady);
        assert!(told.iter().all(|verdict| verdict == &told[0]), "{told:?}");
    }

    #[test]
    fn a_refused_pod_is_told_by_the_deployment() {
        let refused = json!({"observedGeneration": 2, "conditions": [
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetCreated"},
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "violates PodSecurity"},
        ]});
        let workload = Workload { deployment: Some(deployment(&refused)), pods: vec![] };
        let verdict = judge(&workload);
        assert!(verdict.message.starts_with("FailedCreate: violates PodSecurity"), "{}", verdict.message);
    }
}

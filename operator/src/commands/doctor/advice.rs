//! What to do next, by the reason of a condition.

use crate::{client::outcome::Reason, labels, render::secrets::PULL_TYPE};

/// The objects a piece of advice is about.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The agency's namespace.
    pub agency: &'a str,
    /// The client.
    pub client: &'a str,
    /// The credentials Secret.
    pub secret: &'a str,
    /// The tenant's namespace.
    pub namespace: &'a str,
    /// Where the operator runs.
    pub operator: &'a str,
}

/// What a person does about a condition that does not hold. A reason that is not known here has its advice in the
/// condition's own message.
pub fn next(reason: &str, message: &str, place: &Place<'_>) -> String {
    let Place { agency, client, secret, namespace, operator } = place;
    let is = |known: Reason| known.as_str() == reason;
    if message.contains(labels::PULL_SECRET) || message.contains(PULL_TYPE) {
        // It is about what nodes pull the image with, and not about the credentials.
        "do what the message says".to_owned()
    } else if is(Reason::SecretMissing) {
        format!(
            "apply the Secret {secret} in the namespace {agency}, labelled mcp-platform.dev/credentials=true; `mcp-operator new` writes one"
        )
    } else if is(Reason::SecretNotLabelled) {
        format!("kubectl -n {agency} label secret {secret} mcp-platform.dev/credentials=true")
    } else if is(Reason::KeysMissing) {
        format!("add the keys to the Secret: kubectl -n {agency} edit secret {secret}")
    } else if is(Reason::ProfileInvalid) {
        "correct the profile in the client's file and apply it again; `mcp-server check FILE` names the lines"
            .to_owned()
    } else if is(Reason::NameTaken) {
        "give the client another name: the namespace belongs to somebody else".to_owned()
    } else if is(Reason::NumberTaken) {
        "give the environment another phoneNumberId, or take this one from the other client first".to_owned()
    } else if is(Reason::AgencyNotServed) {
        format!("add {agency} to `agencies` of the platform's chart and upgrade it, or move the client")
    } else if is(Reason::NamespaceTerminating) {
        format!("wait; if it lasts, this names what is in the way: kubectl get namespace {namespace} -o yaml")
    } else if is(Reason::DeliveryFailed) {
        format!("do what the message says; the details: kubectl -n {operator} logs deployment/mcp-operator")
    } else if is(Reason::WorkloadNotReady) {
        workload(message, namespace, client)
    } else if is(Reason::ServerUnreachable) {
        format!(
            "kubectl -n {namespace} get pods,networkpolicies -o wide; the operator asks from the namespace {operator}"
        )
    } else if is(Reason::ServerMismatch) || is(Reason::ProfileNotRead) {
        format!("kubectl -n {namespace} rollout restart deployment/{client}")
    } else if is(Reason::CredentialRefused) {
        format!(
            "put a good one into the Secret: kubectl -n {agency} edit secret {secret}; the server takes it up by itself"
        )
    } else if is(Reason::ServiceUnreachable) || is(Reason::RateLimited) {
        format!(
            "wait, it is tried again by itself; if it lasts, look from the server's side: kubectl -n {namespace} exec \
             deployment/{client} -- /mcp-server doctor"
        )
    } else if is(Reason::Progressing) {
        "wait a minute and ask again".to_owned()
    } else if is(Reason::DeletionUnconfirmed) {
        format!(
            "confirm with the annotation mcp-platform.dev/confirm-delete={namespace}, or leave the data where it is"
        )
    } else {
        "do what the message says".to_owned()
    }
}

/// What a person does about a server that does not run, by what the cluster says of its pods.
pub fn workload(message: &str, namespace: &str, client: &str) -> String {
    let says = |word: &str| message.contains(word);
    if says("exceeded quota") {
        format!(
            "raise the quota, or ask for less in spec.environments[].resources: kubectl -n {namespace} describe resourcequota"
        )
    } else if says("ImagePull") || says("InvalidImageName") || says("ErrImageNeverPull") {
        "check that the image and its tag exist and that the nodes may pull it (server.image of the platform's chart, image.tag of the environment)".to_owned()
    } else if says("Unschedulable") {
        "free or add capacity: no node takes the pod".to_owned()
    } else if says("CrashLoopBackOff") {
        format!(
            "read why it ended: kubectl -n {namespace} logs deployment/{client} --all-containers --previous"
        )
    } else {
        format!("see the events: kubectl -n {namespace} get events --sort-by=.lastTimestamp")
    }
}

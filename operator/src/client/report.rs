//! The fifth step: what was found, as the client's status. It is written when it differs and at no other time.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, Time};
use kube::{
    Api, Client, Resource,
    api::{Patch, PatchParams},
};
use mcp_crds::{EnvironmentStatus, McpClient, McpClientStatus};
use serde_json::json;

use crate::{
    MANAGER,
    api::{CallError, absent_is_none, call},
    client::{
        outcome::{Holds, Outcome, Reason, Verdict, WaitsFor},
        validate::Tenant,
        workload,
    },
    stores::Guarded,
    watches::Workload,
};

/// What is known of one environment when a pass ends.
pub struct Finding<'a> {
    /// Which environment.
    pub tenant: &'a Tenant,
    /// What the pass found.
    pub outcome: Outcome,
    /// What runs; none where nothing is watched.
    pub workload: Option<Workload>,
}

impl Finding<'_> {
    /// `WorkloadReady`: what runs, or why nothing was delivered. While only the inputs are incomplete, the last good copy
    /// runs on, and is what counts.
    fn workload_verdict(&self) -> Verdict {
        let delivery = &self.outcome.delivery;
        if self.tenant.suspended && delivery.holds == Holds::Yes {
            return Verdict::no(
                Reason::Suspended,
                "no server runs, and no message is answered: set suspend to false to go on; the data is kept",
            );
        }
        let waits_for_input = matches!(
            delivery.reason,
            Reason::SecretMissing
                | Reason::SecretNotLabelled
                | Reason::KeysMissing
                | Reason::DatabaseKeysInvalid
                | Reason::ProfileInvalid
        );
        match &self.workload {
            Some(workload) if delivery.holds == Holds::Yes => workload::judge(workload),
            Some(workload) if waits_for_input && workload.deployment.is_some() => workload::judge(workload),
            None if delivery.holds == Holds::Yes => {
                Verdict::no(Reason::Progressing, "the server is starting")
            }
            _ => delivery.clone(),
        }
    }

    /// The conditions' types with their verdicts; the first that does not hold is the one to act on first.
    fn verdicts(&self) -> [(&'static str, Verdict); 6] {
        let Outcome { credentials, profile, namespace, delivery } = &self.outcome;
        [
            ("NamespaceReady", namespace.clone()),
            ("ProfileReady", profile.clone()),
            ("CredentialsReady", credentials.clone()),
            ("DeliveryReady", delivery.clone()),
            ("WorkloadReady", self.workload_verdict()),
            ("RouteReady", self.route_verdict()),
        ]
    }

    /// `RouteReady`: the Ingress goes out with everything else.
    fn route_verdict(&self) -> Verdict {
        let delivery = &self.outcome.delivery;
        match &self.tenant.route {
            None => Verdict::yes("no route is asked for: the server is reached inside of the cluster alone"),
            Some(route) if delivery.holds == Holds::Yes => Verdict::yes(format!(
                "an Ingress sends https://{} to the server; let the name {} lead to the ingress controller",
                route.claim(),
                route.host
            )),
            Some(_) => delivery.clone(),
        }
    }

    /// What is to be said of the environment as a whole.
    fn summary(&self) -> Verdict {
        let verdicts = self.verdicts().map(|(_, verdict)| verdict);
        let first = |holds: Holds| verdicts.iter().find(|verdict| verdict.holds == holds).cloned();
        first(Holds::No).or_else(|| first(Holds::Unknown)).unwrap_or_else(|| Verdict::yes("ready"))
    }
}

/// The status of a client whose environments were looked at.
pub fn status(client: &McpClient, findings: &[Finding<'_>], now: Timestamp) -> McpClientStatus {
    let before = client.status.clone().unwrap_or_default();
    let generation = client.metadata.generation;
    let summaries: Vec<Verdict> = findings.iter().map(Finding::summary).collect();
    let ready = summaries.iter().filter(|summary| summary.holds == Holds::Yes).count();
    let wrong = || findings.iter().zip(&summaries).filter(|(_, summary)| summary.holds != Holds::Yes);
    // What needs a person is told before what only needs time: it would be hidden for as long as that takes.
    let urgent = |(_, summary): &(&Finding<'_>, &Verdict)| summary.reason.waits_for() == WaitsFor::APerson;
    let worst = wrong().find(urgent).or_else(|| wrong().next());
    let summary = worst.map_or_else(
        || Verdict::yes("every environment is ready"),
        |(finding, verdict)| {
            Verdict::no(verdict.reason, format!("{}: {}", finding.tenant.environment, verdict.message))
        },
    );
    McpClientStatus {
        observed_generation: generation,
        environments_ready: Some(format!("{ready}/{}", findings.len())),
        conditions: summarized(&summary, &before.conditions, generation, now),
        environments: findings.iter().map(|finding| environment(finding, &before, generation, now)).collect(),
    }
}

/// The status of a client that could not be looked at environment by environment.
pub fn blocked_status(
    meta: &ObjectMeta,
    before: Option<&McpClientStatus>,
    verdict: &Verdict,
    now: Timestamp,
) -> McpClientStatus {
    let before = before.cloned().unwrap_or_default();
    let generation = meta.generation;
    McpClientStatus {
        observed_generation: generation,
        conditions: summarized(verdict, &before.conditions, generation, now),
        ..before
    }
}

/// `Ready`, and beside it what tools that follow kstatus read: `Reconciling` while it only takes time, `Stalled` while
/// it takes a person.
fn summarized(
    ready: &Verdict,
    before: &[Condition],
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<Condition> {
    let while_it_takes = |what: WaitsFor, otherwise: &str| {
        if ready.holds != Holds::Yes && ready.reason.waits_for() == what {
            Verdict { holds: Holds::Yes, ..ready.clone() }
        } else {
            Verdict::no(Reason::Ready, otherwise)
        }
    };
    [
        ("Ready", ready.clone()),
        ("Reconciling", while_it_takes(WaitsFor::Time, "nothing is on its way")),
        ("Stalled", while_it_takes(WaitsFor::APerson, "nothing waits for a person")),
    ]
    .iter()
    .map(|(kind, verdict)| condition(kind, verdict, before, generation, now))
    .collect()
}

/// What only the running server knows, and nobody asks it yet.
const NOT_OBSERVED: [&str; 4] = ["ServerVerified", "ChannelReady", "CalendarReady", "ModelReady"];

fn environment(
    finding: &Finding<'_>,
    before: &McpClientStatus,
    generation: Option<i64>,
    now: Timestamp,
) -> EnvironmentStatus {
    let tenant = finding.tenant;
    let old = before.environments.iter().find(|environment| environment.name == tenant.environment);
    let old = old.map_or(&[][..], |environment| &environment.conditions);
    let url = tenant.url();
    let image = finding.workload.as_ref().and_then(workload::running_image);
    EnvironmentStatus {
        name: tenant.environment,
        namespace: tenant.namespace.as_str().to_owned(),
        webhook_url: format!("{url}/webhooks/whatsapp"),
        mcp_url: format!("{url}/mcp"),
        url,
        image: image.or_else(|| Some(tenant.image.clone())),
        conditions: finding
            .verdicts()
            .into_iter()
            .chain(NOT_OBSERVED.map(|kind| (kind, not_observed())))
            .map(|(kind, verdict)| condition(kind, &verdict, old, generation, now))
            .collect(),
    }
}

fn not_observed() -> Verdict {
    Verdict::unknown(
        Reason::NotObserved,
        "the operator does not ask the running server yet: look at /status of its port 9090",
    )
}

fn condition(
    kind: &str,
    verdict: &Verdict,
    before: &[Condition],
    generation: Option<i64>,
    now: Timestamp,
) -> Condition {
    // The largest message the API server takes.
    const MOST: usize = 32 * 1024;
    let mut message = verdict.message.clone();
    message.truncate(message.floor_char_boundary(MOST));
    let status = verdict.holds.as_str();
    let since = before.iter().find(|old| old.type_ == kind && old.status == status);
    Condition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: verdict.reason.as_str().to_owned(),
        message,
        observed_generation: generation,
        // The API server keeps whole seconds; more would differ from what is read back.
        last_transition_time: since.map_or_else(
            || Time(Timestamp::from_second(now.as_second()).unwrap_or(now)),
            |old| old.last_transition_time.clone(),
        ),
    }
}

/// The summary that stands in a status.
pub fn ready_reason(status: Option<&McpClientStatus>) -> Option<&str> {
    status?.conditions.iter().find(|condition| condition.type_ == "Ready").map(|ready| ready.reason.as_str())
}

/// Writes the status if it differs from the one the client has. Returns whether it did.
pub async fn write(
    client: &Client,
    meta: &ObjectMeta,
    before: Option<&McpClientStatus>,
    status: &McpClientStatus,
) -> Result<bool, CallError> {
    if before == Some(status) {
        return Ok(false);
    }
    let name = meta.name.clone().unwrap_or_default();
    // Guarded: the status of a client that does not fit its type is written as well, and comes back with it.
    let api = Api::<Guarded>::namespaced(client.clone(), meta.namespace.as_deref().unwrap_or_default());
    let body = json!({
        "apiVersion": McpClient::api_version(&()),
        "kind": McpClient::kind(&()),
        // With the uid, a status is never written to a client of the same name that was made since.
        "metadata": {"name": name, "uid": meta.uid},
        "status": status,
    });
    let parameters = PatchParams::apply(MANAGER).force();
    let patch = Patch::Apply(&body);
    // A client that is gone needs no status.
    Ok(absent_is_none(call("write the status", api.patch_status(&name, &parameters, &patch)).await)?
        .is_some())
}

#[cfg(test)]
mod tests;

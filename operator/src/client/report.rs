//! The fifth step: what was found, as the client's status. It is written when it differs and at no other time.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, Time};
use kube::{
    Api, Client, Resource,
    api::{Patch, PatchParams},
};
use mcp_crds::{EnvironmentName, EnvironmentStatus, McpClient, McpClientStatus};
use serde_json::json;

use crate::{
    MANAGER,
    api::{CallError, absent_is_none, call},
    client::{
        outcome::{Holds, Outcome, Reason, Verdict, WaitsFor},
        validate::{Route, Tenant},
        workload,
    },
    probe::judge::Findings,
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
    /// What the servers that run say; none before they have answered.
    pub server: Option<Findings>,
}

impl Finding<'_> {
    /// `WorkloadReady`: what runs, or why nothing was delivered. While only the inputs are incomplete, the last good copy
    /// runs on, and is what counts.
    fn workload_verdict(&self) -> Verdict {
        let delivery = &self.outcome.delivery;
        if self.tenant.suspended && delivery.holds == Holds::Yes {
            return Verdict::no(
                Reason::Suspended,
                if self.tenant.hibernation.is_some() {
                    "the client hibernates: no server runs, and whoever comes is told so; take spec.hibernate out to go on, \
                     the data is kept"
                } else {
                    "no server runs, and no message is answered: set suspend to false to go on; the data is kept"
                },
            );
        }
        let waits_for_input = matches!(
            delivery.reason,
            Reason::SecretMissing
                | Reason::SecretNotLabelled
                | Reason::KeysMissing
                | Reason::DatabaseKeysInvalid
                | Reason::DatabaseNotReady
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
        let Outcome { credentials, profile, namespace, delivery, foreign_route: _, route: _ } = &self.outcome;
        [
            ("NamespaceReady", namespace.clone()),
            ("ProfileReady", profile.clone()),
            ("CredentialsReady", credentials.clone()),
            ("DeliveryReady", delivery.clone()),
            ("WorkloadReady", self.workload_verdict()),
            ("RouteReady", self.route_verdict()),
        ]
    }

    /// `RouteReady`: the Ingress or `HTTPRoute` goes out with everything else.
    fn route_verdict(&self) -> Verdict {
        if let Some(verdict) = &self.outcome.route {
            return verdict.clone();
        }
        let delivery = &self.outcome.delivery;
        match (&self.tenant.route, self.outcome.foreign_route) {
            (None, Some(kind)) => Verdict::yes(format!(
                "no route is asked for; the {kind} {} in {} was not made by the operator and was left alone: remove it if \
                 nobody is to come in by it",
                self.tenant.owner.name(),
                self.tenant.namespace
            )),
            (None, None) => {
                Verdict::yes("no route is asked for: the server is reached inside of the cluster alone")
            }
            (Some(Route { gateway: Some(gateway), .. }), _) if delivery.holds == Holds::Yes => {
                Verdict::yes(format!(
                    "an HTTPRoute asks the Gateway {}/{} to send {} to the server; whether it does is in the status of the \
                     HTTPRoute",
                    gateway.namespace,
                    gateway.name,
                    self.tenant.url()
                ))
            }
            (Some(route), _) if delivery.holds == Holds::Yes => Verdict::yes(format!(
                "an Ingress sends https://{} to the server; let the name {} lead to the ingress controller",
                route.claim(),
                route.host
            )),
            (Some(_), _) => delivery.clone(),
        }
    }

    /// What the servers say, or said last: a new operator knows nothing yet, and that is no news about them.
    fn server_verdicts(&self, before: Option<&EnvironmentStatus>) -> [(&'static str, Verdict); 4] {
        let same = |verdict: &Verdict| Findings::all(verdict).verdicts();
        let workload = self.workload_verdict();
        if self.tenant.suspended {
            return same(&Verdict::unknown(Reason::Suspended, "no server runs"));
        }
        if workload.holds != Holds::Yes {
            return same(&Verdict::unknown(Reason::NotObserved, "the server is asked when it runs"));
        }
        let fresh = match &self.server {
            Some(findings) => findings.clone().verdicts(),
            None => same(&Verdict::unknown(Reason::Progressing, "the server was not asked yet")),
        };
        let ran = before.and_then(|before| said(before, "WorkloadReady"));
        match before.filter(|_| self.server.is_none() && ran.is_some_and(|ran| ran.holds == Holds::Yes)) {
            Some(before) => fresh.map(|(kind, verdict)| (kind, said(before, kind).unwrap_or(verdict))),
            None => fresh,
        }
    }

    /// What is to be said of the environment as a whole. What nobody has looked at is not waited for.
    fn summary(&self, before: Option<&EnvironmentStatus>) -> Verdict {
        let verdicts = self.verdicts().into_iter().chain(self.server_verdicts(before));
        let verdicts: Vec<Verdict> = verdicts
            .map(|(_, verdict)| verdict)
            .filter(|verdict| verdict.holds != Holds::Unknown || verdict.reason != Reason::NotObserved)
            .collect();
        let first = |holds: Holds| verdicts.iter().find(|verdict| verdict.holds == holds).cloned();
        first(Holds::No).or_else(|| first(Holds::Unknown)).unwrap_or_else(|| Verdict::yes("ready"))
    }
}

/// The status of a client whose environments were looked at.
pub fn status(client: &McpClient, findings: &[Finding<'_>], now: Timestamp) -> McpClientStatus {
    let before = client.status.clone().unwrap_or_default();
    let generation = client.metadata.generation;
    let old = |finding: &Finding<'_>| of(&before, finding.tenant.environment).cloned();
    let summaries: Vec<Verdict> =
        findings.iter().map(|finding| finding.summary(old(finding).as_ref())).collect();
    let ready = summaries.iter().filter(|summary| summary.holds == Holds::Yes).count();
    let wrong = || findings.iter().zip(&summaries).filter(|(_, summary)| summary.holds != Holds::Yes);
    // What needs a person is told before what only needs time: it would be hidden for as long as that takes.
    let urgent = |(_, summary): &(&Finding<'_>, &Verdict)| summary.reason.waits_for() == WaitsFor::APerson;
    let worst = wrong().find(urgent).or_else(|| wrong().next());
    let summary = worst.map_or_else(
        || Verdict::yes("every environment is ready"),
        |(finding, verdict)| {
            // Where something is known to be wrong, what is not known does not matter.
            let holds = if summaries.iter().any(|summary| summary.holds == Holds::No) {
                Holds::No
            } else {
                Holds::Unknown
            };
            let message = format!("{}: {}", finding.tenant.environment, verdict.message);
            Verdict { holds, reason: verdict.reason, message }
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

/// What a status says of an environment.
fn of(status: &McpClientStatus, environment: EnvironmentName) -> Option<&EnvironmentStatus> {
    status.environments.iter().find(|status| status.name == environment)
}

/// A condition as it was written, as the verdict it was.
fn said(status: &EnvironmentStatus, kind: &str) -> Option<Verdict> {
    let condition = status.conditions.iter().find(|condition| condition.type_ == kind)?;
    let holds =
        [Holds::Yes, Holds::No, Holds::Unknown].into_iter().find(|it| it.as_str() == condition.status)?;
    Some(Verdict { holds, reason: Reason::of(&condition.reason)?, message: condition.message.clone() })
}

fn environment(
    finding: &Finding<'_>,
    before: &McpClientStatus,
    generation: Option<i64>,
    now: Timestamp,
) -> EnvironmentStatus {
    let tenant = finding.tenant;
    let status = of(before, tenant.environment);
    let old = status.map_or(&[][..], |environment| &environment.conditions);
    let url = tenant.url();
    let image = finding.workload.as_ref().and_then(workload::running_image);
    EnvironmentStatus {
        name: tenant.environment,
        namespace: tenant.namespace.as_str().to_owned(),
        webhook_url: format!("{url}/webhooks/whatsapp"),
        mcp_url: format!("{url}/mcp"),
        url,
        image_digest: image.as_deref().and_then(workload::digest).map(str::to_owned),
        image: image.or_else(|| Some(tenant.image.clone())),
        version: match &finding.server {
            Some(server) => server.version.clone(),
            None => status.and_then(|status| status.version.clone()),
        },
        // Of the Deployment that was judged, so that the two are never of different times.
        revision: finding.workload.as_ref().and_then(workload::revision),
        effective: Some(tenant.effective.status()),
        conditions: [("Ready", finding.summary(status))]
            .into_iter()
            .chain(finding.verdicts())
            .chain(finding.server_verdicts(status))
            .map(|(kind, verdict)| condition(kind, &verdict, old, generation, now))
            .collect(),
    }
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

/// A condition of what the servers say that became False, or is so no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whether it became False.
    pub worse: bool,
    /// The condition's reason.
    pub reason: String,
    /// Environment, condition and message.
    pub message: String,
}

/// Which of the servers' conditions turned, those apart that `Ready` tells of already.
pub fn turns(before: Option<&McpClientStatus>, after: &McpClientStatus) -> Vec<Turn> {
    let no = Holds::No.as_str();
    let told =
        (ready_reason(before) != ready_reason(Some(after))).then(|| ready_reason(Some(after))).flatten();
    let mut turns = Vec::new();
    for environment in &after.environments {
        let old = before.and_then(|before| of(before, environment.name));
        for kind in Findings::KINDS {
            let find = |status: &EnvironmentStatus| {
                status.conditions.iter().find(|condition| condition.type_ == kind).cloned()
            };
            let (Some(old), Some(new)) = (old.and_then(find), find(environment)) else { continue };
            // From one False to another is a turn as well: another person may have to act.
            let turned = (old.status == no || new.status == no)
                && (&old.status, &old.reason) != (&new.status, &new.reason);
            if turned && told != Some(new.reason.as_str()) {
                turns.push(Turn {
                    worse: new.status == no,
                    message: format!("{}: {kind}: {}", environment.name, new.message),
                    reason: new.reason,
                });
            }
        }
    }
    turns
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

//! Goes on with every roll-out: looks at what the watches show, keeps what follows, and lets clients have it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::ConfigMap,
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams},
    runtime::reflector::{ObjectRef, Store},
};
use mcp_crds::McpPlan;
use serde_json::json;

use super::{
    Policy, Rollouts, keep,
    seen::Place,
    table::{Change, Domain},
    tell,
};
use crate::{
    api::{CallError, absent_is_none, call},
    clock::Clock,
    kinds::Metadata,
    labels,
    names::ClientKey,
    stores::{Guarded, GuardedPlan, Trigger},
};

/// How often is looked while something is under way. It costs no request.
const BUSY: Duration = Duration::from_secs(1);
/// How often is looked otherwise.
const IDLE: Duration = Duration::from_secs(4);
/// Who writes about roll-outs in a plan's status. Another hand writes about its deletion; each has its own conditions.
const MANAGER: &str = "mcp-operator-rollout";

/// What roll-outs need.
pub struct Rolling {
    /// The API server.
    pub client: Client,
    /// Who may have what.
    pub rollouts: Arc<Rollouts>,
    /// Every client.
    pub clients: Store<Guarded>,
    /// Every tenant's namespace.
    pub namespaces: Store<Metadata>,
    /// Every plan.
    pub plans: Store<GuardedPlan>,
    /// What is kept, for its annotations.
    pub kept: Store<ConfigMap>,
    /// Asks for passes over clients.
    pub trigger: Trigger,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Rolling {
    /// Goes on until the task is dropped.
    pub async fn follow(self) {
        loop {
            let mut pause = IDLE;
            // A store is filled at once; before that it looks like a cluster without clients.
            let is_filled = !self.clients.state().is_empty();
            let mut domains = self.domains();
            // A plan's end: its clients are gone, or name another.
            let known: BTreeSet<Domain> = self.rollouts.domains();
            for domain in &known {
                domains.entry(domain.clone()).or_default();
            }
            for (domain, places) in &domains {
                match self.one(domain, places, is_filled).await {
                    Ok(false) => {}
                    Ok(true) => pause = BUSY,
                    Err(error) => {
                        tracing::warn!(plan = %domain, %error, "a roll-out does not go on and will be tried again");
                    }
                }
            }
            let all = domains.values().flatten().map(|place| place.namespace.as_str().to_owned());
            self.rollouts.retain(&all.collect());
            tokio::time::sleep(pause).await;
        }
    }

    /// The environments of each domain. Who is not served, or is being deleted, is nobody's business here.
    fn domains(&self) -> BTreeMap<Domain, Vec<Place>> {
        let agencies = &self.rollouts.platform().settings.agency_namespaces;
        let mut domains: BTreeMap<Domain, Vec<Place>> = BTreeMap::new();
        for guarded in self.clients.state() {
            let Ok(client) = &guarded.0 else { continue };
            let served = client.namespace().is_some_and(|agency| agencies.contains(&agency));
            if !served || client.metadata.deletion_timestamp.is_some() {
                continue;
            }
            let domain = client.spec.plan.clone().unwrap_or_default();
            domains.entry(domain).or_default().extend(Place::of(&guarded, &self.namespaces));
        }
        domains
    }

    /// Returns whether something is under way.
    async fn one(&self, domain: &str, places: &[Place], is_filled: bool) -> Result<bool, CallError> {
        let namespace = &self.rollouts.platform().settings.operator_namespace;
        let plan = if domain.is_empty() {
            None
        } else {
            match self.plans.get(&ObjectRef::new(domain)) {
                Some(plan) => Some(plan),
                None if places.is_empty() => {
                    keep::remove(&self.client, namespace, domain).await?;
                    self.rollouts.forget(domain);
                    return Ok(false);
                }
                // The clients are told; what runs is left as it is.
                None => return Ok(false),
            }
        };
        let readable = plan.as_deref().map(|plan| plan.0.as_ref());
        let plan = match readable {
            _ if !is_filled => return Ok(false),
            Some(Err(_)) => return Ok(false),
            Some(Ok(plan)) => Some(plan),
            None => None,
        };
        let policy = self.policy(domain, plan);
        let now = self.clock.now();
        let change = self.rollouts.decide(domain, plan.map(|plan| &plan.spec), &policy, places, now);
        let words = tell::words(domain, namespace, &change.kept.state, &policy, change.rolled);
        if change.differs {
            // First, so that an operator that ends here knows whom it has let go.
            let summary = if change.kept.state.halt.is_some() { &words.halted } else { &words.progressing };
            keep::write(&self.client, namespace, domain, &change.kept, &summary.message).await?;
            log(domain, &change, &words);
        }
        if change.differs || !change.grants.is_empty() {
            self.rollouts.commit(domain, &change);
        }
        let owners: BTreeSet<&ClientKey> = places
            .iter()
            .filter(|place| change.grants.contains_key(place.namespace.as_str()))
            .map(|place| &place.owner)
            .collect();
        for owner in owners {
            self.trigger.client(owner);
        }
        if let Some(plan) = plan {
            self.tell(plan, &change, &words, now).await?;
        }
        Ok(change.differs || change.kept.state.wave.is_some())
    }

    fn policy(&self, domain: &str, plan: Option<&McpPlan>) -> Policy {
        let kept = || {
            let name = keep::name_of(domain);
            let namespace = &self.rollouts.platform().settings.operator_namespace;
            self.kept.get(&ObjectRef::new(&name).within(namespace))?.metadata.annotations.clone()
        };
        let (policy, annotations) = match plan {
            Some(plan) => (Policy::of_plan(&plan.spec.rollout), plan.metadata.annotations.clone()),
            None => (Policy::of_settings(&self.rollouts.platform().settings), kept()),
        };
        let annotation = |name: &str| annotations.as_ref()?.get(name).cloned();
        Policy {
            resume: annotation(labels::ROLLOUT_RESUME),
            skip: annotation(labels::ROLLOUT_SKIP),
            ..policy
        }
    }

    /// Says in the plan's status how far it is.
    async fn tell(
        &self,
        plan: &McpPlan,
        change: &Change,
        words: &tell::Words,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let status = plan.status.clone().unwrap_or_default();
        let (done, all) = change.rolled;
        let condition = |kind: &str, verdict: &crate::client::outcome::Verdict| {
            let since = status
                .conditions
                .iter()
                .find(|old| old.type_ == kind && old.status == verdict.holds.as_str());
            Condition {
                type_: kind.to_owned(),
                status: verdict.holds.as_str().to_owned(),
                reason: verdict.reason.as_str().to_owned(),
                message: verdict.message.clone(),
                observed_generation: plan.metadata.generation,
                last_transition_time: since.map_or_else(
                    || Time(Timestamp::from_second(now.as_second()).unwrap_or(now)),
                    |old| old.last_transition_time.clone(),
                ),
            }
        };
        let conditions =
            [condition("RolloutProgressing", &words.progressing), condition("RolloutHalted", &words.halted)];
        let (release, rolled) = (Some(change.kept.state.release.clone()), Some(format!("{done}/{all}")));
        let same = status.release == release
            && status.rolled == rolled
            && conditions.iter().all(|condition| status.conditions.contains(condition));
        if same {
            return Ok(());
        }
        let name = plan.name_any();
        let body = json!({
            "apiVersion": McpPlan::api_version(&()),
            "kind": McpPlan::kind(&()),
            "metadata": {"name": name, "uid": plan.metadata.uid},
            "status": {"release": release, "rolled": rolled, "conditions": conditions},
        });
        let api = Api::<GuardedPlan>::all(self.client.clone());
        let (parameters, patch) = (PatchParams::apply(MANAGER).force(), Patch::Apply(&body));
        let request = api.patch_status(&name, &parameters, &patch);
        absent_is_none(call("write the status of the plan", request).await)?;
        Ok(())
    }
}

fn log(domain: &str, change: &Change, words: &tell::Words) {
    let state = &change.kept.state;
    if state.halt.is_some() {
        tracing::warn!(plan = %domain, release = %state.release, message = %words.halted.message, "a roll-out is halted");
    } else {
        tracing::info!(plan = %domain, release = %state.release, message = %words.progressing.message, "roll-out");
    }
}

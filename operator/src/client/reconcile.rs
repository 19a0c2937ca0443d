//! One pass over one client.

use std::{sync::Arc, time::Duration};

use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Resource,
    core::error_boundary::InvalidObject,
    runtime::{
        controller::Action,
        events::{Event, EventType},
        reflector::ObjectRef,
    },
};
use mcp_crds::{DeletionPolicy, EnvironmentName, McpClient, McpClientStatus, McpPlanSpec};

use crate::{
    api::{absent_is_none, call},
    client::{
        cleanup::{self, LOOK_AGAIN},
        deliver::DeliverError,
        environment::{self, EnvironmentError, Pass},
        outcome::{Reason, Verdict, WaitsFor},
        report::{self, Finding},
        retire::{Progress, Will, left_alone, retire},
        unreadable,
        validate::{Tenant, validate_given},
    },
    context::Context,
    labels,
    names::ClientKey,
    probe::{judge::Findings, target::Target},
    rollout::{Given, standing},
    stores::GuardedPlan,
    watches::Workload,
};

/// Why a pass did not come to its end. Each is tried again.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The client, its status or what it leaves behind could not be written.
    #[error(transparent)]
    Client(#[from] DeliverError),
    /// An environment could not be brought to what was asked for.
    #[error("{environment}: {source}")]
    Environment {
        /// Which.
        environment: mcp_crds::EnvironmentName,
        /// Why.
        source: EnvironmentError,
    },
}

/// How soon a claim of another client is looked at again. It is looked up in memory and costs no request.
const CLAIM_AGAIN: Duration = Duration::from_secs(5);
/// How soon a namespace of somebody else is looked at again; no watch shows it.
const NAME_AGAIN: Duration = Duration::from_secs(15);
/// How soon everything is looked at again without a reason.
const RESYNC: Duration = Duration::from_mins(10);

/// Brings one client to what it asks for.
pub async fn reconcile(context: &Context, client: &McpClient) -> Result<Action, ReconcileError> {
    let meta = &client.metadata;
    let agency = meta.namespace.as_deref().unwrap_or_default();
    let leaving = meta.deletion_timestamp.is_some();
    if !context.stores.serves(agency) && !leaving {
        let message = format!(
            "clients in the namespace {agency} are not served: create the client in an agency's namespace, or have the \
             platform's administrators add {agency} to `agencies` of the mcp-platform chart"
        );
        return blocked(context, client, &Verdict::no(Reason::AgencyNotServed, message)).await;
    }
    let plan = match plan_of(context, client) {
        Ok(plan) => plan,
        // A client may always go.
        Err(_) if leaving => None,
        Err(verdict) => return blocked(context, client, &verdict).await,
    };
    let plan = plan.as_deref().and_then(|plan| plan.0.as_ref().ok()).map(|plan| &plan.spec);
    let tenants = match validate_given(
        client,
        &context.platform.settings,
        plan,
        &|environment| given(context, client, environment, plan),
        context.clock.now(),
    ) {
        Ok(tenants) => tenants,
        Err(error) => {
            return blocked(context, client, &Verdict::no(Reason::ProfileInvalid, error.to_string())).await;
        }
    };
    let Some(owner) = tenants.first().map(|tenant| tenant.owner.clone()) else {
        let verdict = Verdict::no(Reason::ProfileInvalid, "spec.environments is empty: add one");
        return blocked(context, client, &verdict).await;
    };
    let will = Will::new(client.spec.deletion_policy, meta);
    if leaving {
        return Ok(cleanup::cleanup(context, &owner, meta, client.status.as_ref(), &will).await?);
    }
    if let Some(twice) = named_twice(&tenants) {
        let message =
            format!("spec.environments names {twice} twice: keep one of them; what runs is left as it is");
        return blocked(context, client, &Verdict::no(Reason::ProfileInvalid, message)).await;
    }
    if !cleanup::has_finalizer(meta) {
        // The change comes back through the watch, and with it the next pass.
        cleanup::add_finalizer(context, meta).await?;
        return Ok(Action::await_change());
    }

    let mut findings = Vec::new();
    let mut failure = None;
    for tenant in &tenants {
        let Pass { outcome, failure: failed } =
            environment::reconcile(context, client, &tenants, tenant).await;
        if let Some(source) = failed {
            failure.get_or_insert(ReconcileError::Environment { environment: tenant.environment, source });
        }
        let workload = context.watches.workload(&tenant.namespace).await;
        let server = ask(context, tenant, workload.as_ref());
        findings.push(Finding { tenant, outcome, workload, server });
    }
    let progress = retire_unasked(context, meta, &owner, &tenants, &will).await;
    let again = again_in(meta, &findings, progress.as_ref().ok());

    let status = report::status(client, &findings, context.clock.now());
    tell(context, client, &status).await?;
    progress?;
    failure.map_or(Ok(Action::requeue(again)), Err)
}

/// Has the running servers asked from now on, or no longer; what is known of them by now.
fn ask(context: &Context, tenant: &Tenant, workload: Option<&Workload>) -> Option<Findings> {
    let namespace = &tenant.namespace;
    match Target::of(tenant, workload, context.servers.key(namespace)) {
        Some(target) => context.servers.want(target),
        None => context.servers.rest(namespace),
    }
    context.servers.findings(namespace)
}

/// What the platform gives one of a client's environments.
fn given(
    context: &Context,
    client: &McpClient,
    environment: EnvironmentName,
    plan: Option<&McpPlanSpec>,
) -> Given {
    let meta = &client.metadata;
    let key = ClientKey::new(
        meta.namespace.as_deref().unwrap_or_default(),
        meta.name.as_deref().unwrap_or_default(),
    );
    let plan = client.spec.plan.as_deref().zip(plan);
    match key {
        // A client that is leaving takes nothing any more.
        Ok(owner) if meta.deletion_timestamp.is_none() => {
            let standing = standing(&context.stores.namespaces, &owner, environment);
            context.rollouts.given(&owner.namespace(environment), environment, plan, &standing)
        }
        Ok(_) | Err(_) => Given::now(environment, &context.platform, plan.map(|(_, spec)| spec)),
    }
}

/// The plan a client names; an error is why it cannot be had. What runs is left as it is meanwhile.
fn plan_of(context: &Context, client: &McpClient) -> Result<Option<Arc<GuardedPlan>>, Verdict> {
    let Some(name) = client.spec.plan.as_deref() else { return Ok(None) };
    let plan = context.stores.plans.get(&ObjectRef::new(name));
    match plan {
        Some(plan) if plan.0.is_ok() => Ok(Some(plan)),
        Some(_) => Err(Verdict::no(
            Reason::PlanMissing,
            format!("the McpPlan {name} cannot be read: correct it and apply it again; nothing was changed"),
        )),
        None => Err(Verdict::no(
            Reason::PlanMissing,
            format!(
                "there is no McpPlan {name}: create it, or name another one in spec.plan; nothing was changed"
            ),
        )),
    }
}

/// Tells what can be told about an object that does not fit its type, and lets it go when it is being deleted. What
/// runs for it is left as it is.
pub async fn reconcile_invalid(context: &Context, invalid: &InvalidObject) -> Result<Action, ReconcileError> {
    let meta = &invalid.metadata;
    let (agency, name) =
        (meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default());
    let kind = kube::core::ApiResource::erase::<McpClient>(&());
    let api = Api::<kube::core::DynamicObject>::namespaced_with(context.client.clone(), agency, &kind);
    let raw = call("read the client", api.get(name)).await;
    let Some(raw) = absent_is_none(raw).map_err(DeliverError::from)? else {
        return Ok(Action::await_change());
    };
    let status: Option<McpClientStatus> =
        raw.data.get("status").and_then(|status| serde_json::from_value(status.clone()).ok());
    if raw.metadata.deletion_timestamp.is_some()
        && let Ok(owner) = ClientKey::new(agency, name)
    {
        // A policy that cannot be read keeps the data.
        let policy =
            raw.data.pointer("/spec/deletionPolicy").cloned().map(serde_json::from_value::<DeletionPolicy>);
        let will = Will::new(policy.and_then(Result::ok).unwrap_or_default(), &raw.metadata);
        return Ok(cleanup::cleanup(context, &owner, &raw.metadata, status.as_ref(), &will).await?);
    }
    let verdict = Verdict::no(
        Reason::ProfileInvalid,
        format!(
            "the resource cannot be read: {}. Correct it and apply again; what runs is left as it is",
            raw.data.get("spec").and_then(unreadable::fault).unwrap_or_else(|| invalid.error.clone())
        ),
    );
    let report = report::blocked_status(&raw.metadata, status.as_ref(), &verdict, context.clock.now());
    report::write(&context.client, &raw.metadata, status.as_ref(), &report)
        .await
        .map_err(DeliverError::from)?;
    Ok(Action::await_change())
}

/// The list is one by name, which the API server sees to; what was written around it is not to be two of one.
fn named_twice(tenants: &[Tenant]) -> Option<EnvironmentName> {
    let mut names: Vec<EnvironmentName> = tenants.iter().map(|tenant| tenant.environment).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

async fn blocked(context: &Context, client: &McpClient, verdict: &Verdict) -> Result<Action, ReconcileError> {
    let status =
        report::blocked_status(&client.metadata, client.status.as_ref(), verdict, context.clock.now());
    tell(context, client, &status).await?;
    Ok(Action::await_change())
}

/// Gives up the namespaces of environments the spec no longer has.
async fn retire_unasked(
    context: &Context,
    meta: &ObjectMeta,
    owner: &ClientKey,
    tenants: &[Tenant],
    will: &Will,
) -> Result<Progress, DeliverError> {
    let mut all = Progress::Done;
    for namespace in context.stores.namespaces.state() {
        let Some((whose, environment)) = labels::tenant_of(namespace.meta()) else { continue };
        if whose != *owner || tenants.iter().any(|tenant| tenant.environment == environment) {
            continue;
        }
        let fate = will.fate_of(&owner.namespace(environment));
        match retire(context, owner, environment, namespace.meta(), fate).await? {
            Progress::Done => {}
            Progress::Waiting => all = Progress::Waiting,
            Progress::DoneBut(foreign) => {
                let message = left_alone(&foreign);
                warn(context, meta, &Verdict::no(Reason::Deleting, message), "Retire").await;
            }
        }
    }
    Ok(all)
}

fn again_in(meta: &ObjectMeta, findings: &[Finding<'_>], progress: Option<&Progress>) -> Duration {
    let waits_for = |reason: Reason| findings.iter().any(|finding| finding.outcome.delivery.reason == reason);
    if progress == Some(&Progress::Waiting) {
        LOOK_AGAIN
    } else if waits_for(Reason::NumberTaken) || waits_for(Reason::RouteTaken) {
        CLAIM_AGAIN
    } else if waits_for(Reason::NameTaken)
        || waits_for(Reason::NamespaceTerminating)
        || findings.iter().any(|finding| finding.outcome.credentials.reason == Reason::DatabaseNotReady)
    {
        NAME_AGAIN
    } else {
        // Spread by the uid, so that a thousand clients are not looked at in the same second.
        let spread =
            meta.uid.iter().flat_map(|uid| uid.bytes()).fold(0_u64, |sum, b| sum * 31 % 120 + u64::from(b));
        RESYNC + Duration::from_secs(spread % 120)
    }
}

async fn tell(context: &Context, client: &McpClient, status: &McpClientStatus) -> Result<(), DeliverError> {
    let before = client.status.as_ref();
    let written = report::write(&context.client, &client.metadata, before, status).await?;
    let reason = report::ready_reason(Some(status));
    if written
        && reason != report::ready_reason(before)
        && let Some(ready) = status.conditions.iter().find(|condition| condition.type_ == "Ready")
    {
        tracing::info!(
            client = %format_args!("{}/{}", client.metadata.namespace.as_deref().unwrap_or_default(), client.metadata.name.as_deref().unwrap_or_default()),
            ready = %ready.status,
            reason = %ready.reason,
            message = %ready.message,
            "status changed"
        );
        let worry = Reason::ALL
            .iter()
            .any(|known| known.as_str() == ready.reason && known.waits_for() == WaitsFor::APerson);
        let kind = if worry { EventType::Warning } else { EventType::Normal };
        record(context, &client.metadata, kind, &ready.reason, &ready.message, "Reconcile").await;
    }
    if written {
        for change in report::turns(before, status) {
            let kind = if change.worse { EventType::Warning } else { EventType::Normal };
            record(context, &client.metadata, kind, &change.reason, &change.message, "Probe").await;
        }
    }
    Ok(())
}

/// Leaves a warning with the client, for `kubectl describe`.
pub async fn warn(context: &Context, meta: &ObjectMeta, verdict: &Verdict, action: &str) {
    record(context, meta, EventType::Warning, verdict.reason.as_str(), &verdict.message, action).await;
}

async fn record(
    context: &Context,
    meta: &ObjectMeta,
    type_: EventType,
    reason: &str,
    message: &str,
    action: &str,
) {
    // Longest note the API server takes.
    const MOST: usize = 1024;
    let mut note = message.to_owned();
    note.truncate(note.floor_char_boundary(MOST));
    let event = Event {
        type_,
        reason: reason.to_owned(),
        note: Some(note),
        action: action.to_owned(),
        secondary: None,
    };
    let reference = ObjectReference {
        api_version: Some(McpClient::api_version(&()).into_owned()),
        kind: Some(McpClient::kind(&()).into_owned()),
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        uid: meta.uid.clone(),
        ..ObjectReference::default()
    };
    if let Err(error) = context.recorder.publish(&event, &reference).await {
        tracing::warn!(%error, "an event could not be written");
    }
}

//! Plans: their clients are looked at when they change, and none is deleted while a client names it.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, Time};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{ListParams, Patch, PatchParams},
    runtime::{
        Controller,
        controller::{self, Action},
        reflector::Store,
    },
};
use mcp_crds::{McpPlan, McpPlanStatus};
use serde_json::json;

use crate::{
    MANAGER,
    api::{CallError, absent_is_none, call},
    client::outcome::Reason,
    clock::Clock,
    kinds, labels,
    stores::{Guarded, GuardedPlan, Stores, Trigger},
};

/// How soon a plan that is being deleted is looked at again while clients name it.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// How soon a plan is looked at again after a call failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Most users a message names.
const MOST_NAMED: usize = 10;

/// What a pass over a plan needs.
pub struct Plans {
    /// The API server.
    pub client: Client,
    /// Every client of the cluster.
    pub clients: Store<Guarded>,
    /// Asks for passes over clients.
    pub trigger: Trigger,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Follows plans until the task is dropped.
pub async fn follow(plans: Controller<GuardedPlan>, context: Plans) {
    plans
        .with_config(controller::Config::default().concurrency(2))
        .run(pass, |_, _, _| Action::requeue(AFTER_FAILURE), Arc::new(context))
        .for_each(|result| async {
            if let Err(error) = result {
                tracing::warn!(%error, "a pass over a plan failed and will be tried again");
            }
        })
        .await;
}

async fn pass(guarded: Arc<GuardedPlan>, context: Arc<Plans>) -> Result<Action, CallError> {
    let (meta, name) = (guarded.meta(), guarded.name_any());
    // Passes over clients whose inputs are as they were cost nothing.
    for client in Stores::clients_of_plan(&context.clients, &name) {
        context.trigger.client(&client);
    }
    if meta.deletion_timestamp.is_none() {
        if !has_finalizer(meta) {
            let mut finalizers = meta.finalizers.clone().unwrap_or_default();
            finalizers.push(labels::PLAN_FINALIZER.to_owned());
            write_finalizers(&context.client, meta, &finalizers).await?;
        }
        return Ok(Action::await_change());
    }
    if !has_finalizer(meta) {
        return Ok(Action::await_change());
    }
    let users = users(&context, &name).await?;
    if users.is_empty() {
        let mut finalizers = meta.finalizers.clone().unwrap_or_default();
        finalizers.retain(|finalizer| finalizer != labels::PLAN_FINALIZER);
        write_finalizers(&context.client, meta, &finalizers).await?;
        return Ok(Action::await_change());
    }
    let before = guarded.0.as_ref().ok().and_then(|plan| plan.status.as_ref());
    write_in_use(&context, meta, before, &users).await?;
    Ok(Action::requeue(LOOK_AGAIN))
}

/// Who names the plan. Only where the watch shows nobody is the API server asked: it may not have shown yet who began to.
async fn users(context: &Plans, plan: &str) -> Result<Vec<String>, CallError> {
    let known: Vec<String> =
        context.clients.state().iter().filter_map(|guarded| user(guarded, plan)).collect();
    if !known.is_empty() {
        return Ok(known);
    }
    let api = Api::<Guarded>::all(context.client.clone());
    let all = call("list the clients of a plan", api.list(&ListParams::default())).await?;
    Ok(all.items.iter().filter_map(|guarded| user(guarded, plan)).collect())
}

fn user(guarded: &Guarded, plan: &str) -> Option<String> {
    let name = || format!("{}/{}", guarded.namespace().unwrap_or_default(), guarded.name_any());
    match &guarded.0 {
        Ok(client) => (client.spec.plan.as_deref() == Some(plan)).then(name),
        // Who cannot be read may name it.
        Err(_) => Some(format!("{} (cannot be read)", name())),
    }
}

/// The sentence for a plan that is in use.
fn in_use(users: &[String]) -> String {
    let mut named = users.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    if users.len() > MOST_NAMED {
        named = format!("{named} and {} more", users.len() - MOST_NAMED);
    }
    format!("the plan goes when no client names it any more: let these name another one, or none: {named}")
}

async fn write_in_use(
    context: &Plans,
    meta: &ObjectMeta,
    before: Option<&McpPlanStatus>,
    users: &[String],
) -> Result<(), CallError> {
    let now = context.clock.now();
    let since =
        before.and_then(|status| status.conditions.iter().find(|condition| condition.type_ == "Deletable"));
    // Its own part alone: what is said of roll-outs is of another hand.
    let status = McpPlanStatus {
        observed_generation: meta.generation,
        conditions: vec![Condition {
            type_: "Deletable".to_owned(),
            status: "False".to_owned(),
            reason: Reason::InUse.as_str().to_owned(),
            message: in_use(users),
            observed_generation: meta.generation,
            last_transition_time: since.map_or_else(
                || Time(Timestamp::from_second(now.as_second()).unwrap_or(now)),
                |condition| condition.last_transition_time.clone(),
            ),
        }],
        ..McpPlanStatus::default()
    };
    let same = |before: &McpPlanStatus| {
        before.observed_generation == status.observed_generation && since == status.conditions.first()
    };
    if before.is_some_and(same) {
        return Ok(());
    }
    let name = meta.name.clone().unwrap_or_default();
    let body = json!({
        "apiVersion": McpPlan::api_version(&()),
        "kind": McpPlan::kind(&()),
        "metadata": {"name": name, "uid": meta.uid},
        "status": status,
    });
    let api = Api::<GuardedPlan>::all(context.client.clone());
    let (parameters, patch) = (PatchParams::apply(MANAGER).force(), Patch::Apply(&body));
    let request = api.patch_status(&name, &parameters, &patch);
    absent_is_none(call("write the status of the plan", request).await)?;
    Ok(())
}

fn has_finalizer(meta: &ObjectMeta) -> bool {
    meta.finalizers.iter().flatten().any(|name| name == labels::PLAN_FINALIZER)
}

async fn write_finalizers(
    client: &Client,
    meta: &ObjectMeta,
    finalizers: &[String],
) -> Result<(), CallError> {
    let api = kinds::PLAN.all(client);
    // The whole list is written, so it must be the list that was read: with its version the API server sees to it.
    let body = json!({"metadata": {
        "uid": meta.uid,
        "resourceVersion": meta.resource_version,
        "finalizers": finalizers,
    }});
    let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let patch = Patch::Merge(&body);
    let request = api.patch(meta.name.as_deref().unwrap_or_default(), &parameters, &patch);
    absent_is_none(call("write the finalizers of the plan", request).await)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_is_in_use_names_its_users_up_to_an_end() {
        let users: Vec<String> = (0..12).map(|n| format!("agency/client-{n}")).collect();
        let message = in_use(&users);
        assert!(message.contains("agency/client-9 and 2 more"), "{message}");
        assert!(in_use(&users[..1]).ends_with("none: agency/client-0"));
    }
}

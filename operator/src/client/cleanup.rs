//! The end of a client: every environment is given up, and then the client may go.

use std::time::Duration;

use k8s_openapi::{api::core::v1::Namespace, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Resource,
    api::{ListParams, Patch, PatchParams},
    runtime::controller::Action,
};
use mcp_crds::McpClientStatus;
use serde_json::json;

use crate::{
    MANAGER,
    api::{absent_is_none, call},
    client::{
        deliver::DeliverError,
        outcome::{Reason, Verdict},
        reconcile::warn,
        report,
        retire::{Fate, Progress, Will, left_alone, retire},
    },
    context::Context,
    kinds::{self, Kind},
    labels,
    names::ClientKey,
};

/// How soon something that is on its way out is looked at again; its last event usually comes first.
pub const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Gives up everything that belongs to a client that is being deleted, and lets it go when that is done.
pub async fn cleanup(
    context: &Context,
    owner: &ClientKey,
    meta: &ObjectMeta,
    status: Option<&McpClientStatus>,
    will: &Will,
) -> Result<Action, DeliverError> {
    if !has_finalizer(meta) {
        return Ok(Action::await_change());
    }
    // From the API server, not from the watch: a namespace made a moment ago must not be missed.
    let api = Kind::of::<Namespace>().all(&context.client);
    let mine = ListParams::default().labels(&labels::owned_selector(owner));
    let namespaces = call("list the client's namespaces", api.list(&mine)).await?;
    let fates: Vec<_> = namespaces
        .items
        .iter()
        .filter_map(|namespace| {
            let (_, environment) = labels::tenant_of(namespace.meta())?;
            Some((environment, namespace.meta(), will.fate_of(&owner.namespace(environment))))
        })
        .collect();

    let mut left = Left::default();
    for (environment, namespace, fate) in fates {
        let name = owner.namespace(environment).as_str().to_owned();
        if fate == Fate::KeepUnconfirmed {
            left.kept.push(name.clone());
        }
        match retire(context, owner, environment, namespace, fate).await {
            Ok(Progress::Done) => {}
            Ok(Progress::DoneBut(foreign)) => left.foreign.extend(foreign),
            Ok(Progress::Waiting) => left.waiting.push(name),
            Err(error) => {
                let verdict =
                    Verdict::no(Reason::DeliveryFailed, format!("{error}; it is tried again by itself"));
                announce(context, meta, status, &verdict, &[]).await?;
                return Err(error);
            }
        }
    }
    announce(context, meta, status, &left.verdict(), &left.foreign).await?;
    if !left.waiting.is_empty() {
        return Ok(Action::requeue(LOOK_AGAIN));
    }
    remove_finalizer(context, meta).await
}

/// The namespaces that are not gone.
#[derive(Default)]
struct Left {
    /// Kept although the client says `Delete`.
    kept: Vec<String>,
    /// On their way out.
    waiting: Vec<String>,
    /// Made by somebody else.
    foreign: Vec<String>,
}

impl Left {
    fn verdict(&self) -> Verdict {
        let waits = if self.waiting.is_empty() {
            String::new()
        } else {
            format!("; waits until the server in {} is gone, or the whole namespace", self.waiting.join(", "))
        };
        let waits =
            if self.foreign.is_empty() { waits } else { format!("{waits}; {}", left_alone(&self.foreign)) };
        if self.kept.is_empty() {
            return Verdict::no(Reason::Deleting, format!("the client is being deleted{waits}"));
        }
        let list = self.kept.join(",");
        Verdict::no(
            Reason::DeletionUnconfirmed,
            format!(
                "the data in {list} is kept: the annotation {} does not name it. To delete it, apply the client again \
                 with {0}: {list} and delete it once more{waits}",
                labels::CONFIRM_DELETE
            ),
        )
    }
}

/// Says how far it is, with a warning for what a person may not expect.
async fn announce(
    context: &Context,
    meta: &ObjectMeta,
    before: Option<&McpClientStatus>,
    verdict: &Verdict,
    foreign: &[String],
) -> Result<(), DeliverError> {
    let status = report::blocked_status(meta, before, verdict, context.clock.now());
    let news = report::ready_reason(before) != Some(verdict.reason.as_str()) || !foreign.is_empty();
    if report::write(&context.client, meta, before, &status).await?
        && news
        && (verdict.reason != Reason::Deleting || !foreign.is_empty())
    {
        warn(context, meta, verdict, "Delete").await;
    }
    Ok(())
}

/// Whether the client waits for the operator.
pub fn has_finalizer(meta: &ObjectMeta) -> bool {
    meta.finalizers.as_ref().is_some_and(|finalizers| finalizers.iter().any(|name| name == labels::FINALIZER))
}

/// Asks that the client not vanish before the operator has cleaned up after it.
pub async fn add_finalizer(context: &Context, meta: &ObjectMeta) -> Result<(), DeliverError> {
    let mut finalizers = meta.finalizers.clone().unwrap_or_default();
    finalizers.push(labels::FINALIZER.to_owned());
    write_finalizers(context, meta, &finalizers).await
}

async fn remove_finalizer(context: &Context, meta: &ObjectMeta) -> Result<Action, DeliverError> {
    let api = kinds::CLIENT.namespaced(&context.client, meta.namespace.as_deref().unwrap_or_default());
    let request = api.get(meta.name.as_deref().unwrap_or_default());
    // Fresh, for the status was written since.
    let Some(fresh) = absent_is_none(call("read the client", request).await)? else {
        return Ok(Action::await_change());
    };
    let mut finalizers = fresh.meta().finalizers.clone().unwrap_or_default();
    finalizers.retain(|name| name != labels::FINALIZER);
    write_finalizers(context, fresh.meta(), &finalizers).await?;
    Ok(Action::await_change())
}

async fn write_finalizers(
    context: &Context,
    meta: &ObjectMeta,
    finalizers: &[String],
) -> Result<(), DeliverError> {
    let api = kinds::CLIENT.namespaced(&context.client, meta.namespace.as_deref().unwrap_or_default());
    // The whole list is written, so it must be the list that was read: with its version the API server sees to it.
    let body = json!({"metadata": {
        "uid": meta.uid,
        "resourceVersion": meta.resource_version,
        "finalizers": finalizers,
    }});
    let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let patch = Patch::Merge(&body);
    let request = api.patch(meta.name.as_deref().unwrap_or_default(), &parameters, &patch);
    absent_is_none(call("write the finalizers of the client", request).await)?;
    Ok(())
}

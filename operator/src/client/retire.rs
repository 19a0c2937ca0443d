//! Giving up an environment: its workload goes, and its data stays, or goes with the whole namespace where that was
//! asked for and confirmed.

use std::collections::BTreeSet;

use k8s_openapi::{
    api::{
        apps::v1::Deployment,
        core::v1::{ConfigMap, Namespace, Secret, Service, ServiceAccount},
        discovery::v1::EndpointSlice,
        networking::v1::Ingress,
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api,
    api::{DeleteParams, Preconditions},
};
use mcp_crds::{DeletionPolicy, EnvironmentName};

use crate::{
    api::{CallError, Category, absent_is_none, call},
    client::{
        database,
        deliver::{DeliverError, Deliverer},
        namespace,
        removal::{Removed, Remover},
    },
    context::Context,
    external::{HTTPRoute, PodMonitor},
    labels,
    names::{ClientKey, TenantNamespace},
    render,
};

/// What becomes of a namespace that is no longer asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its data stays.
    Keep,
    /// Its data stays although the client says `Delete`, for nobody confirmed it.
    KeepUnconfirmed,
    /// It goes with all that is in it.
    Destroy,
}

/// How far giving up has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is nothing left to do.
    Done,
    /// There is nothing left to do, and something is left that somebody else made: kind and name of each.
    DoneBut(Vec<String>),
    /// Something is on its way out; look again soon.
    Waiting,
}

/// What a client says about its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    policy: DeletionPolicy,
    confirmed: BTreeSet<String>,
}

impl Will {
    /// From the spec and the annotation that confirms it.
    pub fn new(policy: DeletionPolicy, meta: &ObjectMeta) -> Self {
        let confirmed =
            meta.annotations.as_ref().and_then(|annotations| annotations.get(labels::CONFIRM_DELETE));
        let names = confirmed.into_iter().flat_map(|list| list.split(','));
        let confirmed = names.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        Self { policy, confirmed }
    }

    /// What it means for one namespace.
    pub fn fate_of(&self, namespace: &TenantNamespace) -> Fate {
        match self.policy {
            DeletionPolicy::Retain => Fate::Keep,
            DeletionPolicy::Delete if self.confirmed.contains(namespace.as_str()) => Fate::Destroy,
            DeletionPolicy::Delete => Fate::KeepUnconfirmed,
        }
    }
}

/// Gives up one namespace. `meta` is the namespace's own.
pub async fn retire(
    context: &Context,
    owner: &ClientKey,
    environment: EnvironmentName,
    meta: &ObjectMeta,
    fate: Fate,
) -> Result<Progress, DeliverError> {
    let progress = give_up(context, owner, environment, meta, fate).await;
    if progress.as_ref().is_err_and(|error| Category::of(error) == Category::Forbidden) {
        // The binding that gives the operator its rights is gone, which no watch shows: the next pass makes it anew.
        context.memory.forget(&owner.namespace(environment));
    }
    progress
}

async fn give_up(
    context: &Context,
    owner: &ClientKey,
    environment: EnvironmentName,
    meta: &ObjectMeta,
    fate: Fate,
) -> Result<Progress, DeliverError> {
    let namespace = owner.namespace(environment);
    match fate {
        Fate::Destroy => destroy(context, Remover { owner, environment }, &namespace, meta).await,
        // It goes anyway, by somebody else's hand.
        Fate::Keep | Fate::KeepUnconfirmed if meta.deletion_timestamp.is_some() => {
            forget(context, &namespace);
            Ok(Progress::Done)
        }
        Fate::Keep | Fate::KeepUnconfirmed if labels::is_detached(meta) => Ok(Progress::Done),
        Fate::Keep | Fate::KeepUnconfirmed => {
            let deliverer =
                Deliverer { client: &context.client, memory: &context.memory, namespace: &namespace };
            deliverer
                .rights(&render::role_binding::build(owner, environment, &context.platform.settings))
                .await?;
            Ok(detach(context, Remover { owner, environment }, &namespace).await?)
        }
    }
}

async fn destroy(
    context: &Context,
    remover: Remover<'_>,
    namespace: &TenantNamespace,
    meta: &ObjectMeta,
) -> Result<Progress, DeliverError> {
    if meta.deletion_timestamp.is_some() {
        forget(context, namespace);
        return Ok(Progress::Waiting);
    }
    if meta.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(labels::DATABASE)) {
        // Nobody else knows of the schema once the namespace is gone; and no server may still write into it.
        let Remover { owner, environment } = remover;
        let deliverer = Deliverer { client: &context.client, memory: &context.memory, namespace };
        deliverer
            .rights(&render::role_binding::build(owner, environment, &context.platform.settings))
            .await?;
        remover.remove::<Ingress>(&context.client, owner.name()).await?;
        if remover.remove::<Deployment>(&context.client, owner.name()).await? == Removed::Going {
            return Ok(Progress::Waiting);
        }
        database::destroy(context, owner, environment).await?;
    }
    forget(context, namespace);
    let parameters = DeleteParams {
        // The namespace that was looked at, and none that took its name since.
        preconditions: Some(Preconditions { uid: meta.uid.clone(), resource_version: None }),
        ..DeleteParams::default()
    };
    let api = Api::<Namespace>::all(context.client.clone());
    let request = api.delete(namespace.as_str(), &parameters);
    let answer = absent_is_none(call(format!("delete the namespace {namespace}"), request).await)?;
    Ok(if answer.is_some() { Progress::Waiting } else { Progress::Done })
}

/// The Deployment first, and nothing else before it is gone with its pods: a server must not lose its Secrets while it
/// still answers, and the number is free only when nobody answers for it.
async fn detach(
    context: &Context,
    remover: Remover<'_>,
    namespace: &TenantNamespace,
) -> Result<Progress, CallError> {
    let (client, owner) = (&context.client, remover.owner);
    // Nobody is sent to a server that is about to end.
    let routes = [
        remover.remove::<Ingress>(client, owner.name()).await?,
        remover.remove::<HTTPRoute>(client, owner.name()).await?,
    ];
    let deployment = remover.remove::<Deployment>(client, owner.name()).await?;
    if deployment == Removed::Going {
        return Ok(Progress::Waiting);
    }
    let others = [
        deployment,
        remover.remove::<EndpointSlice>(client, &render::asleep::name(owner)).await?,
        remover.remove::<PodDisruptionBudget>(client, owner.name()).await?,
        remover.remove::<PodMonitor>(client, owner.name()).await?,
        remover.remove::<Service>(client, owner.name()).await?,
        remover.remove::<Secret>(client, &owner.credentials_secret()).await?,
        remover.remove::<Secret>(client, &owner.pull_secret()).await?,
        remover.remove::<ConfigMap>(client, &owner.profile_config_map()).await?,
        remover.remove::<ServiceAccount>(client, owner.name()).await?,
    ];
    namespace::mark_detached(client, owner, namespace, true).await?;
    forget(context, namespace);
    let foreign = routes.into_iter().chain(others).filter_map(|one| match one {
        Removed::Foreign(what) => Some(format!("{what} in {namespace}")),
        Removed::Gone | Removed::Going => None,
    });
    let foreign: Vec<String> = foreign.collect();
    Ok(if foreign.is_empty() { Progress::Done } else { Progress::DoneBut(foreign) })
}

/// The sentence for what somebody else made.
pub fn left_alone(foreign: &[String]) -> String {
    format!(
        "left alone, for the operator did not make it: {}; remove it if it is not wanted",
        foreign.join(", ")
    )
}

fn forget(context: &Context, namespace: &TenantNamespace) {
    context.watches.end(namespace);
    context.servers.end(namespace);
    context.memory.remove(namespace);
    context.holdings.release(namespace);
    context.sleepers.forget(namespace);
    context.databases.forget(namespace);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_goes_only_where_the_policy_says_so_and_the_namespace_is_named() {
        let key = ClientKey::new("agency", "ze").unwrap();
        let [production, staging] = [EnvironmentName::Production, EnvironmentName::Staging]
            .map(|environment| key.namespace(environment));
        let confirmed = |list: &str| ObjectMeta {
            annotations: Some(labels::map([(labels::CONFIRM_DELETE, list)])),
            ..ObjectMeta::default()
        };
        let will = Will::new(DeletionPolicy::Delete, &confirmed("ze-production , other"));
        assert_eq!(will.fate_of(&production), Fate::Destroy);
        assert_eq!(will.fate_of(&staging), Fate::KeepUnconfirmed);
        let will = Will::new(DeletionPolicy::Retain, &confirmed("ze-production"));
        assert_eq!(will.fate_of(&production), Fate::Keep);
        let will = Will::new(DeletionPolicy::Delete, &ObjectMeta::default());
        assert_eq!(will.fate_of(&production), Fate::KeepUnconfirmed);
    }
}

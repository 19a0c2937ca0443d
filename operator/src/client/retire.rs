//! Giving up an environment: its workload goes, and its data stays, or goes with the whole namespace where that was
//! asked for and confirmed.

use std::{collections::BTreeSet, fmt::Debug};

use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::Deployment,
        core::v1::{ConfigMap, Namespace, Secret, Service, ServiceAccount},
        networking::v1::Ingress,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Resource,
    api::{DeleteParams, Preconditions, PropagationPolicy},
};
use mcp_crds::{DeletionPolicy, EnvironmentName};
use serde::de::DeserializeOwned;

use crate::{
    api::{CallError, absent_is_none, call, call_patiently},
    client::{
        deliver::{DeliverError, Deliverer},
        namespace,
    },
    context::Context,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is nothing left to do.
    Done,
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
    let namespace = owner.namespace(environment);
    match fate {
        Fate::Destroy => Ok(destroy(context, &namespace, meta).await?),
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
            Ok(detach(context, owner, &namespace).await?)
        }
    }
}

async fn destroy(
    context: &Context,
    namespace: &TenantNamespace,
    meta: &ObjectMeta,
) -> Result<Progress, CallError> {
    forget(context, namespace);
    if meta.deletion_timestamp.is_some() {
        return Ok(Progress::Waiting);
    }
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
    owner: &ClientKey,
    namespace: &TenantNamespace,
) -> Result<Progress, CallError> {
    // Nobody is sent to a server that is about to end.
    delete::<Ingress>(context, namespace, owner.name()).await?;
    if delete::<Deployment>(context, namespace, owner.name()).await? == Progress::Waiting {
        return Ok(Progress::Waiting);
    }
    delete::<Service>(context, namespace, owner.name()).await?;
    delete::<Secret>(context, namespace, &owner.credentials_secret()).await?;
    delete::<ConfigMap>(context, namespace, &owner.profile_config_map()).await?;
    delete::<ServiceAccount>(context, namespace, owner.name()).await?;
    namespace::mark_detached(&context.client, owner, namespace, true).await?;
    forget(context, namespace);
    Ok(Progress::Done)
}

async fn delete<K>(context: &Context, namespace: &TenantNamespace, name: &str) -> Result<Progress, CallError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + DeserializeOwned + Clone + Debug,
{
    let api = Api::<K>::namespaced(context.client.clone(), namespace.as_str());
    // In the foreground: the object stays until what it made is gone.
    let parameters =
        DeleteParams { propagation_policy: Some(PropagationPolicy::Foreground), ..DeleteParams::default() };
    let action = format!("delete {} {name} in {namespace}", K::kind(&()));
    let answer = absent_is_none(call_patiently(&action, || api.delete(name, &parameters)).await)?;
    Ok(if answer.is_some() { Progress::Waiting } else { Progress::Done })
}

fn forget(context: &Context, namespace: &TenantNamespace) {
    context.watches.end(namespace);
    context.memory.remove(namespace);
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

//! Whose a namespace is. The operator works in namespaces it made for this client and in no other.

use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, Secret};
use kube::{
    Api, Client, Resource,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;

use crate::{
    MANAGER,
    api::{CallError, absent_is_none, call, call_patiently},
    client::validate::Tenant,
    kinds::{Kind, Metadata},
    labels,
    names::{ClientKey, TenantNamespace},
    render,
    stores::Stores,
};

/// What a tenant's namespace is to its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its own.
    Own,
    /// Its own from before, kept without a client.
    Detached,
    /// Its own, but about to vanish.
    Terminating,
    /// Somebody else's.
    Taken,
}

fn standing(found: &Metadata, tenant: &Tenant) -> Standing {
    let meta = found.meta();
    if labels::owner_of(meta) != Some((tenant.owner.clone(), tenant.environment)) {
        Standing::Taken
    } else if meta.deletion_timestamp.is_some() {
        Standing::Terminating
    } else if labels::is_detached(meta) {
        Standing::Detached
    } else {
        Standing::Own
    }
}

/// Sees to it that the namespace is there, and says whose it is. A name that is free is taken by creating it, so that
/// of two clients only one can succeed.
pub async fn ensure(client: &Client, stores: &Stores, tenant: &Tenant) -> Result<Standing, CallError> {
    let name = tenant.namespace.as_str();
    if let Some(known) = stores.namespaces.get(&Kind::of::<Namespace>().named(name)) {
        let standing = standing(&known, tenant);
        if standing == Standing::Own {
            return Ok(standing);
        }
    }
    // The watch shows only what the operator made, and shows it late: only the API server knows that a name is free.
    if let Some(found) = find(client, name).await? {
        return Ok(standing(&found, tenant));
    }
    let mut made = render::namespace::build(tenant);
    made.metadata.annotations = None;
    let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    let api = Api::<Namespace>::all(client.clone());
    match call(format!("create the namespace {name}"), api.create(&parameters, &made)).await {
        Ok(_) => Ok(Standing::Own),
        Err(error) if error.is_already_exists() => {
            let found = find(client, name).await?;
            Ok(found.map_or(Standing::Terminating, |found| standing(&found, tenant)))
        }
        Err(error) => Err(error),
    }
}

async fn find(client: &Client, name: &str) -> Result<Option<Metadata>, CallError> {
    let api = Kind::of::<Namespace>().all(client);
    absent_is_none(call(format!("look for the namespace {name}"), api.get(name)).await)
}

/// Marks what is kept in a namespace as detached from its client, or as attached again, the namespace last: its label
/// says that all is done.
pub async fn mark_detached(
    client: &Client,
    owner: &ClientKey,
    namespace: &TenantNamespace,
    detached: bool,
) -> Result<(), CallError> {
    let label = detached.then_some("true");
    let inside = json!({"metadata": {"labels": {labels::DETACHED: label}}});
    let claims = Kind::of::<PersistentVolumeClaim>().inside(client, namespace);
    let secrets = Kind::of::<Secret>().inside(client, namespace);
    let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let (claim, keys) = (owner.data_claim(), owner.keys_secret());
    let patch = Patch::Merge(&inside);
    absent_is_none(
        call_patiently("label the volume claim", || claims.patch(&claim, &parameters, &patch)).await,
    )?;
    absent_is_none(call_patiently("label the keys", || secrets.patch(&keys, &parameters, &patch)).await)?;
    let mut outside = inside.clone();
    if detached {
        // Nothing answers for the number and the route any more: they are free.
        outside["metadata"]["annotations"] = json!({labels::NUMBER: null, labels::ROUTE: null});
    }
    let namespaces = Kind::of::<Namespace>().all(client);
    let patch = Patch::Merge(&outside);
    let patched = namespaces.patch(namespace.as_str(), &parameters, &patch);
    absent_is_none(call(format!("label the namespace {namespace}"), patched).await)?;
    Ok(())
}

/// The sentence for a namespace that belongs to somebody else.
pub fn taken_message(tenant: &Tenant) -> String {
    format!(
        "the namespace {} exists and was not made for this client: give the client another name, or ask the platform's \
         administrators to remove that namespace; nothing was changed in it",
        tenant.namespace
    )
}

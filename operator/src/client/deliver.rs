//! The fourth step: sends what differs from what was sent last, in an order with a reason.

use std::fmt::Debug;

use aws_lc_rs::digest::{SHA256, digest};
use k8s_openapi::{
    NamespaceResourceScope,
    api::{core::v1::Secret, rbac::v1::RoleBinding},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    MANAGER,
    api::{CallError, absent_is_none, call, call_patiently},
    manifests::{Applied, Confidential, Delivery, Foundation, Manifests, Prepared},
    memory::{Memory, ObjectId, Version},
    names::TenantNamespace,
};

/// Why something was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The API server did not take it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It could not be written as JSON.
    #[error("write {what} as JSON: {source}")]
    Encode {
        /// Kind and name.
        what: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// Sends manifests to one tenant's namespace.
#[derive(Clone, Copy)]
pub struct Deliverer<'a> {
    /// The API server.
    pub client: &'a Client,
    /// What was sent before.
    pub memory: &'a Memory,
    /// Where everything goes.
    pub namespace: &'a TenantNamespace,
}

impl Deliverer<'_> {
    /// The namespace before the rights in it.
    pub async fn foundation(
        &self,
        prepared: Foundation<Prepared>,
    ) -> Result<Foundation<Applied>, DeliverError> {
        let Foundation { namespace, role_binding } = prepared;
        Ok(Foundation {
            namespace: self.apply(&Api::all(self.client.clone()), &namespace, &namespace).await?,
            role_binding: self.apply_inside(&role_binding).await?,
        })
    }

    /// The rights alone, for a namespace that is being given up.
    pub async fn rights(&self, role_binding: &RoleBinding) -> Result<Delivery, DeliverError> {
        self.apply_inside(role_binding).await
    }

    /// Everything a pod refers to before the Deployment, so that no pod starts without it; the Service before the
    /// Deployment, so that the first ready pod is reachable at once.
    pub async fn manifests(&self, prepared: Manifests<Prepared>) -> Result<Manifests<Applied>, DeliverError> {
        let Manifests { service_account, credentials, profile, data, service, deployment } = prepared;
        Ok(Manifests {
            service_account: self.apply_inside(&service_account).await?,
            credentials: match credentials {
                Some(secret) => Some(self.apply_secret(&secret).await?),
                None => None,
            },
            profile: match profile {
                Some(config_map) => Some(self.apply_inside(&config_map).await?),
                None => None,
            },
            data: self.apply_inside(&data).await?,
            service: self.apply_inside(&service).await?,
            deployment: match deployment {
                Some(deployment) => Some(self.apply_inside(&deployment).await?),
                None => None,
            },
        })
    }

    fn inside<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), self.namespace.as_str())
    }

    async fn apply_inside<K>(&self, manifest: &K) -> Result<Delivery, DeliverError>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Serialize + DeserializeOwned + Clone + Debug,
    {
        self.apply(&self.inside(), manifest, manifest).await
    }

    async fn apply_secret(&self, manifest: &Confidential<Secret>) -> Result<Delivery, DeliverError> {
        self.apply(&self.inside(), &manifest.0, manifest).await
    }

    /// Applies `body` under the name of `manifest`, unless it stands as it was applied before. `body` is what `Debug` may
    /// show.
    async fn apply<K, B>(&self, api: &Api<K>, manifest: &K, body: &B) -> Result<Delivery, DeliverError>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned + Clone + Debug,
        B: Serialize + Debug,
    {
        let id = ObjectId { kind: K::kind(&()).into_owned(), name: manifest.name_any() };
        let what = format!("{} {}", id.kind, id.name);
        let json =
            serde_json::to_vec(body).map_err(|source| DeliverError::Encode { what: what.clone(), source })?;
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &json).as_ref());
        if self.memory.stands(self.namespace, &id, &hash) {
            return Ok(Delivery::Unchanged);
        }
        let parameters = PatchParams::apply(MANAGER).force();
        let patch = Patch::Apply(body);
        let action = format!("apply {what} in {}", self.namespace);
        let send = || api.patch_metadata(&id.name, &parameters, &patch);
        let answer = match call_patiently(&action, send).await {
            // Somebody's edit stands in the way, and it cannot be undone in place: a port of another number under the same
            // name, an `immutable: true`. What holds no data is made anew.
            Err(error) if error.is_invalid() && is_replaceable(&id.kind) => {
                tracing::warn!(namespace = %self.namespace, kind = %id.kind, name = %id.name, %error, "made anew");
                let parameters = DeleteParams::default();
                absent_is_none(call(format!("make {what} anew"), api.delete(&id.name, &parameters)).await)?;
                call_patiently(&action, send).await?
            }
            answer => answer?,
        };
        self.memory.record(self.namespace, id.clone(), hash, Version::of(&id.kind, answer.meta()));
        tracing::info!(namespace = %self.namespace, kind = %id.kind, name = %id.name, "applied");
        Ok(Delivery::Written)
    }
}

/// Whether nothing is lost when an object of this kind is deleted and made again.
fn is_replaceable(kind: &str) -> bool {
    matches!(kind, "Service" | "ConfigMap" | "Secret" | "ServiceAccount" | "Deployment")
}

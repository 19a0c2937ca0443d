//! The fourth step: sends what differs from what was sent last, in an order with a reason.

use std::fmt::Debug;

use aws_lc_rs::digest::{SHA256, digest};
use k8s_openapi::{
    NamespaceResourceScope,
    api::{core::v1::Secret, networking::v1::Ingress, rbac::v1::RoleBinding},
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

/// How often an object is applied again at once because somebody edits it meanwhile; then the next pass does it.
const MOST_EDITS: usize = 3;

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
    /// Deployment, so that the first ready pod is reachable at once. The route last, and where none is asked for, the one
    /// from before goes.
    pub async fn manifests(
        &self,
        name: &str,
        prepared: Manifests<Prepared>,
    ) -> Result<Manifests<Applied>, DeliverError> {
        let Manifests { service_account, credentials, profile, data, service, deployment, route } = prepared;
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
            data: match data {
                Some(claim) => Some(self.apply_inside(&claim).await?),
                None => None,
            },
            service: self.apply_inside(&service).await?,
            deployment: match deployment {
                Some(deployment) => Some(self.apply_inside(&deployment).await?),
                None => None,
            },
            route: if let Some(ingress) = route {
                Some(self.apply_inside(&ingress).await?)
            } else {
                self.remove::<Ingress>(name).await?;
                None
            },
        })
    }

    /// Sees to it that there is no object of this name. Asked once: from then on the watch would tell.
    async fn remove<K>(&self, name: &str) -> Result<(), DeliverError>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: DeserializeOwned + Clone + Debug,
    {
        let id = ObjectId { kind: K::kind(&()).into_owned(), name: name.to_owned() };
        if self.memory.is_absent(self.namespace, &id) {
            return Ok(());
        }
        let action = format!("remove {} {name} from {}", id.kind, self.namespace);
        let parameters = DeleteParams::default();
        let api = self.inside::<K>();
        absent_is_none(call_patiently(&action, || api.delete(name, &parameters)).await)?;
        self.memory.record_absent(self.namespace, id);
        Ok(())
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
        for _ in 0..MOST_EDITS {
            let answer = match call_patiently(&action, send).await {
                Err(error) if error.is_invalid() && is_replaceable(&id.kind) => {
                    tracing::warn!(namespace = %self.namespace, kind = %id.kind, name = %id.name, %error, "put right");
                    self.put_right(api, &id.name, &what, body).await?;
                    call_patiently(&action, send).await?
                }
                answer => answer?,
            };
            // An edit that came while the answer was on its way was seen already: nobody tells of it again.
            if self.memory.record(self.namespace, id.clone(), hash, Version::of(&id.kind, answer.meta())) {
                break;
            }
        }
        tracing::info!(namespace = %self.namespace, kind = %id.kind, name = %id.name, "applied");
        Ok(Delivery::Written)
    }

    /// Somebody's edit stands in the way of what is applied. Where lists are merged by key, a port of another number
    /// under the same name is one: a merge patch, which takes every list of `body` whole, undoes it in place, and the
    /// Service keeps its address. What cannot be undone, as `immutable: true`, is deleted, to be made anew; what a rule of
    /// the cluster refuses stays as it is, for a new one would be refused as well.
    async fn put_right<K, B>(
        &self,
        api: &Api<K>,
        name: &str,
        what: &str,
        body: &B,
    ) -> Result<(), DeliverError>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned + Clone + Debug,
        B: Serialize + Debug,
    {
        let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let patch = Patch::Merge(body);
        match call(format!("put {what} right"), api.patch_metadata(name, &parameters, &patch)).await {
            Err(error) if error.is_immutable() => {
                let parameters = DeleteParams::default();
                absent_is_none(call(format!("make {what} anew"), api.delete(name, &parameters)).await)?;
                Ok(())
            }
            answer => Ok(absent_is_none(answer).map(drop)?),
        }
    }
}

/// Whether nothing is lost when an object of this kind is deleted and made again.
fn is_replaceable(kind: &str) -> bool {
    matches!(kind, "Service" | "ConfigMap" | "Secret" | "ServiceAccount" | "Deployment" | "Ingress")
}

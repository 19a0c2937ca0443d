//! The fourth step: sends what differs from what was sent last, in an order with a reason.

use aws_lc_rs::digest::{SHA256, digest};
use k8s_openapi::{
    api::{
        core::v1::{Namespace, Secret},
        discovery::v1::EndpointSlice,
        policy::v1::PodDisruptionBudget,
        rbac::v1::RoleBinding,
    },
    apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use serde::Serialize;
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

use crate::{
    MANAGER,
    api::{CallError, absent_is_none, call, call_patiently},
    client::{
        database::DatabaseError,
        fields,
        removal::{Removed, Remover},
    },
    kinds::{Kind, Metadata, Named},
    manifests::{Applied, Confidential, Delivery, Foundation, Manifests, Prepared},
    memory::{Memory, ObjectId, Version},
    names::TenantNamespace,
    render,
};

/// How often an object is applied again at once because somebody edits it meanwhile; then the next pass does it.
const MOST_EDITS: usize = 5;

/// Why something was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The API server did not take it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The platform's database did not give up a schema.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Somebody changes it faster than it is put right.
    #[error(
        "apply {what}: somebody keeps changing it; find out who with `kubectl get --show-managed-fields -o yaml`"
    )]
    Contested {
        /// Kind and name.
        what: String,
    },
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
            namespace: self.namespace(&namespace).await?,
            role_binding: self.apply_inside(&role_binding).await?,
        })
    }

    /// The namespace alone, when nothing in it stands in the way of giving up what it had.
    pub async fn namespace(&self, namespace: &Namespace) -> Result<Delivery, DeliverError> {
        let written = Written::of(namespace)?;
        self.apply(&written.kind.all(self.client), &written).await
    }

    /// The rights alone, for a namespace that is being given up.
    pub async fn rights(&self, role_binding: &RoleBinding) -> Result<Delivery, DeliverError> {
        self.apply_inside(role_binding).await
    }

    /// The policies before anything that talks, the openings first: a tenant that runs is not cut off. The limits before
    /// anything that counts. Everything a pod refers to before the Deployment, so that no pod starts without it; the Service
    /// before the Deployment, so that the first ready pod is reachable at once. The route last, the new one before the one
    /// from before goes.
    pub async fn manifests(
        &self,
        remover: Remover<'_>,
        prepared: Manifests<Prepared>,
    ) -> Result<Manifests<Applied>, DeliverError> {
        let Manifests {
            openings,
            default_deny,
            limit_range,
            quota,
            service_account,
            credentials,
            pull_secret,
            profile,
            data,
            service,
            asleep,
            deployment,
            disruption_budget,
            pod_monitor,
            route,
            http_route,
        } = prepared;
        let through_a_gateway = http_route.is_some();
        // Who wakes up answers for itself: the one that answered in its place goes before its server comes, and comes when
        // its server was told to go.
        if asleep.is_none() {
            let kind = Kind::of::<EndpointSlice>();
            self.remove(remover, kind, &render::asleep::name(remover.owner)).await?;
        }
        let mut applied = Manifests {
            openings: self.apply_inside(&openings).await?,
            default_deny: self.apply_inside(&default_deny).await?,
            limit_range: self.apply_inside(&limit_range).await?,
            quota: self.apply_inside(&quota).await?,
            service_account: self.apply_inside(&service_account).await?,
            credentials: match credentials {
                Some(secret) => Some(self.apply_secret(&secret).await?),
                None => None,
            },
            pull_secret: match pull_secret {
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
            disruption_budget: self.apply_or_remove(remover, disruption_budget).await?,
            pod_monitor: self.apply_or_remove(remover, pod_monitor).await?,
            asleep: match asleep {
                Some(slice) => Some(self.apply_inside(&slice).await?),
                None => None,
            },
            route: None,
            http_route: None,
        };
        if through_a_gateway {
            applied.http_route = self.apply_or_remove_route(remover, http_route).await?;
            applied.route = self.apply_or_remove_route(remover, route).await?;
        } else {
            applied.route = self.apply_or_remove_route(remover, route).await?;
            applied.http_route = self.apply_or_remove_route(remover, http_route).await?;
        }
        Ok(applied)
    }

    /// Applies what is asked for, or sees to it that it is not there. Nothing is asked where a watch of the whole cluster has
    /// shown that nothing of the operator's is there.
    async fn apply_or_remove<K>(
        &self,
        remover: Remover<'_>,
        manifest: Option<K>,
    ) -> Result<Option<Delivery>, DeliverError>
    where
        K: Named + Serialize,
    {
        let name = remover.owner.name();
        let id = ObjectId { kind: Kind::of::<K>().name().to_owned(), name: name.to_owned() };
        if manifest.is_none() && self.memory.is_nowhere(self.namespace, &id) {
            // From now on it would be somebody's edit.
            self.memory.record_absent(self.namespace, id);
            return Ok(None);
        }
        self.apply_or_remove_route(remover, manifest).await
    }

    /// Likewise of what leads to the server: looked for even where no watch shows it, for one that somebody else made is a
    /// way in all the same.
    async fn apply_or_remove_route<K>(
        &self,
        remover: Remover<'_>,
        manifest: Option<K>,
    ) -> Result<Option<Delivery>, DeliverError>
    where
        K: Named + Serialize,
    {
        match manifest {
            Some(manifest) => Ok(Some(self.apply_inside(&manifest).await?)),
            None => self.remove(remover, Kind::of::<K>(), remover.owner.name()).await,
        }
    }

    /// Sees to it that there is no object of this name of the environment's own. Asked once: from then on the watch would
    /// tell. Somebody else's is left alone, and told of each time.
    pub async fn remove(
        &self,
        remover: Remover<'_>,
        kind: Kind,
        name: &str,
    ) -> Result<Option<Delivery>, DeliverError> {
        let id = ObjectId { kind: kind.name().to_owned(), name: name.to_owned() };
        if self.memory.is_absent(self.namespace, &id) {
            return Ok(None);
        }
        if let Removed::Foreign(_) = remover.remove(kind, self.client, name).await? {
            return Ok(Some(Delivery::Foreign));
        }
        self.memory.record_absent(self.namespace, id);
        Ok(None)
    }

    async fn apply_inside<K: Named + Serialize>(&self, manifest: &K) -> Result<Delivery, DeliverError> {
        let written = Written::of(manifest)?;
        self.apply(&written.kind.inside(self.client, self.namespace), &written).await
    }

    async fn apply_secret(&self, manifest: &Confidential<Secret>) -> Result<Delivery, DeliverError> {
        self.apply_inside(&manifest.0).await
    }

    /// Applies a manifest, unless it stands as it was applied before.
    async fn apply(&self, api: &Api<Metadata>, manifest: &Written) -> Result<Delivery, DeliverError> {
        let id = ObjectId { kind: manifest.kind.name().to_owned(), name: manifest.name.clone() };
        let what = manifest.what();
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, manifest.json.0.get().as_bytes()).as_ref());
        if self.memory.stands(self.namespace, &id, &hash) {
            return Ok(Delivery::Unchanged);
        }
        let parameters = PatchParams::apply(MANAGER).force();
        let patch = Patch::Apply(&manifest.json);
        let action = format!("apply {what} in {}", self.namespace);
        let send = || api.patch(&id.name, &parameters, &patch);
        let mut edits = 0;
        loop {
            if edits == MOST_EDITS {
                return Err(DeliverError::Contested { what });
            }
            edits += 1;
            let answer = match call_patiently(&action, send).await {
                Err(error) if error.is_invalid() && is_replaceable(&id.kind) => {
                    tracing::warn!(namespace = %self.namespace, kind = %id.kind, name = %id.name, %error, "put right");
                    self.put_right(api, manifest).await?;
                    call_patiently(&action, send).await?
                }
                answer => answer?,
            };
            if let Some(fields) =
                fields::taken_over(&id.kind, answer.meta().managed_fields.as_deref().unwrap_or_default())
            {
                self.take_over(api, &what, answer.meta(), &fields).await?;
                continue;
            }
            // An edit that came while the answer was on its way was seen already: nobody tells of it again.
            if self.memory.record(self.namespace, id.clone(), hash, Version::of(&id.kind, answer.meta())) {
                break;
            }
        }
        tracing::info!(namespace = %self.namespace, kind = %id.kind, name = %id.name, "applied");
        Ok(Delivery::Written)
    }

    /// Makes what others set in an object the operator's own, so that the next apply takes it away.
    async fn take_over(
        &self,
        api: &Api<Metadata>,
        what: &str,
        meta: &ObjectMeta,
        fields: &[ManagedFieldsEntry],
    ) -> Result<(), DeliverError> {
        let name = meta.name.as_deref().unwrap_or_default();
        tracing::warn!(namespace = %self.namespace, %what, "fields of somebody else are taken out");
        // With the version, so that nothing is written over what is not known yet.
        let body = json!({"metadata": {
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
            "managedFields": fields,
        }});
        let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let patch = Patch::Merge(&body);
        match call(format!("take over {what}"), api.patch(name, &parameters, &patch)).await {
            // It was changed meanwhile, or is gone: the next apply sees how it is.
            Err(error) if error.is_conflict() => Ok(()),
            answer => Ok(absent_is_none(answer).map(drop)?),
        }
    }

    /// Somebody's edit stands in the way of what is applied. Where lists are merged by key, a port of another number
    /// under the same name is one: a merge patch, which takes every list of the manifest whole, undoes it in place, and the
    /// Service keeps its address. What cannot be undone, as `immutable: true`, is deleted, to be made anew; what a rule of
    /// the cluster refuses stays as it is, for a new one would be refused as well.
    async fn put_right(&self, api: &Api<Metadata>, manifest: &Written) -> Result<(), DeliverError> {
        let (name, what) = (&manifest.name, manifest.what());
        let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let patch = Patch::Merge(&manifest.json);
        match call(format!("put {what} right"), api.patch(name, &parameters, &patch)).await {
            // A budget may have the least that is available or the most that is not: what somebody put in the place of ours
            // cannot be had beside it.
            Err(error)
                if error.is_immutable()
                    || (error.is_invalid() && manifest.kind == Kind::of::<PodDisruptionBudget>()) =>
            {
                let parameters = DeleteParams::default();
                absent_is_none(call(format!("make {what} anew"), api.delete(name, &parameters)).await)?;
                Ok(())
            }
            answer => Ok(absent_is_none(answer).map(drop)?),
        }
    }
}

/// A manifest as it is sent. It may be a Secret: nothing of it is shown but its kind and name.
struct Written {
    kind: Kind,
    name: String,
    json: Confidential<Box<RawValue>>,
}

impl Written {
    fn of<K: Named + Serialize>(manifest: &K) -> Result<Self, DeliverError> {
        let (kind, name) = (Kind::of::<K>(), manifest.name_any());
        let json = to_raw_value(manifest)
            .map_err(|source| DeliverError::Encode { what: format!("{} {name}", kind.name()), source })?;
        Ok(Self { kind, name, json: Confidential(json) })
    }

    fn what(&self) -> String {
        format!("{} {}", self.kind.name(), self.name)
    }
}

/// Whether nothing is lost when an object of this kind is deleted and made again.
fn is_replaceable(kind: &str) -> bool {
    matches!(
        kind,
        "Service"
            | "EndpointSlice"
            | "ConfigMap"
            | "Secret"
            | "ServiceAccount"
            | "Deployment"
            | "Ingress"
            | "HTTPRoute"
            | "PodDisruptionBudget"
            | "PodMonitor"
    )
}

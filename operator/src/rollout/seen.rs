//! A domain's environments as the watches show them.

use std::sync::Arc;

use k8s_openapi::{api::core::v1::Namespace, apimachinery::pkg::apis::meta::v1::Condition};
use kube::{ResourceExt, runtime::reflector::Store};
use mcp_crds::{EnvironmentName, EnvironmentStatus};

use super::{Revision, decide::Seen};
use crate::{
    kinds::{Kind, Metadata},
    labels,
    names::{ClientKey, TenantNamespace},
    stores::Guarded,
};

/// One environment, before it is known which revision it has.
pub struct Place {
    /// Whose it is.
    pub owner: ClientKey,
    /// Which kind.
    pub environment: EnvironmentName,
    /// Its namespace.
    pub namespace: TenantNamespace,
    /// The revision its namespace says it has, and whether there is a namespace at all.
    pub standing: Standing,
    guarded: Arc<Guarded>,
}

/// What a tenant's namespace says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none, or none that serves.
    Absent,
    /// It stands, with this revision; none where it says nothing.
    There(Option<Revision>),
}

impl Place {
    /// The environments of a client.
    pub fn of(guarded: &Arc<Guarded>, namespaces: &Store<Metadata>) -> Vec<Self> {
        let Ok(client) = &guarded.0 else { return Vec::new() };
        let Ok(owner) = ClientKey::new(&client.namespace().unwrap_or_default(), &client.name_any()) else {
            return Vec::new();
        };
        let place = |environment: &mcp_crds::Environment| Self {
            owner: owner.clone(),
            environment: environment.name,
            namespace: owner.namespace(environment.name),
            standing: standing(namespaces, &owner, environment.name),
            guarded: Arc::clone(guarded),
        };
        client.spec.environments.iter().map(place).collect()
    }

    /// What the watches show of it. `has` is the revision it was granted.
    pub fn seen(&self, has: Option<Revision>) -> Seen {
        let client = self.guarded.0.as_ref().ok();
        let meta = client.map(|client| &client.metadata);
        let label = meta.and_then(|meta| meta.labels.as_ref()?.get(labels::CANARY));
        let environments = client
            .and_then(|client| client.status.as_ref())
            .into_iter()
            .flat_map(|status| &status.environments);
        let status = environments.into_iter().find(|environment| environment.name == self.environment);
        let conditions = || status.iter().flat_map(|status| &status.conditions);
        let ready =
            conditions().find(|condition| condition.type_ == "WorkloadReady" && condition.status == "True");
        Seen {
            namespace: self.namespace.as_str().to_owned(),
            environment: self.environment,
            canary: label.is_some_and(|value| value == "true"),
            generation: meta.and_then(|meta| meta.generation),
            has,
            shows: status.and_then(|status| status.revision.clone()),
            holds: conditions()
                .filter(|condition| condition.status == "True")
                .map(|condition| condition.type_.clone())
                .collect(),
            ready_since: ready.map(|condition| condition.last_transition_time.0),
            trouble: trouble(status),
        }
    }
}

/// What is the matter with an environment, for the message of a halt.
fn trouble(status: Option<&EnvironmentStatus>) -> String {
    const MOST: usize = 160;
    let wrong = |condition: &&Condition| condition.status == "False";
    let conditions = status.map(|status| status.conditions.as_slice()).unwrap_or_default();
    // What runs says most; the others often only repeat it.
    let workload = conditions.iter().filter(|condition| condition.type_ == "WorkloadReady").find(wrong);
    let Some(condition) = workload.or_else(|| conditions.iter().find(wrong)) else {
        return "not seen with its new revision".to_owned();
    };
    let mut text = format!("{} {}: {}", condition.type_, condition.reason, condition.message);
    text.truncate(text.floor_char_boundary(MOST));
    text
}

/// What the namespace of an environment says.
pub fn standing(namespaces: &Store<Metadata>, owner: &ClientKey, environment: EnvironmentName) -> Standing {
    let name = owner.namespace(environment);
    let Some(namespace) = namespaces.get(&Kind::of::<Namespace>().named(name.as_str())) else {
        return Standing::Absent;
    };
    let meta = &namespace.metadata;
    if labels::is_detached(meta) || labels::owner_of(meta) != Some((owner.clone(), environment)) {
        return Standing::Absent;
    }
    Standing::There(
        meta.annotations.as_ref().and_then(|annotations| annotations.get(labels::REVISION)).cloned(),
    )
}

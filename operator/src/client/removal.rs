//! Taking away what the operator made, and nothing else: an object of the same name that somebody else made stays, and is
//! named.

use k8s_openapi::{api::apps::v1::Deployment, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Client, Resource,
    api::{DeleteParams, Preconditions, PropagationPolicy},
};
use mcp_crds::EnvironmentName;

use crate::{
    api::{CallError, absent_is_none, call_patiently},
    client::fields,
    kinds::Kind,
    labels,
    names::ClientKey,
};

/// How often an object that changes meanwhile is looked at again at once.
const MOST_LOOKS: usize = 5;

/// What became of an object that is not to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is not there.
    Gone,
    /// It is on its way out.
    Going,
    /// Somebody else made it; it was left alone. Kind and name.
    Foreign(String),
}

/// Removes objects of one environment from its namespace.
#[derive(Clone, Copy, Debug)]
pub struct Remover<'a> {
    /// Whose they are.
    pub owner: &'a ClientKey,
    /// Of which environment.
    pub environment: EnvironmentName,
}

impl Remover<'_> {
    /// Removes the object of this name if it is the environment's own. A Deployment in the foreground: it stays until what it
    /// made is gone. Everything else goes at once, so that nobody follows it any more when this has returned.
    pub async fn remove(&self, kind: Kind, client: &Client, name: &str) -> Result<Removed, CallError> {
        let namespace = self.owner.namespace(self.environment);
        let api = kind.inside(client, &namespace);
        let foreground = kind == Kind::of::<Deployment>();
        let kind = kind.name();
        let (look, action) = (
            format!("look for {kind} {name} in {namespace}"),
            format!("remove {kind} {name} from {namespace}"),
        );
        let mut looks = 0;
        loop {
            looks += 1;
            let Some(found) = absent_is_none(call_patiently(&look, || api.get(name)).await)? else {
                return Ok(Removed::Gone);
            };
            let meta = found.meta();
            if !self.owns(meta) {
                tracing::warn!(%namespace, %kind, %name, "left alone: somebody else made it");
                return Ok(Removed::Foreign(format!("{kind} {name}")));
            }
            if meta.deletion_timestamp.is_some() {
                return Ok(Removed::Going);
            }
            let parameters = DeleteParams {
                propagation_policy: Some(if foreground {
                    PropagationPolicy::Foreground
                } else {
                    PropagationPolicy::Background
                }),
                // The object that was looked at, as it was: neither one that took its name since, nor one that was given away.
                preconditions: Some(Preconditions {
                    uid: meta.uid.clone(),
                    resource_version: meta.resource_version.clone(),
                }),
                ..DeleteParams::default()
            };
            match call_patiently(&action, || api.delete(name, &parameters)).await {
                Err(error) if error.is_conflict() && looks < MOST_LOOKS => {}
                answer => return Ok(absent_is_none(answer)?.map_or(Removed::Gone, |_| Removed::Going)),
            }
        }
    }

    /// Whether the operator made the object for this environment. What it applied is its own even where somebody took the
    /// labels off: a server that runs on because of that would answer for a number that was given away.
    fn owns(&self, meta: &ObjectMeta) -> bool {
        labels::owner_of(meta)
            .is_some_and(|(owner, environment)| owner == *self.owner && environment == self.environment)
            || meta.managed_fields.iter().flatten().any(fields::is_mine)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;

    use super::*;
    use crate::MANAGER;

    #[test]
    fn an_object_belongs_to_whom_its_labels_say_or_to_whoever_applied_it() {
        let owner = ClientKey::new("agency", "ze").unwrap();
        let remover = Remover { owner: &owner, environment: EnvironmentName::Production };
        let of = |owner: &ClientKey, environment| ObjectMeta {
            labels: Some(labels::common(owner, environment)),
            ..ObjectMeta::default()
        };
        assert!(remover.owns(&of(&owner, EnvironmentName::Production)));
        assert!(!remover.owns(&of(&owner, EnvironmentName::Staging)));
        assert!(!remover.owns(&of(&ClientKey::new("other", "ze").unwrap(), EnvironmentName::Production)));
        assert!(!remover.owns(&ObjectMeta::default()));
        let entry = |manager: &str| ObjectMeta {
            managed_fields: Some(vec![ManagedFieldsEntry {
                manager: Some(manager.to_owned()),
                operation: Some("Apply".to_owned()),
                ..ManagedFieldsEntry::default()
            }]),
            ..ObjectMeta::default()
        };
        assert!(remover.owns(&entry(MANAGER)));
        assert!(!remover.owns(&entry("helm")));
    }
}

//! Labels and annotations, and who owns a namespace by them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use mcp_crds::EnvironmentName;

use crate::{MANAGER, names::ClientKey};

/// The client's name, on everything made for it.
pub const CLIENT: &str = "mcp-platform.dev/client";
/// The namespace the client lives in.
pub const AGENCY: &str = "mcp-platform.dev/agency";
/// The environment.
pub const ENVIRONMENT: &str = "mcp-platform.dev/environment";
/// `true` on what is kept without a client.
pub const DETACHED: &str = "mcp-platform.dev/detached";
/// `true` on a Secret that may be read as credentials.
pub const CREDENTIALS: &str = "mcp-platform.dev/credentials";
/// Annotation of a tenant's namespace: the phone number id it answers for.
pub const NUMBER: &str = "mcp-platform.dev/phone-number-id";
/// Annotation of a tenant's namespace: the host and path it answers for. While its route moves, the one from before stands
/// beside the new one, with a comma.
pub const ROUTE: &str = "mcp-platform.dev/route";
/// Annotation of a tenant's namespace: `provisioned` where its schema and role were made by the operator, and go with it.
pub const DATABASE: &str = "mcp-platform.dev/database";
/// Annotation of a client: the namespaces that may be destroyed.
pub const CONFIRM_DELETE: &str = "mcp-platform.dev/confirm-delete";
/// Annotation of pods: a hash over the Secrets they read, so that a rotation rolls them.
pub const SECRETS_HASH: &str = "mcp-platform.dev/secrets-hash";
/// Annotation of pods: a hash over the certificate authorities they trust, which are read at start.
pub const EXTRA_CA_HASH: &str = "mcp-platform.dev/extra-ca-hash";
/// `true` on a Secret that may be copied to tenants for pulling their image.
pub const PULL_SECRET: &str = "mcp-platform.dev/pull-secret";
/// `true` on a client whose environments change before others do.
pub const CANARY: &str = "mcp-platform.dev/canary";
/// Annotation of a tenant's namespace and Deployment: which revision of what the platform gives it has.
pub const REVISION: &str = "mcp-platform.dev/revision";
/// `true` on what is kept of a roll-out.
pub const ROLLOUT: &str = "mcp-platform.dev/rollout";
/// Annotation of a plan: the halt that a person has seen to; what was halted is tried once more.
pub const ROLLOUT_RESUME: &str = "mcp-platform.dev/rollout-resume";
/// Annotation of a plan: the release that every environment is to have at once, whatever becomes of it.
pub const ROLLOUT_SKIP: &str = "mcp-platform.dev/rollout-skip";
/// Who made an object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Finalizer of clients whose environments exist.
pub const FINALIZER: &str = "mcp-platform.dev/client";
/// Finalizer of plans: none is deleted while a client names it.
pub const PLAN_FINALIZER: &str = "mcp-platform.dev/plan";

/// Selects what the operator made.
pub fn managed_selector() -> String {
    format!("{MANAGED_BY}={MANAGER}")
}

/// Selects the namespaces of one client.
pub fn owned_selector(owner: &ClientKey) -> String {
    format!("{MANAGED_BY}={MANAGER},{CLIENT}={},{AGENCY}={}", owner.name(), owner.agency())
}

/// The labels a Deployment and a Service select pods by. They never change: a Deployment's selector cannot.
pub fn selector(owner: &ClientKey) -> BTreeMap<String, String> {
    map([("app.kubernetes.io/name", "mcp-server"), ("app.kubernetes.io/instance", owner.name())])
}

/// The labels of everything made for one environment.
pub fn common(owner: &ClientKey, environment: EnvironmentName) -> BTreeMap<String, String> {
    let mut labels = selector(owner);
    labels.extend(map([
        (MANAGED_BY, MANAGER),
        (CLIENT, owner.name()),
        (AGENCY, owner.agency()),
        (ENVIRONMENT, environment.as_str()),
    ]));
    labels
}

/// Whose an object is, if the operator made it.
pub fn owner_of(namespace: &ObjectMeta) -> Option<(ClientKey, EnvironmentName)> {
    let label = |key: &str| namespace.labels.as_ref()?.get(key).map(String::as_str);
    if label(MANAGED_BY)? != MANAGER {
        return None;
    }
    let key = ClientKey::new(label(AGENCY)?, label(CLIENT)?).ok()?;
    Some((key, EnvironmentName::from_name(label(ENVIRONMENT)?)?))
}

/// Whose environment a namespace is: its labels say so, and its name does not say otherwise. Whoever may label a namespace
/// could else hold a client, or its number, by one that has nothing to do with it.
pub fn tenant_of(namespace: &ObjectMeta) -> Option<(ClientKey, EnvironmentName)> {
    owner_of(namespace).filter(|(owner, environment)| {
        namespace.name.as_deref() == Some(owner.namespace(*environment).as_str())
    })
}

/// Whether something is kept without a client.
pub fn is_detached(meta: &ObjectMeta) -> bool {
    meta.labels.as_ref().and_then(|labels| labels.get(DETACHED)).is_some_and(|value| value == "true")
}

/// An owned map of borrowed pairs.
pub fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_belongs_to_whom_its_labels_say_and_only_if_the_operator_made_it() {
        let key = ClientKey::new("agency", "ze").unwrap();
        let mut meta =
            ObjectMeta { labels: Some(common(&key, EnvironmentName::Staging)), ..ObjectMeta::default() };
        assert_eq!(owner_of(&meta), Some((key, EnvironmentName::Staging)));
        meta.labels.as_mut().unwrap().insert(MANAGED_BY.to_owned(), "helm".to_owned());
        assert_eq!(owner_of(&meta), None);
        assert_eq!(owner_of(&ObjectMeta::default()), None);
    }

    #[test]
    fn a_namespace_of_another_name_is_nobodys_whatever_its_labels_say() {
        let key = ClientKey::new("agency", "ze").unwrap();
        let labels = Some(common(&key, EnvironmentName::Staging));
        let of = |name: &str| ObjectMeta {
            name: Some(name.to_owned()),
            labels: labels.clone(),
            ..ObjectMeta::default()
        };
        assert_eq!(tenant_of(&of("ze-staging")), Some((key, EnvironmentName::Staging)));
        assert_eq!(tenant_of(&of("ze-production")), None);
        assert_eq!(tenant_of(&of("elsewhere")), None);
    }
}

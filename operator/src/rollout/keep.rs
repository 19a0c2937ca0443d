//! Where a roll-out is kept: a ConfigMap per domain beside the operator. What stands there holds no secret.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Client, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::json;

use super::{state::Kept, table::Domain};
use crate::{
    MANAGER,
    api::{CallError, absent_is_none, call},
    kinds::Kind,
    labels,
};

const STATE: &str = "state";
const BASE_NAME: &str = "mcp-rollout";

/// Name of the ConfigMap of a domain.
pub fn name_of(domain: &str) -> String {
    // A plan's name has no point, so that no plan is taken for none.
    if domain.is_empty() { BASE_NAME.to_owned() } else { format!("{BASE_NAME}.{domain}") }
}

/// Selects what is kept.
pub fn selector() -> String {
    format!("{}=true", labels::ROLLOUT)
}

/// Whose roll-out a ConfigMap is about.
pub fn domain_of(config_map: &ConfigMap) -> Option<Domain> {
    let name = config_map.metadata.name.as_deref()?;
    if name == BASE_NAME {
        return Some(Domain::new());
    }
    name.strip_prefix(BASE_NAME)?.strip_prefix('.').map(str::to_owned)
}

/// What is kept of every domain. What cannot be read is as if it were not there: environments then wait for their turn.
pub fn read<'a>(config_maps: impl IntoIterator<Item = &'a ConfigMap>) -> BTreeMap<Domain, Kept> {
    config_maps
        .into_iter()
        .filter_map(|config_map| {
            let text = config_map.data.as_ref()?.get(STATE)?;
            match serde_json::from_str(text) {
                Ok(kept) => Some((domain_of(config_map)?, kept)),
                Err(error) => {
                    tracing::warn!(name = %config_map.name_any(), %error, "a roll-out's state cannot be read");
                    None
                }
            }
        })
        .collect()
}

/// Keeps a domain's state. `summary` is for people who look at it.
pub async fn write(
    client: &Client,
    namespace: &str,
    domain: &str,
    kept: &Kept,
    summary: &str,
) -> Result<(), CallError> {
    let name = name_of(domain);
    // What has string keys and plain values can always be written as JSON.
    let state = serde_json::to_string(kept).unwrap_or_default();
    let body = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {labels::ROLLOUT: "true", labels::MANAGED_BY: MANAGER}},
        "data": {STATE: state, "summary": summary},
    });
    let api = Kind::of::<ConfigMap>().namespaced(client, namespace);
    let (parameters, patch) = (PatchParams::apply(MANAGER).force(), Patch::Apply(&body));
    call("keep the state of the roll-out", api.patch(&name, &parameters, &patch)).await?;
    Ok(())
}

/// Forgets a domain that is no more.
pub async fn remove(client: &Client, namespace: &str, domain: &str) -> Result<(), CallError> {
    let api = Kind::of::<ConfigMap>().namespaced(client, namespace);
    let (name, parameters) = (name_of(domain), DeleteParams::default());
    absent_is_none(call("forget the roll-out of a plan that is gone", api.delete(&name, &parameters)).await)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_state_is_read_back_under_the_name_of_its_domain_and_a_spoilt_one_is_left_out() {
        let config_map = |domain: &str, text: &str| ConfigMap {
            metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                name: Some(name_of(domain)),
                ..Default::default()
            },
            data: Some([(STATE.to_owned(), text.to_owned())].into()),
            ..ConfigMap::default()
        };
        let mut kept = Kept::default();
        kept.state.release = "abc".to_owned();
        let text = serde_json::to_string(&kept).unwrap();
        let read = read(&[config_map("", &text), config_map("basic", &text), config_map("spoilt", "{")]);
        assert_eq!(read, [(String::new(), kept.clone()), ("basic".to_owned(), kept)].into());
    }
}

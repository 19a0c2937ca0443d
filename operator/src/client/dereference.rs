//! The first step: what the spec points at, and what already stands in the tenant's namespace.

use std::collections::BTreeMap;

use k8s_openapi::{
    ByteString,
    api::core::v1::{ConfigMap, Secret},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;

use crate::{
    MANAGER,
    api::{CallError, absent_is_none, call, call_patiently},
    client::{
        credentials::{self, Credentials},
        outcome::{Reason, Verdict},
        validate::Tenant,
    },
    keys::{self, KeyError},
    labels,
    manifests::Confidential,
    memory::{Memory, ObjectId, Version},
    render::{self, secrets},
};

/// How often a Secret is read again at once because somebody edits it meanwhile; then the next pass does it.
const MOST_EDITS: usize = 3;

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum DereferenceError {
    /// The API server did not give it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Somebody edits the Secret faster than it is read.
    #[error("read the tenant's keys: the Secret {0} changes all the time")]
    Restless(String),
}

/// Reads the Secrets a human keeps, and says what they give together.
pub async fn credentials(
    client: &Client,
    tenant: &Tenant,
) -> Result<(Option<Credentials>, Verdict), CallError> {
    let (credentials, verdict) = match labelled(client, tenant, &tenant.credentials_secret).await? {
        Ok(secret) => credentials::judge(&secret, tenant),
        Err(verdict) => return Ok((None, verdict)),
    };
    let Some(name) = tenant.database_secret() else { return Ok((credentials, verdict)) };
    let Some(mut credentials) = credentials else { return Ok((None, verdict)) };
    let database = labelled(client, tenant, name).await?;
    Ok(match database.and_then(|secret| credentials::judge_database(&secret)) {
        Ok(database) => {
            credentials.0.0.extend(database.0.0);
            (Some(credentials), verdict)
        }
        Err(verdict) => (None, verdict),
    })
}

/// What nodes pull the image with, where the plan says so; otherwise why it cannot be had.
pub async fn pull_secret(
    client: &Client,
    tenant: &Tenant,
) -> Result<Result<Option<Credentials>, Verdict>, CallError> {
    let Some(name) = &tenant.pods.image_pull_secret else { return Ok(Ok(None)) };
    Ok(match marked(client, tenant, name, labels::PULL_SECRET, "for pulling images").await? {
        Err(verdict) => Err(verdict),
        Ok(secret) => {
            let key = secrets::PULL_KEY;
            let value = secret.data.and_then(|mut data| data.remove(key)).filter(|value| !value.0.is_empty());
            match value.filter(|_| secret.type_.as_deref() == Some(secrets::PULL_TYPE)) {
                Some(value) => Ok(Some(Credentials(Confidential([(key.to_owned(), value.0)].into())))),
                None => Err(Verdict::no(
                    Reason::KeysMissing,
                    format!(
                        "the Secret {name} is not of the type {} with the key {key}: make it anew with `kubectl create \
                         secret docker-registry`; what runs goes on",
                        secrets::PULL_TYPE
                    ),
                )),
            }
        }
    })
}

/// A Secret of the agency that is marked as credentials, or why there is none.
async fn labelled(
    client: &Client,
    tenant: &Tenant,
    name: &str,
) -> Result<Result<Secret, Verdict>, CallError> {
    marked(client, tenant, name, labels::CREDENTIALS, "as credentials").await
}

async fn marked(
    client: &Client,
    tenant: &Tenant,
    name: &str,
    label: &str,
    as_what: &str,
) -> Result<Result<Secret, Verdict>, CallError> {
    let agency = tenant.owner.agency();
    let api = Api::<Secret>::namespaced(client.clone(), agency);
    let Some(secret) = absent_is_none(call(format!("read the Secret {agency}/{name}"), api.get(name)).await)?
    else {
        let message = format!(
            "there is no Secret {name} in the namespace {agency}: create it with the label {label}: \"true\""
        );
        return Ok(Err(Verdict::no(Reason::SecretMissing, message)));
    };
    if secret.labels().get(label).is_none_or(|value| value != "true") {
        let message = format!(
            "the Secret {name} is not marked {as_what} and was not read: run `kubectl -n {agency} label secret {name} {label}=true`"
        );
        return Ok(Err(Verdict::no(Reason::SecretNotLabelled, message)));
    }
    Ok(Ok(secret))
}

/// The last complete credentials, as they stand in the tenant's namespace.
pub async fn standing_credentials(
    client: &Client,
    tenant: &Tenant,
) -> Result<Option<Credentials>, CallError> {
    let api = Api::<Secret>::namespaced(client.clone(), tenant.namespace.as_str());
    let name = tenant.owner.credentials_secret();
    let answer = call_patiently("read the tenant's credentials", || api.get(&name)).await;
    Ok(absent_is_none(answer)?.and_then(|secret| {
        let data = secret.data?.into_iter().map(|(key, value)| (key, value.0));
        Some(Credentials(Confidential(data.collect())))
    }))
}

/// Whether a profile stands in the tenant's namespace.
pub async fn has_profile(client: &Client, tenant: &Tenant) -> Result<bool, CallError> {
    let api = Api::<ConfigMap>::namespaced(client.clone(), tenant.namespace.as_str());
    let name = tenant.owner.profile_config_map();
    let answer = call_patiently("look for the tenant's profile", || api.get_metadata(&name)).await;
    Ok(absent_is_none(answer)?.is_some())
}

/// The tenant's keys; they are made if there are none, and never changed.
pub async fn keys(
    client: &Client,
    tenant: &Tenant,
    memory: &Memory,
) -> Result<Confidential<BTreeMap<String, ByteString>>, DereferenceError> {
    let api = Api::<Secret>::namespaced(client.clone(), tenant.namespace.as_str());
    let name = tenant.owner.keys_secret();
    for _ in 0..MOST_EDITS {
        let secret = read_or_make_keys(&api, tenant, &name).await?;
        let id = ObjectId { kind: Secret::kind(&()).into_owned(), name: name.clone() };
        // Remembered without a hash: nothing is rendered to compare, only a deletion or an edit is of interest. One that
        // came while the answer was on its way was seen already, and nobody tells of it again.
        if memory.record(&tenant.namespace, id.clone(), [0; 32], Version::of(&id.kind, secret.meta())) {
            return Ok(Confidential(secret.data.unwrap_or_default()));
        }
    }
    Err(DereferenceError::Restless(name))
}

async fn read_or_make_keys(
    api: &Api<Secret>,
    tenant: &Tenant,
    name: &str,
) -> Result<Secret, DereferenceError> {
    let standing = absent_is_none(call_patiently("read the tenant's keys", || api.get(name)).await)?;
    if let Some(secret) = standing {
        let labels = labels::common(&tenant.owner, tenant.environment);
        if labels.iter().all(|(key, value)| secret.labels().get(key) == Some(value)) {
            return Ok(secret);
        }
        // Without them no watch shows it any more, and nobody would know whose it is.
        let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let patch = Patch::Merge(json!({"metadata": {"uid": secret.uid(), "labels": labels}}));
        return Ok(call("label the tenant's keys", api.patch(name, &parameters, &patch)).await?);
    }
    let made = render::secrets::keys(tenant, &keys::signing_key()?);
    let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    Ok(match call("keep the tenant's new keys", api.create(&parameters, &made.0)).await {
        // Somebody made them in between: theirs are as good, and the only ones.
        Err(error) if error.is_already_exists() => call("read the tenant's keys", api.get(name)).await?,
        answer => answer?,
    })
}

#[cfg(test)]
mod tests;

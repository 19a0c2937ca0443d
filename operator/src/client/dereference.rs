//! The first step: what the spec points at, and what already stands in the tenant's namespace.

use std::collections::BTreeMap;

use k8s_openapi::{
    ByteString,
    api::core::v1::{ConfigMap, Secret},
};
use kube::{Api, Client, Resource, ResourceExt, api::PostParams};

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
    render,
};

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum DereferenceError {
    /// The API server did not give it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
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

/// A Secret of the agency that is marked as credentials, or why there is none.
async fn labelled(
    client: &Client,
    tenant: &Tenant,
    name: &str,
) -> Result<Result<Secret, Verdict>, CallError> {
    let agency = tenant.owner.agency();
    let api = Api::<Secret>::namespaced(client.clone(), agency);
    let Some(secret) = absent_is_none(call(format!("read the Secret {agency}/{name}"), api.get(name)).await)?
    else {
        let message = format!(
            "there is no Secret {name} in the namespace {agency}: create it with the label {}: \"true\"",
            labels::CREDENTIALS
        );
        return Ok(Err(Verdict::no(Reason::SecretMissing, message)));
    };
    if secret.labels().get(labels::CREDENTIALS).is_none_or(|value| value != "true") {
        let message = format!(
            "the Secret {name} is not marked as credentials and was not read: run `kubectl -n {agency} label secret {name} {}=true`",
            labels::CREDENTIALS
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
    let standing = absent_is_none(call_patiently("read the tenant's keys", || api.get(&name)).await)?;
    let secret = if let Some(secret) = standing {
        secret
    } else {
        let made = render::secrets::keys(tenant, &keys::signing_key()?);
        let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        match call("keep the tenant's new keys", api.create(&parameters, &made.0)).await {
            // Somebody made them in between: theirs are as good, and the only ones.
            Err(error) if error.is_already_exists() => call("read the tenant's keys", api.get(&name)).await?,
            answer => answer?,
        }
    };
    let id = ObjectId { kind: Secret::kind(&()).into_owned(), name };
    // Remembered without a hash: nothing is rendered to compare, only a deletion or an edit is of interest.
    memory.record(&tenant.namespace, id.clone(), [0; 32], Version::of(&id.kind, secret.meta()));
    Ok(Confidential(secret.data.unwrap_or_default()))
}

//! The Secrets among the files: read as the operator reads them in the cluster, for each environment its own.

use k8s_openapi::api::core::v1::Secret;

use crate::{
    client::{
        credentials::{self, Credentials},
        outcome::{Holds, Verdict},
        validate::{Database, Tenant},
    },
    commands::{documents::Document, render::manifests::ManifestsError},
};

/// What the files give an environment.
#[derive(Debug)]
pub struct Found {
    /// All its server needs; none where a Secret is not among the files.
    pub credentials: Option<Credentials>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Looks for the environment's Secrets: its own or its client's, and the one of its database.
///
/// Errors when one is there and is not complete.
pub fn find(tenant: &Tenant, documents: &[Document]) -> Result<Found, ManifestsError> {
    let namespace = tenant.namespace.as_str();
    let incomplete = |verdict: Verdict| ManifestsError::Credentials {
        namespace: namespace.to_owned(),
        fault: verdict.message,
    };
    let mut notes = Vec::new();
    let mut credentials = None;
    if let Some(secret) = among(documents, tenant, &tenant.credentials_secret)? {
        let (judged, verdict) = credentials::judge(&secret, tenant);
        if verdict.holds != Holds::Yes {
            return Err(incomplete(verdict));
        }
        notes.push(format!("{namespace}: {}", verdict.message));
        credentials = judged;
    }
    if tenant.database == Database::Provisioned {
        notes
            .push(format!("{namespace}: the address of its database is made by the operator in the cluster"));
        credentials = None;
    }
    if let Some(name) = tenant.database_secret() {
        if let Some(secret) = among(documents, tenant, name)? {
            let database = credentials::judge_database(&secret).map_err(incomplete)?;
            if let Some(credentials) = &mut credentials {
                credentials.0.0.extend(database.0.0);
            }
        } else {
            notes.push(format!(
                "{namespace}: not checked: the Secret {name} with the address of its database"
            ));
            // Without it no pod would start with the rest.
            credentials = None;
        }
    }
    Ok(Found { credentials, notes })
}

fn among(documents: &[Document], tenant: &Tenant, name: &str) -> Result<Option<Secret>, ManifestsError> {
    let found = documents.iter().find(|document| {
        document.kind() == "Secret"
            && document.name() == name
            && document.namespace().is_none_or(|own| own == tenant.owner.agency())
    });
    let Some(document) = found else { return Ok(None) };
    let failed = |error: serde_json::Error| {
        // The value itself may stand in the parser's words.
        let message = format!("it is not a Secret (line {}): values must be texts", error.line());
        ManifestsError::Secret { name: name.to_owned(), message }
    };
    let mut secret: Secret = serde_json::from_value(document.value.clone()).map_err(failed)?;
    // As the API server does it.
    for (key, value) in secret.string_data.take().into_iter().flatten() {
        secret.data.get_or_insert_default().insert(key, k8s_openapi::ByteString(value.into_bytes()));
    }
    Ok(Some(secret))
}

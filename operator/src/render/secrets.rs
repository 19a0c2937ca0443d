//! The tenant's Secrets: a copy of the credentials, the keys, and a hash over both.

use std::{collections::BTreeMap, fmt::Write};

use aws_lc_rs::digest::{Context, SHA256};
use k8s_openapi::{ByteString, api::core::v1::Secret};

use crate::{
    client::{credentials::Credentials, validate::Tenant},
    keys::TOKEN_SIGNING_KEY,
    manifests::Confidential,
};

/// Type of a Secret nodes pull images with.
pub const PULL_TYPE: &str = "kubernetes.io/dockerconfigjson";
/// Its one key.
pub const PULL_KEY: &str = ".dockerconfigjson";

/// The copy of the credentials the tenant reads.
pub fn credentials(tenant: &Tenant, credentials: &Credentials) -> Confidential<Secret> {
    let data = credentials.0.0.iter().map(|(key, value)| (key.clone(), ByteString(value.clone())));
    Confidential(opaque(tenant, tenant.owner.credentials_secret(), data.collect()))
}

/// The copy of what nodes pull the image with.
pub fn pull(tenant: &Tenant, pull: &Credentials) -> Confidential<Secret> {
    let data = pull.0.0.iter().map(|(key, value)| (key.clone(), ByteString(value.clone())));
    let mut secret = opaque(tenant, tenant.owner.pull_secret(), data.collect());
    secret.type_ = Some(PULL_TYPE.to_owned());
    Confidential(secret)
}

/// The keys, for the one time they are made.
pub fn keys(tenant: &Tenant, signing_key: &Confidential<String>) -> Confidential<Secret> {
    let value = ByteString(signing_key.0.clone().into_bytes());
    let data = BTreeMap::from([(TOKEN_SIGNING_KEY.to_owned(), value)]);
    Confidential(opaque(tenant, tenant.owner.keys_secret(), data))
}

/// A hash over all that the Secrets hold. It stands in an annotation that many may read; the signing key in it keeps
/// anybody from finding a short credential by trying.
pub fn hash(credentials: &Credentials, keys: &Confidential<BTreeMap<String, ByteString>>) -> String {
    let mut context = Context::new(&SHA256);
    let pairs = credentials.0.0.iter().map(|(key, value)| (key, value.as_slice()));
    for (key, value) in pairs.chain(keys.0.iter().map(|(key, value)| (key, value.0.as_slice()))) {
        // The length in front keeps two different sets from running into the same bytes.
        for part in [key.as_bytes(), value] {
            context.update(&part.len().to_le_bytes());
            context.update(part);
        }
    }
    hex(context.finish().as_ref())
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn opaque(tenant: &Tenant, name: String, data: BTreeMap<String, ByteString>) -> Secret {
    Secret {
        metadata: tenant.meta(name),
        data: Some(data),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}

//! Names that end up on Kubernetes objects, as types: what has one of them is known to be well-formed.

use std::fmt;

use mcp_crds::{EnvironmentName, client::MAX_NAME};

/// Which client something belongs to: its agency's namespace and its name. The ownership key everywhere; a client that
/// is deleted and made again is the same owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey {
    agency: String,
    name: String,
}

/// Why a client's name cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the name `{0}` cannot be used: choose one of at most {MAX_NAME} small letters, digits and hyphens that begins with a letter"
)]
pub struct NameError(String);

impl ClientKey {
    /// A client's key. The API server checks names as well; this holds for objects that are older than its rule.
    pub fn new(agency: &str, name: &str) -> Result<Self, NameError> {
        let letter = |b: u8| b.is_ascii_lowercase();
        let inner = |b: u8| letter(b) || b.is_ascii_digit();
        let well_formed = name.len() <= MAX_NAME
            && name.bytes().next().is_some_and(letter)
            && name.bytes().next_back().is_some_and(inner)
            && name.bytes().all(|b| inner(b) || b == b'-');
        if well_formed {
            Ok(Self { agency: agency.to_owned(), name: name.to_owned() })
        } else {
            Err(NameError(name.to_owned()))
        }
    }

    /// The agency's namespace.
    pub fn agency(&self) -> &str {
        &self.agency
    }

    /// The client's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace of one of its environments.
    pub fn namespace(&self, environment: EnvironmentName) -> TenantNamespace {
        TenantNamespace(format!("{}-{environment}", self.name))
    }

    /// The Secret with the credentials a human supplied, as the tenant sees it.
    pub fn credentials_secret(&self) -> String {
        format!("{}-credentials", self.name)
    }

    /// The Secret with the keys the operator made.
    pub fn keys_secret(&self) -> String {
        format!("{}-keys", self.name)
    }

    /// The Secret nodes pull the image with, as the tenant sees it.
    pub fn pull_secret(&self) -> String {
        format!("{}-pull", self.name)
    }

    /// The ConfigMap with the profile.
    pub fn profile_config_map(&self) -> String {
        format!("{}-profile", self.name)
    }

    /// The claim on the volume with the database.
    pub fn data_claim(&self) -> String {
        format!("{}-data", self.name)
    }
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.agency, self.name)
    }
}

/// Name of a tenant's namespace, `{client}-{environment}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantNamespace(String);

impl TenantNamespace {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_namespace_or_service_could_have_are_refused() {
        for name in ["", "1a", "-a", "a-", "A", "a.b", "ação", &"a".repeat(MAX_NAME + 1)] {
            assert!(ClientKey::new("agency", name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_longest_name_still_makes_a_namespace() {
        let key = ClientKey::new("agency", &"a".repeat(MAX_NAME)).unwrap();
        assert!(EnvironmentName::ALL.into_iter().all(|e| key.namespace(e).as_str().len() <= 63));
    }
}

//! Where appointments are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::client::SecretReference;

/// Where appointments are kept: one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {
        "rule": "has(self.sqlite) != has(self.postgres)",
        "message": "a database is either sqlite or postgres: keep exactly one of them",
    },
    {
        "rule": "self == oldSelf",
        "message": "the database of an environment cannot be changed: its appointments are in it",
    },
]))]
pub struct Database {
    /// A file on the tenant's own volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<Sqlite>,
    /// A PostgreSQL somebody else runs. It allows more than one replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<Postgres>,
}

impl Default for Database {
    fn default() -> Self {
        Self { sqlite: Some(Sqlite::default()), postgres: None }
    }
}

/// A database in a file on the tenant's own volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Sqlite {
    /// Size of the volume, `1Gi`.
    #[schemars(length(min = 3, max = 6), regex(pattern = r"^[1-9][0-9]{0,3}(Mi|Gi)$"))]
    pub size: String,
}

impl Default for Sqlite {
    fn default() -> Self {
        Self { size: "1Gi".to_owned() }
    }
}

/// A PostgreSQL with a schema and a role for this tenant alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.egress)",
    "message": "database.postgres.egress is not carried out yet: remove it; tenants may reach every address",
    "fieldPath": ".egress",
}]))]
pub struct Postgres {
    /// The Secret with `DATABASE_URL`, or with `DATABASE_HOST`, `DATABASE_NAME`, `DATABASE_USER` and
    /// `DATABASE_PASSWORD` (and `DATABASE_PORT`). It lives in the client's namespace and is labelled
    /// `mcp-platform.dev/credentials: "true"`.
    pub secret_ref: SecretReference,
    /// Where the database is, for the tenant's network policy. Refused for now: there is no such policy yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Egress>,
}

/// An opening of a tenant's network policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Egress {
    /// Addresses outside of the cluster, `192.0.2.0/28`.
    #[schemars(length(min = 9, max = 43), regex(pattern = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"))]
    pub cidr: String,
    /// The port there. 5432 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u32>,
}

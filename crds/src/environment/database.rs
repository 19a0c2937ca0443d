//! Where appointments are kept.

use std::collections::BTreeMap;

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
    "rule": "has(self.secretRef) != has(self.provisioned)",
    "message": "a PostgreSQL is either somebody's own (secretRef) or the platform's (provisioned): keep exactly one of them",
}, {
    "rule": "!has(self.egress) || !has(self.provisioned)",
    "message": "database.postgres.egress is for a PostgreSQL of somebody's own: remove it, the platform knows where its own is",
    "fieldPath": ".egress",
}]))]
pub struct Postgres {
    /// The Secret with `DATABASE_URL`, or with `DATABASE_HOST`, `DATABASE_NAME`, `DATABASE_USER` and
    /// `DATABASE_PASSWORD` (and `DATABASE_PORT`). It lives in the client's namespace and is labelled
    /// `mcp-platform.dev/credentials: "true"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
    /// A schema and a role on the platform's own PostgreSQL, made by the operator: `provisioned: {}`. They are dropped with
    /// the tenant's namespace, where that was asked for and confirmed, and at no other time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned: Option<Provisioned>,
    /// Where a database of somebody's own is: the tenant's network policy lets the server reach it there and nowhere else.
    /// Every address on port 5432 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Egress>,
}

/// A schema on the platform's PostgreSQL: it has no settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provisioned {}

/// An opening of a tenant's network policy: addresses, or pods of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.cidr) != has(self.selector)",
    "message": "the database is reached at addresses or in pods: keep one of cidr and selector",
}, {
    "rule": "!has(self.cidr) || !self.cidr.matches('^169[.]254[.]|^[fF][eE][89aAbB]|^127[.]|/([0-9]|1[0-5])$')",
    "message": "write the database's own addresses, at most a /16: machines and their metadata are not opened by it",
    "fieldPath": ".cidr",
}]))]
pub struct Egress {
    /// Addresses outside of the cluster, `192.0.2.0/28`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 6, max = 43), regex(pattern = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"))]
    pub cidr: Option<String>,
    /// Pods of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<EgressSelector>,
    /// The port there. 5432 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
}

/// Pods of the cluster, by their namespace and labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EgressSelector {
    /// Their namespace.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub namespace: String,
    /// Labels they have, e.g. `cnpg.io/cluster: main`. Every pod of the namespace when empty.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 8, "additionalProperties" = {
        "type": "string", "maxLength": 63, "pattern": r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
    }))]
    pub pod_labels: BTreeMap<String, String>,
}

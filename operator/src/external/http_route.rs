//! `HTTPRoute` of the Gateway API, `gateway.networking.k8s.io/v1`
//! (<https://gateway-api.sigs.k8s.io/reference/spec/#httproute>).

use kube::CustomResource;
use serde::{Deserialize, Serialize};

use crate::kinds::{Kind, Named, Names};

impl Named for HTTPRoute {
    const KIND: Kind = Kind(&Names {
        group: "gateway.networking.k8s.io",
        version: "v1",
        kind: "HTTPRoute",
        plural: "httproutes",
    });
}

/// Which requests a Gateway sends where.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[kube(
    group = "gateway.networking.k8s.io",
    version = "v1",
    kind = "HTTPRoute",
    plural = "httproutes",
    namespaced,
    schema = "disabled",
    derive = "PartialEq",
    doc = "Which requests a Gateway sends where."
)]
#[serde(rename_all = "camelCase")]
pub struct HTTPRouteSpec {
    /// The Gateways it is attached to.
    pub parent_refs: Vec<ParentReference>,
    /// Hosts it answers for.
    pub hostnames: Vec<String>,
    /// Which requests go where.
    pub rules: Vec<HTTPRouteRule>,
}

/// A Gateway, or a listener of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParentReference {
    /// Name of the Gateway.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The listener; every one that admits the route when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
}

/// Requests that match one of `matches` go to one of `backend_refs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HTTPRouteRule {
    /// Which requests.
    pub matches: Vec<HTTPRouteMatch>,
    /// Where to.
    pub backend_refs: Vec<BackendReference>,
}

/// Requests by their path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HTTPRouteMatch {
    /// The path.
    pub path: PathMatch,
}

/// How a path is compared, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathMatch {
    /// `PathPrefix`: whole segments from the beginning.
    #[serde(rename = "type")]
    pub kind: String,
    /// The path.
    pub value: String,
}

/// A Service of the route's own namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendReference {
    /// Its name.
    pub name: String,
    /// Its port.
    pub port: i32,
}

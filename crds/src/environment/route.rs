//! How the world reaches a tenant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the world reaches a tenant: `https://{host}{path}`. Meta delivers to https alone, so TLS ends at the ingress
/// controller in any case: with its own certificate, or with one of the tenant's (`tls`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.gateway) || (!has(self.ingressClassName) && !has(self.tls))",
    "message": "route.gateway takes the place of an Ingress, and the Gateway has the certificate: remove ingressClassName and tls",
    "fieldPath": ".gateway",
}, {
    "rule": "!has(self.path) || !self.path.matches('^/(mcp|health|api|webhooks)(/|$)')",
    "message": "route.path begins with a name the server uses itself: choose another one than mcp, health, api and webhooks",
    "fieldPath": ".path",
}, {
    "rule": "!self.host.matches('^[0-9.]+$')",
    "message": "route.host is an address: write the host's name, like wa.agency.example",
    "fieldPath": ".host",
}]))]
pub struct Route {
    /// Host name, e.g. `wa.agency.example`. Host and path together belong to one client in the whole cluster; who had
    /// them first keeps them.
    #[schemars(
        length(min = 3, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$")
    )]
    pub host: String,
    /// Path below which the tenant answers. `/{client}/{environment}` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 120), regex(pattern = r"^(/[a-z0-9]([-a-z0-9._]*[a-z0-9])?)+$"))]
    pub path: Option<String>,
    /// A certificate of the tenant's own. The ingress controller's default one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<RouteTls>,
    /// Which ingress controller. The cluster's default when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub ingress_class_name: Option<String>,
    /// The Gateway an `HTTPRoute` is attached to, in the place of an Ingress. A listener of it must admit routes from the
    /// tenant's namespace, which has the label `app.kubernetes.io/managed-by: mcp-operator`; it has the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayReference>,
}

/// A certificate of the tenant's own, made by cert-manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouteTls {
    /// The `ClusterIssuer` of cert-manager that makes it.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub cluster_issuer: String,
}

/// A Gateway by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayReference {
    /// Name of the Gateway.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// Its namespace.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub namespace: String,
    /// The listener of it, by name. Every listener that admits the route when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
    )]
    pub section_name: Option<String>,
}

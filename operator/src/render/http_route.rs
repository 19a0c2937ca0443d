//! How the world reaches a tenant through a Gateway: the same host and paths as an Ingress would have.

use mcp_crds::environment::GatewayReference;

use crate::{
    client::validate::{Route, Tenant},
    external::http_route::{
        BackendReference, HTTPRoute, HTTPRouteMatch, HTTPRouteRule, HTTPRouteSpec, ParentReference, PathMatch,
    },
    render::service,
};

/// The `HTTPRoute` of a tenant.
pub fn build(tenant: &Tenant, route: &Route, gateway: &GatewayReference) -> HTTPRoute {
    let mut object = HTTPRoute::new(
        tenant.owner.name(),
        HTTPRouteSpec {
            parent_refs: vec![ParentReference {
                name: gateway.name.clone(),
                namespace: gateway.namespace.clone(),
                section_name: gateway.section_name.clone(),
            }],
            hostnames: vec![route.host.clone()],
            rules: vec![HTTPRouteRule {
                matches: route
                    .paths()
                    .map(|value| HTTPRouteMatch { path: PathMatch { kind: "PathPrefix".to_owned(), value } })
                    .into(),
                backend_refs: vec![BackendReference {
                    name: tenant.owner.name().to_owned(),
                    port: service::PORT,
                }],
            }],
        },
    );
    object.metadata = tenant.meta(tenant.owner.name().to_owned());
    object
}

//! How the world reaches a tenant: one host and one path.

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
    IngressSpec, IngressTLS, ServiceBackendPort,
};

use crate::{
    client::validate::{Route, Tenant},
    labels,
    render::deployment::PUBLIC_PORT_NAME,
};

/// Which issuer of cert-manager makes the certificate.
const ISSUER: &str = "cert-manager.io/cluster-issuer";
/// Where RFC 9728 has a client look for what protects `/mcp`: in front of the tenant's own path.
const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";

/// The Ingress of a tenant.
pub fn build(tenant: &Tenant, route: &Route) -> Ingress {
    let mut metadata = tenant.meta(tenant.owner.name().to_owned());
    metadata.annotations = route.issuer.as_ref().map(|issuer| labels::map([(ISSUER, issuer)]));
    let certificate = IngressTLS {
        hosts: Some(vec![route.host.clone()]),
        secret_name: Some(format!("{}-tls", tenant.owner.name())),
    };
    Ingress {
        metadata,
        spec: Some(IngressSpec {
            ingress_class_name: route.class.clone(),
            tls: route.issuer.is_some().then(|| vec![certificate]),
            rules: Some(vec![IngressRule {
                host: Some(route.host.clone()),
                http: Some(HTTPIngressRuleValue {
                    paths: vec![
                        path(tenant, route.path.clone()),
                        path(tenant, format!("{PROTECTED_RESOURCE}{}", route.path)),
                    ],
                }),
            }]),
            ..IngressSpec::default()
        }),
        ..Ingress::default()
    }
}

fn path(tenant: &Tenant, path: String) -> HTTPIngressPath {
    HTTPIngressPath {
        path: Some(path),
        path_type: "Prefix".to_owned(),
        backend: IngressBackend {
            service: Some(IngressServiceBackend {
                name: tenant.owner.name().to_owned(),
                port: Some(ServiceBackendPort {
                    name: Some(PUBLIC_PORT_NAME.to_owned()),
                    ..ServiceBackendPort::default()
                }),
            }),
            ..IngressBackend::default()
        },
    }
}

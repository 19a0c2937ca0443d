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
                    paths: route.paths().map(|value| path(tenant, value)).into(),
                }),
            }]),
            ..IngressSpec::default()
        }),
        ..Ingress::default()
    }
}

/// How a path is to be understood. ingress-nginx refuses `Prefix` and `Exact` where the path holds anything but letters,
/// digits, `/`, `_` and `-` (its setting `strict-validate-path-type`, on by default): a dot is one too many. It takes such
/// a path as `ImplementationSpecific` and matches its beginning; Traefik treats that type as `Prefix`.
fn path_type(path: &str) -> &'static str {
    if path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte)) {
        "Prefix"
    } else {
        "ImplementationSpecific"
    }
}

fn path(tenant: &Tenant, path: String) -> HTTPIngressPath {
    HTTPIngressPath {
        path_type: path_type(&path).to_owned(),
        path: Some(path),
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

//! How others in the cluster reach a tenant: its public port alone.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::{client::validate::Tenant, labels, render::deployment::PUBLIC_PORT_NAME};

/// The Service of a tenant, 80 → 8000.
pub fn build(tenant: &Tenant) -> Service {
    Service {
        metadata: tenant.meta(tenant.owner.name().to_owned()),
        spec: Some(ServiceSpec {
            selector: Some(labels::selector(&tenant.owner)),
            ports: Some(vec![ServicePort {
                name: Some(PUBLIC_PORT_NAME.to_owned()),
                port: 80,
                protocol: Some("TCP".to_owned()),
                target_port: Some(IntOrString::String(PUBLIC_PORT_NAME.to_owned())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

//! How others in the cluster reach a tenant: its public port alone.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::{client::validate::Tenant, labels, render::deployment::PUBLIC_PORT_NAME};

/// The port others in the cluster use.
pub const PORT: i32 = 80;

/// The Service of a tenant, 80 → 8000.
pub fn build(tenant: &Tenant) -> Service {
    Service {
        metadata: tenant.meta(tenant.owner.name().to_owned()),
        spec: Some(ServiceSpec {
            // Said, though it is the default, so that one that was turned into an ExternalName is turned back.
            type_: Some("ClusterIP".to_owned()),
            selector: Some(labels::selector(&tenant.owner)),
            ports: Some(vec![ServicePort {
                name: Some(PUBLIC_PORT_NAME.to_owned()),
                port: PORT,
                protocol: Some("TCP".to_owned()),
                target_port: Some(IntOrString::String(PUBLIC_PORT_NAME.to_owned())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

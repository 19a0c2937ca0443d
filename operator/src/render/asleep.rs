//! Where the Service of a tenant that sleeps leads: to the operator's own listener.
//!
//! The Service keeps its selector and its address. Beside the slice the cluster keeps for its pods, which is empty, it has
//! one of ours. Whoever reads `EndpointSlices` follows it: kube-proxy, ingress-nginx, Traefik, Gateways; an `ExternalName` is
//! switched off or unknown in most of them.

use std::net::IpAddr;

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};

use crate::{
    client::validate::Tenant,
    labels,
    names::ClientKey,
    render::{Platform, deployment::PUBLIC_PORT_NAME},
};

/// Name of the slice.
pub fn name(owner: &ClientKey) -> String {
    format!("{}-asleep", owner.name())
}

/// The slice of a tenant that sleeps; none of one that runs, or where the operator does not know its own address.
pub fn build(tenant: &Tenant, platform: &Platform) -> Option<EndpointSlice> {
    let address = platform.settings.asleep_address.filter(|_| tenant.suspended)?;
    let mut metadata = tenant.meta(name(&tenant.owner));
    metadata.labels.get_or_insert_default().extend(labels::map([
        ("kubernetes.io/service-name", tenant.owner.name()),
        ("endpointslice.kubernetes.io/managed-by", crate::MANAGER),
    ]));
    Some(EndpointSlice {
        metadata,
        address_type: match address {
            IpAddr::V4(_) => "IPv4".to_owned(),
            IpAddr::V6(_) => "IPv6".to_owned(),
        },
        endpoints: Some(vec![Endpoint {
            addresses: vec![address.to_string()],
            conditions: Some(EndpointConditions { ready: Some(true), ..EndpointConditions::default() }),
            ..Endpoint::default()
        }]),
        ports: Some(vec![EndpointPort {
            name: Some(PUBLIC_PORT_NAME.to_owned()),
            port: Some(i32::from(platform.settings.listen_asleep.port())),
            protocol: Some("TCP".to_owned()),
            ..EndpointPort::default()
        }]),
    })
}

//! What makes a tenant's namespace an island: nothing goes in or out, but for the few openings a receptionist needs.
//!
//! Ports are numbers: names of ports are compared differently by different network plugins. The kubelet's probes need no
//! opening, for traffic from a pod's own node always passes.

use std::net::IpAddr;

use k8s_openapi::{
    api::networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
        NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};
use mcp_crds::environment::Egress;

use crate::{
    MANAGER,
    client::validate::{Database, Tenant},
    labels,
    render::{
        Platform,
        deployment::{INTERNAL_PORT, PUBLIC_PORT},
    },
    settings::{Settings, network::Peers},
};

/// The label every namespace has its name in.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
/// Where the pod listens that cert-manager makes to answer an HTTP-01 challenge.
const ACME_SOLVER_PORT: i32 = 8089;
/// The port of a PostgreSQL that says no other.
const POSTGRES_PORT: u16 = 5432;

/// Addresses that are not the internet (RFC 6890 and its successors): private ones, those of the machine and the link
/// with the metadata of clouds, shared ones, benchmarks, groups, and what is reserved.
const NOT_OUTSIDE: [&str; 11] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
];
/// Likewise of IPv6.
const NOT_OUTSIDE_V6: [&str; 6] =
    ["::/96", "64:ff9b:1::/48", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"];
/// Where clouds tell a machine who it is. No opening of a tenant's own reaches it.
const METADATA: &str = "169.254.0.0/16";
const METADATA_V6: [&str; 2] = ["fd00:ec2::/32", "fe80::/10"];

/// The policy for every pod of the namespace: nothing in, nothing out. Where cert-manager makes the tenant's certificate,
/// the pod by which it proves that the host is ours is reached by the ingress controller; no other pod has that port.
pub fn default_deny(tenant: &Tenant, platform: &Platform) -> NetworkPolicy {
    let proof = from(&platform.settings.network.ingress_peers, &[ACME_SOLVER_PORT]);
    NetworkPolicy {
        metadata: tenant.meta("default-deny".to_owned()),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(LabelSelector::default()),
            policy_types: Some(both()),
            ingress: proof.filter(|_| tenant.has_own_certificate()).map(|rule| vec![rule]),
            ..NetworkPolicySpec::default()
        }),
    }
}

/// The openings of the server's pods.
pub fn openings(tenant: &Tenant, platform: &Platform) -> NetworkPolicy {
    NetworkPolicy {
        metadata: tenant.meta(tenant.owner.name().to_owned()),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(LabelSelector {
                match_labels: Some(labels::selector(&tenant.owner)),
                ..LabelSelector::default()
            }),
            policy_types: Some(both()),
            ingress: Some(ingress(&platform.settings)),
            egress: Some(egress(tenant, &platform.settings)),
        }),
    }
}

fn both() -> Vec<String> {
    vec!["Ingress".to_owned(), "Egress".to_owned()]
}

fn ingress(settings: &Settings) -> Vec<NetworkPolicyIngressRule> {
    let network = &settings.network;
    let operator = Peers(vec![pods_of(&settings.operator_namespace, [("app.kubernetes.io/name", MANAGER)])]);
    [
        from(&network.ingress_peers, &[PUBLIC_PORT]),
        from(&operator, &[PUBLIC_PORT, INTERNAL_PORT]),
        from(&network.metrics_peers, &[INTERNAL_PORT]),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A rule for these peers; none for nobody, for a rule without peers would let everybody in.
fn from(peers: &Peers, ports: &[i32]) -> Option<NetworkPolicyIngressRule> {
    (!peers.0.is_empty()).then(|| NetworkPolicyIngressRule {
        from: Some(peers.0.clone()),
        ports: Some(ports.iter().map(|number| port("TCP", *number)).collect()),
    })
}

fn egress(tenant: &Tenant, settings: &Settings) -> Vec<NetworkPolicyEgressRule> {
    let network = &settings.network;
    let mut rules = Vec::new();
    if !network.dns_peers.0.is_empty() {
        rules.push(to(network.dns_peers.0.clone(), vec![port("UDP", 53), port("TCP", 53)]));
    }
    let endpoints = Endpoints::of(settings);
    rules.push(to(outside(settings), endpoints.ports.iter().map(|number| port("TCP", *number)).collect()));
    for (address, number) in endpoints.addresses {
        let length = if address.is_ipv4() { 32 } else { 128 };
        rules.push(to(vec![block(format!("{address}/{length}"), &[])], vec![port("TCP", number)]));
    }
    match tenant.database {
        Database::Sqlite { .. } => {}
        Database::Postgres { .. } => rules.push(database(tenant.database_egress.as_ref(), POSTGRES_PORT)),
        // The platform knows its own by a name, and a policy does not.
        Database::Provisioned => rules.push(database(None, settings.database_port.unwrap_or(POSTGRES_PORT))),
    }
    rules.extend(network.extra_egress.0.iter().cloned());
    rules
}

fn outside(settings: &Settings) -> Vec<NetworkPolicyPeer> {
    let (closed_v6, closed): (Vec<_>, Vec<_>) =
        settings.network.closed_ranges.iter().partition(|range| range.is_v6());
    let all = |known: &[&'static str], more: &[&crate::settings::network::Range]| {
        known
            .iter()
            .map(|range| (*range).to_owned())
            .chain(more.iter().map(|range| range.0.clone()))
            .collect()
    };
    let (v4, v6): (Vec<String>, Vec<String>) = (all(&NOT_OUTSIDE, &closed), all(&NOT_OUTSIDE_V6, &closed_v6));
    vec![block("0.0.0.0/0".to_owned(), &v4), block("::/0".to_owned(), &v6)]
}

/// Where third parties are, as the platform's settings say it.
struct Endpoints {
    /// Ports outside: 443, and those of endpoints that have names.
    ports: Vec<i32>,
    /// Endpoints that are addresses, which may be private ones.
    addresses: Vec<(IpAddr, i32)>,
}

impl Endpoints {
    fn of(settings: &Settings) -> Self {
        let mut found = Self { ports: vec![443], addresses: Vec::new() };
        for endpoint in [
            &settings.whatsapp_graph_base,
            &settings.gemini_base,
            &settings.google_calendar_base,
            &settings.google_token_url,
        ] {
            let Ok(uri) = endpoint.parse::<http::Uri>() else { continue };
            let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
            let number = i32::from(uri.port_u16().unwrap_or(usual));
            let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
            match host.parse::<IpAddr>() {
                Ok(address) if !found.addresses.contains(&(address, number)) => {
                    found.addresses.push((address, number));
                }
                Err(_) if !found.ports.contains(&number) => found.ports.push(number),
                Ok(_) | Err(_) => {}
            }
        }
        found
    }
}

/// The database, where the client says it is; any address on its usual port where it does not.
fn database(egress: Option<&Egress>, usual: u16) -> NetworkPolicyEgressRule {
    let number = egress.and_then(|egress| egress.port).unwrap_or(usual);
    let cidr = egress.and_then(|egress| egress.cidr.clone());
    let selector = egress.and_then(|egress| egress.selector.as_ref());
    let peers = match (cidr, selector) {
        (Some(cidr), _) => vec![block(cidr, &[])],
        (None, Some(pods)) => {
            let labels = pods.pod_labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            vec![pods_of(&pods.namespace, labels)]
        }
        (None, None) => vec![
            block("0.0.0.0/0".to_owned(), &[METADATA.to_owned()]),
            block("::/0".to_owned(), &METADATA_V6.map(str::to_owned)),
        ],
    };
    to(peers, vec![port("TCP", i32::from(number))])
}

fn to(peers: Vec<NetworkPolicyPeer>, ports: Vec<NetworkPolicyPort>) -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule { to: Some(peers), ports: Some(ports) }
}

fn block(cidr: String, except: &[String]) -> NetworkPolicyPeer {
    let except = (!except.is_empty()).then(|| except.to_vec());
    NetworkPolicyPeer { ip_block: Some(IPBlock { cidr, except }), ..NetworkPolicyPeer::default() }
}

fn pods_of<'a>(namespace: &str, pods: impl IntoIterator<Item = (&'a str, &'a str)>) -> NetworkPolicyPeer {
    let pods = pods.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector {
            match_labels: Some(labels::map([(NAMESPACE_NAME, namespace)])),
            ..LabelSelector::default()
        }),
        pod_selector: Some(LabelSelector { match_labels: Some(pods), ..LabelSelector::default() }),
        ..NetworkPolicyPeer::default()
    }
}

fn port(protocol: &str, number: i32) -> NetworkPolicyPort {
    NetworkPolicyPort {
        protocol: Some(protocol.to_owned()),
        port: Some(IntOrString::Int(number)),
        ..NetworkPolicyPort::default()
    }
}

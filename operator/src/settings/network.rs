//! Who is around the tenants: what their network policies are opened for. Lists are JSON in the forms of Kubernetes, so
//! that what the chart's values say arrives here word for word.

use std::{collections::BTreeMap, fmt::Debug, net::IpAddr, str::FromStr};

use clap::Args;
use k8s_openapi::{
    api::networking::v1::{NetworkPolicyEgressRule, NetworkPolicyPeer},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

const DNS: &str = r#"[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"kube-system"}},"podSelector":{"matchLabels":{"k8s-app":"kube-dns"}}}]"#;
/// The usual places of ingress-nginx and Traefik, and of the Traefik that k3s brings along.
const INGRESS: &str = r#"[{"namespaceSelector":{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"In","values":["ingress-nginx","traefik"]}]}},{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"kube-system"}},"podSelector":{"matchLabels":{"app.kubernetes.io/name":"traefik"}}}]"#;
const METRICS: &str = r#"[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}},"podSelector":{"matchLabels":{"app.kubernetes.io/name":"prometheus"}}}]"#;

/// Who is around the tenants. It is kept with what was rendered from it: fields that are added need a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Args)]
#[serde(rename_all = "camelCase")]
pub struct NetworkSettings {
    /// Whom tenants ask for names, on port 53: a JSON list of `NetworkPolicyPeer`.
    #[arg(long, env = "DNS_PEERS", default_value = DNS)]
    pub dns_peers: Peers,
    /// Who may reach tenants' public port, the ingress controller: a JSON list of `NetworkPolicyPeer`.
    #[arg(long, env = "INGRESS_PEERS", default_value = INGRESS)]
    pub ingress_peers: Peers,
    /// Who may read tenants' metrics, Prometheus: a JSON list of `NetworkPolicyPeer`.
    #[arg(long, env = "METRICS_PEERS", default_value = METRICS)]
    pub metrics_peers: Peers,
    /// What tenants may reach beside the internet: a JSON list of `NetworkPolicyEgressRule`.
    #[arg(long, env = "EXTRA_EGRESS", default_value = "[]")]
    pub extra_egress: Openings,
    /// Public addresses tenants may not reach, with commas: the API server's and the nodes', where they are public.
    #[arg(long, env = "CLOSED_RANGES", value_delimiter = ',')]
    pub closed_ranges: Vec<Range>,
    /// Labels of the tenants' `PodMonitor`, by which Prometheus finds it: a JSON map.
    #[arg(long, env = "POD_MONITOR_LABELS", default_value = "{}")]
    pub pod_monitor_labels: Labels,
}

/// Who is meant by a rule; nobody when empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Peers(pub Vec<NetworkPolicyPeer>);

// Neither has a number that is unequal to itself.
impl Eq for Peers {}
impl Eq for Openings {}

/// Rules of a network policy, each with a destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Openings(pub Vec<NetworkPolicyEgressRule>);

/// Labels of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(pub BTreeMap<String, String>);

/// Addresses, `203.0.113.0/24`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Range(pub String);

impl NetworkSettings {
    /// Everything there is, of no cluster: see [`super::Settings::for_sample`].
    pub(super) fn for_sample() -> Self {
        let map = |name: &str| BTreeMap::from([("app".to_owned(), name.to_owned())]);
        let peers = |name: &str| {
            let pods = LabelSelector { match_labels: Some(map(name)), ..LabelSelector::default() };
            vec![NetworkPolicyPeer { pod_selector: Some(pods), ..NetworkPolicyPeer::default() }]
        };
        Self {
            dns_peers: Peers(peers("dns")),
            ingress_peers: Peers(peers("ingress")),
            metrics_peers: Peers(peers("metrics")),
            extra_egress: Openings(vec![NetworkPolicyEgressRule { to: Some(peers("extra")), ports: None }]),
            closed_ranges: ["192.0.2.0/24", "2001:db8::/32"].map(|range| Range(range.to_owned())).into(),
            pod_monitor_labels: Labels(map("monitor")),
        }
    }
}

impl Range {
    /// Whether they are of IPv6.
    pub fn is_v6(&self) -> bool {
        self.0.contains(':')
    }
}

/// Why a setting is none.
#[derive(Debug, thiserror::Error)]
pub enum NetworkSettingError {
    /// It is not the JSON that is asked for.
    #[error("read it as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A field has no meaning.
    #[error("{0} has a field Kubernetes does not know: compare it with its NetworkPolicy")]
    Unknown(String),
    /// A peer without any selector would be everybody.
    #[error("{0} names nobody: give it namespaceSelector, podSelector or ipBlock")]
    Nobody(String),
    /// No range.
    #[error("`{0}` is no range of addresses: write one like 203.0.113.0/24")]
    Range(String),
}

/// Reads JSON in which every field must mean something: the types of Kubernetes pass over what they do not know.
fn strict<T: Serialize + DeserializeOwned>(text: &str) -> Result<T, NetworkSettingError> {
    let said: Value = serde_json::from_str(text)?;
    let read: T = serde_json::from_value(said.clone())?;
    if serde_json::to_value(&read)? == said {
        Ok(read)
    } else {
        Err(NetworkSettingError::Unknown(text.to_owned()))
    }
}

fn named(peer: &NetworkPolicyPeer) -> Result<(), NetworkSettingError> {
    if peer.ip_block.is_none() && peer.namespace_selector.is_none() && peer.pod_selector.is_none() {
        return Err(NetworkSettingError::Nobody("a peer".to_owned()));
    }
    Ok(())
}

impl FromStr for Peers {
    type Err = NetworkSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let peers: Vec<NetworkPolicyPeer> = strict(text)?;
        peers.iter().try_for_each(named)?;
        Ok(Self(peers))
    }
}

impl FromStr for Openings {
    type Err = NetworkSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rules: Vec<NetworkPolicyEgressRule> = strict(text)?;
        for rule in &rules {
            let to = rule.to.as_deref().unwrap_or_default();
            if to.is_empty() {
                return Err(NetworkSettingError::Nobody("a rule without `to`".to_owned()));
            }
            to.iter().try_for_each(named)?;
        }
        Ok(Self(rules))
    }
}

impl FromStr for Labels {
    type Err = NetworkSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(serde_json::from_str(text)?))
    }
}

impl FromStr for Range {
    type Err = NetworkSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let range = text.split_once('/').and_then(|(address, length)| {
            let (address, length) = (address.parse::<IpAddr>().ok()?, length.parse::<u8>().ok()?);
            let most = if address.is_ipv4() { 32 } else { 128 };
            // Everything could be closed by a range of length 0, and is what it would be taken out of.
            (1..=most).contains(&length).then(|| Self(format!("{address}/{length}")))
        });
        range.ok_or_else(|| NetworkSettingError::Range(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_would_pass_over_is_refused() {
        for wrong in [
            r#"[{"namespaceSelektor":{}}]"#,
            r#"[{"podSelector":{"matchLabel":{"a":"b"}}}]"#,
            "[{}]",
            r#"{"podSelector":{}}"#,
        ] {
            assert!(wrong.parse::<Peers>().is_err(), "{wrong}");
        }
        assert_eq!("[]".parse::<Peers>().unwrap().0.len(), 0);
        assert_eq!(DNS.parse::<Peers>().unwrap().0.len(), 1);
    }

    #[test]
    fn an_opening_to_everywhere_is_refused() {
        for wrong in ["[{}]", r#"[{"ports":[{"port":443}]}]"#, r#"[{"to":[{}]}]"#] {
            assert!(wrong.parse::<Openings>().is_err(), "{wrong}");
        }
        let right =
            r#"[{"to":[{"ipBlock":{"cidr":"192.0.2.7/32"}}],"ports":[{"port":8443,"protocol":"TCP"}]}]"#;
        assert_eq!(right.parse::<Openings>().unwrap().0.len(), 1);
    }

    #[test]
    fn a_range_is_an_address_with_a_length_that_fits() {
        for wrong in ["", "192.0.2.1", "192.0.2.0/33", "0.0.0.0/0", "all/8"] {
            assert!(wrong.parse::<Range>().is_err(), "{wrong}");
        }
        assert!("2001:db8::/32".parse::<Range>().unwrap().is_v6());
    }
}

//! Whom to ask, and what to expect.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use kube::ResourceExt;
use mcp_crds::EnvironmentName;

use super::token::SigningKey;
use crate::{
    client::{outcome::Holds, validate::Tenant, workload},
    names::{ClientKey, TenantNamespace},
    render::secrets::hex,
    watches::Workload,
};

/// The servers of one environment, and what is expected of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whose it is.
    pub owner: ClientKey,
    /// Which of the owner's environments.
    pub environment: EnvironmentName,
    /// Where it lives.
    pub namespace: TenantNamespace,
    /// Its pods, by name.
    pub pods: Vec<PodAddress>,
    /// Hash of the profile that was delivered, as the server computes it; none while the profile is invalid.
    pub profile: Option<String>,
    /// Its base URL, for which tokens are made.
    pub url: String,
    /// Its key.
    pub key: SigningKey,
    /// Whether it has a calendar at Google.
    pub google_calendar: bool,
}

/// One pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodAddress {
    /// Its UID: an address may belong to another pod tomorrow.
    pub uid: String,
    /// Its address.
    pub ip: IpAddr,
}

impl Target {
    /// The servers of a tenant whose newest build runs; none while it does not, or is not to.
    pub fn of(tenant: &Tenant, workload: Option<&Workload>, key: Option<SigningKey>) -> Option<Self> {
        let workload = workload.filter(|_| !tenant.suspended)?;
        if workload::judge(workload).holds != Holds::Yes {
            return None;
        }
        let mut pods: Vec<_> =
            workload.pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect();
        pods.sort_by_key(|pod| pod.name_any());
        let pods: Vec<PodAddress> = pods
            .into_iter()
            .filter_map(|pod| {
                let ip = pod.status.pod_ip.as_ref()?.parse().ok()?;
                Some(PodAddress { uid: pod.uid()?, ip })
            })
            .collect();
        (!pods.is_empty()).then_some(())?;
        Some(Self {
            owner: tenant.owner.clone(),
            environment: tenant.environment,
            namespace: tenant.namespace.clone(),
            pods,
            profile: tenant.profile.as_ref().ok().map(|text| profile_hash(&text.0)),
            url: tenant.url(),
            key: key?,
            google_calendar: tenant.google_calendar.is_some(),
        })
    }

    /// The host name requests are for: one that the server answers to inside of the cluster.
    pub fn host(&self) -> String {
        format!("{}.{}.svc", self.owner.name(), self.namespace)
    }
}

/// The hash of a profile as the server shows it in `/status`: the first eight bytes of its SHA-256, in hexadecimal.
pub fn profile_hash(text: &str) -> String {
    hex(&digest(&SHA256, text.as_bytes()).as_ref()[..8])
}

//! What is made for one environment, as a set that knows whether it was delivered.
//!
//! The set is [`Prepared`] when it leaves the renderer and [`Applied`] when it leaves the delivery; only a delivery can
//! make the second from the first, and it takes the first apart field by field, so a kind that is added here and not
//! delivered does not compile.

use std::fmt;

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{
        ConfigMap, LimitRange, Namespace, PersistentVolumeClaim, ResourceQuota, Secret, Service,
        ServiceAccount,
    },
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
    rbac::v1::RoleBinding,
};
use serde::{Serialize, Serializer};

use crate::external::{HTTPRoute, PodMonitor};

/// A value that is never shown: its `Debug` says so instead.
#[derive(Clone, PartialEq, Eq)]
pub struct Confidential<T>(pub T);

impl<T> fmt::Debug for Confidential<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T: Serialize> Serialize for Confidential<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// How far a set of manifests has come.
pub trait Stage {
    /// What the set holds of a manifest at this stage.
    type Of<K>;
}

/// Rendered, not sent.
#[derive(Debug)]
pub struct Prepared;

/// In the cluster.
#[derive(Debug)]
pub struct Applied;

/// What the delivery did with a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It was sent.
    Written,
    /// It stands in the cluster as it was sent before.
    Unchanged,
    /// None was asked for, and the one of its name that is there somebody else made: it was left alone.
    Foreign,
}

impl Stage for Prepared {
    type Of<K> = K;
}

impl Stage for Applied {
    type Of<K> = Delivery;
}

/// What must be there before the operator may do anything in the namespace.
pub struct Foundation<S: Stage> {
    /// The tenant's namespace.
    pub namespace: S::Of<Namespace>,
    /// The operator's own rights in it.
    pub role_binding: S::Of<RoleBinding>,
}

/// What is in the tenant's namespace, the keys apart: those are made once and never applied.
pub struct Manifests<S: Stage> {
    /// What may go in and out.
    pub openings: S::Of<NetworkPolicy>,
    /// Nothing else may.
    pub default_deny: S::Of<NetworkPolicy>,
    /// How large a pod may be.
    pub limit_range: S::Of<LimitRange>,
    /// How much there may be.
    pub quota: S::Of<ResourceQuota>,
    /// The identity pods run under; it has no rights and no token.
    pub service_account: S::Of<ServiceAccount>,
    /// The credentials; none while the human's Secret is incomplete: the last good copy stays.
    pub credentials: Option<S::Of<Confidential<Secret>>>,
    /// What nodes pull the image with; none where the plan names none, or while it is incomplete.
    pub pull_secret: Option<S::Of<Confidential<Secret>>>,
    /// The profile; none while it is invalid: the last good copy stays.
    pub profile: Option<S::Of<ConfigMap>>,
    /// The volume with the database; none where the database is no file.
    pub data: Option<S::Of<PersistentVolumeClaim>>,
    /// How the world reaches the server through an ingress controller; none where it does not.
    pub route: Option<S::Of<Ingress>>,
    /// How it does through a Gateway.
    pub http_route: Option<S::Of<HTTPRoute>>,
    /// How others in the cluster reach the server.
    pub service: S::Of<Service>,
    /// Where others are led while the tenant sleeps; none while it runs.
    pub asleep: Option<S::Of<EndpointSlice>>,
    /// The server; none while it would have nothing to run with.
    pub deployment: Option<S::Of<Deployment>>,
    /// How many servers may be taken down at once; none where there is only one.
    pub disruption_budget: Option<S::Of<PodDisruptionBudget>>,
    /// How Prometheus finds the server; none where nobody looks for it.
    pub pod_monitor: Option<S::Of<PodMonitor>>,
}

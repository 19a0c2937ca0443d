//! What is made for one environment, as a set that knows whether it was delivered.
//!
//! The set is [`Prepared`] when it leaves the renderer and [`Applied`] when it leaves the delivery; only a delivery can
//! make the second from the first, and it takes the first apart field by field, so a kind that is added here and not
//! delivered does not compile.

use std::fmt;

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Namespace, PersistentVolumeClaim, Secret, Service, ServiceAccount},
    networking::v1::Ingress,
    rbac::v1::RoleBinding,
};
use serde::{Serialize, Serializer};

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
    /// The identity pods run under; it has no rights and no token.
    pub service_account: S::Of<ServiceAccount>,
    /// The credentials; none while the human's Secret is incomplete: the last good copy stays.
    pub credentials: Option<S::Of<Confidential<Secret>>>,
    /// The profile; none while it is invalid: the last good copy stays.
    pub profile: Option<S::Of<ConfigMap>>,
    /// The volume with the database; none where the database is no file.
    pub data: Option<S::Of<PersistentVolumeClaim>>,
    /// How the world reaches the server; none where it does not.
    pub route: Option<S::Of<Ingress>>,
    /// How others in the cluster reach the server.
    pub service: S::Of<Service>,
    /// The server; none while it would have nothing to run with.
    pub deployment: Option<S::Of<Deployment>>,
}

//! Kinds as values. Most of what the operator does with an object, watching, applying, removing, is the same whatever it
//! is, and is compiled once: for [`Metadata`], with the kind beside it. Written for each kind's own type it would be in the
//! program once per kind.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    Api, Client, Resource,
    core::DynamicResourceScope,
    runtime::reflector::{ObjectRef, Store, store::Writer},
};
use serde::{Deserialize, Serialize};

use crate::names::TenantNamespace;

/// How a kind is called.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Names {
    /// Its API group; empty for the oldest one.
    pub group: &'static str,
    /// The version of it.
    pub version: &'static str,
    /// `Service`.
    pub kind: &'static str,
    /// `services`.
    pub plural: &'static str,
}

/// A kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind(pub &'static Names);

/// What has a kind.
pub trait Named: Resource<DynamicType = ()> {
    /// Its kind.
    const KIND: Kind;
}

impl<K: k8s_openapi::Resource + Resource<DynamicType = ()>> Named for K {
    const KIND: Kind =
        Kind(&Names { group: K::GROUP, version: K::VERSION, kind: K::KIND, plural: K::URL_PATH_SEGMENT });
}

/// `McpClient`.
pub const CLIENT: Kind =
    Kind(&Names { group: "mcp-platform.dev", version: "v1alpha1", kind: "McpClient", plural: "mcpclients" });
/// `McpPlan`.
pub const PLAN: Kind =
    Kind(&Names { group: "mcp-platform.dev", version: "v1alpha1", kind: "McpPlan", plural: "mcpplans" });

impl Kind {
    /// The kind of a type.
    pub const fn of<K: Named>() -> Self {
        K::KIND
    }

    /// `Service`.
    pub const fn name(self) -> &'static str {
        self.0.kind
    }

    /// The objects of this kind in a tenant's namespace.
    pub fn inside(self, client: &Client, namespace: &TenantNamespace) -> Api<Metadata> {
        self.namespaced(client, namespace.as_str())
    }

    /// The objects of this kind in any namespace.
    pub fn namespaced(self, client: &Client, namespace: &str) -> Api<Metadata> {
        Api::namespaced_with(client.clone(), namespace, &self)
    }

    /// The objects of this kind in the whole cluster.
    pub fn all(self, client: &Client) -> Api<Metadata> {
        Api::all_with(client.clone(), &self)
    }

    /// A store of objects of this kind, and what fills it.
    pub fn store(self) -> (Store<Metadata>, Writer<Metadata>) {
        let writer = Writer::new(self);
        (writer.as_reader(), writer)
    }

    /// An object of this kind that is in no namespace, by its name.
    pub fn named(self, name: &str) -> ObjectRef<Metadata> {
        ObjectRef::new_with(name, self)
    }
}

/// The metadata of an object, of whatever kind. The API server sends no more of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// All there is.
    #[serde(default)]
    pub metadata: ObjectMeta,
}

impl Resource for Metadata {
    type DynamicType = Kind;
    type Scope = DynamicResourceScope;

    fn kind(kind: &Kind) -> Cow<'_, str> {
        kind.0.kind.into()
    }

    fn group(kind: &Kind) -> Cow<'_, str> {
        kind.0.group.into()
    }

    fn version(kind: &Kind) -> Cow<'_, str> {
        kind.0.version.into()
    }

    fn plural(kind: &Kind) -> Cow<'_, str> {
        kind.0.plural.into()
    }

    fn metadata_api() -> bool {
        true
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::{apps::v1::Deployment, core::v1::Service};

    use mcp_crds::{McpClient, McpPlan};

    use super::*;
    use crate::external::{HTTPRoute, PodMonitor};

    #[test]
    fn a_kind_is_found_where_its_own_type_is() {
        fn same<K: Resource<DynamicType = ()>>(kind: Kind) {
            assert_eq!(Metadata::kind(&kind), K::kind(&()));
            assert_eq!(Metadata::api_version(&kind), K::api_version(&()));
            assert_eq!(Metadata::url_path(&kind, Some("x")), K::url_path(&(), Some("x")));
        }
        same::<Service>(Kind::of::<Service>());
        same::<Deployment>(Kind::of::<Deployment>());
        same::<HTTPRoute>(Kind::of::<HTTPRoute>());
        same::<PodMonitor>(Kind::of::<PodMonitor>());
        same::<McpClient>(CLIENT);
        same::<McpPlan>(PLAN);
    }
}

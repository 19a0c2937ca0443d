//! What the operator reads of Deployments, Pods and volume claims: how far they are. The rest of them is most of them, and
//! would be kept for every tenant.

use std::{borrow::Cow, collections::BTreeMap};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, core::DynamicResourceScope};
use serde::{Deserialize, Deserializer};

use crate::kinds::{Kind, Metadata};

/// A Deployment, a Pod or a volume claim; each has what its kind has.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Running {
    /// Who it is.
    pub metadata: ObjectMeta,
    /// What is asked for.
    #[serde(deserialize_with = "null_is_none")]
    pub spec: Asked,
    /// What is.
    #[serde(deserialize_with = "null_is_none")]
    pub status: Status,
}

/// What a Deployment is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// How many pods; one where it says nothing.
    pub replicas: Option<i32>,
    /// Which pods are its own.
    #[serde(deserialize_with = "null_is_none")]
    pub selector: Selector,
    /// What they are made of.
    #[serde(deserialize_with = "null_is_none")]
    pub template: Template,
}

/// Which pods are a Deployment's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Selector {
    /// Labels they have.
    #[serde(deserialize_with = "null_is_none")]
    pub match_labels: BTreeMap<String, String>,
}

/// What pods are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Template {
    /// What is said about them.
    #[serde(deserialize_with = "null_is_none")]
    pub metadata: Annotated,
}

/// What is said about something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Annotated {
    /// In annotations.
    #[serde(deserialize_with = "null_is_none")]
    pub annotations: BTreeMap<String, String>,
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    /// The generation this is about.
    pub observed_generation: Option<i64>,
    /// Pods there are.
    pub replicas: i32,
    /// Pods of the newest template.
    pub updated_replicas: i32,
    /// Pods that are available.
    pub available_replicas: i32,
    /// What is true of it.
    #[serde(deserialize_with = "null_is_none")]
    pub conditions: Vec<Condition>,
    /// A pod's or a claim's stage.
    pub phase: Option<String>,
    /// A pod's address.
    #[serde(rename = "podIP")]
    pub pod_ip: Option<String>,
    /// A pod's containers that run before its others.
    #[serde(deserialize_with = "null_is_none")]
    pub init_container_statuses: Vec<Container>,
    /// A pod's containers.
    #[serde(deserialize_with = "null_is_none")]
    pub container_statuses: Vec<Container>,
}

/// What is true of it, or is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// What.
    #[serde(rename = "type")]
    pub type_: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Why, in a word.
    pub reason: Option<String>,
    /// Why, in a sentence.
    pub message: Option<String>,
}

/// How a container is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Container {
    /// Its name.
    pub name: String,
    /// The image it runs, as its node knows it.
    #[serde(rename = "imageID")]
    pub image_id: String,
    /// Whether it is ready.
    pub ready: bool,
    /// How it is now.
    #[serde(deserialize_with = "null_is_none")]
    pub state: State,
    /// How it was before.
    #[serde(deserialize_with = "null_is_none")]
    pub last_state: State,
}

/// One of these, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct State {
    /// It waits.
    pub waiting: Option<Waiting>,
    /// It ended.
    pub terminated: Option<Terminated>,
}

/// What a container waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Waiting {
    /// In a word.
    pub reason: Option<String>,
    /// In a sentence.
    pub message: Option<String>,
}

/// How a container ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Terminated {
    /// Its exit code.
    pub exit_code: i32,
    /// Why, in a word.
    pub reason: Option<String>,
}

/// Where a list or an object may be, nothing may be written as null as well.
fn null_is_none<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Resource for Running {
    type DynamicType = Kind;
    type Scope = DynamicResourceScope;

    fn kind(kind: &Kind) -> Cow<'_, str> {
        Metadata::kind(kind)
    }

    fn group(kind: &Kind) -> Cow<'_, str> {
        Metadata::group(kind)
    }

    fn version(kind: &Kind) -> Cow<'_, str> {
        Metadata::version(kind)
    }

    fn plural(kind: &Kind) -> Cow<'_, str> {
        Metadata::plural(kind)
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

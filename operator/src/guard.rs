//! Objects of the cluster that may not fit their type: one that was written around admission must not keep the others from
//! being read.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, core::error_boundary::InvalidObject};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::Value;

/// An object, or what could be read of one that does not fit its type. Who manages which field is left out of either: it
/// is as long as the object, and nobody reads it here.
///
/// It does what kube's guard of this name does, through a value that the rest of the program has readers for as well:
/// kube's own kind of value would bring them once more for every type.
#[derive(Clone, Debug)]
pub struct DeserializeGuard<K>(pub Result<K, InvalidObject>);

impl<'de, K: DeserializeOwned> Deserialize<'de> for DeserializeGuard<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut object = Value::deserialize(deserializer)?;
        if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
            metadata.remove("managedFields");
        }
        let metadata = object.get("metadata").cloned().unwrap_or_default();
        let error = match serde_json::from_value(object) {
            Ok(object) => return Ok(Self(Ok(object))),
            Err(error) => error.to_string(),
        };
        let metadata = serde_json::from_value(metadata).map_err(D::Error::custom)?;
        Ok(Self(Err(InvalidObject { error, metadata })))
    }
}

impl<K: Resource> Resource for DeserializeGuard<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn kind(kind: &Self::DynamicType) -> Cow<'_, str> {
        K::kind(kind)
    }

    fn group(kind: &Self::DynamicType) -> Cow<'_, str> {
        K::group(kind)
    }

    fn version(kind: &Self::DynamicType) -> Cow<'_, str> {
        K::version(kind)
    }

    fn plural(kind: &Self::DynamicType) -> Cow<'_, str> {
        K::plural(kind)
    }

    fn meta(&self) -> &ObjectMeta {
        self.0.as_ref().map_or_else(|invalid| &invalid.metadata, Resource::meta)
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match &mut self.0 {
            Ok(object) => object.meta_mut(),
            Err(invalid) => &mut invalid.metadata,
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::ResourceExt;
    use mcp_crds::McpPlan;
    use serde_json::json;

    use super::*;

    fn read(object: &Value) -> DeserializeGuard<McpPlan> {
        serde_json::from_str(&object.to_string()).unwrap()
    }

    #[test]
    fn an_object_that_does_not_fit_keeps_its_name_and_says_why() {
        let metadata = json!({"name": "basic", "managedFields": [{"manager": "kubectl"}]});
        let fits = read(&json!({"metadata": metadata, "spec": {}}));
        assert!(fits.0.is_ok(), "{fits:?}");
        assert!(fits.meta().managed_fields.is_none());
        let spoilt = read(&json!({"metadata": metadata, "spec": 1}));
        assert_eq!(spoilt.name_any(), "basic");
        assert!(spoilt.meta().managed_fields.is_none());
        assert!(spoilt.0.unwrap_err().error.contains("invalid type"));
    }

    #[test]
    fn what_is_no_object_at_all_is_refused() {
        assert!(serde_json::from_str::<DeserializeGuard<McpPlan>>("[]").is_err());
    }
}

//! `kubectl explain` reads like documentation, and nothing in a resource is without an end.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use mcp_crds::{definition, plan_definition};
use serde_json::Value;

/// Calls `look` for every schema below `schema`, with its path.
fn walk(schema: &Value, path: &str, look: &mut impl FnMut(&str, &Value)) {
    look(path, schema);
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        walk(field, &format!("{path}.{name}"), look);
    }
    for word in ["items", "additionalProperties"] {
        if let Some(inside) = schema.get(word).filter(|inside| inside.is_object()) {
            walk(inside, &format!("{path}[]"), look);
        }
    }
}

fn look_at(definition: &CustomResourceDefinition, mut look: impl FnMut(&str, &Value)) {
    let definition = serde_json::to_value(definition).unwrap();
    let schema = definition.pointer("/spec/versions/0/schema/openAPIV3Schema").unwrap();
    for part in ["spec", "status"] {
        walk(&schema["properties"][part], part, &mut look);
    }
}

#[test]
fn every_field_is_described() {
    for definition in [definition(), plan_definition()] {
        let (mut bare, mut all) = (Vec::new(), 0);
        look_at(&definition, |path, schema| {
            // An item of a list is described by the list.
            if path.ends_with("[]") {
                return;
            }
            all += 1;
            if schema["description"].as_str().is_none_or(|text| text.trim().len() < 5) {
                bare.push(path.to_owned());
            }
        });
        assert!(all > 15, "{all}");
        assert_eq!(bare, Vec::<String>::new());
    }
}

#[test]
fn every_text_list_and_map_of_a_spec_has_an_end() {
    for definition in [definition(), plan_definition()] {
        let mut endless = Vec::new();
        look_at(&definition, |path, schema| {
            if !path.starts_with("spec") {
                return;
            }
            let has = |word: &str| schema.get(word).is_some();
            let bounded = match schema["type"].as_str() {
                Some("string") => has("maxLength") || has("enum"),
                Some("array") => has("maxItems"),
                Some("object") => !has("additionalProperties") || has("maxProperties"),
                Some("integer") => has("maximum"),
                _ => true,
            };
            if !bounded {
                endless.push(path.to_owned());
            }
        });
        assert_eq!(endless, Vec::<String>::new());
    }
}

#[test]
fn no_scale_is_offered_for_replicas_belong_to_an_environment() {
    for definition in [definition(), plan_definition()] {
        let subresources = definition.spec.versions[0].subresources.as_ref().unwrap();
        assert!(subresources.scale.is_none() && subresources.status.is_some());
    }
}

//! The profile of the definition bounds what the profile's own schema bounds.

use mcp_crds::definition;
use serde_json::Value;

/// Every bound of a schema with its path. Patterns are not among them: in the definition they are rules.
fn bounds(schema: &Value, path: &str, found: &mut Vec<String>) {
    for word in
        ["type", "enum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"]
    {
        if let Some(bound) = schema.get(word) {
            found.push(format!("{path}: {word} {bound}"));
        }
    }
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        found.push(format!("{path}: required {name}"));
    }
    for word in ["minimum", "maximum"] {
        if let Some(bound) = schema.get(word).and_then(Value::as_f64) {
            found.push(format!("{path}: {word} {bound}"));
        }
    }
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        bounds(field, &format!("{path}.{name}"), found);
    }
    for word in ["items", "additionalProperties"] {
        if let Some(inside) = schema.get(word) {
            bounds(inside, &format!("{path}[]"), found);
        }
    }
}

#[test]
fn the_definition_and_the_schema_of_profiles_agree() {
    let definition = serde_json::to_value(definition()).unwrap();
    let of_definition = definition
        .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/profile")
        .expect("a profile in the spec");
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    bounds(of_definition, "profile", &mut theirs);
    bounds(&mcp_tenant::profile::schema(), "profile", &mut ours);
    theirs.sort();
    ours.sort();
    assert!(ours.len() > 300, "{}", ours.len());
    let missing: Vec<_> = ours.iter().filter(|bound| !theirs.contains(bound)).collect();
    let more: Vec<_> = theirs.iter().filter(|bound| !ours.contains(bound)).collect();
    assert!(missing.is_empty() && more.is_empty(), "missing {missing:#?}\nmore {more:#?}");
}

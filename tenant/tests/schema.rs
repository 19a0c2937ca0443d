//! The schema that is checked in is the one the types make, and one that an API server may hold.

use std::{env, fs, path::Path};

use mcp_tenant::{
    Profile,
    profile::{self, forms},
};
use serde_json::{Value, json};

/// Set to anything to write the file instead of comparing it.
const UPDATE: &str = "UPDATE_GENERATED";
const FILE: &str = "schema/profile.schema.json";

#[test]
fn the_checked_in_schema_is_what_the_types_make() {
    let made = profile::schema_json();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if env::var_os(UPDATE).is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(made == kept, "{FILE} is out of date: run `{UPDATE}=1 cargo test -p mcp-tenant --test schema`");
}

/// What a structural schema of Kubernetes may not hold, and what it needs for the cost of CEL rules to be bounded.
fn faults(schema: &Value, path: &str, found: &mut Vec<String>) {
    let Some(fields) = schema.as_object() else {
        return found.push(format!("{path}: not a schema: {schema}"));
    };
    for word in
        ["oneOf", "anyOf", "allOf", "not", "$ref", "$defs", "const", "propertyNames", "format", "nullable"]
    {
        if fields.contains_key(word) {
            found.push(format!("{path}: has {word}"));
        }
    }
    let number = |name: &str| fields.get(name).and_then(Value::as_i64);
    let mut needs = |name: &str| {
        if number(name).is_none() {
            found.push(format!("{path}: has no {name}"));
        }
    };
    match fields.get("type").and_then(Value::as_str) {
        Some("string") => {
            if !fields.contains_key("enum") {
                needs("maxLength");
            }
        }
        Some("integer") => ["minimum", "maximum"].into_iter().for_each(needs),
        Some("boolean") => {}
        Some("array") => {
            needs("maxItems");
            faults(fields.get("items").unwrap_or(&Value::Null), &format!("{path}[]"), found);
        }
        Some("object") => match (fields.get("properties"), fields.get("additionalProperties")) {
            (Some(Value::Object(properties)), None) => {
                for (name, schema) in properties {
                    faults(schema, &format!("{path}.{name}"), found);
                }
            }
            (None, Some(values)) => {
                needs("maxProperties");
                faults(values, &format!("{path}{{}}"), found);
            }
            _ => found.push(format!("{path}: neither fields nor values are typed")),
        },
        other => found.push(format!("{path}: has the type {other:?}")),
    }
}

#[test]
fn everything_in_it_has_one_type_and_is_bounded() {
    let mut found = Vec::new();
    faults(&profile::schema(), "", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_check_finds_what_a_structural_schema_may_not_hold() {
    for (pointer, wrong) in [
        ("/properties/business/properties/name", json!({"type": "string"})),
        ("/properties/services", json!({"type": "array", "items": {"type": "boolean"}})),
        ("/properties/services", json!({"type": "array", "maxItems": 3})),
        ("/properties/rules", json!({"type": "object"})),
        ("/properties/rules", json!({"oneOf": [{"type": "object"}, {"type": "string"}]})),
        ("/properties/rules/properties/hold", json!({"type": ["string", "null"], "maxLength": 3})),
        ("/properties/rules/properties/maxPerDay", json!({"type": "integer"})),
        ("/properties/services/items/properties/name/additionalProperties", json!({"type": "string"})),
    ] {
        let mut schema = profile::schema();
        *schema.pointer_mut(pointer).unwrap() = wrong;
        let mut found = Vec::new();
        faults(&schema, "", &mut found);
        assert!(!found.is_empty(), "{pointer}");
    }
}

/// Every value of `key` anywhere in the schema.
fn values<'s>(schema: &'s Value, key: &str, found: &mut Vec<&'s Value>) {
    match schema {
        Value::Object(fields) => {
            found.extend(fields.get(key).filter(|value| !value.is_object()));
            fields.values().for_each(|value| values(value, key, found));
        }
        Value::Array(items) => items.iter().for_each(|value| values(value, key, found)),
        _ => {}
    }
}

#[test]
fn every_pattern_has_a_sentence_and_every_sentence_a_pattern() {
    let schema = profile::schema();
    let mut patterns = Vec::new();
    values(&schema, "pattern", &mut patterns);
    for pattern in &patterns {
        assert!(forms::form_of(pattern.as_str().unwrap()).is_some(), "no sentence for {pattern}");
    }
    for form in forms::FORMS {
        assert!(patterns.iter().any(|pattern| *pattern == form.pattern), "no pattern {}", form.pattern);
    }
}

#[test]
fn every_field_says_what_it_is_for() {
    fn silent(schema: &Value, path: &str, found: &mut Vec<String>) {
        for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = format!("{path}.{name}");
            if field.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
                found.push(path.clone());
            }
            silent(field, &path, found);
            silent(field.get("items").unwrap_or(&Value::Null), &format!("{path}[]"), found);
        }
    }
    let mut found = Vec::new();
    silent(&profile::schema(), "", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn what_is_left_out_may_be_left_out_and_nothing_else() {
    let schema = profile::schema();
    let required = |pointer: &str| -> Vec<String> {
        serde_json::from_value(schema.pointer(pointer).unwrap()["required"].clone()).unwrap()
    };
    assert_eq!(required(""), ["schemaVersion", "business", "services", "staff", "hours"]);
    assert_eq!(required("/properties/services/items"), ["id", "name", "duration", "price"]);
    assert_eq!(required("/properties/business"), ["type", "name", "timeZone", "languages", "currency"]);
    let least = json!({
        "schemaVersion": 1,
        "business": {"type": "spa", "name": "Spa", "timeZone": "UTC", "languages": ["en"], "currency": "EUR"},
        "services": [{"id": "a", "name": {"en": "A"}, "duration": "1h", "price": "1"}],
        "staff": [{"id": "b", "name": "B"}],
        "hours": {"mon": ["09:00-12:00"]},
    });
    Profile::from_yaml(&least.to_string()).unwrap();
}

//! Manifests against the schemas of this cluster's own API, with every field that is not in them refused.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::{Map, Value, json};

use crate::bed;

const PREFIX: &str = "#/definitions/";
/// The groups rendered manifests are of.
const SCHEMAS_OF: [&str; 5] = ["", "apps", "networking.k8s.io", "policy", "rbac.authorization.k8s.io"];

/// Runs `kubeconform -strict` over a folder: what it found wrong, or nothing.
pub fn check(folder: &Path, schemas: &Path) -> Result<(), String> {
    write_schemas(schemas);
    let output = Command::new(bed::program("kubeconform"))
        .args(["-strict", "-skip", "Kustomization", "-schema-location"])
        .arg(schemas.join("{{.ResourceKind}}.json"))
        .arg(folder)
        .output()
        .expect("kubeconform starts; testbed/testbed build kubeconform");
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stdout).into_owned()) }
}

/// A JSON schema for every kind of version v1, from what the API server publishes.
fn write_schemas(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let published = bed::kubectl(&["get", "--raw", "/openapi/v2"], "").unwrap();
    let mut published: Value = serde_json::from_str(&published).unwrap();
    let definitions = published["definitions"].take();
    let definitions = definitions.as_object().unwrap();
    for (name, definition) in definitions {
        let kinds = definition["x-kubernetes-group-version-kind"].as_array().into_iter().flatten();
        for kind in kinds {
            let group = kind["group"].as_str().unwrap();
            if kind["version"] != "v1" || !SCHEMAS_OF.contains(&group) {
                continue;
            }
            let mut names = BTreeSet::new();
            reach(definitions, name, &mut names);
            let inside: Map<String, Value> =
                names.iter().map(|name| (name.clone(), strict(name, &definitions[name]))).collect();
            let schema = json!({"$ref": format!("{PREFIX}{name}"), "definitions": inside});
            let file = folder.join(format!("{}.json", kind["kind"].as_str().unwrap().to_lowercase()));
            fs::write(file, schema.to_string()).unwrap();
        }
    }
}

/// A definition and all it refers to.
fn reach(definitions: &Map<String, Value>, name: &str, names: &mut BTreeSet<String>) {
    fn refer(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(|path| path.replace(PREFIX, "")));
                for value in fields.values() {
                    refer(value, found);
                }
            }
            Value::Array(items) => {
                for item in items {
                    refer(item, found);
                }
            }
            _ => {}
        }
    }
    if names.insert(name.to_owned()) {
        let mut found = Vec::new();
        refer(&definitions[name], &mut found);
        for name in &found {
            reach(definitions, name, names);
        }
    }
}

fn strict(name: &str, definition: &Value) -> Value {
    // Published as texts, and numbers all the same.
    if name.ends_with(".Quantity") || name.ends_with(".IntOrString") {
        return json!({"type": ["string", "number"]});
    }
    let mut definition = definition.clone();
    if definition["properties"].is_object() {
        definition["additionalProperties"] = false.into();
    }
    definition
}

//! Where an object that does not fit its type is wrong. Who wrote it around admission reads the field, as everybody else does.

use mcp_crds::McpClientSpec;
use serde_json::Value;

/// A part of a value: as a JSON pointer, and as people write it.
#[derive(Clone)]
struct Place {
    pointer: String,
    words: String,
}

/// The place and what is wrong there, `spec.environments[0].name: …`; none where all of it can be read.
pub fn fault(spec: &Value) -> Option<String> {
    let error = error_of(spec)?;
    let whole = Place { pointer: String::new(), words: "spec".to_owned() };
    let missing = error.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let place = match missing {
        Some(field) => lacking(spec, &whole, field, &error).unwrap_or(whole),
        None => crooked(spec, whole, &error),
    };
    Some(format!("{}: {error}", place.words))
}

fn error_of(spec: &Value) -> Option<String> {
    serde_json::from_value::<McpClientSpec>(spec.clone()).err().map(|error| error.to_string())
}

/// Whether a reader does not stumble over the same thing any more when this part is taken out. It stops at the first thing it
/// cannot read: so that is at fault, or within it.
fn is_at_fault(spec: &Value, (key, part): &(String, Place), error: &str) -> bool {
    let parent = part.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    let mut rest = spec.clone();
    match rest.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(key)),
        Some(Value::Array(items)) => drop(key.parse().map(|at: usize| items.remove(at))),
        _ => {}
    }
    error_of(&rest).as_deref() != Some(error)
}

/// The smallest part that is at fault.
fn crooked(spec: &Value, mut place: Place, error: &str) -> Place {
    while let Some((_, part)) = parts(spec, &place).into_iter().find(|part| is_at_fault(spec, part, error)) {
        place = part;
    }
    place
}

/// What lacks a field is what it can be put into, so that the reader goes on and stumbles over something else.
fn lacking(spec: &Value, place: &Place, field: &str, error: &str) -> Option<Place> {
    let within = parts(spec, place).into_iter().filter(|part| is_at_fault(spec, part, error));
    let mut deeper = within.map(|(_, part)| part);
    if let Some(found) = deeper.find_map(|part| lacking(spec, &part, field, error)) {
        return Some(found);
    }
    let mut with = spec.clone();
    let Some(Value::Object(fields)) = with.pointer_mut(&place.pointer) else { return None };
    if fields.contains_key(field) {
        return None;
    }
    fields.insert(field.to_owned(), Value::Null);
    (error_of(&with).as_deref() != Some(error)).then(|| place.clone())
}

/// The parts of a part, with their keys.
fn parts(spec: &Value, of: &Place) -> Vec<(String, Place)> {
    let part = |key: String, word: String| {
        let pointer = format!("{}/{}", of.pointer, key.replace('~', "~0").replace('/', "~1"));
        (key, Place { pointer, words: format!("{}{word}", of.words) })
    };
    match spec.pointer(&of.pointer) {
        Some(Value::Object(fields)) => {
            fields.keys().map(|key| part(key.clone(), format!(".{key}"))).collect()
        }
        Some(Value::Array(items)) => {
            (0..items.len()).map(|at| part(at.to_string(), format!("[{at}]"))).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::tests::barbershop;

    #[test]
    fn the_field_is_named_however_deep_it_is() {
        let good = serde_json::to_value(barbershop().spec).unwrap();
        assert_eq!(fault(&good), None);
        for (pointer, value, place) in [
            ("", json!("nothing"), "spec: "),
            ("/environments", json!("none"), "spec.environments: "),
            ("/environments/0/name", json!("kube-system"), "spec.environments[0].name: "),
            ("/environments/0/replicas", json!(-1), "spec.environments[0].replicas: "),
            ("/deletionPolicy", json!("Perhaps"), "spec.deletionPolicy: "),
            ("/profile/rules/horizon", json!("366d23h"), "spec.profile.rules.horizon: "),
            ("/profile/services/1", json!({"id": "x"}), "spec.profile.services[1]: missing field"),
            ("/credentialsSecretRef", json!({}), "spec.credentialsSecretRef: missing field"),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            let told = fault(&bad).unwrap();
            assert!(told.starts_with(place), "{told}");
        }
    }
}

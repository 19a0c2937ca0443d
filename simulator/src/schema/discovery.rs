//! Google's discovery documents as JSON Schema.

use serde_json::{Map, Value, json};

/// A schema for `root` that carries everything it reaches. Fields that the document does not name are refused:
/// Gemini does so, and for Calendar, which ignores them, a misspelt field is a mistake worth knowing.
pub fn json_schema(document: &Value, root: &str) -> Value {
    let no_schemas = Map::new();
    let schemas = document.get("schemas").and_then(Value::as_object).unwrap_or(&no_schemas);
    let defs: Map<_, _> = schemas.iter().map(|(name, schema)| (name.clone(), convert(schema))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/$defs/{root}"),
        "$defs": defs,
    })
}

/// The same value with field names as the document writes them. Google reads `thinking_level` for `thinkingLevel`,
/// and its own clients send some names so. Values without declared fields (arguments, schemas) stay as they are.
pub fn camel_case(document: &Value, root: &str, value: &Value) -> Value {
    document["schemas"].get(root).map_or_else(|| value.clone(), |schema| renamed(document, schema, value))
}

fn renamed(document: &Value, schema: &Value, value: &Value) -> Value {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return camel_case(document, name, value);
    }
    match value {
        Value::Array(items) => {
            let of = schema.get("items").unwrap_or(&Value::Null);
            Value::Array(items.iter().map(|item| renamed(document, of, item)).collect())
        }
        Value::Object(fields) => match schema.get("properties").and_then(Value::as_object) {
            None => value.clone(),
            Some(properties) => {
                let field = |(name, value): (&String, &Value)| {
                    let name = if properties.contains_key(name) { name.clone() } else { camel(name) };
                    let of = properties.get(&name).unwrap_or(&Value::Null);
                    let value = renamed(document, of, value);
                    (name, value)
                };
                Value::Object(fields.iter().map(field).collect())
            }
        },
        other => other.clone(),
    }
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut characters = part.chars();
        out.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(characters.as_str());
    }
    out
}

fn convert(schema: &Value) -> Value {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return json!({"$ref": format!("#/$defs/{name}")});
    }
    let mut out = match schema.get("type").and_then(Value::as_str) {
        Some("object") => object(schema),
        Some("array") => match schema.get("items") {
            Some(items) => json!({"type": "array", "items": convert(items)}),
            None => json!({"type": "array"}),
        },
        Some("string") => string(schema.get("format").and_then(Value::as_str)),
        Some("integer") => json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX}),
        Some(simple @ ("number" | "boolean")) => json!({"type": simple}),
        // `any`
        _ => json!({}),
    };
    if let Some(out) = out.as_object_mut() {
        for keyword in ["enum", "pattern"] {
            if let Some(value) = schema.get(keyword) {
                out.insert(keyword.to_owned(), value.clone());
            }
        }
    }
    out
}

fn object(schema: &Value) -> Value {
    let mut out = json!({"type": "object"});
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let properties: Map<_, _> =
            properties.iter().map(|(name, property)| (name.clone(), convert(property))).collect();
        out["properties"] = Value::Object(properties);
        out["additionalProperties"] = json!(false);
    }
    if let Some(others) = schema.get("additionalProperties") {
        out["additionalProperties"] = convert(others);
    }
    out
}

fn string(format: Option<&str>) -> Value {
    match format {
        Some("date-time" | "google-datetime") => json!({"type": "string", "format": "date-time"}),
        Some("date") => json!({"type": "string", "format": "date"}),
        Some("byte") => json!({"type": "string", "pattern": "^[A-Za-z0-9+/_-]*={0,2}$"}),
        // 64-bit numbers travel as strings, and are accepted as numbers.
        Some("int64" | "uint64") => json!({"type": ["string", "integer"], "pattern": "^-?[0-9]+$"}),
        _ => json!({"type": "string"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_the_document_does_not_name_is_refused() {
        let document = json!({"schemas": {
            "Outer": {"type": "object", "properties": {
                "inner": {"$ref": "Inner"}, "tags": {"type": "object", "additionalProperties": {"type": "string"}},
            }},
            "Inner": {"type": "object", "properties": {"at": {"type": "string", "format": "date-time"}}},
        }});
        let schema = json_schema(&document, "Outer");
        let validator = super::super::compile("outer", &schema).unwrap();
        assert!(
            validator.is_valid(&json!({"inner": {"at": "2026-11-24T15:00:00-03:00"}, "tags": {"a": "b"}}))
        );
        assert!(!validator.is_valid(&json!({"inner": {"at": "tomorrow"}})));
        assert!(!validator.is_valid(&json!({"inner": {"on": "2026-11-24"}})));
        assert!(!validator.is_valid(&json!({"tags": {"a": 1}})));
    }

    #[test]
    fn names_with_underscores_are_read_as_google_reads_them_but_not_inside_free_values() {
        let document = json!({"schemas": {
            "Outer": {"type": "object", "properties": {
                "innerPart": {"$ref": "Inner"}, "freeArgs": {"type": "object", "additionalProperties": {"type": "any"}},
                "manyParts": {"type": "array", "items": {"$ref": "Inner"}},
            }},
            "Inner": {"type": "object", "properties": {"thinkingLevel": {"type": "string"}}},
        }});
        let given = json!({
            "inner_part": {"thinking_level": "LOW"}, "free_args": {"offset_days": 1},
            "many_parts": [{"thinking_level": "LOW"}],
        });
        let read = json!({
            "innerPart": {"thinkingLevel": "LOW"}, "freeArgs": {"offset_days": 1},
            "manyParts": [{"thinkingLevel": "LOW"}],
        });
        assert_eq!(camel_case(&document, "Outer", &given), read);
    }
}

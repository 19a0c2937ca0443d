//! The profile's JSON Schema: every type on its own line, every list and text bounded, and nothing in it that a
//! Kubernetes structural schema may not hold (no `$ref`, no choice between types, no `null`).

use schemars::{generate::SchemaSettings, transform::transform_subschemas};
use serde_json::{Value, json};

use super::Profile;

/// The schema of [`Profile`].
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(structural)
        .into_generator();
    let mut schema = generator.root_schema_for::<Profile>().to_value();
    // What the version of a program that printed it adds to it is nobody's business here.
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$defs");
    }
    schema
}

/// The schema as it is checked in: `tenant/schema/profile.schema.json`.
pub fn schema_json() -> String {
    format!("{:#}\n", schema())
}

/// Says the same in fewer words: an optional value is one that may be left out (the reader takes `null` for that),
/// and a choice between words is an `enum`.
fn structural(schema: &mut schemars::Schema) {
    if let Some(fields) = schema.as_object_mut() {
        let choices = fields.remove("oneOf").or_else(|| fields.remove("anyOf"));
        match choices.as_ref().and_then(Value::as_array) {
            None => {}
            Some(choices) if choices.iter().all(|choice| choice.get("const").is_some()) => {
                let words: Vec<&Value> = choices.iter().filter_map(|choice| choice.get("const")).collect();
                fields.insert("type".to_owned(), json!("string"));
                fields.insert("enum".to_owned(), json!(words));
            }
            Some(choices) => {
                let one = choices.iter().find(|choice| choice.get("type") != Some(&json!("null")));
                for (key, value) in one.and_then(Value::as_object).into_iter().flatten() {
                    fields.entry(key).or_insert_with(|| value.clone());
                }
            }
        }
        if let Some(Value::Array(types)) = fields.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [one] = types.as_slice() {
                let one = one.clone();
                fields.insert("type".to_owned(), one);
            }
        }
        if let Some(Value::Array(words)) = fields.get_mut("enum") {
            words.retain(|word| !word.is_null());
        }
        fields.remove("format");
    }
    transform_subschemas(&mut structural, schema);
}

//! Whether an `McpClient` from a file would be accepted, in words for whoever wrote it. The definition is the only list
//! of fields and forms; the API server checks the rest of its rules.

use jiff::Timestamp;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube_cel::{CompiledSchema, Validator, apply_defaults, compile_schema};
use mcp_crds::{McpClient, McpPlan};
use mcp_tenant::{Profile, profile::Mode, validate::Finding};
use regex_lite::Regex;
use serde_json::{Map, Value};

use crate::names::ClientKey;

/// How alike two words must be (Jaro-Winkler) for one to be taken for the other mistyped.
const ALIKE: f64 = 0.8;

/// A client that would be accepted.
#[derive(Debug)]
pub struct Checked {
    /// The client.
    pub client: McpClient,
    /// What its author should know all the same.
    pub warnings: Vec<String>,
}

/// Everything that is wrong with a client, a line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Faults(pub Vec<String>);

/// Reads a client from an object; `agency` is the namespace of one that names none.
pub fn client(object: &Value, agency: Option<&str>, now: Timestamp) -> Result<Checked, Faults> {
    let mut object = object.clone();
    let mut found = Vec::new();
    if object["metadata"]["namespace"].is_null()
        && let (Some(agency), Some(metadata)) = (agency, object["metadata"].as_object_mut())
    {
        metadata.insert("namespace".to_owned(), agency.into());
    }
    let metadata = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    if metadata("namespace").is_empty() {
        found.push(
            "metadata.namespace is missing: write the agency's namespace, or say it with -n".to_owned(),
        );
    }
    if let Err(error) = ClientKey::new(metadata("namespace"), metadata("name")) {
        found.push(format!("metadata.name: {error}"));
    }
    CLIENTS.with(|rules| rules.against(&object, &mut found));
    if !found.is_empty() {
        return Err(Faults(found));
    }
    let client: McpClient = serde_json::from_value(object)
        .map_err(|error| Faults(vec![format!("it cannot be read: {error}")]))?;
    let own = client.spec.environments.iter().filter_map(|environment| {
        Some((format!("spec.environments[{}].profile", environment.name), environment.profile.as_ref()?))
    });
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for (path, profile) in std::iter::once(("spec.profile".to_owned(), &client.spec.profile)).chain(own) {
        for finding in mcp_tenant::validate::validate(profile, now) {
            let lines = if finding.is_error() { &mut errors } else { &mut warnings };
            lines.push(said(&path, &finding));
        }
    }
    if errors.is_empty() { Ok(Checked { client, warnings }) } else { Err(Faults(errors)) }
}

/// Reads a plan from an object.
pub fn plan(object: &Value) -> Result<McpPlan, Faults> {
    let mut found = Vec::new();
    if object["metadata"]["name"].as_str().unwrap_or_default().is_empty() {
        found.push("metadata.name is missing: it is what clients name in spec.plan".to_owned());
    }
    PLANS.with(|rules| rules.against(object, &mut found));
    if !found.is_empty() {
        return Err(Faults(found));
    }
    serde_json::from_value(object.clone())
        .map_err(|error| Faults(vec![format!("it cannot be read: {error}")]))
}

thread_local! {
    // Compiled once, however many files there are.
    static CLIENTS: Rules = Rules::new(mcp_crds::definition());
    static PLANS: Rules = Rules::new(mcp_crds::plan_definition());
}

/// What a definition asks of an object.
struct Rules {
    schema: JSONSchemaProps,
    text: Value,
    compiled: CompiledSchema,
}

impl Rules {
    fn new(definition: CustomResourceDefinition) -> Self {
        let version = definition.spec.versions.into_iter().next();
        let schema = version.and_then(|version| version.schema?.open_api_v3_schema).unwrap_or_default();
        // What was made from JSON can be written as JSON.
        let text = serde_json::to_value(&schema).unwrap_or_default();
        Self { compiled: compile_schema(&text), schema, text }
    }

    /// Fields and forms, and then, as an API server does, the rules.
    fn against(&self, object: &Value, found: &mut Vec<String>) {
        let Some(fields) = object.as_object() else {
            found.push("it is no map of fields".to_owned());
            return;
        };
        let known = ["apiVersion", "kind", "metadata", "spec", "status"];
        let strange = fields.keys().filter(|field| !known.contains(&field.as_str()));
        found.extend(strange.map(|field| format!("there is no field `{field}` beside `spec`")));
        match (self.schema.properties.as_ref().and_then(|fields| fields.get("spec")), object.get("spec")) {
            (Some(schema), Some(spec)) => walk(schema, spec, "spec", found),
            _ => found.push("spec is missing".to_owned()),
        }
        // Rules speak of objects that are of their form.
        if !found.is_empty() {
            return;
        }
        // An API server fills in what is left out before it judges.
        let object = apply_defaults(&self.text, object);
        if let Err(errors) = Validator::new().validate_compiled(&self.compiled, &object, None) {
            found.extend(errors.as_slice().iter().map(ToString::to_string));
        }
    }
}

fn said(path: &str, finding: &Finding) -> String {
    let dot = if finding.path.is_empty() || finding.path.starts_with('[') { "" } else { "." };
    format!("{path}{dot}{}: {}", finding.path, finding.message)
}

fn walk(schema: &JSONSchemaProps, value: &Value, path: &str, found: &mut Vec<String>) {
    if value.is_null() {
        return;
    }
    // The profile has a reader of its own, which explains more.
    if path.ends_with(".profile") {
        if let Err(error) = Profile::read(&value.to_string(), Mode::Strict) {
            found.extend(error.into_findings().iter().map(|finding| said(path, finding)));
        }
        return;
    }
    if let Some(wrong) = wrong_type(schema, value) {
        found.push(format!("{path}: {wrong}"));
        return;
    }
    match value {
        Value::Object(fields) => object(schema, fields, path, found),
        Value::Array(items) => {
            let bounds = (schema.min_items, schema.max_items);
            found.extend(outside(bounds, items.len(), "entries").map(|fault| format!("{path}: {fault}")));
            if let Some(JSONSchemaPropsOrArray::Schema(inside)) = &schema.items {
                for (index, item) in items.iter().enumerate() {
                    walk(inside, item, &format!("{path}[{index}]"), found);
                }
            }
        }
        Value::String(text) => {
            found.extend(text_fault(schema, text).map(|fault| format!("{path}: {fault}")));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn object(schema: &JSONSchemaProps, fields: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    if let Some(JSONSchemaPropsOrBool::Schema(inside)) = &schema.additional_properties {
        for (name, value) in fields {
            walk(inside, value, &format!("{path}.{name}"), found);
        }
    }
    let Some(known) = &schema.properties else { return };
    let open =
        schema.additional_properties.is_some() || schema.x_kubernetes_preserve_unknown_fields == Some(true);
    for (name, value) in fields {
        match known.get(name) {
            Some(schema) => walk(schema, value, &format!("{path}.{name}"), found),
            None if open => {}
            None => {
                let names = known.keys().map(String::as_str);
                found.push(if let Some(meant) = closest(names.clone(), name) {
                    format!("{path}: there is no field `{name}`: did you mean `{meant}`?")
                } else {
                    let all: Vec<&str> = names.collect();
                    format!("{path}: there is no field `{name}`; there are: {}", all.join(", "))
                });
            }
        }
    }
    for name in schema.required.iter().flatten() {
        if fields.get(name).is_none_or(Value::is_null) {
            let what = known.get(name).and_then(|schema| schema.description.as_deref()).unwrap_or_default();
            let what = what.lines().next().unwrap_or_default();
            found.push(format!("{path}.{name} is missing: {what}"));
        }
    }
}

fn wrong_type(schema: &JSONSchemaProps, value: &Value) -> Option<&'static str> {
    if schema.x_kubernetes_int_or_string == Some(true) {
        return None;
    }
    match (schema.type_.as_deref()?, value) {
        ("string", Value::Number(_) | Value::Bool(_)) => Some("must be a text: put it in quotes"),
        ("string", Value::Array(_) | Value::Object(_)) => Some("must be a text"),
        ("array", Value::Array(_)) | ("object", Value::Object(_)) | ("boolean", Value::Bool(_)) => None,
        ("array", _) => Some("must be a list, like [a, b]"),
        ("object", _) => Some("must be a map of fields, like {name: value}"),
        ("boolean", _) => Some("must be true or false"),
        ("integer", value) if !value.is_i64() => Some("must be a whole number, without quotes"),
        _ => None,
    }
}

fn text_fault(schema: &JSONSchemaProps, text: &str) -> Option<String> {
    let words = schema.enum_.iter().flatten().filter_map(|word| word.0.as_str());
    let words: Vec<&str> = words.collect();
    if !words.is_empty() && !words.contains(&text) {
        return Some(match closest(words.iter().copied(), text) {
            Some(meant) => format!("`{text}` is not allowed here: did you mean `{meant}`?"),
            None => format!("`{text}` is not allowed here: write one of {}", words.join(", ")),
        });
    }
    outside((schema.min_length, schema.max_length), text.chars().count(), "characters")
        .or_else(|| form_fault(schema, text))
}

/// A pattern stands in the definition as the rule `self.matches('…')`, with a sentence beside it.
fn form_fault(schema: &JSONSchemaProps, text: &str) -> Option<String> {
    schema.x_kubernetes_validations.iter().flatten().find_map(|rule| {
        let pattern = rule.rule.strip_prefix("self.matches('")?.strip_suffix("')")?;
        let regex = Regex::new(&pattern.replace(r"\\", r"\")).ok()?;
        let sentence = rule.message.as_deref().unwrap_or("is not of the form it must have");
        (!regex.is_match(text)).then(|| format!("`{text}`: {sentence}"))
    })
}

fn outside((least, most): (Option<i64>, Option<i64>), count: usize, what: &str) -> Option<String> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    if let Some(most) = most.filter(|most| count > *most) {
        return Some(format!("has {count} {what}; at most {most} are allowed"));
    }
    least
        .filter(|least| count < *least)
        .map(|least| format!("has {count} {what}; at least {least} are needed"))
}

/// The word that was probably meant.
pub fn closest<'w>(words: impl Iterator<Item = &'w str>, written: &str) -> Option<&'w str> {
    let plain = |word: &str| word.to_lowercase().replace(['-', '_'], "");
    let written = plain(written);
    words
        .map(|word| (strsim::jaro_winkler(&plain(word), &written), word))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::tests::NOW;

    fn example() -> Value {
        serde_yaml::from_str(include_str!("../../../examples/barbershop.yaml")).unwrap()
    }

    fn faults(change: impl FnOnce(&mut Value)) -> String {
        let mut object = example();
        change(&mut object);
        client(&object, None, NOW).unwrap_err().to_string()
    }

    #[test]
    fn the_example_is_accepted() {
        assert_eq!(client(&example(), None, NOW).unwrap().client.metadata.name.unwrap(), "barbearia-do-ze");
    }

    #[test]
    fn a_mistyped_field_is_named_with_the_one_that_was_meant() {
        let said = faults(|object| {
            let environment = object["spec"]["environments"][0].as_object_mut().unwrap();
            let number = environment.remove("whatsapp").unwrap();
            environment.insert("whatsApp".to_owned(), number);
        });
        assert!(
            said.contains("spec.environments[0]: there is no field `whatsApp`: did you mean `whatsapp`?"),
            "{said}"
        );
        let said = faults(|object| object["spec"]["profile"]["bussiness"] = json!({}));
        assert!(
            said.contains("spec.profile.bussiness") && said.contains("did you mean `business`?"),
            "{said}"
        );
    }

    #[test]
    fn a_number_without_quotes_and_a_telephone_number_are_explained() {
        let said = faults(|object| {
            object["spec"]["environments"][0]["whatsapp"]["phoneNumberId"] = json!(106_540_352_242_922_u64);
        });
        assert!(said.contains("phoneNumberId: must be a text: put it in quotes"), "{said}");
        let said = faults(|object| {
            object["spec"]["environments"][0]["whatsapp"]["phoneNumberId"] = json!("+55 11 3333-4444");
        });
        assert!(said.contains("it is not the telephone number"), "{said}");
    }

    #[test]
    fn everything_wrong_is_told_at_once_and_a_missing_namespace_can_be_given() {
        let said = faults(|object| {
            object["metadata"] = json!({"name": "Bella Salon"});
            object["spec"]["environments"][0]["name"] = json!("prod");
        });
        assert!(said.contains("metadata.namespace is missing") && said.contains("metadata.name: "), "{said}");
        assert!(said.contains("`prod` is not allowed here: did you mean `production`?"), "{said}");
        let mut object = example();
        object["metadata"].as_object_mut().unwrap().remove("namespace");
        let checked = client(&object, Some("salons"), NOW).unwrap();
        assert_eq!(checked.client.metadata.namespace.unwrap(), "salons");
    }

    #[test]
    fn what_the_rules_of_admission_refuse_is_refused_here_too() {
        let environment =
            |change: &dyn Fn(&mut Value)| faults(|object| change(&mut object["spec"]["environments"][0]));
        let said = environment(&|environment| environment["replicas"] = json!(2));
        assert!(said.contains("more than one replica needs a PostgreSQL database"), "{said}");
        let said = environment(&|environment| environment["database"] = json!({}));
        assert!(said.contains("keep exactly one of them"), "{said}");
        let said = environment(&|environment| environment["route"] = json!({"host": "10.0.0.1"}));
        assert!(said.contains("is an address"), "{said}");
        let said = faults(|object| {
            let mut second = object["spec"]["environments"][0].clone();
            second["name"] = json!("staging");
            object["spec"]["environments"].as_array_mut().unwrap().push(second);
        });
        assert!(said.contains("give each environment a phoneNumberId of its own"), "{said}");
    }

    #[test]
    fn a_plan_is_read_and_its_mistakes_are_named() {
        let text = include_str!("../../../examples/plan.yaml");
        let mut object: Value = serde_yaml::from_str(text).unwrap();
        assert_eq!(plan(&object).unwrap().metadata.name.as_deref(), Some("basic"));
        object["spec"]["rollout"] = json!({"waveSize": "many"});
        assert!(plan(&object).unwrap_err().to_string().contains("like 10%"));
        object["spec"] = json!({"limit": {}});
        assert!(plan(&object).unwrap_err().to_string().contains("did you mean `limits`?"));
    }

    #[test]
    fn a_profile_that_cannot_be_served_is_refused_in_the_tenants_words() {
        let said = faults(|object| object["spec"]["profile"]["services"][0]["staff"] = json!(["nobody"]));
        assert!(said.contains("spec.profile.services[0].staff") && said.contains("nobody"), "{said}");
    }
}

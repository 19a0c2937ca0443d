//! The rules of the definitions, judged in this process as an API server judges them. The operator's tests put the
//! same table before a real one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use kube_cel::{CompiledSchema, Validator, compile_schema};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Judge {
    Rule,
    Form,
}

#[derive(Deserialize)]
struct Refused {
    at: String,
    by: Judge,
    says: String,
    value: Value,
}

#[derive(Deserialize)]
struct Accepted {
    at: String,
    value: Value,
}

#[derive(Deserialize)]
struct Table {
    refused: Vec<Refused>,
    accepted: Vec<Accepted>,
}

fn table() -> Table {
    serde_yaml::from_str(include_str!("refusals.yaml")).unwrap()
}

fn schema() -> CompiledSchema {
    let definition = serde_json::to_value(mcp_crds::definition()).unwrap();
    compile_schema(definition.pointer("/spec/versions/0/schema/openAPIV3Schema").unwrap())
}

fn with(at: &str, value: &Value) -> Value {
    let mut object: Value = serde_yaml::from_str(include_str!("../../examples/barbershop.yaml")).unwrap();
    let (parent, field) = at.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap_or_else(|| panic!("no {at}")) {
        Value::Array(items) => items[field.parse::<usize>().unwrap()] = value.clone(),
        other => other[field] = value.clone(),
    }
    object
}

fn judge(schema: &CompiledSchema, object: &Value, old: Option<&Value>) -> Result<(), String> {
    Validator::new()
        .validate_compiled(schema, object, old)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn every_rule_compiles() {
    let schema = schema();
    assert!(!schema.has_errors(), "{:?}", schema.compilation_errors());
}

#[test]
fn what_a_rule_forbids_is_refused_with_its_sentence() {
    let (schema, table) = (schema(), table());
    assert!(table.refused.len() >= 60, "{} rows", table.refused.len());
    let mut wrong = Vec::new();
    for Refused { at, by, says, value } in &table.refused {
        if matches!(by, Judge::Form) {
            continue;
        }
        match judge(&schema, &with(at, value), None) {
            Ok(()) => wrong.push(format!("{at} = {value} was accepted")),
            Err(message) if message.contains(says.as_str()) => {}
            Err(message) => wrong.push(format!("{at} = {value}: {message}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_nearly_wrong_passes_every_rule() {
    let (schema, table) = (schema(), table());
    for Accepted { at, value } in &table.accepted {
        assert_eq!(judge(&schema, &with(at, value), None), Ok(()), "{at} = {value}");
    }
}

#[test]
fn an_environments_database_stays_what_it_is() {
    let schema = schema();
    let at = "/spec/environments/0/database";
    let before = with(at, &serde_json::json!({"sqlite": {"size": "1Gi"}}));
    let after = with(at, &serde_json::json!({"sqlite": {"size": "2Gi"}}));
    assert_eq!(judge(&schema, &before, Some(&before)), Ok(()));
    let refusal = judge(&schema, &after, Some(&before)).unwrap_err();
    assert!(refusal.contains("the database of an environment cannot be changed"), "{refusal}");
}

#[test]
fn the_example_of_a_plan_is_read_and_no_rule_is_against_it() {
    let text = include_str!("../../examples/plan.yaml");
    let plan: mcp_crds::McpPlan = serde_yaml::from_str(text).unwrap();
    assert_eq!(plan.spec.limits.environments, Some(2));
    let definition = serde_json::to_value(mcp_crds::plan_definition()).unwrap();
    let schema = compile_schema(definition.pointer("/spec/versions/0/schema/openAPIV3Schema").unwrap());
    assert!(!schema.has_errors(), "{:?}", schema.compilation_errors());
    assert_eq!(judge(&schema, &serde_yaml::from_str(text).unwrap(), None), Ok(()));
    let everywhere: Value = serde_json::json!({"spec": {"hosts": ["*"]}});
    assert!(judge(&schema, &everywhere, None).unwrap_err().contains("*.agency.example"));
}

#[test]
fn two_environments_of_a_client_cannot_answer_for_one_address() {
    let schema = schema();
    let client = |routes: [Value; 2]| {
        let example = with("/spec/displayName", &"Two".into());
        let first = example.pointer("/spec/environments/0").unwrap();
        let environments: Vec<Value> = ["staging", "production"]
            .into_iter()
            .zip(routes)
            .enumerate()
            .map(|(number, (name, route))| {
                let mut environment = first.clone();
                environment["name"] = name.into();
                environment["whatsapp"]["phoneNumberId"] = format!("10654035224{number}").into();
                environment["route"] = route;
                environment
            })
            .collect();
        with("/spec/environments", &environments.into())
    };
    let at = |path: Option<&str>| match path {
        Some(path) => serde_json::json!({"host": "wa.agency.example", "path": path}),
        None => serde_json::json!({"host": "wa.agency.example"}),
    };
    // The client is called barbearia-do-ze: what is left out has its name in it.
    for [staging, production] in [
        [Some("/ze"), Some("/ze")],
        [Some("/ze"), Some("/ze/live")],
        [Some("/barbearia-do-ze/production"), None],
        [None, Some("/barbearia-do-ze")],
    ] {
        let refusal = judge(&schema, &client([at(staging), at(production)]), None).unwrap_err();
        assert!(refusal.contains("two environments have the same host and path"), "{refusal}");
    }
    for [staging, production] in
        [[None, None], [Some("/ze"), Some("/zeca")], [Some("/ze-staging"), Some("/ze")]]
    {
        assert_eq!(judge(&schema, &client([at(staging), at(production)]), None), Ok(()));
    }
    let mut elsewhere = at(Some("/ze"));
    elsewhere["host"] = "staging.agency.example".into();
    assert_eq!(judge(&schema, &client([elsewhere, at(Some("/ze"))]), None), Ok(()));
}

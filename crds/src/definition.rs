//! The `CustomResourceDefinition`s as they are installed.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, ValidationRule,
};
use kube::CustomResourceExt;

use crate::{
    McpClient, McpPlan,
    client::{MAX_NAME, ROUTES_MEET},
    sentences,
};

/// The definition of `McpClient` with every rule in it.
pub fn definition() -> CustomResourceDefinition {
    finished(McpClient::crd(), &[name_rule(), routes_rule()])
}

/// The definition of `McpPlan` with every rule in it.
pub fn plan_definition() -> CustomResourceDefinition {
    finished(McpPlan::crd(), &[])
}

fn finished(mut crd: CustomResourceDefinition, rules: &[ValidationRule]) -> CustomResourceDefinition {
    // Neither Helm nor Argo CD may remove the definition: every client would go with it.
    crd.metadata.annotations.get_or_insert_default().extend(
        [
            ("helm.sh/resource-policy", "keep"),
            ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    for version in &mut crd.spec.versions {
        if let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            if !rules.is_empty() {
                schema.x_kubernetes_validations.get_or_insert_default().extend_from_slice(rules);
            }
            sentences::put_in_place_of_patterns(schema);
            if !rules.is_empty() {
                name_the_metadata(schema);
            }
            drop_foreign_formats(schema);
        }
    }
    crd
}

/// Why the definition could not be written as YAML.
#[derive(Debug, thiserror::Error)]
#[error("print the definitions: {0}")]
pub struct PrintError(String);

/// Both definitions as YAML documents: the text of `crds/generated/mcpclients.yaml`.
pub fn definition_yaml() -> Result<String, PrintError> {
    let documents = [definition(), plan_definition()].map(|definition| {
        // Through a value: its maps are sorted, so that the text is the same on every machine.
        let value = serde_json::to_value(definition).map_err(|error| PrintError(error.to_string()))?;
        serde_yaml::to_string(&value).map_err(|error| PrintError(error.to_string()))
    });
    let [client, plan] = documents;
    Ok(format!("{}\n---\n{}\n", client?.trim_end(), plan?.trim_end()))
}

fn name_rule() -> ValidationRule {
    ValidationRule {
        rule: format!("self.metadata.name.matches('^[a-z]([-a-z0-9]{{0,{}}}[a-z0-9])?$')", MAX_NAME - 2),
        message: Some(format!(
            "the name of a client has at most {MAX_NAME} characters, begins with a letter, and holds only small \
             letters, digits and hyphens, e.g. bella-salon"
        )),
        field_path: Some(".metadata.name".to_owned()),
        ..ValidationRule::default()
    }
}

/// One environment's path against the other's where that is left out, `/{client}/{environment}`. It stands beside the
/// spec, for the client's name is in it. The name has no bound an API server's estimate would know of: it is compared, which
/// costs no more than the path, and never made into another text.
fn routes_rule() -> ValidationRule {
    let part = |number: usize| format!("e.route.path.split('/')[{number}]");
    let (first, second) = (part(1), part(2));
    ValidationRule {
        rule: format!(
            "self.spec.environments.all(e, !has(e.route) || !has(e.route.path) || self.spec.environments.all(f, \
             !has(f.route) || has(f.route.path) || f.name == e.name || f.route.host != e.route.host || \
             {first} != self.metadata.name || (e.route.path.split('/').size() > 2 && {second} != f.name)))"
        ),
        message: Some(ROUTES_MEET.to_owned()),
        field_path: Some(".spec.environments".to_owned()),
        ..ValidationRule::default()
    }
}

/// A rule can only point at a field the schema knows.
fn name_the_metadata(schema: &mut JSONSchemaProps) {
    let of_type = |kind: &str| JSONSchemaProps { type_: Some(kind.to_owned()), ..JSONSchemaProps::default() };
    let mut metadata = of_type("object");
    metadata.properties.get_or_insert_default().insert("name".to_owned(), of_type("string"));
    schema.properties.get_or_insert_default().insert("metadata".to_owned(), metadata);
}

/// An API server warns about each format it does not know; `uint32` and the like only repeat the minimum
/// beside them.
fn drop_foreign_formats(schema: &mut JSONSchemaProps) {
    schema.format.take_if(|format| format.starts_with("uint"));
    sentences::children(schema).for_each(drop_foreign_formats);
}

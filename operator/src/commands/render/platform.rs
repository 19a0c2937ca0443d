//! The operator's settings without a cluster.

use std::{collections::BTreeMap, path::Path};

use clap::{Args, Command, FromArgMatches};
use mcp_crds::McpClient;
use serde_json::Value;

use crate::{
    commands::{check::closest, documents},
    render::Platform,
    settings::Settings,
};

/// The ConfigMap in which the chart keeps additional certificate authorities.
const EXTRA_CA: &str = "mcp-operator-extra-ca";

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The file could not be read.
    #[error(transparent)]
    Read(#[from] documents::ReadError),
    /// A setting is not known.
    #[error("there is no setting `{name}`{}", .meant.as_ref().map(|meant| format!(": did you mean `{meant}`?")).unwrap_or_default())]
    Unknown {
        /// As it was written.
        name: String,
        /// What was probably meant.
        meant: Option<String>,
    },
    /// `--set` without `=`.
    #[error("`--set {0}` sets nothing: write --set VARIABLE=VALUE")]
    NoValue(String),
    /// The image of the server is not known.
    #[error(
        "the server's image is not known: give --set SERVER_IMAGE_REPOSITORY=…, or --settings with the file `helm template` prints of the platform's chart"
    )]
    NoImage,
    /// A value is wrong.
    #[error("read the settings: {0}")]
    Value(String),
    /// The additional certificate authorities are not there.
    #[error("read EXTRA_CA_FILE {path}: {source}")]
    ExtraCa {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// What a settings file says.
#[derive(Debug, Default)]
struct Said {
    values: BTreeMap<String, String>,
    extra_ca: Option<String>,
}

/// The platform's settings: those given one by one, then those of the file, then the environment's, then the defaults.
pub fn read(file: Option<&Path>, set: &[String], clients: &[McpClient]) -> Result<Platform, PlatformError> {
    let mut said = match file {
        Some(file) => from_objects(&documents::objects(file, &documents::text_of(file)?)?),
        None => Said::default(),
    };
    for pair in set {
        let (name, value) = pair.split_once('=').ok_or_else(|| PlatformError::NoValue(pair.clone()))?;
        said.values.insert(name.to_owned(), value.to_owned());
    }
    if said.extra_ca.is_some() {
        // The path is one inside of the operator's container.
        said.values.remove("EXTRA_CA_FILE");
    }
    let settings = parse(&said.values, clients)?;
    let extra_ca = match (&said.extra_ca, &settings.extra_ca_file) {
        (Some(pem), _) => Some(pem.clone()),
        (None, None) => None,
        (None, Some(path)) => Some(
            std::fs::read_to_string(path)
                .map_err(|source| PlatformError::ExtraCa { path: path.display().to_string(), source })?,
        ),
    };
    Ok(Platform { settings, extra_ca })
}

/// A map of variables, or the operator's Deployment among other objects.
fn from_objects(objects: &[documents::Document]) -> Said {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().map(|item| item.as_str().unwrap_or_default()).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    };
    let mut said = Said::default();
    for object in objects {
        match object.kind() {
            "" => {
                let fields = object.value.as_object().into_iter().flatten();
                said.values.extend(fields.map(|(name, value)| (name.clone(), text(value))));
            }
            "Deployment" => {
                let variables = object.value.pointer("/spec/template/spec/containers/0/env");
                for variable in variables.and_then(Value::as_array).into_iter().flatten() {
                    // The container has variables of others, too: RUST_LOG.
                    let known = variable["name"].as_str().filter(|name| names().any(|known| known == *name));
                    if let (Some(name), Some(value)) = (known, variable["value"].as_str()) {
                        said.values.insert(name.to_owned(), value.to_owned());
                    }
                }
            }
            "ConfigMap" if object.name() == EXTRA_CA => {
                said.extra_ca = object.value["data"]["ca.crt"].as_str().map(str::to_owned);
            }
            _ => {}
        }
    }
    said
}

fn command() -> Command {
    Settings::augment_args(Command::new("settings"))
}

/// Every variable `run` reads.
fn names() -> impl Iterator<Item = String> {
    let command = command();
    let names: Vec<String> = command
        .get_arguments()
        .filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned()))
        .collect();
    names.into_iter()
}

fn parse(values: &BTreeMap<String, String>, clients: &[McpClient]) -> Result<Settings, PlatformError> {
    let mut line = vec!["settings".to_owned()];
    for (name, value) in values {
        let command = command();
        let flag = command
            .get_arguments()
            .find(|argument| argument.get_env().is_some_and(|variable| variable.to_string_lossy() == *name))
            .and_then(clap::Arg::get_long);
        let Some(flag) = flag else {
            let all: Vec<String> = names().collect();
            let meant = closest(all.iter().map(String::as_str), name).map(str::to_owned);
            return Err(PlatformError::Unknown { name: name.clone(), meant });
        };
        line.push(format!("--{flag}={value}"));
    }
    let said = |name: &str| values.contains_key(name) || std::env::var_os(name).is_some();
    if !said("AGENCY_NAMESPACES") {
        let agencies = clients.iter().filter_map(|client| client.metadata.namespace.as_deref());
        line.push(format!("--agency-namespaces={}", agencies.collect::<Vec<_>>().join(",")));
    }
    if !said("SERVER_IMAGE_REPOSITORY") {
        return Err(PlatformError::NoImage);
    }
    let first_line = |error: clap::Error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        PlatformError::Value(line.trim_start_matches("error: ").to_owned())
    };
    let matches = command().try_get_matches_from(line).map_err(first_line)?;
    Settings::from_arg_matches(&matches).map_err(first_line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[&str]) -> Result<Platform, PlatformError> {
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        read(None, &pairs, &[crate::render::tests::barbershop()])
    }

    #[test]
    fn without_an_image_nothing_is_guessed() {
        assert!(matches!(set(&[]), Err(PlatformError::NoImage)));
    }

    #[test]
    fn a_mistyped_setting_is_named_with_the_one_that_was_meant() {
        let said = set(&["SERVER_IMAGE_REPO=x"]).unwrap_err().to_string();
        assert_eq!(said, "there is no setting `SERVER_IMAGE_REPO`: did you mean `SERVER_IMAGE_REPOSITORY`?");
    }

    #[test]
    fn the_clients_namespaces_are_served_where_nothing_else_is_said() {
        let platform = set(&["SERVER_IMAGE_REPOSITORY=registry.example/x"]).unwrap();
        assert_eq!(platform.settings.agency_namespaces, ["agency"]);
        assert_eq!(platform.settings.server_image_repository, "registry.example/x");
    }

    #[test]
    fn settings_come_from_a_map_or_from_what_helm_prints() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.yaml");
        std::fs::write(
            &file,
            "SERVER_IMAGE_REPOSITORY: a\nSERVER_IMAGE_TAG: '7'\nAGENCY_NAMESPACES: [north, south]\n",
        )
        .unwrap();
        let platform = read(Some(&file), &["SERVER_IMAGE_TAG=8".to_owned()], &[]).unwrap();
        assert_eq!(platform.settings.server_image_tag, "8");
        assert_eq!(platform.settings.agency_namespaces, ["north", "south"]);
        std::fs::write(
            &file,
            "kind: ConfigMap\nmetadata: {name: mcp-operator-extra-ca}\ndata: {ca.crt: PEM}\n---\n\
             kind: Deployment\nspec: {template: {spec: {containers: [{env: [{name: RUST_LOG, value: info}, \
             {name: EXTRA_CA_FILE, value: /inside}, {name: SERVER_IMAGE_REPOSITORY, value: b}]}]}}}\n",
        )
        .unwrap();
        let platform = read(Some(&file), &[], &[]).unwrap();
        assert_eq!(platform.settings.server_image_repository, "b");
        assert_eq!(platform.extra_ca.as_deref(), Some("PEM"));
    }
}

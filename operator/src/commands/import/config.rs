//! The older platform's `config.json`: which clients there are, and where their credentials lie.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{
    ImportError, dotenv,
    fate::{Fate, Ledger},
    found::Found,
};
use crate::commands::documents;

/// Why a `config.json` cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It was shipped that way.
    #[error("every line is a comment: remove the `//` in front of the lines that are meant")]
    OnlyComments,
    /// It is not JSON, or names a field twice.
    #[error("{0}")]
    Syntax(String),
    /// There are no clients in it.
    #[error("it has no list of `clients`")]
    NoClients,
    /// A client is none.
    #[error("clients[{0}] has no `client_name`")]
    NoName(usize),
    /// An environment that there is not.
    #[error(
        "clients[{index}].environments: there is no environment `{name}`; there are development, staging, production"
    )]
    Environment {
        /// Which client.
        index: usize,
        /// As it was written.
        name: String,
    },
}

/// The clients of a file; what is said for all of them goes into `platform`.
pub fn read(file: &Path, platform: &mut Ledger) -> Result<Vec<Found>, ImportError> {
    let text = documents::text_of(file)?;
    let failed = |source| ImportError::Config { path: file.display().to_string(), source };
    let config = parse(&text).map_err(failed)?;
    note_platform(&config, platform);
    let clients = config["clients"].as_array().ok_or_else(|| failed(ConfigError::NoClients))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for (index, client) in clients.iter().enumerate() {
        let name = client["client_name"].as_str().ok_or_else(|| failed(ConfigError::NoName(index)))?;
        let environments = environments(client, index).map_err(failed)?;
        let mut ledger = Ledger::default();
        let variables = match credentials_file(folder, client) {
            Some(path) => {
                ledger.note(
                    "credentials_file",
                    Fate::Mapped,
                    format!("its variables are in the Secret {name}-credentials"),
                );
                dotenv::read(&path)?
            }
            None => dotenv::Variables(Vec::new()),
        };
        note_client(client, &mut ledger);
        found.push(Found {
            source: file.display().to_string(),
            name: Some(name.to_owned()),
            business_name: client["business_name"].as_str().map(str::to_owned),
            business_type: client["business_type"].as_str().map(str::to_owned),
            environments,
            variables,
            ledger,
        });
    }
    Ok(found)
}

fn parse(text: &str) -> Result<Value, ConfigError> {
    // The file came with comments, which JSON does not have.
    let plain: Vec<&str> =
        text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line }).collect();
    let plain = plain.join("\n");
    if plain.trim().is_empty() {
        return Err(ConfigError::OnlyComments);
    }
    // JSON is YAML, whose reader refuses a field that stands twice.
    let value: Value = serde_yaml::from_str_with_options(&plain, documents::discreet())
        .map_err(|error| ConfigError::Syntax(error.to_string()))?;
    Ok(value)
}

/// Relative to the folder of the `config.json`, or to the one above it: both were written.
fn credentials_file(folder: &Path, client: &Value) -> Option<PathBuf> {
    let path = client["credentials_file"].as_str()?;
    let near = folder.join(path);
    let above = folder.join("..").join(path);
    Some(if !near.exists() && above.exists() { above } else { near })
}

fn environments(client: &Value, index: usize) -> Result<Vec<mcp_crds::EnvironmentName>, ConfigError> {
    let mut chosen = Vec::new();
    for (name, wanted) in client["environments"].as_object().into_iter().flatten() {
        let environment = mcp_crds::EnvironmentName::from_name(name)
            .ok_or_else(|| ConfigError::Environment { index, name: name.clone() })?;
        if wanted == true {
            chosen.push(environment);
        }
    }
    Ok(chosen)
}

fn note_platform(config: &Value, ledger: &mut Ledger) {
    for (field, value) in config.as_object().into_iter().flatten() {
        match field.as_str() {
            "clients" => {}
            "path_pattern" if value == "/{client_name}/{environment}" => {
                ledger.note(field, Fate::Kept, "every tenant answers under /CLIENT/ENVIRONMENT");
            }
            "path_pattern" => {
                ledger.note(
                    field,
                    Fate::Refused,
                    "every tenant answers under /CLIENT/ENVIRONMENT, and the addresses at Meta change",
                );
            }
            "argocd" => {
                ledger.note(
                    field,
                    Fate::Refused,
                    "the repository Argo CD follows is said in its Application",
                );
            }
            "database" => ledger.note(
                field,
                Fate::Refused,
                "each tenant has a database of its own; old rows are not moved",
            ),
            other => ledger.note(other, Fate::Refused, "not known"),
        }
    }
}

fn note_client(client: &Value, ledger: &mut Ledger) {
    for (field, _) in client.as_object().into_iter().flatten() {
        match field.as_str() {
            "client_name" => ledger.note(field, Fate::Kept, "metadata.name"),
            "resources" => ledger.note(
                field,
                Fate::Refused,
                "sized for another program; this server needs 32Mi and 10m, which is the default",
            ),
            "created_at" => ledger.note(field, Fate::Refused, "the cluster notes when a client was made"),
            // Told of where they are used.
            "business_name" | "business_type" | "environments" | "credentials_file" => {}
            other => ledger.note(other, Fate::Refused, "not known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_as_it_was_shipped_is_explained_and_a_field_that_stands_twice_is_refused() {
        assert!(matches!(parse("// {\n//   \"clients\": []\n// }\n"), Err(ConfigError::OnlyComments)));
        assert!(matches!(parse("{\"clients\": [], \"clients\": []}"), Err(ConfigError::Syntax(_))));
        assert_eq!(parse("// why\n{\"clients\": [1]}").unwrap()["clients"][0], 1);
    }
}

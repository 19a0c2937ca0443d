//! What `new` needs to know, as far as it was answered by flags or a file.

use std::{collections::BTreeMap, path::Path};

use mcp_crds::EnvironmentName;
use mcp_tenant::profile::BusinessType;
use serde::Deserialize;

use crate::{
    commands::{documents, import::dotenv},
    manifests::Confidential,
};

/// Answers of a file, `--answers`. What is missing is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Answers {
    /// The client's name.
    pub name: Option<String>,
    /// The agency's namespace.
    pub agency: Option<String>,
    /// Name of the business.
    pub display_name: Option<String>,
    /// Type of business.
    #[serde(rename = "type")]
    pub kind: Option<BusinessType>,
    /// Language: pt-BR, es, de or en.
    pub language: Option<String>,
    /// Time zone, where it is another than the language's country has.
    pub time_zone: Option<String>,
    /// Where it runs.
    pub environments: Option<Vec<AnsweredEnvironment>>,
    /// Where the tenants are reached from outside, `https://wa.agency.example`.
    pub public_url: Option<String>,
    /// A .env file with the credentials.
    pub credentials_file: Option<std::path::PathBuf>,
}

/// One environment of the answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnsweredEnvironment {
    /// Which.
    pub name: EnvironmentName,
    /// Meta's id of its number.
    pub phone_number_id: String,
    /// Its calendar at Google; without one the calendar is the built-in one.
    #[serde(default)]
    pub calendar_id: Option<String>,
}

/// Why answers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AnswersError {
    /// The file could not be read.
    #[error(transparent)]
    Read(#[from] documents::ReadError),
    /// It has a field that is not asked for, or a value that cannot be.
    #[error("read {path}: {message}")]
    Syntax {
        /// Which.
        path: String,
        /// What.
        message: String,
    },
}

/// Reads a file of answers.
pub fn read(path: &Path) -> Result<Answers, AnswersError> {
    let text = documents::text_of(path)?;
    let mut answers: Answers =
        serde_yaml::from_str_with_options(&text, documents::discreet()).map_err(|error| {
            AnswersError::Syntax { path: path.display().to_string(), message: error.to_string() }
        })?;
    // As it is written: relative to the file it stands in.
    let folder = path.parent().unwrap_or(Path::new("."));
    answers.credentials_file = answers.credentials_file.map(|file| folder.join(file));
    Ok(answers)
}

/// The variables of a .env file that are credentials; none of the others is taken.
pub fn credentials(variables: dotenv::Variables) -> BTreeMap<String, String> {
    let known = |name: &str| super::credentials::ALL.contains(&name);
    let pairs = variables.0.into_iter().filter(|(name, _)| known(name));
    pairs
        .map(|(name, Confidential(value))| (name, value.trim().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

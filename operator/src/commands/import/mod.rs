//! `import`: clients of the older platform, as an McpClient and a Secret each. Every setting is told of: kept, mapped
//! or refused, and why.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use jiff::Timestamp;
use mcp_crds::EnvironmentName;
use mcp_tenant::{profile::BusinessType, starter::Language};

use crate::{
    commands::{
        documents,
        draft::DraftError,
        files::{self, WriteError},
        new::words::{language, number, word},
    },
    names::NameError,
    telemetry,
};

pub mod config;
pub mod dotenv;
pub mod fate;
pub mod found;

use fate::Ledger;
use found::Found;

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
The older platform kept clients in a config.json, with a file of credentials for each beside it; a server of its own had
a .env file. Both are read. For every client two files are written: CLIENT.yaml, and CLIENT-credentials.yaml with the
secrets, which only you can read and which must never be committed. Old appointments are not moved.

Examples:
  mcp-operator import config/config.json --agency agency --out clients
  mcp-operator import .env --name bella-salon --type salon
  mcp-operator import config.json --number staging=106540352242923")]
pub struct Import {
    /// The config.json, or .env files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The agency's namespace.
    #[arg(short = 'n', long, default_value = "agency")]
    agency: String,
    /// Folder to write into.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Name of the client, where the file names none or another is wanted. For a single client.
    #[arg(long)]
    name: Option<String>,
    /// Type of business, where the file names none.
    #[arg(long = "type", value_name = "TYPE", value_parser = word::<BusinessType>)]
    kind: Option<BusinessType>,
    /// Language of the business: pt-BR, es, de or en.
    #[arg(long, default_value = "pt-BR", value_parser = language)]
    language: Language,
    /// The phone number id of another environment; may be repeated. An environment without a number of its own is not
    /// imported.
    #[arg(long, value_name = "ENVIRONMENT=ID", value_parser = number)]
    number: Vec<(EnvironmentName, String)>,
    /// Replaces files that are there already.
    #[arg(long)]
    force: bool,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file could not be read.
    #[error(transparent)]
    Read(#[from] documents::ReadError),
    /// It is no .env file.
    #[error("read {path}: {source}")]
    Dotenv {
        /// Which.
        path: String,
        /// Why.
        source: dotenv::DotenvError,
    },
    /// It is no config.json.
    #[error("read {path}: {source}")]
    Config {
        /// Which.
        path: String,
        /// Why.
        source: config::ConfigError,
    },
    /// Two clients have one name.
    #[error(
        "the client `{0}` stands in these files twice: remove one of them, or import it alone with another --name"
    )]
    Twice(String),
    /// Two environments would answer for one number.
    #[error(
        "the clients {first} and {second} have the same phone number id {number}: a number belongs to one client"
    )]
    SameNumber {
        /// Who has it.
        first: String,
        /// Who has it too.
        second: String,
        /// Which.
        number: String,
    },
    /// `--name` for several.
    #[error("--name is for a single client, and {0} were found: import them one by one")]
    OneName(usize),
    /// There is no name to be had.
    #[error("{0} does not name its client: give --name")]
    NoName(String),
    /// It cannot be a name here.
    #[error("{0}; give another with --name")]
    Name(#[from] NameError),
    /// No environment has a number.
    #[error(
        "{0} has no phone number id: set WHATSAPP_PHONE_NUMBER_ID in its file, or give --number production=…"
    )]
    NoNumber(String),
    /// The files of this program are wrong.
    #[error(transparent)]
    Starter(#[from] mcp_tenant::starter::StarterError),
    /// A client would be refused.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// A file was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What the command line says about every client.
#[derive(Debug)]
pub struct Choices {
    /// The agency's namespace.
    pub agency: String,
    /// Name instead of the one in the file.
    pub name: Option<String>,
    /// Type of business where the file names none.
    pub kind: Option<BusinessType>,
    /// Language of the business.
    pub language: Language,
    /// Numbers of further environments.
    pub numbers: BTreeMap<EnvironmentName, String>,
}

impl Import {
    /// Reads the files, writes those of the clients and says what became of every setting.
    pub fn execute(self, now: Timestamp) -> Result<(), ImportError> {
        let Self { files, agency, out, name, kind, language, number, force } = self;
        let choices = Choices { agency, name, kind, language, numbers: number.into_iter().collect() };
        let mut platform = Ledger::default();
        let mut found = Vec::new();
        for file in &files {
            if file.extension().is_some_and(|extension| extension == "json") {
                found.extend(config::read(file, &mut platform)?);
            } else {
                found.push(Found::from_env(dotenv::read(file)?, file));
            }
        }
        if choices.name.is_some() && found.len() != 1 {
            return Err(ImportError::OneName(found.len()));
        }
        let mut drafts = Vec::new();
        for one in found {
            drafts.push(one.draft(&choices)?);
        }
        refuse_duplicates(&drafts)?;
        let mut new_files = Vec::new();
        for (draft, _) in &drafts {
            new_files.extend(draft.files(&out, now)?);
        }
        files::write_all(&new_files, force)?;
        if !platform.is_empty() {
            telemetry::print(&format!("the platform\n{platform}\n"));
        }
        for (draft, ledger) in &drafts {
            telemetry::print(&format!("{}\n{ledger}", draft.name));
            let missing = draft.missing();
            if !missing.is_empty() {
                let text = format!("  needed    {}: fill in before applying\n", missing.join(", "));
                telemetry::print(&text);
            }
            telemetry::print("\n");
        }
        for file in &new_files {
            telemetry::print(&format!("written: {}\n", file.path.display()));
        }
        telemetry::print(
            "The *-credentials.yaml files hold secrets: never commit them. Look through services, staff and hours: the \
             older platform had none, and what stands there is a starter.\n",
        );
        Ok(())
    }
}

fn refuse_duplicates(drafts: &[(crate::commands::draft::Draft, Ledger)]) -> Result<(), ImportError> {
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    let mut names = std::collections::BTreeSet::new();
    for (draft, _) in drafts {
        if !names.insert(&draft.name) {
            return Err(ImportError::Twice(draft.name.clone()));
        }
        for environment in &draft.environments {
            if let Some(first) = numbers.insert(&environment.phone_number_id, &draft.name) {
                return Err(ImportError::SameNumber {
                    first: first.to_owned(),
                    second: draft.name.clone(),
                    number: environment.phone_number_id.clone(),
                });
            }
        }
    }
    Ok(())
}

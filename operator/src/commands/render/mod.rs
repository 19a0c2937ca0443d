//! `render`: the manifests the operator would apply, without a cluster.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use crate::{
    commands::{check, documents},
    telemetry,
};

pub mod manifests;
pub mod platform;
pub mod secrets;
pub mod tree;

/// Arguments of `render`.
#[derive(Debug, Args)]
#[command(after_help = "\
Secrets are never among the manifests: the Deployment refers to them by name. A client's credentials are checked when
their Secret is among the files, and printed only with --with-secrets. The Secret with the signing key is made by the
operator in the cluster and cannot be rendered.

Examples:
  mcp-operator render client.yaml --set SERVER_IMAGE_REPOSITORY=registry.example/mcp-server
  helm template mcp-platform charts/mcp-platform -f values.yaml > platform.yaml
  mcp-operator render clients/ --settings platform.yaml --out rendered
  kubectl apply -k rendered")]
pub struct Render {
    /// Files with `McpClients`, the `McpPlans` they name and, if their credentials are to be checked, the Secrets beside
    /// them; a folder stands for
    /// the YAML files in it, `-` for the standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Namespace of clients that name none.
    #[arg(short = 'n', long, value_name = "AGENCY")]
    namespace: Option<String>,
    /// Settings of the operator: a map of its variables, or what `helm template` prints of the platform's chart.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// One setting, before those of the file; may be repeated.
    #[arg(long = "set", value_name = "VARIABLE=VALUE")]
    set: Vec<String>,
    /// Folder to write: one folder per environment, each with a kustomization. What was rendered into it before and is
    /// no longer asked for is removed; what is not ours is left alone.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also prints the Secrets with the credentials, values included. Not together with --out: such a tree is made to
    /// be committed.
    #[arg(long, conflicts_with = "out")]
    with_secrets: bool,
}

/// Why nothing was rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A file could not be read.
    #[error(transparent)]
    Read(#[from] documents::ReadError),
    /// The settings are incomplete or wrong.
    #[error(transparent)]
    Platform(#[from] platform::PlatformError),
    /// A client is wrong.
    #[error("{file}: the McpClient `{name}` would be refused:\n{faults}")]
    Refused {
        /// Where it stands.
        file: String,
        /// Its name.
        name: String,
        /// Why.
        faults: check::Faults,
    },
    /// A plan is wrong.
    #[error("{file}: the McpPlan `{name}` would be refused:\n{faults}")]
    PlanRefused {
        /// Where it stands.
        file: String,
        /// Its name.
        name: String,
        /// Why.
        faults: check::Faults,
    },
    /// There is nothing to render.
    #[error("no McpClient stands in these files: name a file with `kind: McpClient`")]
    Nothing,
    /// A client cannot be rendered.
    #[error(transparent)]
    Manifests(#[from] manifests::ManifestsError),
    /// The tree could not be written.
    #[error(transparent)]
    Tree(#[from] tree::TreeError),
}

impl Render {
    /// Renders to the standard output, or into the folder.
    pub fn execute(self, now: Timestamp) -> Result<(), RenderError> {
        let Self { files, namespace, settings, set, out, with_secrets } = self;
        let documents = documents::read(&files)?;
        let mut clients = Vec::new();
        for document in documents.iter().filter(|document| document.kind() == "McpClient") {
            let checked = check::client(&document.value, namespace.as_deref(), now).map_err(|faults| {
                let file = document.file.display().to_string();
                RenderError::Refused { file, name: document.name().to_owned(), faults }
            })?;
            for warning in checked.warnings {
                telemetry::say(&format!("{}: worth a look: {warning}", document.name()));
            }
            clients.push(checked.client);
        }
        let mut plans = Vec::new();
        for document in documents.iter().filter(|document| document.kind() == "McpPlan") {
            let plan = check::plan(&document.value).map_err(|faults| {
                let file = document.file.display().to_string();
                RenderError::PlanRefused { file, name: document.name().to_owned(), faults }
            })?;
            plans.push(plan);
        }
        if clients.is_empty() {
            return Err(RenderError::Nothing);
        }
        let platform = platform::read(settings.as_deref(), &set, &clients)?;
        let rendered = manifests::render(&clients, &plans, &documents, &platform, with_secrets, now)?;
        for note in rendered.iter().flat_map(|environment| &environment.notes) {
            telemetry::say(note);
        }
        match out {
            None => telemetry::print(&manifests::stream(&rendered)?),
            Some(folder) => {
                let done = tree::write(&folder, &tree::files(&rendered)?)?;
                telemetry::say(&format!("{}: {done}", folder.display()));
            }
        }
        Ok(())
    }
}

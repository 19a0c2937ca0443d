//! The command line.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::{Clock, SystemClock},
    commands::{doctor::Doctor, import, new, render},
    metrics::Metrics,
    run,
    settings::Settings,
    telemetry,
};

/// Makes and keeps what an McpClient asks for, and helps to write, check and deliver one.
#[derive(Debug, Parser)]
#[command(
    name = "mcp-operator",
    version,
    about,
    after_help = "\
Examples:
  mcp-operator new                                  questions, then the files of a client
  mcp-operator doctor bella-salon -n agency         why it is not ready, and what to do
  mcp-operator render clients/ --settings platform.yaml --out rendered
  mcp-operator completions bash > /etc/bash_completion.d/mcp-operator"
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watches the cluster and keeps every client as it is asked for, until it is told to stop.
    Run(Box<Settings>),
    /// Prints the definitions of McpClient and McpPlan as YAML.
    Crd,
    /// Prints the manifests the operator would apply, without a cluster, or writes them as a tree.
    Render(Box<render::Render>),
    /// Says why a client is not ready, and what to do about it.
    Doctor(Doctor),
    /// Turns the older platform's config.json or .env into clients, and says what became of every setting.
    Import(Box<import::Import>),
    /// Asks a few questions and writes the files of a new client.
    New(Box<new::New>),
    /// Prints the completions of a shell.
    #[command(after_help = "\
Examples:
  mcp-operator completions bash > /etc/bash_completion.d/mcp-operator
  mcp-operator completions zsh > \"${fpath[1]}/_mcp-operator\"
  mcp-operator completions fish > ~/.config/fish/completions/mcp-operator.fish")]
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The definition could not be printed.
    #[error(transparent)]
    Print(#[from] mcp_crds::definition::PrintError),
    /// The process could not be set up.
    #[error("start the runtime: {0}")]
    Runtime(#[from] std::io::Error),
    /// The operator stopped by itself.
    #[error(transparent)]
    Run(#[from] run::RunError),
    /// Nothing was rendered.
    #[error(transparent)]
    Render(#[from] Box<render::RenderError>),
    /// Nothing was imported.
    #[error(transparent)]
    Import(#[from] import::ImportError),
    /// No client was made.
    #[error(transparent)]
    New(#[from] new::NewError),
}

impl Args {
    /// Does what the command line says and returns when it is done.
    pub fn execute(self) -> Result<ExitCode, CommandError> {
        let Self { command } = self;
        match command {
            Command::Crd => telemetry::print(&mcp_crds::definition_yaml()?),
            Command::Run(settings) => {
                telemetry::start();
                runtime()?.block_on(async {
                    let stop = CancellationToken::new();
                    tokio::spawn(run::stop_on_signal(stop.clone()));
                    let metrics = Metrics::shared();
                    let client = run::client_from_environment(&metrics).await?;
                    run::run(client, *settings, metrics, stop).await
                })?;
            }
            Command::Render(render) => render.execute(SystemClock.now()).map_err(Box::new)?,
            Command::Doctor(doctor) => return Ok(runtime()?.block_on(doctor.execute())),
            Command::Import(import) => import.execute(SystemClock.now())?,
            Command::New(new) => new.execute(SystemClock.now())?,
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Self::command(), "mcp-operator", &mut script);
                telemetry::print(&String::from_utf8_lossy(&script));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, std::io::Error> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn settings_come_from_flags_and_lists_are_split_at_commas() {
        let args = Args::try_parse_from([
            "mcp-operator",
            "run",
            "--agency-namespaces",
            "agency,other",
            "--server-image-repository",
            "registry.example/mcp-server",
        ])
        .unwrap();
        let Command::Run(settings) = args.command else { panic!("not run") };
        assert_eq!(settings.agency_namespaces, ["agency", "other"]);
        assert_eq!(settings.server_image_tag, "stable");
    }
}

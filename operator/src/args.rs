//! The command line.

use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::{metrics::Metrics, run, settings::Settings, telemetry};

/// Makes and keeps what an McpClient asks for.
#[derive(Debug, Parser)]
#[command(name = "mcp-operator", version, about)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watches the cluster and keeps every client as it is asked for, until it is told to stop.
    Run(Box<Settings>),
    /// Prints the definition of McpClient as YAML.
    Crd,
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
}

impl Args {
    /// Does what the command line says and returns when it is done.
    pub fn execute(self) -> Result<(), CommandError> {
        let Self { command } = self;
        match command {
            Command::Crd => {
                telemetry::print(&mcp_crds::definition_yaml()?);
                Ok(())
            }
            Command::Run(settings) => {
                telemetry::start();
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
                runtime.block_on(async {
                    let stop = CancellationToken::new();
                    tokio::spawn(run::stop_on_signal(stop.clone()));
                    let metrics = Metrics::shared();
                    let client = run::client_from_environment(&metrics).await?;
                    Ok(run::run(client, *settings, metrics, stop).await?)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

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

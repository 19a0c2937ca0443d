//! `mcp-simulator serve` and `mcp-simulator load`.

use std::{error::Error, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use mcp_simulator::{Settings, Simulator, Tls, load};
use tokio::signal::unix::{SignalKind, signal};

/// Stand-ins for Meta's Graph API, Gemini, and Google's token and Calendar APIs, for tests and the demo.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the stand-ins until SIGTERM or SIGINT.
    Serve(Serve),
    /// Posts signed webhooks, as fast as they are accepted or at a rate, and prints what came of it as JSON.
    Load(load::Load),
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:9900")]
    listen: SocketAddr,
    /// Certificate chain (PEM); with --tls-key, TLS is spoken.
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key (PEM).
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Roots (PEM) that webhook addresses with https are checked against.
    #[arg(long, env = "EXTRA_CA_FILE")]
    extra_ca_file: Option<PathBuf>,
    /// How many model calls are kept, each with its whole request and answer; without it all are.
    #[arg(long)]
    keep: Option<usize>,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::builder()
                .with_default_directive(tracing::Level::INFO.into())
                .from_env_lossy(),
        )
        .init();
    match command(Args::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn with_causes(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

async fn command(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Serve(serve) => run(serve).await,
        Command::Load(load) => {
            let outcome = load::run(load).await?;
            println!("{}", serde_json::to_string(&outcome)?);
            Ok(())
        }
    }
}

async fn run(serve: Serve) -> Result<(), Box<dyn Error>> {
    let Serve { listen, tls_cert, tls_key, extra_ca_file, keep } = serve;
    let tls = match (tls_cert, tls_key) {
        (Some(cert), Some(key)) => Some(Tls { certificates: read(&cert)?, key: read(&key)? }),
        _ => None,
    };
    let extra_ca = extra_ca_file.as_deref().map(read).transpose()?;
    let simulator = Simulator::start(Settings { listen, tls, extra_ca, keep, ..Settings::default() }).await?;
    // The one line on stdout: with port 0, it tells a test where to go.
    println!("listening on {}", simulator.url());
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result?,
    }
    simulator.stop().await;
    Ok(())
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("reading {} failed: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}

//! The command line.

use std::{error::Error, path::PathBuf};

use clap::{Parser, Subcommand};

use crate::{
    clock::{Clock, SystemClock},
    database::Database,
    serve,
    settings::{DatabaseArgs, ServeArgs, SigningArgs},
    telemetry,
    token::{self, Lifetime},
};

/// One business's AI receptionist.
#[derive(Debug, Parser)]
#[command(name = "mcp-server", version, about)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer customers and agents until SIGTERM.
    Serve(Box<ServeArgs>),
    /// Create the database or bring it up to date.
    Migrate(DatabaseArgs),
    /// Write everything into a new file, while the server runs or not.
    Backup(CopyArgs),
    /// Replace everything by a backup. Where the server runs, it goes on with what the backup holds.
    Restore(CopyArgs),
    /// Print an access token for this tenant's /mcp.
    Token(TokenArgs),
}

/// A copy of the database.
#[derive(Debug, Parser)]
struct CopyArgs {
    /// The backup.
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// What a token is for.
#[derive(Debug, Parser)]
struct TokenArgs {
    /// Scopes, separated by spaces: "booking:read booking:write".
    #[arg(long)]
    scope: String,
    /// Who will hold it.
    #[arg(long)]
    subject: String,
    /// How long it is good for: 10m, 1h, 30d (at most 366d).
    #[arg(long, default_value = "10m")]
    ttl: Lifetime,
    /// The server it is for; `PUBLIC_URL` when left out.
    #[arg(long, env = "PUBLIC_URL")]
    audience: String,
    #[command(flatten)]
    signing: SigningArgs,
}

impl Args {
    /// Runs the command to its end.
    pub fn run(self) -> Result<(), Box<dyn Error>> {
        let Self { command } = self;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        match command {
            Command::Serve(args) => {
                telemetry::init();
                runtime.block_on(serve::run(args.settings()?))?;
            }
            Command::Migrate(args) => {
                telemetry::init();
                runtime.block_on(Database::migrate(&args.url()?, &args.tenant()))?;
                tracing::info!("database is up to date");
            }
            Command::Backup(CopyArgs { file, database }) => {
                telemetry::init();
                runtime.block_on(async {
                    let database = Database::open(&database.url()?, &database.tenant()).await?;
                    let copied = database.store().backup(&file).await;
                    database.close().await;
                    copied.map_err(Box::<dyn Error>::from)
                })?;
                tracing::info!(file = %file.display(), "backup is complete");
            }
            Command::Restore(CopyArgs { file, database }) => {
                telemetry::init();
                runtime.block_on(async {
                    let database = Database::open(&database.url()?, &database.tenant()).await?;
                    let copied = database.store().restore(&file).await;
                    database.close().await;
                    copied.map_err(Box::<dyn Error>::from)
                })?;
                tracing::info!(file = %file.display(), "backup is restored");
            }
            Command::Token(TokenArgs { scope, subject, ttl, audience, signing }) => {
                let keys = token::Keys::from_pem(&signing.key()?)?;
                let minted =
                    keys.mint(&audience, &subject, &token::Scopes::parse(&scope)?, ttl, SystemClock.now())?;
                telemetry::print(&minted);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }
}

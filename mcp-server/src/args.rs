//! The command line.

use std::{error::Error, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Parser, Subcommand};

use crate::{
    check::{self, CheckArgs},
    clock::{Clock, SystemClock},
    database::Database,
    doctor::{self, DoctorArgs},
    outbox_command::OutboxArgs,
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
    /// Try a business out by hand: no credentials, a page that looks like the customer's phone.
    #[cfg(feature = "dev")]
    Dev(Box<crate::dev::DevArgs>),
    /// Create the database or bring it up to date.
    Migrate(DatabaseArgs),
    /// Write everything into a new file, while the server runs or not.
    Backup(CopyArgs),
    /// Replace everything by a backup. Where the server runs, it goes on with what the backup holds.
    Restore(CopyArgs),
    /// Name everything that is wrong with a profile.
    Check(CheckArgs),
    /// Look at everything the tenant needs and say what to do about what is wrong.
    Doctor(Box<DoctorArgs>),
    /// List, replay or discard what could not be handled.
    Outbox(OutboxArgs),
    /// Print an access token for this tenant's /mcp and /api/v1.
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
    /// Runs the command to its end; the exit code says what `check` and `doctor` found.
    pub fn run(self) -> Result<ExitCode, Box<dyn Error>> {
        let Self { command } = self;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        match command {
            Command::Serve(args) => {
                telemetry::init();
                runtime.block_on(serve::run(args.settings()?))?;
            }
            #[cfg(feature = "dev")]
            Command::Dev(args) => {
                telemetry::init();
                runtime.block_on(crate::dev::run(*args))?;
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
            Command::Check(args) => return Ok(found(check::run(&args, SystemClock.now())?)),
            Command::Doctor(args) => {
                return Ok(found(runtime.block_on(doctor::run(*args, Arc::new(SystemClock)))?));
            }
            Command::Outbox(args) => runtime.block_on(async {
                let database = Database::open(&args.database().url()?, &args.database().tenant()).await?;
                let done = args.run(&*database.store(), SystemClock.now()).await;
                database.close().await;
                done.map_err(Box::<dyn Error>::from)
            })?,
            Command::Token(TokenArgs { scope, subject, ttl, audience, signing }) => {
                let keys = token::Keys::from_pem(&signing.key()?)?;
                let minted =
                    keys.mint(&audience, &subject, &token::Scopes::parse(&scope)?, ttl, SystemClock.now())?;
                telemetry::print(&minted);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn found(ok: bool) -> ExitCode {
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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

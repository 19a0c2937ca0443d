//! `mcp-server dev`: a business tried out by hand. One process, no credentials: a tenant with stand-ins for WhatsApp,
//! Gemini and a chat page that looks like the customer's phone.

mod panels;
mod source;

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    signature::Ed25519KeyPair,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Parser;
use mcp_simulator::{Number, Simulator};
use mcp_store::Tenant;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;

use crate::{clock::SystemClock, database::Database, serve, settings::ServeArgs, telemetry};
use panels::TenantPanels;
use source::{Source, SourceError};

/// What `dev` reads.
#[derive(Clone, Debug, Parser)]
pub struct DevArgs {
    /// A profile, or an `McpClient` whose `spec.profile` it is; changes of the file are taken up while it runs. Or a
    /// business to begin with: `clinic/de` is a type (barbershop, salon, clinic, spa, shop, other) and a language
    /// (pt-BR, es, de, en).
    file: PathBuf,
    /// Where the chat page is.
    #[arg(long, default_value = "127.0.0.1:8080")]
    page: SocketAddr,
    /// Where the tenant's webhook, REST and MCP are.
    #[arg(long, default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// A folder that keeps the database; a new one each time when left out.
    #[arg(long)]
    data: Option<PathBuf>,
    /// A key of Gemini; with it the real model answers, without it a scripted one.
    #[arg(long, env = "GEMINI_API_KEY", hide_env_values = true)]
    gemini_api_key: Option<SecretString>,
    /// Gemini's scheme and host, where a key is given.
    #[arg(long, env = "GEMINI_BASE", default_value = "https://generativelanguage.googleapis.com")]
    gemini_base: String,
    /// The model, where a key is given.
    #[arg(long, env = "GEMINI_MODEL", default_value = "gemini-3.8-flash")]
    gemini_model: String,
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// The file.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The data folder.
    #[error("make a folder for the database")]
    Folder(#[source] std::io::Error),
    /// A port.
    #[error("listen on {0}: is another `dev` running? choose other ports with --page and --listen")]
    Port(SocketAddr, #[source] std::io::Error),
    /// The stand-ins.
    #[error("start the stand-ins")]
    Simulator(#[from] mcp_simulator::StartError),
    /// The database.
    #[error(transparent)]
    Open(#[from] mcp_store::OpenError),
    /// Settings.
    #[error(transparent)]
    Settings(#[from] crate::settings::SettingsError),
    /// A flag that cannot be read.
    #[error(transparent)]
    Flags(#[from] clap::Error),
    /// A key could not be made.
    #[error("make a signing key")]
    Key(#[from] aws_lc_rs::error::Unspecified),
    /// The tenant.
    #[error(transparent)]
    Serve(#[from] serve::ServeError),
}

const NUMBER: &str = "100000000000001";
const APP_SECRET: &str = "dev";

/// Runs until SIGTERM or SIGINT.
pub async fn run(args: DevArgs) -> Result<(), DevError> {
    let folder = match &args.data {
        Some(folder) => folder.clone(),
        None => std::env::temp_dir().join(format!("mcp-dev-{}", std::process::id())),
    };
    std::fs::create_dir_all(&folder).map_err(DevError::Folder)?;
    let ran = within(&args, &folder).await;
    if args.data.is_none() {
        // Nobody asked to keep it.
        let _ = std::fs::remove_dir_all(&folder);
    }
    ran
}

async fn within(args: &DevArgs, folder: &std::path::Path) -> Result<(), DevError> {
    let stop = CancellationToken::new();
    let source = Source::open(args.file.clone(), folder.join("profile.json"))?;
    let internal = free_port(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    free_port(args.listen)?;
    let sim = Simulator::start(mcp_simulator::Settings { listen: args.page, ..Default::default() }).await?;
    sim.register_number(Number::new(
        NUMBER,
        &format!("http://{}/webhooks/whatsapp", args.listen),
        APP_SECRET,
    ));
    let database = SecretString::from(format!("sqlite://{}", folder.join("tenant.db").display()));
    let whose = Tenant::new("dev", "development");
    Database::migrate(&database, &whose).await?;
    let mine = Database::open(&database, &whose).await?;
    sim.show_beside_chat(Arc::new(TenantPanels { store: mine.store(), profile: source.profile() }));
    let settings = settings(args, &sim, &source, database.expose_secret(), internal)?.settings()?;
    let public = args.listen;
    telemetry::say(&format!(
        "\n  The customer's phone:  {}\n  MCP:                   http://{public}/mcp\n  The profile is read again when {} changes. Ctrl-C ends it.\n",
        sim.url(),
        args.file.display(),
    ));
    tokio::spawn(source.follow(stop.clone()));
    tokio::spawn(serve::stop_on_signal(stop.clone()));
    let served = serve::start(settings, Arc::new(SystemClock), stop).await;
    mine.close().await;
    sim.stop().await;
    Ok(served?)
}

/// Checks a port before anything is started on it.
fn free_port(at: SocketAddr) -> Result<SocketAddr, DevError> {
    TcpListener::bind(at)
        .and_then(|listener| listener.local_addr())
        .map_err(|error| DevError::Port(at, error))
}

fn settings(
    args: &DevArgs,
    sim: &Simulator,
    source: &Source,
    database: &str,
    internal: SocketAddr,
) -> Result<ServeArgs, DevError> {
    let (base, key) = match &args.gemini_api_key {
        Some(key) => (args.gemini_base.clone(), key.expose_secret().to_owned()),
        None => (sim.url().to_owned(), "dev".to_owned()),
    };
    let flags = [
        ("profile-path", source.path().display().to_string()),
        ("database-url", database.to_owned()),
        ("client-name", "dev".to_owned()),
        ("environment", "development".to_owned()),
        ("listen-public", args.listen.to_string()),
        ("listen-internal", internal.to_string()),
        ("public-url", format!("http://{}", args.listen)),
        ("whatsapp-graph-base", sim.graph_base()),
        ("whatsapp-api-token", "dev".to_owned()),
        ("whatsapp-phone-number-id", NUMBER.to_owned()),
        ("whatsapp-app-secret", APP_SECRET.to_owned()),
        ("whatsapp-webhook-verify-token", "dev".to_owned()),
        ("gemini-base", base),
        ("gemini-api-key", key),
        ("gemini-model", args.gemini_model.clone()),
        ("token-signing-key", signing_key()?),
    ];
    let flags = flags.into_iter().map(|(name, value)| format!("--{name}={value}"));
    Ok(ServeArgs::try_parse_from(std::iter::once("dev".to_owned()).chain(flags))?)
}

/// An Ed25519 key of this run, as PKCS#8 PEM.
fn signing_key() -> Result<String, DevError> {
    let pair = Ed25519KeyPair::generate()?;
    let document: Pkcs8V1Der<'_> = pair.as_der()?;
    let body = STANDARD.encode(document.as_ref());
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"))
}

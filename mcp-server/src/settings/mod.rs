//! Settings: flags and environment variables alike, all missing ones named at once.

mod check;
mod problems;
mod traces;

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use mcp_store::Tenant;
use secrecy::SecretString;

pub use problems::SettingsError;
pub use traces::{TraceArgs, TraceSettings};

use crate::{assistant::gemini::Prices, whatsapp::template::Templates};

/// Where the database is, and whose.
#[derive(Clone, Debug, Parser)]
pub struct DatabaseArgs {
    /// Database, `sqlite:///data/tenant.db` or `postgres://role:password@host:port/database?sslmode=…&sslrootcert=…`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<SecretString>,
    /// Host of a PostgreSQL, in the place of a URL.
    #[arg(long, env = "DATABASE_HOST")]
    database_host: Option<String>,
    /// Its port.
    #[arg(long, env = "DATABASE_PORT", default_value_t = 5432)]
    database_port: u16,
    /// The database on it.
    #[arg(long, env = "DATABASE_NAME")]
    database_name: Option<String>,
    /// The tenant's role.
    #[arg(long, env = "DATABASE_USER")]
    database_user: Option<String>,
    /// Its password.
    #[arg(long, env = "DATABASE_PASSWORD", hide_env_values = true)]
    database_password: Option<SecretString>,
    /// PEM roots that a PostgreSQL's certificate is checked against, and its name with it.
    #[arg(long, env = "DATABASE_CA_FILE")]
    database_ca_file: Option<PathBuf>,
    /// The client's name; the database remembers it and is no other client's.
    #[arg(long, env = "CLIENT_NAME", default_value = "local")]
    client_name: String,
    /// The environment's name; the database remembers it and is no other environment's.
    #[arg(long, env = "ENVIRONMENT", default_value = "development")]
    environment: String,
}

/// The key that signs tokens.
#[derive(Clone, Debug, Parser)]
pub struct SigningArgs {
    /// Ed25519 private key, PKCS#8 PEM.
    #[arg(long, env = "TOKEN_SIGNING_KEY", hide_env_values = true, allow_hyphen_values = true)]
    token_signing_key: Option<SecretString>,
}

/// What `serve` reads.
#[derive(Clone, Debug, Parser)]
pub struct ServeArgs {
    /// The business as data.
    #[arg(long, env = "PROFILE_PATH")]
    profile_path: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Address of webhook, REST and MCP.
    #[arg(long, env = "LISTEN_PUBLIC", default_value = "0.0.0.0:8000")]
    listen_public: SocketAddr,
    /// Address of probes, metrics and status.
    #[arg(long, env = "LISTEN_INTERNAL", default_value = "0.0.0.0:9090")]
    listen_internal: SocketAddr,
    /// Prefix under which every public path answers too, `/{client}/{environment}`.
    #[arg(long, env = "BASE_PATH", default_value = "")]
    base_path: String,
    /// Public base URL of this tenant; the audience of its tokens.
    #[arg(long, env = "PUBLIC_URL")]
    public_url: Option<String>,
    /// Host names under which /mcp may be reached, separated by commas; those of this machine always.
    #[arg(long, env = "ALLOWED_HOSTS", default_value = "")]
    allowed_hosts: String,
    /// PEM roots trusted beside the built-in ones.
    #[arg(long, env = "EXTRA_CA_FILE")]
    extra_ca_file: Option<PathBuf>,
    /// Graph API with its version.
    #[arg(long, env = "WHATSAPP_GRAPH_BASE", default_value = "https://graph.facebook.com/v26.0")]
    whatsapp_graph_base: String,
    /// Access token of the WhatsApp system user.
    #[arg(long, env = "WHATSAPP_API_TOKEN", hide_env_values = true)]
    whatsapp_api_token: Option<SecretString>,
    /// Id of this tenant's number.
    #[arg(long, env = "WHATSAPP_PHONE_NUMBER_ID")]
    whatsapp_phone_number_id: Option<String>,
    /// WhatsApp business account the number belongs to; where given, deliveries of another one are dropped.
    #[arg(long, env = "WHATSAPP_BUSINESS_ACCOUNT_ID")]
    whatsapp_business_account_id: Option<String>,
    /// Approved templates for what is sent outside the 24-hour window, JSON:
    /// `{"reminder": {"name": "appointment_reminder", "language": "pt_BR", "buttons": 3}, "notice": {…}}`.
    #[arg(long, env = "WHATSAPP_TEMPLATES")]
    whatsapp_templates: Option<String>,
    /// Messages a second that the number may send: 80, or 20 beside the WhatsApp Business app.
    #[arg(long, env = "WHATSAPP_MESSAGES_PER_SECOND", default_value_t = 80)]
    whatsapp_messages_per_second: u32,
    /// App secrets that sign deliveries, separated by commas during rotation.
    #[arg(long, env = "WHATSAPP_APP_SECRET", hide_env_values = true)]
    whatsapp_app_secret: Option<SecretString>,
    /// Token Meta repeats when it verifies the webhook.
    #[arg(long, env = "WHATSAPP_WEBHOOK_VERIFY_TOKEN", hide_env_values = true)]
    whatsapp_webhook_verify_token: Option<SecretString>,
    /// Gemini's scheme and host.
    #[arg(long, env = "GEMINI_BASE", default_value = "https://generativelanguage.googleapis.com")]
    gemini_base: String,
    /// Gemini API key.
    #[arg(long, env = "GEMINI_API_KEY", hide_env_values = true)]
    gemini_api_key: Option<SecretString>,
    /// Gemini model.
    #[arg(long, env = "GEMINI_MODEL", default_value = "gemini-3.8-flash")]
    gemini_model: String,
    /// Models asked where the first one is down, slow or withdrawn, separated by commas; the last one is the cheapest
    /// and answers when a day's budget is nearly used up.
    #[arg(long, env = "GEMINI_FALLBACK_MODELS", default_value = "")]
    gemini_fallback_models: String,
    /// What the models cost per million tokens, JSON: `{"currency": "USD", "models": {"gemini-3.8-flash": {"input":
    /// "0.75", "output": "3.75", "cached": "0.075", "audio": "1.50"}}}`. Without it no cost is told.
    #[arg(long, env = "GEMINI_PRICES")]
    gemini_prices: Option<String>,
    /// The longest time between two looks at the channel, the model and the calendar, in seconds; 0: they are only known
    /// from use.
    #[arg(long, env = "DEPENDENCY_CHECK_SECONDS", default_value_t = 240, value_parser = clap::value_parser!(u16).range(0..=240))]
    dependency_check_seconds: u16,
    /// Google Calendar with its version.
    #[arg(long, env = "GOOGLE_CALENDAR_BASE", default_value = "https://www.googleapis.com/calendar/v3")]
    google_calendar_base: String,
    /// Google's token endpoint.
    #[arg(long, env = "GOOGLE_TOKEN_URL", default_value = "https://oauth2.googleapis.com/token")]
    google_token_url: String,
    /// Calendar the bookings are mirrored into.
    #[arg(long, env = "GOOGLE_CALENDAR_ID")]
    google_calendar_id: Option<String>,
    /// Seconds between two looks at the calendars, beside what Google pushes.
    #[arg(long, env = "GOOGLE_CALENDAR_POLL", default_value = "60", value_parser = clap::value_parser!(u16).range(1..=240))]
    google_calendar_poll: u16,
    /// Google project; accepted because credentials name it, and not needed.
    #[arg(long, env = "GOOGLE_PROJECT_ID")]
    google_project_id: Option<String>,
    /// Service account.
    #[arg(long, env = "GOOGLE_CLIENT_EMAIL")]
    google_client_email: Option<String>,
    /// The service account's private key, PEM with real or `\n` line ends.
    #[arg(long, env = "GOOGLE_PRIVATE_KEY", hide_env_values = true, allow_hyphen_values = true)]
    google_private_key: Option<SecretString>,
    #[command(flatten)]
    signing: SigningArgs,
    #[command(flatten)]
    traces: TraceArgs,
}

/// Settings as the server uses them. `Debug` shows no credential.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The business as data.
    pub profile_path: PathBuf,
    /// Database URL.
    pub database_url: SecretString,
    /// Address of webhook, REST and MCP.
    pub listen_public: SocketAddr,
    /// Address of probes, metrics and status.
    pub listen_internal: SocketAddr,
    /// Empty, or with a leading and without a trailing slash.
    pub base_path: String,
    /// Public base URL without a trailing slash.
    pub public_url: String,
    /// Host names under which /mcp may be reached.
    pub allowed_hosts: Vec<String>,
    /// Whose server this is.
    pub tenant: Tenant,
    /// PEM roots trusted beside the built-in ones.
    pub extra_ca_file: Option<PathBuf>,
    /// The channel.
    pub whatsapp: WhatsAppSettings,
    /// The model.
    pub gemini: GeminiSettings,
    /// The outside calendar, where there is one.
    pub google: Option<GoogleSettings>,
    /// The longest time between two looks at what the tenant depends on; zero: none.
    pub dependency_check: std::time::Duration,
    /// PEM of the key that signs tokens.
    pub signing_key: SecretString,
    /// Where traces go, where they go anywhere.
    pub traces: Option<TraceSettings>,
}

/// Settings of the channel.
#[derive(Clone, Debug)]
pub struct WhatsAppSettings {
    /// Graph API with its version, no trailing slash.
    pub graph_base: String,
    /// Access token.
    pub api_token: SecretString,
    /// Id of this tenant's number.
    pub phone_number_id: String,
    /// Id of the business account, where given.
    pub business_account_id: Option<String>,
    /// What is sent outside the 24-hour window.
    pub templates: Templates,
    /// Messages a second that the number may send.
    pub messages_per_second: u32,
    /// Secrets that sign deliveries; at least one.
    pub app_secrets: Vec<SecretString>,
    /// Token Meta repeats when it verifies the webhook.
    pub verify_token: SecretString,
}

/// Settings of the model.
#[derive(Clone, Debug)]
pub struct GeminiSettings {
    /// Scheme and host.
    pub base: String,
    /// API key.
    pub api_key: SecretString,
    /// Model id.
    pub model: String,
    /// Models asked in its place, in this order; the last one is the cheapest.
    pub fallbacks: Vec<String>,
    /// What they cost, as far as it is known.
    pub prices: Prices,
}

impl GeminiSettings {
    /// All models, the preferred one first, each once.
    pub fn chain(&self) -> Vec<String> {
        let mut chain = vec![self.model.clone()];
        for name in &self.fallbacks {
            if !chain.contains(name) {
                chain.push(name.clone());
            }
        }
        chain
    }
}

/// Settings of Google Calendar.
#[derive(Clone, Debug)]
pub struct GoogleSettings {
    /// Base with version.
    pub calendar_base: String,
    /// Token endpoint.
    pub token_url: String,
    /// Calendar.
    pub calendar_id: String,
    /// Service account.
    pub client_email: String,
    /// PEM with real line ends.
    pub private_key: SecretString,
    /// Between two looks at the calendars; below the five minutes for which a mirror is good.
    pub poll: std::time::Duration,
}

//! What the operator is told by its flags and environment.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

/// Settings of `mcp-operator run`. Endpoints of third parties are set here and nowhere else, so that no client can
/// point a tenant somewhere else.
#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// Namespaces clients live in, with commas. Clients elsewhere are told that they are not served.
    #[arg(long, env = "AGENCY_NAMESPACES", value_delimiter = ',', required = true)]
    pub agency_namespaces: Vec<String>,
    /// Image of the tenant's server, without a tag.
    #[arg(long, env = "SERVER_IMAGE_REPOSITORY")]
    pub server_image_repository: String,
    /// Tag of environments that name none.
    #[arg(long, env = "SERVER_IMAGE_TAG", default_value = "stable")]
    pub server_image_tag: String,
    /// When nodes pull the image: Always, `IfNotPresent` or Never.
    #[arg(long, env = "SERVER_IMAGE_PULL_POLICY", default_value = "IfNotPresent")]
    pub server_image_pull_policy: String,
    /// Meta's Graph API with its version.
    #[arg(long, env = "WHATSAPP_GRAPH_BASE", default_value = "https://graph.facebook.com/v26.0")]
    pub whatsapp_graph_base: String,
    /// Gemini, scheme and host.
    #[arg(long, env = "GEMINI_BASE", default_value = "https://generativelanguage.googleapis.com")]
    pub gemini_base: String,
    /// Google Calendar with its version.
    #[arg(long, env = "GOOGLE_CALENDAR_BASE", default_value = "https://www.googleapis.com/calendar/v3")]
    pub google_calendar_base: String,
    /// Where Google's access tokens come from.
    #[arg(long, env = "GOOGLE_TOKEN_URL", default_value = "https://oauth2.googleapis.com/token")]
    pub google_token_url: String,
    /// PEM file with certificate authorities that tenants trust besides the usual ones.
    #[arg(long, env = "EXTRA_CA_FILE")]
    pub extra_ca_file: Option<PathBuf>,
    /// Namespace the operator itself runs in.
    #[arg(long, env = "OPERATOR_NAMESPACE", default_value = "mcp-platform")]
    pub operator_namespace: String,
    /// `ServiceAccount` the operator itself runs under.
    #[arg(long, env = "OPERATOR_SERVICE_ACCOUNT", default_value = "mcp-operator")]
    pub operator_service_account: String,
    /// `ClusterRole` the operator binds to itself in each namespace it makes.
    #[arg(long, env = "TENANT_CLUSTER_ROLE", default_value = "mcp-platform-tenant")]
    pub tenant_cluster_role: String,
    /// Address of `/healthz`, `/readyz` and `/metrics`.
    #[arg(long, env = "LISTEN_PROBES", default_value = "0.0.0.0:8080")]
    pub listen_probes: SocketAddr,
}

//! What the operator is told by its flags and environment.

pub mod network;

pub use network::NetworkSettings;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use clap::Args;
use mcp_crds::EnvironmentName;

use crate::{hosts::AgencyHost, rollout::WaveSize};

use crate::quantity;

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
    /// Tag of environments that name none, and whose plan names none.
    #[arg(long, env = "SERVER_IMAGE_TAG", default_value = "stable")]
    pub server_image_tag: String,
    /// Likewise, of development environments alone.
    #[arg(long, env = "SERVER_IMAGE_TAG_DEVELOPMENT", value_name = "TAG")]
    pub server_image_tag_development: Option<String>,
    /// Likewise, of staging environments alone.
    #[arg(long, env = "SERVER_IMAGE_TAG_STAGING", value_name = "TAG")]
    pub server_image_tag_staging: Option<String>,
    /// Likewise, of production environments alone.
    #[arg(long, env = "SERVER_IMAGE_TAG_PRODUCTION", value_name = "TAG")]
    pub server_image_tag_production: Option<String>,
    /// Tags that stand for others, `stable=1.4.2`, with commas: a client that names `stable` runs 1.4.2.
    #[arg(long, env = "SERVER_IMAGE_CHANNELS", value_delimiter = ',', value_name = "CHANNEL=TAG")]
    pub server_image_channels: Vec<Channel>,
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
    /// File with the address of the platform's PostgreSQL, `postgres://…`, of a role that may create roles and schemas.
    /// Without it no client can have a schema made for it.
    #[arg(long, env = "DATABASE_ADMIN_URL_FILE")]
    pub database_admin_url_file: Option<PathBuf>,
    /// The port in that address, read when the operator starts.
    #[arg(skip)]
    pub database_port: Option<u16>,
    /// Hosts the routes of an agency's clients may have, `agency=wa.agency.example` or `agency=*.agency.example` for all
    /// directly below, with commas. An agency without an entry has no routes.
    #[arg(long, env = "ROUTE_HOSTS", value_delimiter = ',', value_name = "AGENCY=HOST")]
    pub route_hosts: Vec<AgencyHost>,
    /// How many environments of clients without a plan change at once, 5 or 10%, when what the platform gives changes.
    /// A plan has a setting of its own.
    #[arg(long, env = "ROLLOUT_WAVE_SIZE", default_value = "10%", value_name = "SIZE")]
    pub rollout_wave_size: WaveSize,
    /// Seconds such an environment may take to be as ready as before.
    #[arg(long, env = "ROLLOUT_DEADLINE_SECONDS", default_value = "600", value_name = "SECONDS")]
    pub rollout_deadline_seconds: u32,
    /// Seconds such a wave must have been ready before the next one begins.
    #[arg(long, env = "ROLLOUT_SETTLE_SECONDS", default_value = "30", value_name = "SECONDS")]
    pub rollout_settle_seconds: u32,
    /// Who is around the tenants.
    #[command(flatten)]
    pub network: NetworkSettings,
    /// Processors the pods of a tenant's namespace may set aside together, where they do not need more.
    #[arg(long, env = "NAMESPACE_CPU", default_value = "4", value_parser = quantity)]
    pub namespace_cpu: String,
    /// Memory the pods of a tenant's namespace may use together, where they do not need more.
    #[arg(long, env = "NAMESPACE_MEMORY", default_value = "4Gi", value_parser = quantity)]
    pub namespace_memory: String,
    /// Namespace the operator itself runs in.
    #[arg(long, env = "OPERATOR_NAMESPACE", default_value = "mcp-platform")]
    pub operator_namespace: String,
    /// `ServiceAccount` the operator itself runs under.
    #[arg(long, env = "OPERATOR_SERVICE_ACCOUNT", default_value = "mcp-operator")]
    pub operator_service_account: String,
    /// `ClusterRole` the operator binds to itself in each namespace it makes.
    #[arg(long, env = "TENANT_CLUSTER_ROLE", default_value = "mcp-platform-tenant")]
    pub tenant_cluster_role: String,
    /// Name of this process among the operators of the cluster; the host's where none is given. No two may share one.
    #[arg(long, env = "POD_NAME")]
    pub identity: Option<String>,
    /// Longest time between two questions to a running server, in seconds: 1 to 200. Whether it works stands in the
    /// client's status at most so long after the server knows it.
    #[arg(long, env = "PROBE_INTERVAL", default_value = "45", value_parser = probe_interval)]
    pub probe_interval: Duration,
    /// Address of `/healthz`, `/readyz` and `/metrics`.
    #[arg(long, env = "LISTEN_PROBES", default_value = "0.0.0.0:8080")]
    pub listen_probes: SocketAddr,
    /// Address of what answers in place of tenants that sleep.
    #[arg(long, env = "LISTEN_ASLEEP", default_value = "0.0.0.0:8082")]
    pub listen_asleep: SocketAddr,
    /// The operator's own address in the cluster, where Services of tenants that sleep lead. Without it they lead nowhere,
    /// and the ingress controller answers as it likes.
    #[arg(long, env = "ASLEEP_ADDRESS")]
    pub asleep_address: Option<IpAddr>,
}

impl Settings {
    /// Name of this process among the operators of the cluster.
    pub fn identity(&self) -> String {
        let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
        self.identity.clone().filter(|name| !name.is_empty()).unwrap_or_else(host)
    }
}

/// With the four minutes after which a server looks again itself, more would be later than five minutes.
fn probe_interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (1..=200).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "a number of seconds from 1 to 200".to_owned())
}

/// A tag that stands for another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// What clients name.
    pub name: String,
    /// What runs.
    pub tag: String,
}

impl FromStr for Channel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, tag)) if !name.is_empty() && !tag.is_empty() => {
                Ok(Self { name: name.to_owned(), tag: tag.to_owned() })
            }
            _ => Err(format!("`{text}` is no channel: write CHANNEL=TAG")),
        }
    }
}

impl Settings {
    /// The tag of an environment that names none, and whose plan names none.
    pub fn image_tag(&self, environment: EnvironmentName) -> &str {
        let own = match environment {
            EnvironmentName::Development => &self.server_image_tag_development,
            EnvironmentName::Staging => &self.server_image_tag_staging,
            EnvironmentName::Production => &self.server_image_tag_production,
        };
        own.as_deref().unwrap_or(&self.server_image_tag)
    }

    /// The channels by name.
    pub fn image_channels(&self) -> BTreeMap<String, String> {
        self.server_image_channels.iter().map(|channel| (channel.name.clone(), channel.tag.clone())).collect()
    }

    /// Settings no cluster has, for what is rendered only to be compared.
    pub(crate) fn for_sample() -> Self {
        let text = || "sample".to_owned();
        Self {
            agency_namespaces: vec![text()],
            server_image_repository: text(),
            server_image_tag: text(),
            server_image_tag_development: None,
            server_image_tag_staging: None,
            server_image_tag_production: None,
            server_image_channels: Vec::new(),
            server_image_pull_policy: text(),
            whatsapp_graph_base: text(),
            gemini_base: text(),
            google_calendar_base: text(),
            google_token_url: text(),
            extra_ca_file: None,
            route_hosts: Vec::new(),
            rollout_wave_size: WaveSize::Count(1),
            rollout_deadline_seconds: 0,
            rollout_settle_seconds: 0,
            operator_namespace: text(),
            operator_service_account: text(),
            tenant_cluster_role: text(),
            network: NetworkSettings::for_sample(),
            namespace_cpu: "4".to_owned(),
            namespace_memory: "4Gi".to_owned(),
            database_admin_url_file: None,
            database_port: None,
            identity: None,
            probe_interval: Duration::from_secs(1),
            listen_probes: SocketAddr::from(([127, 0, 0, 1], 0)),
            listen_asleep: SocketAddr::from(([127, 0, 0, 1], 0)),
            asleep_address: None,
        }
    }
}

/// A quantity in one of the units the operator can compare.
fn quantity(text: &str) -> Result<String, String> {
    let known = quantity::milli(text).is_some();
    known
        .then(|| text.to_owned())
        .ok_or_else(|| format!("`{text}` is no amount: write one like 4, 500m or 4Gi"))
}

//! One environment of a client: where and with what it runs. Each part has a file.

mod calendar;
mod database;
mod machine;
mod mcp;
mod model;
mod name;
mod route;
mod whatsapp;

use mcp_tenant::Profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use calendar::{BuiltinCalendar, Calendar, GoogleCalendar};
pub use database::{Database, Egress, EgressSelector, Postgres, Provisioned, Sqlite};
pub use machine::{Image, Limits, Requests, Resources};
pub use mcp::{Mcp, McpAuth};
pub use model::{Model, ModelBudget, Thinking};
pub use name::EnvironmentName;
pub use route::{GatewayReference, Route, RouteTls};
pub use whatsapp::{Template, Templates, Whatsapp};

use crate::client::SecretReference;

/// Where and with what a client runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "self.replicas == 1 || has(self.database.postgres)",
    "message": "more than one replica needs a PostgreSQL database: set replicas to 1, or use database.postgres",
    "fieldPath": ".replicas",
}]))]
pub struct Environment {
    /// Which environment this is: development, staging or production. It becomes the end of the namespace's name and
    /// cannot be given twice.
    pub name: EnvironmentName,
    /// Which build of the server runs. The plan's or the platform's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// How many servers share the work. More than one needs a PostgreSQL database: a SQLite file has one server.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 5))]
    pub replicas: u8,
    /// What each server may use of the machine. The plan's when left out, or 10m, 32Mi and at most 64Mi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// The WhatsApp number customers write to.
    pub whatsapp: Whatsapp,
    /// The language model that reads and writes.
    #[serde(default)]
    pub model: Model,
    /// Where appointments are mirrored: Google Calendar, or nowhere when left out.
    #[serde(default)]
    pub calendar: Calendar,
    /// Where appointments are kept: a file on a volume of the tenant (sqlite, the default) or a PostgreSQL. It cannot
    /// be changed while the environment exists.
    #[serde(default)]
    pub database: Database,
    /// Who may use the business's MCP server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp: Option<Mcp>,
    /// How the world reaches the server. Without a route it is reachable inside of the cluster alone, and neither Meta
    /// nor Google can be told to deliver here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// Stops the server and keeps its data. Whoever comes by the route is answered 503 meanwhile; Meta repeats its messages
    /// for some days.
    #[serde(default)]
    pub suspend: bool,
    /// The business as data for this environment alone, e.g. to try a profile in staging. It takes the place of the whole of
    /// `spec.profile`; with that, all profiles of a client may have 192 KiB together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// The Secret with this environment's credentials. The one of the client when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<SecretReference>,
}

impl Environment {
    /// An environment with the defaults of everything but its name and number.
    pub fn new(name: EnvironmentName, phone_number_id: impl Into<String>) -> Self {
        Self {
            name,
            image: None,
            replicas: one(),
            resources: None,
            whatsapp: Whatsapp::new(phone_number_id),
            model: Model::default(),
            calendar: Calendar::default(),
            database: Database::default(),
            mcp: None,
            route: None,
            suspend: false,
            profile: None,
            credentials_secret_ref: None,
        }
    }
}

const fn one() -> u8 {
    1
}

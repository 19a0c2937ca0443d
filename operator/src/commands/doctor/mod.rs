//! `doctor`: why a client is not ready, and what to do about it.

use std::process::ExitCode;

use clap::Args;
use kube::{Client, Config};

use crate::telemetry;

pub mod advice;
pub mod judge;
pub mod look;
pub mod report;

use report::{Ready, Report};

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Reads with your own rights, changes nothing, and never shows the value of a secret. Looks at the client's status, the
Secret's keys, pods, volumes, events, and at the operator itself.

Exit code: 0 everything is ready, 1 something is not, 2 it cannot be told.

Examples:
  mcp-operator doctor
  mcp-operator doctor bella-salon -n agency
  until mcp-operator doctor bella-salon -n agency; do sleep 5; done
  mcp-operator doctor --json | jq '.clients[] | select(.ready != \"yes\") | .problems[].next'")]
pub struct Doctor {
    /// The client; all of them when left out.
    client: Option<String>,
    /// The agency's namespace; every namespace when left out.
    #[arg(short = 'n', long, value_name = "AGENCY")]
    namespace: Option<String>,
    /// Namespace the operator runs in.
    #[arg(long, env = "OPERATOR_NAMESPACE", default_value = "mcp-platform")]
    operator_namespace: String,
    /// For programs: JSON instead of sentences.
    #[arg(long)]
    json: bool,
}

/// What to look at.
#[derive(Clone, Debug)]
pub struct Question {
    /// One client, or all.
    pub client: Option<String>,
    /// One agency, or all.
    pub agency: Option<String>,
    /// Namespace the operator runs in.
    pub operator_namespace: String,
}

impl Doctor {
    /// Looks, and prints what it found.
    pub async fn execute(self) -> ExitCode {
        let Self { client, namespace, operator_namespace, json } = self;
        let question = Question { client, agency: namespace, operator_namespace };
        let report = match connect().await {
            Ok(client) => look::look(&client, &question).await,
            Err(why) => Report::cannot_tell(
                format!("there is no cluster to ask: {why}"),
                "set KUBECONFIG to the cluster's file, and see that `kubectl get mcpclients` works",
            ),
        };
        let text = if json { report.json() } else { report.to_string() };
        telemetry::print(&text);
        match report.ready() {
            Ready::Yes => ExitCode::SUCCESS,
            Ready::No => ExitCode::from(1),
            Ready::Unknown => ExitCode::from(2),
        }
    }
}

async fn connect() -> Result<Client, String> {
    let config = Config::infer().await.map_err(|error| error.to_string())?;
    Client::try_from(config).map_err(|error| error.to_string())
}

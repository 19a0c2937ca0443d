//! `mcp-server doctor`: looks at everything a tenant needs, without changing anything, and says in one line each what
//! is wrong and what to do about it. No line holds a credential.

mod database;
mod outside;
mod profile;

use clap::Parser;
use serde::Serialize;

use crate::{
    clock::SharedClock,
    http_client,
    settings::{ServeArgs, Settings},
    status::{self, Seen},
    telemetry,
};

/// What `doctor` reads: the settings of `serve`.
#[derive(Debug, Parser)]
pub struct DoctorArgs {
    /// One JSON document instead of lines.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: ServeArgs,
}

/// How a part of the tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It works.
    Ok,
    /// It works, and somebody should know something.
    Warning,
    /// It does not work.
    Failed,
}

/// One line of the doctor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub probe: &'static str,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub message: String,
    /// What a person does about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Finding {
    fn ok(probe: &'static str, message: impl Into<String>) -> Self {
        Self { probe, state: State::Ok, message: message.into(), next: None }
    }

    fn warning(probe: &'static str, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { probe, state: State::Warning, message: message.into(), next: Some(next.into()) }
    }

    fn failed(probe: &'static str, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { probe, state: State::Failed, message: message.into(), next: Some(next.into()) }
    }

    /// What a look has shown.
    fn of(probe: &'static str, seen: Seen) -> Self {
        let state = match (seen.reason.state(), seen.next.is_some()) {
            (status::State::Failing, _) => State::Failed,
            (_, true) => State::Warning,
            (_, false) => State::Ok,
        };
        let message = seen.message.unwrap_or_else(|| "it works".to_owned());
        Self { probe, state, message, next: seen.next }
    }

    fn line(&self) -> String {
        let state = match self.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Failed => "FAILED",
        };
        let next = self.next.as_ref().map_or_else(String::new, |next| format!("; {next}"));
        format!("{state:<8} {:<9} {}{next}", self.probe, self.message)
    }
}

/// Looks and prints; says whether nothing failed.
pub async fn run(args: DoctorArgs, clock: SharedClock) -> Result<bool, serde_json::Error> {
    let findings = match args.settings.settings() {
        Ok(settings) => examine(&settings, &clock).await,
        Err(error) => error
            .problems()
            .iter()
            .map(|problem| Finding::failed("settings", problem.trim(), "set it and run the doctor again"))
            .collect(),
    };
    let ok = findings.iter().all(|finding| finding.state != State::Failed);
    if args.json {
        let report = serde_json::json!({"ok": ok, "findings": findings});
        telemetry::print(&serde_json::to_string_pretty(&report)?);
    } else {
        for finding in &findings {
            telemetry::print(&finding.line());
        }
    }
    Ok(ok)
}

/// Looks at everything, in one order.
pub async fn examine(settings: &Settings, clock: &SharedClock) -> Vec<Finding> {
    let mut findings = vec![profile::look(settings, &**clock), database::look(settings).await];
    let http = match http_client::client(settings.extra_ca_file.as_deref()) {
        Ok(http) => http,
        Err(error) => {
            let why = telemetry::chain(&error);
            findings.push(Finding::failed("network", why, "EXTRA_CA_FILE names a file of PEM certificates"));
            return findings;
        }
    };
    let (graph, gemini, calendar) = tokio::join!(
        outside::number(&http, settings, &**clock),
        outside::model(&http, &settings.gemini),
        outside::calendar(&http, settings.google.as_ref(), clock),
    );
    findings.extend(graph);
    findings.push(gemini);
    findings.push(calendar);
    findings
}

#[cfg(test)]
mod tests;

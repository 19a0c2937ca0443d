//! `mcp-server check FILE`: everything that is wrong with a profile, before anybody serves it.

mod within;

use std::path::{Path, PathBuf};

use clap::Parser;
use jiff::Timestamp;
use mcp_tenant::{
    Profile,
    profile::Mode,
    validate::{self, Finding},
};
use serde::Serialize;

use crate::{profile_file::readable, telemetry};

/// What `check` reads.
#[derive(Debug, Parser)]
pub struct CheckArgs {
    /// A profile, or an `McpClient` with `spec.profile`; YAML or JSON.
    file: PathBuf,
    /// One JSON document instead of lines.
    #[arg(long)]
    json: bool,
}

/// Why a file could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It cannot be read.
    #[error("read {0}")]
    Read(PathBuf, #[source] std::io::Error),
    /// The findings cannot be written as JSON.
    #[error("write the findings as JSON")]
    Json(#[source] serde_json::Error),
}

/// All that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether every profile of the file can be served.
    pub ok: bool,
    /// Errors and warnings, profile by profile, in the order of the text.
    pub findings: Vec<Finding>,
}

/// Prints the findings; says whether the file can be served. Warnings do not count against it.
pub fn run(args: &CheckArgs, now: Timestamp) -> Result<bool, CheckError> {
    let text = std::fs::read_to_string(&args.file)
        .map_err(|source| CheckError::Read(args.file.clone(), readable(source)))?;
    let report = check(&text, now);
    if args.json {
        telemetry::print(&serde_json::to_string_pretty(&report).map_err(CheckError::Json)?);
    } else {
        for line in lines(&args.file, &report) {
            telemetry::print(&line);
        }
    }
    Ok(report.ok)
}

/// Checks a profile, or each profile of an `McpClient`. `now` decides only what is warned of.
pub fn check(text: &str, now: Timestamp) -> Report {
    let findings: Vec<Finding> = match within::profiles(text) {
        None => of_profile(text, now),
        Some(Err(finding)) => vec![finding],
        Some(Ok(parts)) => parts
            .into_iter()
            .flat_map(|part| {
                let within::Part { path, text, placed } = part;
                of_profile(&text, now).into_iter().map(move |mut finding| {
                    finding.path = within::join(&path, &finding.path);
                    finding.place = finding.place.filter(|_| placed);
                    finding
                })
            })
            .collect(),
    };
    Report { ok: !findings.iter().any(Finding::is_error), findings }
}

fn of_profile(text: &str, now: Timestamp) -> Vec<Finding> {
    match Profile::read(text, Mode::Strict) {
        Ok(read) => read.locate(validate::validate(&read.profile, now)),
        Err(error) => error.into_findings(),
    }
}

fn lines(file: &Path, report: &Report) -> Vec<String> {
    let file = file.display();
    let line = |finding: &Finding| {
        let place = finding.place.map_or_else(String::new, |at| format!(":{}:{}", at.line, at.column));
        let severity = if finding.is_error() { "error" } else { "warning" };
        let path = if finding.path.is_empty() { "profile" } else { &finding.path };
        format!("{file}{place}: {severity}[{}]: {path}: {}", finding.code.as_str(), finding.message)
    };
    let errors = report.findings.iter().filter(|finding| finding.is_error()).count();
    let warnings = report.findings.len() - errors;
    let verdict = if report.ok { "can be served" } else { "cannot be served" };
    let mut lines: Vec<String> = report.findings.iter().map(line).collect();
    lines.push(format!("{file}: {verdict} (errors: {errors}, warnings: {warnings})"));
    lines
}

#[cfg(test)]
mod tests;

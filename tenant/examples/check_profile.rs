//! Says what is wrong with profiles: `cargo run -p mcp-tenant --example check_profile FILE…`. Unknown fields are errors.
//! Ends with 1 when one of the files could not be served.

#![expect(clippy::print_stderr, reason = "a program for a terminal")]

use std::{env, fs, process::ExitCode};

use jiff::Timestamp;
use mcp_tenant::{
    Profile,
    profile::{Mode, ReadError},
    validate::{Finding, Severity, validate},
};

#[expect(clippy::disallowed_methods, reason = "a program for a terminal: the day is today")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn findings(text: &str) -> Vec<Finding> {
    match Profile::read(text, Mode::Strict) {
        Ok(read) => read.locate(validate(&read.profile, now())),
        Err(error) => ReadError::into_findings(error),
    }
}

fn main() -> ExitCode {
    let mut good = true;
    for file in env::args().skip(1) {
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("{file}: {error}");
                good = false;
                continue;
            }
        };
        for finding in findings(&text) {
            let word = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            good &= !finding.is_error();
            eprintln!("{file}: {word}[{}]: {finding}", finding.code.as_str());
        }
    }
    ExitCode::from(u8::from(!good))
}

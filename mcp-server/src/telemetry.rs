//! Logs, and the few lines that go to a terminal.

use std::{error::Error, io::Write};

use tracing_subscriber::{EnvFilter, fmt};

/// JSON lines on stderr; `RUST_LOG` filters.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start in one process (tests) keeps the first.
    let _ = fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// One line on stderr for a person.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "mcp-server: {line}");
}

/// One line on stdout for a program.
pub fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// An error with its causes.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let next = source.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = source.source();
    }
    text
}

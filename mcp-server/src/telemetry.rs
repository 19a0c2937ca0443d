//! Logs, and the few lines that go to a terminal.

use std::{
    error::Error,
    io::{IsTerminal, Write},
};

use tracing_subscriber::{EnvFilter, fmt};

/// JSON lines on stderr, or lines for people where it is a terminal; `RUST_LOG` filters.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // rmcp writes whole requests into its debug lines: names, numbers, whatever an agent passed on.
    let filter = ["rmcp=warn", "rmcp::service=warn"]
        .into_iter()
        .filter_map(|directive| directive.parse().ok())
        .fold(filter, EnvFilter::add_directive);
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first.
    let _ =
        if std::io::stderr().is_terminal() { lines.compact().try_init() } else { lines.json().try_init() };
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

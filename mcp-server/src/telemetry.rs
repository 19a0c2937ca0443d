//! Logs, and the few lines that go to a terminal.

use std::{
    error::Error,
    io::{IsTerminal, Write},
};

use tracing::Level;
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// JSON lines on stderr, or lines for people where it is a terminal; `RUST_LOG` filters by level and target
/// (`info,mcp_server=debug`).
pub fn init() {
    let asked = std::env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
    let wanted = asked.and_then(|text| text.parse().ok());
    let filter = without_requests(wanted.unwrap_or_else(|| Targets::new().with_default(Level::INFO)));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = if std::io::stderr().is_terminal() { lines.compact().boxed() } else { lines.json().boxed() };
    // A second start in one process (tests) keeps the first.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
}

/// rmcp writes whole requests into its debug lines: names, numbers, whatever an agent passed on.
fn without_requests(wanted: Targets) -> Targets {
    wanted.with_target("rmcp", Level::WARN).with_target("rmcp::service", Level::WARN)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_asked_for_the_agents_requests_stay_out_of_the_log() {
        for asked in ["trace", "debug,rmcp=trace", "rmcp::service=debug", "rmcp::handler=trace"] {
            let filter = without_requests(asked.parse().unwrap());
            for target in ["rmcp", "rmcp::service"] {
                assert!(!filter.would_enable(target, &Level::INFO), "{asked}: {target}");
                assert!(filter.would_enable(target, &Level::WARN), "{asked}: {target}");
            }
        }
    }
}

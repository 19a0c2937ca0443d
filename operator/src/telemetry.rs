//! Logs and the words a command leaves on the terminal.

use std::process::ExitCode;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts writing logs as JSON lines to stderr. `RUST_LOG` chooses what; the default is `info`.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::registry()
        .with(filter)
        // The lines name their objects themselves; the controller's span would only repeat them, twice.
        .with(
            fmt::layer()
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false)
                .with_writer(std::io::stderr),
        )
        .init();
}

/// Prints the output of a command.
pub fn print(text: &str) {
    use std::io::Write;
    // A reader that went away (`| head`) is no failure of ours.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Says something beside a command's output.
pub fn say(text: &str) {
    use std::io::Write;
    // Whoever closed it does not want to read it.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Says why the process ends.
#[expect(clippy::print_stderr, reason = "logs may not have been started, and a human started the command")]
pub fn refuse_to_start(reason: &str) -> ExitCode {
    eprintln!("mcp-operator: {reason}");
    ExitCode::FAILURE
}

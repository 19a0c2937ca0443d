//! `mcp-operator`: see `--help`.

use std::process::ExitCode;

use clap::Parser;
use mcp_operator::{args::Args, telemetry};

fn main() -> ExitCode {
    let args = Args::parse();
    // Two providers in one process would leave rustls to guess; there is one, and it is set here.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return telemetry::refuse_to_start("another TLS provider is already installed");
    }
    match args.execute() {
        Ok(code) => code,
        Err(error) => telemetry::refuse_to_start(&error.to_string()),
    }
}

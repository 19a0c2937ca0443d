//! `mcp-server`: the process of one tenant.

use std::process::ExitCode;

use clap::Parser;
use mcp_server::{args::Args, telemetry};

fn main() -> ExitCode {
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        telemetry::say("another TLS provider is installed already; this is a defect of the build");
        return ExitCode::FAILURE;
    }
    let args = Args::parse();
    match args.run() {
        Ok(code) => code,
        Err(error) => {
            telemetry::say(&telemetry::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

//! Whether the profile can be served.

use super::Finding;
use crate::{clock::Clock, profile_file, settings::Settings, telemetry};

const PROBE: &str = "profile";

pub(super) fn look(settings: &Settings, clock: &dyn Clock) -> Finding {
    let path = settings.profile_path.display();
    let text = match std::fs::read_to_string(&settings.profile_path) {
        Ok(text) => text,
        Err(error) => {
            return Finding::failed(PROBE, format!("{path} cannot be read: {error}"), "check PROFILE_PATH");
        }
    };
    let check = format!("run `mcp-server check {path}` for every finding with its line");
    match profile_file::read(&text, clock.now()) {
        Err(error) => Finding::failed(PROBE, telemetry::chain(&error), check),
        Ok(loaded) if loaded.warnings.is_empty() && loaded.ignored.is_empty() => {
            Finding::ok(PROBE, format!("{path} can be served, hash {}", loaded.hash))
        }
        Ok(loaded) => {
            let (warnings, ignored) = (loaded.warnings.len(), loaded.ignored.len());
            let message = format!("{path} can be served; warnings: {warnings}, unknown fields: {ignored}");
            Finding::warning(PROBE, message, check)
        }
    }
}

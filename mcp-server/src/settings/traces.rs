//! Where traces go, by the variables that OpenTelemetry defines ("OpenTelemetry Protocol Exporter").

use clap::Parser;
use secrecy::{ExposeSecret, SecretString};

use super::problems::Problems;

/// What OpenTelemetry's variables say.
#[derive(Clone, Debug, Parser)]
#[expect(
    clippy::struct_field_names,
    reason = "flags are named as the variables are, and fields as the flags"
)]
pub struct TraceArgs {
    /// OpenTelemetry collector, `http://collector:4318`; traces go to `/v1/traces` below it, as JSON. None: no traces.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otel_exporter_otlp_endpoint: Option<String>,
    /// The same, the whole address of traces.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")]
    otel_exporter_otlp_traces_endpoint: Option<String>,
    /// Headers for the collector, `name=value` separated by commas.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_HEADERS", hide_env_values = true)]
    otel_exporter_otlp_headers: Option<SecretString>,
    /// Name of this service in traces.
    #[arg(long, env = "OTEL_SERVICE_NAME", default_value = "mcp-server")]
    otel_service_name: String,
    /// No traces, whatever the other variables say.
    #[arg(long, env = "OTEL_SDK_DISABLED", default_value = "false")]
    otel_sdk_disabled: String,
}

/// Where traces go.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    /// Whole address.
    pub endpoint: String,
    /// Sent along; values are secrets.
    pub headers: Vec<(String, SecretString)>,
    /// Name of this service.
    pub service: String,
}

impl TraceArgs {
    /// Where traces go; `None` where they go nowhere.
    pub(super) fn settings(&self, problems: &mut Problems) -> Option<TraceSettings> {
        let given = |value: &Option<String>| value.clone().filter(|value| !value.trim().is_empty());
        let endpoint = if let Some(whole) = given(&self.otel_exporter_otlp_traces_endpoint) {
            problems.url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &whole)
        } else {
            let base = given(&self.otel_exporter_otlp_endpoint)?;
            format!("{}/v1/traces", problems.url("OTEL_EXPORTER_OTLP_ENDPOINT", &base))
        };
        let headers = self.otel_exporter_otlp_headers.as_ref().map_or("", |given| given.expose_secret());
        let headers = headers.split(',').filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name.trim().to_owned(), SecretString::from(value.trim().to_owned())))
        });
        let settings =
            TraceSettings { endpoint, headers: headers.collect(), service: self.otel_service_name.clone() };
        (!self.otel_sdk_disabled.trim().eq_ignore_ascii_case("true")).then_some(settings)
    }
}

//! The one place that builds HTTP clients.

use std::{path::Path, time::Duration};

/// Why no client could be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The extra roots cannot be read.
    #[error("read the extra root certificates in {path}")]
    ReadRoots {
        /// `EXTRA_CA_FILE`.
        path: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// The extra roots are no PEM certificates, or TLS cannot be set up.
    #[error("set up TLS: are the extra root certificates PEM?")]
    Tls(#[source] reqwest::Error),
}

/// A client with time limits, the system's roots and the extra ones. No proxy, no cookies, no redirects: every
/// endpoint is named in the settings.
pub fn client(extra_ca: Option<&Path>) -> Result<reqwest::Client, ClientError> {
    #[expect(clippy::disallowed_methods, reason = "the one place that builds HTTP clients")]
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("mcp-platform/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(20))
        .pool_idle_timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true);
    if let Some(path) = extra_ca {
        let read = |source| ClientError::ReadRoots { path: path.display().to_string(), source };
        let pem = std::fs::read(path).map_err(read)?;
        for root in reqwest::Certificate::from_pem_bundle(&pem).map_err(ClientError::Tls)? {
            builder = builder.add_root_certificate(root);
        }
    }
    builder.build().map_err(ClientError::Tls)
}

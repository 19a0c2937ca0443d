//! The one HTTP client: for webhooks, and for the load generator.

use std::time::Duration;

use reqwest::{Certificate, Client};

/// Building the client failed.
#[derive(Debug, thiserror::Error)]
#[error("building the HTTP client failed")]
pub struct ClientError(#[from] reqwest::Error);

/// A client that trusts only the roots in `extra_ca` (PEM): the simulator has nothing to say to the public
/// internet, and it must start in an image without a certificate store.
pub(crate) fn client(extra_ca: Option<&[u8]>) -> Result<Client, ClientError> {
    let roots = extra_ca.map_or(Ok(Vec::new()), Certificate::from_pem_bundle)?;
    #[expect(clippy::disallowed_methods, reason = "the one place of this crate that builds an HTTP client")]
    let builder = Client::builder();
    let client = builder
        .tls_certs_only(roots)
        .no_proxy()
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    Ok(client)
}

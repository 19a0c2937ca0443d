//! The one place that builds HTTP clients, and the one that reads what vendors answer: never more than was asked for,
//! never longer than the request may take.

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

/// Why no answer came, in a few words without the address.
pub fn why(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "it cannot be reached"
    } else {
        "the answer broke off"
    }
}

/// When an answer was made, by the clock of who made it.
pub fn date(response: &reqwest::Response) -> Option<jiff::Timestamp> {
    let date = response.headers().get(reqwest::header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
}

/// The largest answer about one thing (a message, a number, a token, a model), in bytes. The real ones have a
/// hundredth of it.
pub const MOST_ABOUT_ONE: usize = 256 * 1024;

/// Why an answer was not read to its end. What was read of it is gone.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum BodyError {
    /// It has more bytes than are read.
    #[error("an answer without an end")]
    TooLarge,
    /// It was still coming when the request's time was over.
    #[error("no answer in time")]
    Slow,
    /// The connection ended before it did.
    #[error("the answer broke off")]
    BrokeOff,
}

/// The whole body of an answer, read piece by piece: what is announced may be a lie. Its time is that of the request,
/// from the first byte out to the last one in ([`client`] has a limit for all requests, and a request may have its own).
pub async fn body(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, BodyError> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(BodyError::TooLarge);
    }
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > most => return Err(BodyError::TooLarge),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Ok(bytes),
            Err(error) if error.is_timeout() => return Err(BodyError::Slow),
            Err(_) => return Err(BodyError::BrokeOff),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;

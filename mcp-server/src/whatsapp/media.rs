//! Files that customers send: asked for by id, fetched from where the Graph API says, and believed only where their
//! digest is the one of the message.
//!
//! The address comes out of an answer, so it is not trusted: only Meta's file host, over TLS, or the Graph API's own
//! origin; no redirects; never more than 2 MiB (Meta, "Media": the address is good for five minutes and needs the
//! same token).

use std::{fmt::Write as _, time::Duration};

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::message::{Voice, text};
use crate::{
    http_client::{self, BodyError},
    settings::WhatsAppSettings,
};

/// More than this is not read.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;
/// Meta's answers about a file are shorter.
const MOST_ABOUT: usize = 64 * 1024;
/// How long both requests may take together.
const PATIENCE: Duration = Duration::from_secs(12);
/// Where Meta keeps files; its subdomains too.
const FILE_HOST: &str = "lookaside.fbsbx.com";

/// Why a file could not be had. No text says where it is or what is in it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MediaError {
    /// Meta does not have it any more, or it is not ours.
    #[error("fetch the file: it is gone")]
    Gone,
    /// The token may not.
    #[error("fetch the file: the token is refused; check WHATSAPP_API_TOKEN")]
    Refused,
    /// Larger than [`MOST_BYTES`].
    #[error("fetch the file: it is larger than 2 MiB")]
    TooLarge,
    /// It is said to be somewhere that is not Meta's.
    #[error("fetch the file: it is not at a host of Meta")]
    Elsewhere,
    /// Its digest is another one, or there is none to compare with.
    #[error("fetch the file: it is not what the message says")]
    Differs,
    /// No id that Meta gives.
    #[error("fetch the file: its id is none")]
    Id,
    /// Worth another try.
    #[error("fetch the file: {0}")]
    NotNow(&'static str),
}

/// Fetches files of one number.
#[derive(Clone)]
pub struct Media {
    http: reqwest::Client,
    settings: WhatsAppSettings,
}

impl Media {
    /// For one number. The client must follow no redirects ([`crate::http_client::client`]).
    pub fn new(http: reqwest::Client, settings: WhatsAppSettings) -> Self {
        Self { http, settings }
    }

    /// The bytes of a voice note.
    pub async fn voice(&self, voice: &Voice) -> Result<Vec<u8>, MediaError> {
        self.fetch(&voice.media_id, voice.sha256.as_deref()).await
    }

    /// The bytes of a file, whose digest is `sha256` (base64 or hex) or, without one, what Meta says about the file.
    pub async fn fetch(&self, id: &str, sha256: Option<&str>) -> Result<Vec<u8>, MediaError> {
        tokio::time::timeout(PATIENCE, self.both(id, sha256))
            .await
            .unwrap_or(Err(MediaError::NotNow("no answer in time")))
    }

    async fn both(&self, id: &str, sha256: Option<&str>) -> Result<Vec<u8>, MediaError> {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if id.is_empty() || id.len() > 128 || !id.bytes().all(sound) {
            return Err(MediaError::Id);
        }
        let about = format!("{}/{id}", self.settings.graph_base);
        let about = self.http.get(about).query(&[("phone_number_id", &self.settings.phone_number_id)]);
        let about = body(self.ask(about).await?, MOST_ABOUT).await?;
        let about: Value =
            serde_json::from_slice(&about).map_err(|_| MediaError::NotNow("the answer is not JSON"))?;
        let size = about["file_size"].as_u64().or_else(|| about["file_size"].as_str()?.parse().ok());
        if size.is_some_and(|size| size > MOST_BYTES as u64) {
            return Err(MediaError::TooLarge);
        }
        let url = about["url"].as_str().and_then(|url| Url::parse(url).ok()).ok_or(MediaError::Elsewhere)?;
        if !allowed(&url, &self.settings.graph_base) {
            return Err(MediaError::Elsewhere);
        }
        let bytes = body(self.ask(self.http.get(url)).await?, MOST_BYTES).await?;
        let said = sha256.map(str::to_owned).or_else(|| text(&about["sha256"]));
        if said.is_some_and(|said| is_digest_of(&said, &bytes)) {
            Ok(bytes)
        } else {
            Err(MediaError::Differs)
        }
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Response, MediaError> {
        let request = request.bearer_auth(self.settings.api_token.expose_secret());
        let response = request.send().await.map_err(|_| MediaError::NotNow("no answer came"))?;
        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(MediaError::Refused),
            StatusCode::TOO_MANY_REQUESTS => Err(MediaError::NotNow("too many requests")),
            status if status.is_redirection() => Err(MediaError::Elsewhere),
            status if status.is_server_error() => Err(MediaError::NotNow("the channel has trouble")),
            _ => Err(MediaError::Gone),
        }
    }
}

/// Whether the token may be sent there.
fn allowed(url: &Url, graph_base: &str) -> bool {
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    // A stand-in and a gateway of one's own keep files where they answer.
    if Url::parse(graph_base).is_ok_and(|graph| graph.origin() == url.origin()) {
        return true;
    }
    let host = url.domain().unwrap_or_default();
    let of_meta = host == FILE_HOST || host.strip_suffix(FILE_HOST).is_some_and(|sub| sub.ends_with('.'));
    of_meta && url.scheme() == "https" && url.port_or_known_default() == Some(443)
}

async fn body(response: Response, most: usize) -> Result<Vec<u8>, MediaError> {
    http_client::body(response, most).await.map_err(|error| match error {
        BodyError::TooLarge => MediaError::TooLarge,
        BodyError::Slow => MediaError::NotNow("no answer in time"),
        BodyError::BrokeOff => MediaError::NotNow("the answer broke off"),
    })
}

/// Webhooks write digests in base64, the Graph API in hex.
fn is_digest_of(said: &str, bytes: &[u8]) -> bool {
    let found = digest::digest(&digest::SHA256, bytes);
    let hex = found.as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    said.eq_ignore_ascii_case(&hex) || STANDARD.encode(found) == said
}

#[cfg(test)]
mod tests;

//! The one request to Gemini, behind a trait so that a test can answer in its place.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::error::{GeminiError, refusal};
use crate::http_client;

/// A provider of models.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// `generateContent` of one model, asked once. Fails with [`GeminiError::Slow`] when `within` is over.
    async fn generate(&self, model: &str, body: &Value, within: Duration) -> Result<Value, GeminiError>;
}

/// Google's Generative Language API.
pub struct Google {
    http: reqwest::Client,
    base: String,
    key: SecretString,
}

/// Longest answer that is read, in bytes; a text of 2,048 tokens has a hundredth of it.
const LONGEST: usize = 1024 * 1024;

impl Google {
    /// With one key. `base` is scheme and host.
    pub fn new(http: reqwest::Client, base: String, key: SecretString) -> Self {
        Self { http, base, key }
    }

    /// What Google says of a model (`models.get`): it costs nothing.
    pub async fn describe(&self, model: &str, within: Duration) -> Result<Value, GeminiError> {
        let url = format!("{}/v1beta/models/{model}", self.base);
        let asked = self.send(model, self.http.get(url));
        tokio::time::timeout(within, asked).await.unwrap_or(Err(GeminiError::Slow))
    }

    async fn once(&self, model: &str, body: &Value) -> Result<Value, GeminiError> {
        let url = format!("{}/v1beta/models/{model}:generateContent", self.base);
        self.send(model, self.http.post(url).json(body)).await
    }

    async fn send(&self, model: &str, request: RequestBuilder) -> Result<Value, GeminiError> {
        let request = request.header("x-goog-api-key", self.key.expose_secret());
        let broken = |error: &reqwest::Error| {
            GeminiError::not_now(if error.is_timeout() { "no answer in time" } else { "no answer" })
        };
        let response = request.send().await.map_err(|error| broken(&error))?;
        let status = response.status();
        let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let header = header.map(str::to_owned);
        let bytes = http_client::body(response, LONGEST).await;
        let bytes = bytes.map_err(|error| GeminiError::not_now(error.to_string()))?;
        let answer = serde_json::from_slice::<Value>(&bytes);
        if status.is_success() {
            return answer.map_err(|_| GeminiError::not_now("an answer that is not JSON"));
        }
        Err(refusal(model, status, header.as_deref(), &answer.unwrap_or_default()))
    }
}

#[async_trait]
impl Provider for Google {
    async fn generate(&self, model: &str, body: &Value, within: Duration) -> Result<Value, GeminiError> {
        tokio::time::timeout(within, self.once(model, body)).await.unwrap_or(Err(GeminiError::Slow))
    }
}

//! Access tokens of a Google service account (RFC 7523): a signed assertion is exchanged for a token, which is
//! kept until a minute before it ends.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::CalendarError;
use crate::{clock::SharedClock, settings::GoogleSettings};

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    expires_in: i64,
}

#[derive(Deserialize)]
struct TokenRefusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

struct Held {
    token: SecretString,
    until: Timestamp,
}

/// Gives out access tokens; one exchange at a time.
pub struct TokenSource {
    http: reqwest::Client,
    settings: GoogleSettings,
    key: EncodingKey,
    clock: SharedClock,
    held: Mutex<Option<Held>>,
}

/// The private key is not an RSA key in PEM.
#[derive(Debug, thiserror::Error)]
#[error(
    "read GOOGLE_PRIVATE_KEY: it must be the service account's RSA private key as PEM, with real or `\\n` line ends"
)]
pub struct KeyError;

const SCOPE: &str = "https://www.googleapis.com/auth/calendar.events";

impl TokenSource {
    /// For one service account.
    pub fn new(
        http: reqwest::Client,
        settings: GoogleSettings,
        clock: SharedClock,
    ) -> Result<Self, KeyError> {
        let key = EncodingKey::from_rsa_pem(settings.private_key.expose_secret().as_bytes())
            .map_err(|_| KeyError)?;
        Ok(Self { http, settings, key, clock, held: Mutex::new(None) })
    }

    /// A token good for at least a minute.
    pub async fn token(&self) -> Result<SecretString, CalendarError> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        if let Some(held) = held.as_ref().filter(|held| held.until > now) {
            return Ok(held.token.clone());
        }
        let answer = self.exchange(now).await?;
        let good_for = SignedDuration::from_secs((answer.expires_in - 60).max(0));
        let until = now.saturating_add(good_for).unwrap_or(now);
        *held = Some(Held { token: answer.access_token.clone(), until });
        Ok(answer.access_token)
    }

    /// Forgets the token, after Google refused it.
    pub async fn forget(&self) {
        *self.held.lock().await = None;
    }

    async fn exchange(&self, now: Timestamp) -> Result<TokenAnswer, CalendarError> {
        let claims = Claims {
            iss: &self.settings.client_email,
            scope: SCOPE,
            aud: &self.settings.token_url,
            iat: now.as_second(),
            exp: now.as_second() + 3600,
        };
        let assertion = encode(&Header::new(Algorithm::RS256), &claims, &self.key)
            .map_err(|_| CalendarError::Account("the private key cannot sign".into()))?;
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)];
        let response = self
            .http
            .post(&self.settings.token_url)
            .form(&form)
            .send()
            .await
            .map_err(|_| CalendarError::NotNow("the token endpoint does not answer".into()))?;
        let status = response.status();
        if status.is_success() {
            return response
                .json()
                .await
                .map_err(|_| CalendarError::NotNow("the token answer cannot be read".into()));
        }
        match response.json::<TokenRefusal>().await {
            Ok(TokenRefusal { error, error_description })
                if status.is_client_error() && status.as_u16() != 429 =>
            {
                Err(CalendarError::Account(format!(
                    "Google answers {error} {error_description}; check GOOGLE_CLIENT_EMAIL and GOOGLE_PRIVATE_KEY and the clock"
                )))
            }
            _ => Err(CalendarError::NotNow(format!("the token endpoint answers {}", status.as_u16()))),
        }
    }
}

//! Access tokens of a Google service account (RFC 7523): a signed assertion is exchanged for a token, which is
//! kept until a minute before it ends.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::CalendarError;
use crate::{
    clock::SharedClock,
    http_client::{self, MOST_ABOUT_ONE},
    settings::GoogleSettings,
};

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

/// What is kept between requests.
#[derive(Default)]
struct Kept {
    held: Option<Held>,
    /// How far Google's clock is ahead of ours, learnt from a refusal.
    skew: SignedDuration,
}

/// Why an exchange failed, and by how much the clocks differ as far as the answer tells.
struct Refused {
    error: CalendarError,
    skew: Option<SignedDuration>,
}

/// Gives out access tokens; one exchange at a time.
pub struct TokenSource {
    http: reqwest::Client,
    settings: GoogleSettings,
    key: EncodingKey,
    clock: SharedClock,
    kept: Mutex<Kept>,
}

/// The private key is not an RSA key in PEM.
#[derive(Debug, thiserror::Error)]
#[error(
    "read GOOGLE_PRIVATE_KEY: it must be the service account's RSA private key as PEM, with real or `\\n` line ends"
)]
pub struct KeyError;

const SCOPE: &str =
    "https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/calendar.freebusy";
/// A difference to Google's clock below this is not looked at.
const SMALL: SignedDuration = SignedDuration::from_secs(30);

impl TokenSource {
    /// For one service account.
    pub fn new(
        http: reqwest::Client,
        settings: GoogleSettings,
        clock: SharedClock,
    ) -> Result<Self, KeyError> {
        let key = EncodingKey::from_rsa_pem(settings.private_key.expose_secret().as_bytes())
            .map_err(|_| KeyError)?;
        Ok(Self { http, settings, key, clock, kept: Mutex::default() })
    }

    /// A token good for at least a minute. Who asks meanwhile waits for the same one.
    pub async fn token(&self) -> Result<SecretString, CalendarError> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some(held) = kept.held.as_ref().filter(|held| held.until > now) {
            return Ok(held.token.clone());
        }
        let answer = match self.exchange(now, kept.skew).await {
            // An assertion from the future or the past is refused: once more by Google's clock.
            Err(Refused { skew: Some(skew), .. }) if (skew - kept.skew).abs() > SMALL => {
                tracing::warn!(
                    seconds = skew.as_secs(),
                    "this machine's clock differs from Google's: set it right"
                );
                kept.skew = skew;
                self.exchange(now, skew).await
            }
            other => other,
        };
        let answer = answer.map_err(|refused| refused.error)?;
        let good_for = SignedDuration::from_secs((answer.expires_in - 60).max(0));
        let until = now.saturating_add(good_for).unwrap_or(now);
        kept.held = Some(Held { token: answer.access_token.clone(), until });
        Ok(answer.access_token)
    }

    /// Forgets a token that Google refused, unless another one took its place since.
    pub async fn forget(&self, refused: &SecretString) {
        let mut kept = self.kept.lock().await;
        if kept.held.as_ref().is_some_and(|held| held.token.expose_secret() == refused.expose_secret()) {
            kept.held = None;
        }
    }

    async fn exchange(&self, now: Timestamp, skew: SignedDuration) -> Result<TokenAnswer, Refused> {
        let not_now = |what: &str| Refused { error: CalendarError::NotNow(what.to_owned()), skew: None };
        let issued = now.saturating_add(skew).unwrap_or(now).as_second();
        let claims = Claims {
            iss: &self.settings.client_email,
            scope: SCOPE,
            aud: &self.settings.token_url,
            iat: issued,
            exp: issued + 3600,
        };
        let assertion = encode(&Header::new(Algorithm::RS256), &claims, &self.key).map_err(|_| Refused {
            error: CalendarError::Account("the private key cannot sign".into()),
            skew: None,
        })?;
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)];
        let response = self
            .http
            .post(&self.settings.token_url)
            .form(&form)
            .send()
            .await
            .map_err(|_| not_now("the token endpoint does not answer"))?;
        let status = response.status();
        let skew = http_client::date(&response).map(|theirs| theirs.duration_since(now));
        let body = http_client::body(response, MOST_ABOUT_ONE).await;
        let body = body.map_err(|error| not_now(&format!("the token endpoint: {error}")))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| not_now("the token answer cannot be read"));
        }
        match serde_json::from_slice::<TokenRefusal>(&body) {
            Ok(TokenRefusal { error, error_description })
                if status.is_client_error() && status.as_u16() != 429 =>
            {
                let why = format!(
                    "Google answers {error} {error_description}; check GOOGLE_CLIENT_EMAIL and GOOGLE_PRIVATE_KEY and the clock"
                );
                Err(Refused {
                    error: CalendarError::Account(why),
                    skew: skew.filter(|_| error == "invalid_grant"),
                })
            }
            _ => Err(not_now(&format!("the token endpoint answers {}", status.as_u16()))),
        }
    }
}

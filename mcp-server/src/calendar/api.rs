//! Requests to the Calendar API as one service account: authorised, bounded by a breaker, errors read.

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{CalendarError, token::TokenSource};
use crate::{
    breaker::{Breaker, Rule},
    clock::SharedClock,
    http_client,
    settings::GoogleSettings,
};

/// Sends requests.
pub struct Api {
    http: reqwest::Client,
    base: String,
    quota_user: String,
    tokens: TokenSource,
    breaker: Arc<Breaker>,
}

/// One request.
pub struct Ask<'a> {
    /// Method.
    pub method: Method,
    /// Path below the base, piece by piece.
    pub path: &'a [&'a str],
    /// Query.
    pub query: &'a [(&'a str, &'a str)],
    /// Body.
    pub body: Option<&'a Value>,
}

/// An answer its caller has to interpret: a success, or one of 404, 409, 410, 412.
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    body: Vec<u8>,
}

impl Reply {
    /// The body of a success.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, CalendarError> {
        serde_json::from_slice(&self.body)
            .map_err(|_| CalendarError::NotNow("Google's answer cannot be read".into()))
    }

    /// The reason an error gives.
    fn reason(&self) -> String {
        self.read::<Refusal>()
            .unwrap_or_default()
            .error
            .errors
            .into_iter()
            .next()
            .map_or_else(|| "unknown".to_owned(), |first| first.reason)
    }
}

/// `{"error":{"code","message","errors":[{"reason"}]}}` (Calendar API, "Handle API errors").
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: RefusalBody,
}

#[derive(Default, Deserialize)]
struct RefusalBody {
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    reason: String,
}

/// Reasons of a 403 that only mean "too much" (the same page).
const TOO_MUCH: [&str; 4] =
    ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "calendarUsageLimitsExceeded"];

/// Longest answer that is read, in bytes. A page of events is the longest one there is; an event of people has a few KB.
const LONGEST: usize = 8 * 1024 * 1024;

impl Api {
    /// For one service account.
    pub fn new(
        http: reqwest::Client,
        settings: &GoogleSettings,
        tokens: TokenSource,
        clock: SharedClock,
    ) -> Self {
        // A service account shared by many tenants is one user to Google's quotas unless each says who it is; at
        // most 40 characters.
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, settings.calendar_id.as_bytes());
        Self {
            http,
            base: settings.calendar_base.clone(),
            quota_user: hex::encode(&digest.as_ref()[..16]),
            tokens,
            breaker: Breaker::new(Rule::default(), clock),
        }
    }

    /// The breaker before Google.
    pub fn breaker(&self) -> Arc<Breaker> {
        Arc::clone(&self.breaker)
    }

    /// Sends a request. A token that Google refuses is renewed once.
    pub async fn send(&self, ask: &Ask<'_>) -> Result<Reply, CalendarError> {
        let Some(pass) = self.breaker.admit() else {
            return Err(CalendarError::NotNow(
                "Google failed again and again and is left alone for a minute".into(),
            ));
        };
        let outcome = self.authorised(ask).await;
        if matches!(outcome, Err(CalendarError::NotNow(_))) {
            pass.failed();
        } else {
            pass.succeeded();
        }
        outcome
    }

    async fn authorised(&self, ask: &Ask<'_>) -> Result<Reply, CalendarError> {
        for _ in 0..2 {
            let token = self.tokens.token().await?;
            let mut url = reqwest::Url::parse(&self.base)
                .map_err(|_| CalendarError::Account("GOOGLE_CALENDAR_BASE is not a URL".into()))?;
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().extend(ask.path);
            }
            let mut request = self
                .http
                .request(ask.method.clone(), url)
                .query(ask.query)
                .query(&[("quotaUser", &self.quota_user)])
                .bearer_auth(token.expose_secret());
            if let Some(body) = ask.body {
                request = request.json(body);
            }
            let response = request.send().await.map_err(|error| no_answer(&error))?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED {
                self.tokens.forget(&token).await;
                continue;
            }
            let body = http_client::body(response, LONGEST).await;
            let body = body.map_err(|error| CalendarError::NotNow(error.to_string()))?;
            return judged(Reply { status, body });
        }
        Err(CalendarError::Account(
            "Google refuses the access tokens it gives out; check that the Calendar API is enabled in the project"
                .into(),
        ))
    }
}

fn judged(reply: Reply) -> Result<Reply, CalendarError> {
    match reply.status.as_u16() {
        200..=299 | 404 | 409 | 410 | 412 => Ok(reply),
        403 => {
            let reason = reply.reason();
            Err(if TOO_MUCH.contains(&reason.as_str()) {
                CalendarError::NotNow(format!("Google answers {reason}"))
            } else {
                CalendarError::Forbidden(reason)
            })
        }
        429 | 500..=599 => {
            Err(CalendarError::NotNow(format!("Google answers {} {}", reply.status.as_u16(), reply.reason())))
        }
        code => Err(CalendarError::Account(format!("Google answers {code} {}", reply.reason()))),
    }
}

fn no_answer(error: &reqwest::Error) -> CalendarError {
    let what = if error.is_timeout() { "no answer in time" } else { "no answer" };
    CalendarError::NotNow(what.to_owned())
}

/// An instant as the API takes it.
pub fn rfc3339(at: Timestamp) -> String {
    // Fractions help nobody, and whole seconds are what people see.
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

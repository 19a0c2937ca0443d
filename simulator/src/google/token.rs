//! The token endpoint: an assertion signed by a service account against an access token.

use std::collections::HashMap;

use axum::{
    Form, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::json;

use super::error;
use crate::{
    fault as faults,
    hold::Point,
    shared::{App, Shared},
    state::{AccessToken, Vendor},
};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// What Google allows an assertion to live, in seconds.
const LONGEST_LIFE: i64 = 3600;
/// How far a clock may be off, in seconds.
const SKEW: i64 = 60;
const SCOPES: [&str; 7] = [
    "https://www.googleapis.com/auth/calendar",
    "https://www.googleapis.com/auth/calendar.readonly",
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.events.owned",
    "https://www.googleapis.com/auth/calendar.events.readonly",
    "https://www.googleapis.com/auth/calendar.freebusy",
    "https://www.googleapis.com/auth/calendar.app.created",
];

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    scope: String,
    aud: String,
    iat: i64,
    exp: i64,
}

/// Why an assertion is worth nothing: error and description as Google gives them.
#[derive(Debug, thiserror::Error)]
#[error("{error}: {description}")]
struct Refusal {
    error: &'static str,
    description: String,
}

/// `POST /token`
pub(crate) async fn issue(State(app): State<App>, Form(form): Form<HashMap<String, String>>) -> Response {
    if let Some(failure) = faults::take(&app, Vendor::Token).await {
        return failure;
    }
    let claims = match check(&app, &form) {
        Ok(claims) => claims,
        Err(refusal) => {
            app.violation(Vendor::Token, refusal.error, refusal.description.clone());
            return error::token(StatusCode::BAD_REQUEST, refusal.error, &refusal.description);
        }
    };
    let access_token = app.ids.access_token();
    let expires_at = app.clock.now() + SignedDuration::from_secs(LONGEST_LIFE);
    let issued = AccessToken { client_email: claims.iss, scope: claims.scope, expires_at };
    app.with(|state| {
        state.tokens_issued += 1;
        state.tokens.insert(access_token.clone(), issued);
    });
    app.holds.pass(Point::TokenAfter).await;
    Json(json!({"access_token": access_token, "expires_in": LONGEST_LIFE - 1, "token_type": "Bearer"}))
        .into_response()
}

fn check(app: &Shared, form: &HashMap<String, String>) -> Result<Claims, Refusal> {
    if form.get("grant_type").map(String::as_str) != Some(GRANT) {
        return Err(refusal("unsupported_grant_type", "Invalid grant_type"));
    }
    let assertion = form.get("assertion").ok_or_else(|| refusal("invalid_request", "Missing assertion"))?;
    let header = decode_header(assertion).map_err(|_| refusal("invalid_grant", "Bad Request: not a JWT"))?;
    if header.alg != Algorithm::RS256 {
        return Err(refusal("invalid_grant", "Invalid JWT: the algorithm must be RS256"));
    }
    let claims = claims(assertion)?;
    if let Some(key) = app.with(|state| state.google_keys.get(&claims.iss).cloned()) {
        // Times are checked below, by the simulator's clock.
        let mut rules = Validation::new(Algorithm::RS256);
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        decode::<Claims>(assertion, &key, &rules)
            .map_err(|_| refusal("invalid_grant", "Invalid JWT Signature."))?;
    }
    scope_and_times(&claims, app.clock.now())?;
    Ok(claims)
}

/// The claims, signature unseen.
fn claims(assertion: &str) -> Result<Claims, Refusal> {
    let malformed = || refusal("invalid_grant", "Invalid JWT: it is malformed");
    let mut parts = assertion.split('.').skip(1);
    let (payload, signature) = (parts.next().ok_or_else(malformed)?, parts.next().ok_or_else(malformed)?);
    // A signature of RSA is as long as its modulus, 2048 bits at least.
    let length = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?.len();
    if length < 256 {
        return Err(refusal("invalid_grant", "Invalid JWT Signature."));
    }
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| malformed())?;
    serde_json::from_slice(&payload)
        .map_err(|error| refusal("invalid_grant", &format!("Invalid JWT: {error}")))
}

fn scope_and_times(claims: &Claims, now: Timestamp) -> Result<(), Refusal> {
    // The host is the test's, the path is Google's.
    if !claims.aud.ends_with("/token") {
        return Err(refusal("invalid_grant", "Invalid JWT: Failed audience check."));
    }
    let now = now.as_second();
    if claims.exp <= now - SKEW || claims.iat > now + SKEW || claims.exp - claims.iat > LONGEST_LIFE {
        return Err(refusal(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
             Check your iat and exp values in the JWT claim.",
        ));
    }
    if claims.scope.is_empty() || claims.scope.split(' ').any(|scope| !SCOPES.contains(&scope)) {
        return Err(refusal("invalid_scope", "Invalid OAuth scope or ID token audience provided."));
    }
    Ok(())
}

fn refusal(error: &'static str, description: &str) -> Refusal {
    Refusal { error, description: description.to_owned() }
}

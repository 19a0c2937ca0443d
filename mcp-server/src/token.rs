//! Access tokens for `/mcp` and `/api/v1`: `EdDSA` JWTs signed with the tenant's own key.

use std::{collections::BTreeSet, fmt, str::FromStr};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use mcp_tenant::scalar::Span;
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// See services, slots and bookings, but not whose they are.
    BookingRead,
    /// Book for a customer the caller names, change and cancel.
    BookingWrite,
    /// See who customers are, and find bookings by them.
    CustomerRead,
    /// Change what is known of a customer.
    CustomerWrite,
    /// Erase a customer.
    CustomerErase,
    /// Read conversations.
    ConversationRead,
    /// Write to customers.
    ConversationReply,
    /// Change hours and closures.
    SettingsWrite,
    /// Read who did what.
    AuditRead,
}

impl Scope {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::BookingRead,
        Self::BookingWrite,
        Self::CustomerRead,
        Self::CustomerWrite,
        Self::CustomerErase,
        Self::ConversationRead,
        Self::ConversationReply,
        Self::SettingsWrite,
        Self::AuditRead,
    ];

    /// As written in tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BookingRead => "booking:read",
            Self::BookingWrite => "booking:write",
            Self::CustomerRead => "customer:read",
            Self::CustomerWrite => "customer:write",
            Self::CustomerErase => "customer:erase",
            Self::ConversationRead => "conversation:read",
            Self::ConversationReply => "conversation:reply",
            Self::SettingsWrite => "settings:write",
            Self::AuditRead => "audit:read",
        }
    }
}

/// A set of scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

/// A scope that does not exist.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{written}` is not a scope{}", hint(written))]
pub struct UnknownScope {
    written: String,
}

/// What was probably meant, or all there is.
fn hint(written: &str) -> String {
    /// How alike two words must be (Jaro-Winkler) for one to be taken for the other mistyped.
    const ALIKE: f64 = 0.85;
    let written = written.to_lowercase();
    let likeness = |scope: &Scope| strsim::jaro_winkler(scope.as_str(), &written);
    let closest = Scope::ALL.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match closest.filter(|scope| likeness(scope) >= ALIKE) {
        Some(meant) => format!(": did you mean {}?", meant.as_str()),
        None => format!("; there are: {}", Scopes(BTreeSet::from(Scope::ALL))),
    }
}

impl Scopes {
    /// From a command line: every word must be a scope, and there must be one.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        let known = |word: &str| Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
        let scopes: Result<BTreeSet<_>, _> = text
            .split_whitespace()
            .map(|word| known(word).ok_or_else(|| UnknownScope { written: word.to_owned() }))
            .collect();
        scopes.and_then(|scopes| {
            if scopes.is_empty() { Err(UnknownScope { written: String::new() }) } else { Ok(Self(scopes)) }
        })
    }

    /// From a token: words of no meaning here are ignored.
    fn lenient(text: &str) -> Self {
        Self(
            Scope::ALL
                .into_iter()
                .filter(|scope| text.split_whitespace().any(|w| w == scope.as_str()))
                .collect(),
        )
    }

    /// Whether a scope is among them.
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|scope| scope.as_str()).collect();
        f.write_str(&words.join(" "))
    }
}

/// How long a token is good for: a minute to 366 days.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime(Span);

impl FromStr for Lifetime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let span: Span = text.parse().map_err(|error: mcp_tenant::scalar::SpanError| error.to_string())?;
        if span.as_minutes() == 0 {
            Err("a token must be good for at least 1m".to_owned())
        } else {
            Ok(Self(span))
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    scope: String,
    iat: i64,
    exp: i64,
}

/// Who holds a token that was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Subject.
    pub subject: String,
    /// What it allows.
    pub scopes: Scopes,
}

/// Why a token was not minted or not accepted. Says nothing of the token's content.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenError {
    /// Not an Ed25519 key.
    #[error("read TOKEN_SIGNING_KEY: it must be an Ed25519 private key as PKCS#8 PEM")]
    Key,
    /// Signing failed.
    #[error("sign the token")]
    Sign,
    /// Past its end.
    #[error("the token has expired: ask for a new one")]
    Expired,
    /// For another server.
    #[error("the token is for another server: its audience must be this tenant's URL")]
    Audience,
    /// Anything else.
    #[error("the token is not valid here")]
    Invalid,
}

/// The tenant's key pair.
pub struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    secret: Vec<u8>,
}

impl Keys {
    /// From PKCS#8 PEM.
    pub fn from_pem(pem: &SecretString) -> Result<Self, TokenError> {
        let text = pem.expose_secret().replace("\\n", "\n");
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).map_err(|_| TokenError::Key)?;
        let der = der.secret_pkcs8_der();
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| TokenError::Key)?;
        Ok(Self {
            encoding: EncodingKey::from_ed_der(der),
            decoding: DecodingKey::from_ed_der(pair.public_key().as_ref()),
            secret: der.to_vec(),
        })
    }

    /// Key material that other keys are derived from.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// A token.
    pub fn mint(
        &self,
        audience: &str,
        subject: &str,
        scopes: &Scopes,
        ttl: Lifetime,
        now: Timestamp,
    ) -> Result<String, TokenError> {
        let audience = audience.trim_end_matches('/');
        let exp = now.saturating_add(ttl.0.as_duration()).map_or(i64::MAX, Timestamp::as_second);
        let claims = Claims {
            // The issuer is the tenant, whichever of its audiences the token is for.
            iss: audience.strip_suffix("/mcp").unwrap_or(audience).to_owned(),
            aud: audience.to_owned(),
            sub: subject.to_owned(),
            scope: scopes.to_string(),
            iat: now.as_second(),
            exp,
        };
        encode(&Header::new(Algorithm::EdDSA), &claims, &self.encoding).map_err(|_| TokenError::Sign)
    }

    /// Checks signature, algorithm, issuer, audience and time.
    pub fn verify(&self, token: &str, public_url: &str, now: Timestamp) -> Result<Bearer, TokenError> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        // The library reads the wall clock; time is checked below with the clock that was handed in.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.set_required_spec_claims(&["aud", "iss", "sub", "exp"]);
        validation.set_issuer(&[public_url]);
        validation.set_audience(&[public_url, &format!("{public_url}/mcp")]);
        let data =
            decode::<Claims>(token, &self.decoding, &validation).map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidAudience => TokenError::Audience,
                _ => TokenError::Invalid,
            })?;
        let Claims { sub, scope, iat, exp, .. } = data.claims;
        let leeway = SignedDuration::from_secs(30).as_secs();
        if exp + leeway <= now.as_second() {
            return Err(TokenError::Expired);
        }
        if iat - leeway > now.as_second() || sub.is_empty() {
            return Err(TokenError::Invalid);
        }
        Ok(Bearer { subject: sub, scopes: Scopes::lenient(&scope) })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn fresh_pem() -> SecretString {
        use base64::Engine;
        let der = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
        let body = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let label = "PRIVATE KEY";
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into()
    }

    const URL: &str = "http://t.example";

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn mint(keys: &Keys, audience: &str) -> String {
        let scopes = Scopes::parse("booking:read booking:write").unwrap();
        keys.mint(audience, "agent-1", &scopes, "10m".parse().unwrap(), now()).unwrap()
    }

    #[test]
    fn a_minted_token_is_accepted_until_it_expires() {
        let keys = Keys::from_pem(&fresh_pem()).unwrap();
        let bearer = keys.verify(&mint(&keys, URL), URL, now()).unwrap();
        assert_eq!(bearer.subject, "agent-1");
        assert!(bearer.scopes.allow(Scope::BookingWrite));
        assert!(keys.verify(&mint(&keys, "http://t.example/mcp"), URL, now()).is_ok());
        let later = now().saturating_add(SignedDuration::from_mins(11)).unwrap();
        assert_eq!(keys.verify(&mint(&keys, URL), URL, later), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_of_another_tenant_or_key_or_algorithm_is_refused() {
        let keys = Keys::from_pem(&fresh_pem()).unwrap();
        let other = Keys::from_pem(&fresh_pem()).unwrap();
        assert_eq!(keys.verify(&mint(&other, URL), URL, now()), Err(TokenError::Invalid));
        assert!(keys.verify(&mint(&keys, "http://other.example"), URL, now()).is_err());
        let good = mint(&keys, URL);
        let mut parts = good.split('.');
        let (_, payload, signature) = (parts.next(), parts.next().unwrap(), parts.next().unwrap());
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256","typ":"JWT"}"#] {
            use base64::Engine;
            let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header);
            for forged in [format!("{header}.{payload}."), format!("{header}.{payload}.{signature}")] {
                assert_eq!(keys.verify(&forged, URL, now()), Err(TokenError::Invalid), "{forged}");
            }
        }
        for garbage in ["", ".", "a.b.c", "Bearer x"] {
            assert_eq!(keys.verify(garbage, URL, now()), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn unknown_scopes_are_refused_when_minting() {
        let refused = |words: &str| Scopes::parse(words).unwrap_err().to_string();
        for (written, meant) in [
            ("bookings:read", "booking:read"),
            ("booking:wirte", "booking:write"),
            ("Customer:Read", "customer:read"),
            ("conversation:replay", "conversation:reply"),
        ] {
            let said = refused(&format!("audit:read {written}"));
            assert!(
                said.contains(&format!("`{written}`")) && said.ends_with(&format!("did you mean {meant}?")),
                "{said}"
            );
        }
        for none in [" ", "admin"] {
            let said = refused(none);
            assert!(Scope::ALL.iter().all(|scope| said.contains(scope.as_str())), "{said}");
        }
    }

    #[test]
    fn every_scope_can_be_minted_and_allows_itself_alone() {
        let keys = Keys::from_pem(&fresh_pem()).unwrap();
        for scope in Scope::ALL {
            let scopes = Scopes::parse(scope.as_str()).unwrap();
            let token = keys.mint(URL, "a", &scopes, "10m".parse().unwrap(), now()).unwrap();
            let bearer = keys.verify(&token, URL, now()).unwrap();
            let allowed = Scope::ALL.into_iter().filter(|other| bearer.scopes.allow(*other));
            assert_eq!(allowed.collect::<Vec<_>>(), [scope]);
        }
    }
}

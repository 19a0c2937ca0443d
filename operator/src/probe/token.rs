//! The operator's own access token at a tenant's server: made with the tenant's key, good for a minute, and for nothing
//! but being let in.

use std::{collections::BTreeMap, sync::Arc};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use k8s_openapi::ByteString;
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::json;

use crate::{MANAGER, keys::TOKEN_SIGNING_KEY, manifests::Confidential};

/// How long a token is good for, in seconds.
const GOOD_FOR: i64 = 60;

/// A tenant's signing key, PKCS#8. Never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey(Confidential<Arc<[u8]>>);

impl SigningKey {
    /// From the data of the Secret with the tenant's keys; none where it holds no Ed25519 key.
    pub fn from_secret(keys: &Confidential<BTreeMap<String, ByteString>>) -> Option<Self> {
        // A PEM that was pasted into one line has its line ends written out; the server reads it as well.
        let pem = std::str::from_utf8(&keys.0.get(TOKEN_SIGNING_KEY)?.0).ok()?.replace("\\n", "\n");
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        let der = der.secret_pkcs8_der();
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
        Some(Self(Confidential(Arc::from(der))))
    }

    /// A token for the server whose base URL is `audience`. It names no scope: with it nothing can be read or done.
    pub fn token(&self, audience: &str, now: Timestamp) -> Option<String> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&self.0.0).ok()?;
        let now = now.as_second();
        let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let header = encode(&json!({"typ": "JWT", "alg": "EdDSA"}));
        let claims = encode(&json!({
            "iss": audience, "aud": audience, "sub": MANAGER, "scope": "", "iat": now, "exp": now + GOOD_FOR,
        }));
        let signed = format!("{header}.{claims}");
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()).as_ref());
        Some(format!("{signed}.{signature}"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_lc_rs::signature::{ED25519, KeyPair, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;
    use crate::keys;

    pub(crate) fn secret() -> Confidential<BTreeMap<String, ByteString>> {
        let pem = keys::signing_key().unwrap().0;
        Confidential(BTreeMap::from([(TOKEN_SIGNING_KEY.to_owned(), ByteString(pem.into_bytes()))]))
    }

    #[test]
    fn the_token_is_signed_with_the_tenants_key_for_its_server_and_for_a_minute() {
        let key = SigningKey::from_secret(&secret()).unwrap();
        let now = Timestamp::from_second(1_793_000_000).unwrap();
        let token = key.token("https://wa.example/ze", now).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&key.0.0).unwrap();
        UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref())
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
        let claims = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], "https://wa.example/ze");
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
        assert_eq!(claims["scope"], "");
    }

    #[test]
    fn a_key_is_never_shown_and_what_is_none_is_none() {
        let key = SigningKey::from_secret(&secret()).unwrap();
        assert!(format!("{key:?}").contains("redacted"));
        for data in
            [BTreeMap::new(), BTreeMap::from([(TOKEN_SIGNING_KEY.to_owned(), ByteString(b"x".to_vec()))])]
        {
            assert_eq!(SigningKey::from_secret(&Confidential(data)), None);
        }
    }
}

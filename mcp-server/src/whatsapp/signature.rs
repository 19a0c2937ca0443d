//! Proof that a delivery comes from Meta: `X-Hub-Signature-256: sha256=<hex>`, an HMAC-SHA256 of the raw body under
//! the app secret.

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};

/// Checks signatures against every configured secret, so that a secret can be rotated without a gap.
pub struct Verifier {
    keys: Vec<hmac::Key>,
}

impl Verifier {
    /// One key per secret.
    pub fn new(secrets: &[SecretString]) -> Self {
        let key =
            |secret: &SecretString| hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        Self { keys: secrets.iter().map(key).collect() }
    }

    /// Whether a header signs exactly this body; compared in constant time.
    pub fn accepts(&self, header: Option<&str>, body: &[u8]) -> bool {
        let Some(tag) = header
            .and_then(|value| value.trim().strip_prefix("sha256="))
            .and_then(|tag| hex::decode(tag).ok())
        else {
            return false;
        };
        // Every key is tried, so that the time does not tell which one matched.
        self.keys.iter().fold(false, |found, key| hmac::verify(key, body, &tag).is_ok() | found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"a":"ção"}"#;

    fn sign(secret: &str, body: &[u8]) -> String {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body);
        format!("sha256={}", hex::encode(tag))
    }

    #[test]
    fn any_configured_secret_signs_and_nothing_else_does() {
        let verifier = Verifier::new(&["secret-a".to_owned().into(), "secret-b".to_owned().into()]);
        for secret in ["secret-a", "secret-b"] {
            assert!(verifier.accepts(Some(&sign(secret, BODY.as_bytes())), BODY.as_bytes()));
        }
        let good = sign("secret-a", BODY.as_bytes());
        for header in [
            "",
            "sha256=",
            "sha1=00",
            &good[..70],
            &sign("other", BODY.as_bytes()),
            &good.replace("sha256=", ""),
        ] {
            assert!(!verifier.accepts(Some(header), BODY.as_bytes()), "{header}");
        }
        assert!(!verifier.accepts(None, BODY.as_bytes()));
        assert!(!verifier.accepts(Some(&good), b"{}"));
    }

    #[test]
    fn the_signature_is_hmac_sha256_as_rfc_4231_has_it() {
        // RFC 4231, test case 2.
        let verifier = Verifier::new(&["Jefe".to_owned().into()]);
        let header = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(verifier.accepts(Some(header), b"what do ya want for nothing?"));
    }
}

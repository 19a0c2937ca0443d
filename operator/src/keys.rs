//! Keys the operator makes for a tenant: made once, never overwritten.

use aws_lc_rs::{rand::SystemRandom, signature::Ed25519KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::manifests::Confidential;

/// Key of the Secret that holds the key tokens are signed with.
pub const TOKEN_SIGNING_KEY: &str = "TOKEN_SIGNING_KEY";

/// Why no key could be made.
#[derive(Debug, thiserror::Error)]
#[error("make a signing key: the system gave no randomness")]
pub struct KeyError;

/// A new Ed25519 key, as the PKCS#8 PEM text that servers and `openssl` read.
pub fn signing_key() -> Result<Confidential<String>, KeyError> {
    // Version 1 of PKCS#8: the version with the public key inside is refused by many readers.
    let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| KeyError)?;
    let encoded = STANDARD.encode(document.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in encoded.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|&b| char::from(b)));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Ok(Confidential(pem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_keys_differ_and_both_can_be_read_back() {
        let [one, two] = [(); 2].map(|()| signing_key().unwrap().0);
        assert_ne!(one, two);
        for pem in [one, two] {
            let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            let der = STANDARD.decode(body).unwrap();
            assert!(Ed25519KeyPair::from_pkcs8(&der).is_ok());
        }
    }
}

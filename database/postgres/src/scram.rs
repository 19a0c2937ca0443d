//! Passwords as PostgreSQL keeps them, so that a password itself never travels in a statement (statements are logged).

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
    pbkdf2::{PBKDF2_HMAC_SHA256, derive},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::num::NonZeroU32;

/// PostgreSQL's own default (`scram_iterations`).
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// The SCRAM-SHA-256 verifier of a password, in the form `CREATE ROLE … PASSWORD` takes
/// (RFC 5803; PostgreSQL, `src/common/scram-common.c`). The password must be printable ASCII: nothing is normalized.
pub(crate) fn verifier(password: &str, salt: &[u8; 16]) -> String {
    let mut salted = [0_u8; 32];
    derive(PBKDF2_HMAC_SHA256, ITERATIONS, salt, password.as_bytes(), &mut salted);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let stored = digest(&SHA256, hmac::sign(&key, b"Client Key").as_ref());
    let server = hmac::sign(&key, b"Server Key");
    format!(
        "SCRAM-SHA-256${ITERATIONS}:{}${}:{}",
        STANDARD.encode(salt),
        STANDARD.encode(stored),
        STANDARD.encode(server)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_what_postgresql_itself_makes_of_the_password() {
        // Made by PostgreSQL 15 with `CREATE ROLE … PASSWORD 'correct-horse-7'`, read from pg_authid.
        let theirs = "SCRAM-SHA-256$4096:kP6Jk1M/kv5byKxoq4jxSw==$s77LYYPei5Oj6ktds4AsOzWxSaFjp4Jeup1PlhP+0sU=:cEI0kEETgnVjHwjH33DgtijPydkqYR5VZMzT8F7ax/U=";
        let salt = theirs.split(['$', ':']).nth(2).map(|text| STANDARD.decode(text).unwrap()).unwrap();
        assert_eq!(verifier("correct-horse-7", &salt.try_into().unwrap()), theirs);
    }
}

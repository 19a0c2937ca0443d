//! The bytes Meta posts, and its signature over them.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use serde_json::Value;

use crate::ids::hex;

/// JSON as Meta writes it: characters outside ASCII as `\uXXXX`, slashes as `\/`. A receiver that signs its own
/// re-serialisation instead of the raw bytes gets another signature.
pub fn meta_json(body: &Value) -> String {
    let plain = body.to_string();
    let mut out = String::with_capacity(plain.len());
    let mut units = [0; 2];
    for character in plain.chars() {
        match character {
            '/' => out.push_str("\\/"),
            ascii if ascii.is_ascii() => out.push(ascii),
            other => {
                for unit in other.encode_utf16(&mut units) {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out
}

/// The value of `X-Hub-Signature-256` for these bytes.
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes());
    format!("sha256={}", hex(hmac::sign(&key, body).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_outside_ascii_and_slashes_are_escaped_and_read_back_the_same() {
        let body = json!({"text": "às 15h 💈 / já"});
        let written = meta_json(&body);
        assert_eq!(written, r#"{"text":"\u00e0s 15h \ud83d\udc88 \/ j\u00e1"}"#);
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), body);
    }

    #[test]
    fn the_signature_is_the_hmac_that_other_tools_compute() {
        // `printf '{}' | openssl dgst -sha256 -hmac secret`
        let expected = "sha256=77325902caca812dc259733aacd046b73817372c777b8d95b402647474516e13";
        assert_eq!(sign("secret", b"{}"), expected);
    }
}

//! Thought signatures: what Gemini puts on a function call and demands back unchanged.
//!
//! As with Google, a signature needs no memory: it proves by itself that this model made these calls. So a
//! tenant's history stays valid when the simulator is started anew.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::request::FunctionCall;

/// Not a secret: it only tells our signatures from altered ones.
const KEY: &[u8] = b"stand-in for Gemini";
const NONCE: usize = 16;
/// The documented way to replay calls that no model made.
const SKIP: &str = "skip_thought_signature_validator";

/// Signs the calls of one model turn.
pub(crate) fn sign<'a>(
    nonce: [u8; NONCE],
    model: &str,
    calls: impl Iterator<Item = &'a FunctionCall>,
) -> String {
    let mut bytes = nonce.to_vec();
    bytes.extend_from_slice(hmac::sign(&key(), &message(&nonce, model, calls)).as_ref());
    STANDARD.encode(bytes)
}

/// Whether `signature` was made for exactly these calls by this model.
pub(crate) fn verify<'a>(
    signature: &str,
    model: &str,
    calls: impl Iterator<Item = &'a FunctionCall>,
) -> bool {
    if signature == SKIP {
        return true;
    }
    // Bytes in JSON may come in either alphabet; Google's own client uses the other one.
    let Ok(bytes) = STANDARD.decode(signature.replace('-', "+").replace('_', "/")) else { return false };
    let Some((nonce, tag)) = bytes.split_at_checked(NONCE) else { return false };
    hmac::verify(&key(), &message(nonce, model, calls), tag).is_ok()
}

fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, KEY)
}

fn message<'a>(nonce: &[u8], model: &str, calls: impl Iterator<Item = &'a FunctionCall>) -> Vec<u8> {
    let mut bytes = nonce.to_vec();
    bytes.extend_from_slice(model.as_bytes());
    for call in calls {
        let id = call.id.as_deref().unwrap_or_default();
        bytes.extend_from_slice(format!("\n{id}\n{}\n", call.name).as_bytes());
        canonical(&call.args, &mut bytes);
    }
    bytes
}

/// JSON with sorted keys: a client may keep the arguments in any order.
fn canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            out.push(b'{');
            for (name, value) in fields {
                out.extend_from_slice(name.as_bytes());
                out.push(b':');
                canonical(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                canonical(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        other => out.extend_from_slice(other.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(args: Value) -> [FunctionCall; 1] {
        [FunctionCall { id: Some("1".to_owned()), name: "find".to_owned(), args }]
    }

    #[test]
    fn a_signature_holds_for_the_same_call_only() {
        let signature = sign([7; 16], "gemini-3.8-flash", call(json!({"a": 1, "b": "x"})).iter());
        assert!(verify(&signature, "gemini-3.8-flash", call(json!({"b": "x", "a": 1})).iter()));
        assert!(!verify(&signature, "gemini-3.8-flash", call(json!({"a": 2, "b": "x"})).iter()));
        assert!(!verify(&signature, "gemini-3.7-flash", call(json!({"a": 1, "b": "x"})).iter()));
        assert!(verify(
            &signature.replace('+', "-").replace('/', "_"),
            "gemini-3.8-flash",
            call(json!({"b": "x", "a": 1})).iter()
        ));
        let altered = format!("{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
        assert!(!verify(&altered, "gemini-3.8-flash", call(json!({"a": 1, "b": "x"})).iter()));
    }
}

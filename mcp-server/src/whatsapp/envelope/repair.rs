//! Bodies with a good signature that are not quite JSON, or that no database could keep. One bad character must not
//! cost the other messages of a batch.

use serde_json::Value;

/// Stands for what cannot be read.
const REPLACEMENT: &str = "\\ufffd";

/// The JSON value, and whether it had to be repaired: bytes that are no UTF-8, halves of surrogate pairs, and NUL, which
/// no database keeps in a text, become U+FFFD.
pub(super) fn read(body: &[u8]) -> Result<(Value, bool), serde_json::Error> {
    let nul = body.windows(6).any(|window| window == b"\\u0000");
    if !nul && let Ok(value) = serde_json::from_slice(body) {
        return Ok((value, false));
    }
    let text = String::from_utf8_lossy(body);
    serde_json::from_str(&without_broken_escapes(&text)).map(|value| (value, true))
}

fn without_broken_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match escape(rest) {
            Some(0) => {
                out.push_str(REPLACEMENT);
                6
            }
            Some(high) if (0xd800..0xdc00).contains(&high) => {
                if rest.get(6..).and_then(escape).is_some_and(|low| (0xdc00..0xe000).contains(&low)) {
                    out.push_str(&rest[..12]);
                    12
                } else {
                    out.push_str(REPLACEMENT);
                    6
                }
            }
            Some(low) if (0xdc00..0xe000).contains(&low) => {
                out.push_str(REPLACEMENT);
                6
            }
            // `\\`, `\"` and the like: the two belong together.
            _ => {
                let two = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
                out.push_str(&rest[..two]);
                two
            }
        };
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

/// The unit of a `\uXXXX` at the beginning.
fn escape(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(body: &[u8]) -> (String, bool) {
        let (value, repaired) = read(body).unwrap();
        (value.as_str().unwrap().to_owned(), repaired)
    }

    #[test]
    fn halves_of_characters_nul_and_foreign_bytes_cost_one_character_each() {
        assert_eq!(repaired(br#""ol\u00e1 \ud83d\udc88""#), ("olá 💈".into(), false));
        assert_eq!(
            repaired(br#""a\ud83db\ud83d\ud83d\udc88\udc88""#),
            ("a\u{fffd}b\u{fffd}💈\u{fffd}".into(), true)
        );
        assert_eq!(repaired(br#""a\u0000\\u0000""#), ("a\u{fffd}\\u0000".into(), true));
        assert_eq!(repaired(b"\"a\xffb\""), ("a\u{fffd}b".into(), true));
        assert!(read(b"{\"a\":\"\\ud8").is_err() && read(b"\"\\").is_err() && read(b"").is_err());
    }
}

//! The words of a stranger, made fit for a condition that many may read.

/// Longest text taken over, in characters.
const MOST: usize = 240;
/// A run of letters and digits from this length on may be a credential.
const SECRET: usize = 24;

/// What a server said, on one line, cut off, without control characters, and without anything that looks like a
/// credential.
pub fn cleaned(said: &str) -> String {
    let plain: String = said.chars().take(8 * MOST).map(|c| if is_shown(c) { c } else { ' ' }).collect();
    let mut text = String::new();
    for word in plain.split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        push_without_secrets(&mut text, word);
    }
    if let Some((end, _)) = text.char_indices().nth(MOST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A name of a version or a hash: a few plain characters, or nothing.
pub fn token(said: &str) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._+-".contains(&b);
    (!said.is_empty() && said.len() <= 64 && said.bytes().all(plain)).then_some(said)
}

/// Neither control characters nor those that turn the direction of what follows.
fn is_shown(c: char) -> bool {
    let invisible =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !invisible
}

fn push_without_secrets(text: &mut String, word: &str) {
    let part_of_secret = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c| !part_of_secret(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        let mixed = run.bytes().any(|b| b.is_ascii_digit()) && run.bytes().any(|b| b.is_ascii_uppercase());
        text.push_str(if run.len() >= SECRET && mixed { "[…]" } else { run });
        let next = after.find(part_of_secret).unwrap_or(after.len());
        text.push_str(&after[..next]);
        rest = &after[next..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_stays_as_it_is() {
        let said = "Gib dem Systembenutzer whatsapp_business_management, siehe https://wa.agency.example/bella/production/webhooks/whatsapp (190/463)";
        assert_eq!(cleaned(said), said);
    }

    #[test]
    fn neither_terminal_nor_reader_is_led_astray() {
        assert_eq!(cleaned("a\u{1b}[31mb\r\n\tc\u{202e}d\0"), "a [31mb c d");
        let long = cleaned(&"word ".repeat(100_000));
        assert!(long.chars().count() <= MOST + 1 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn what_looks_like_a_credential_is_not_repeated() {
        for secret in [
            "EAAGm0PX4ZCpsBAKZBq5VxZA8Yb7QZBZCwZDZD9abcdef",
            "AIzaSyA1234567890abcdefghijklmnopqrstuv",
            "MC4CAQAwBQYDK2VwBCIEIJ+/abcdefghij0123456789ABCDEFGHIJ==",
        ] {
            let said = cleaned(&format!("Bearer {secret}, key={secret}."));
            assert!(!said.contains(&secret[..SECRET]), "{said}");
            assert!(said.contains("Bearer […], "), "{said}");
        }
    }

    #[test]
    fn a_version_is_a_short_plain_word() {
        assert_eq!(token("0.1.0-rc.1+7"), Some("0.1.0-rc.1+7"));
        for wrong in ["", "a b", "é", "<script>", &"1".repeat(65)] {
            assert_eq!(token(wrong), None, "{wrong}");
        }
    }
}

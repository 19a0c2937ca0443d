//! What a receptionist does not send: essays, code, and addresses and numbers of strangers.

use super::text::fold;

/// Most characters of an answer; a receptionist's longest list is well below.
const LONGEST: usize = 1800;
/// Fewest digits of a telephone number.
const PHONE: usize = 7;
/// Ends of host names that are told without `www.`.
const ENDS: [&str; 24] = [
    "com", "br", "net", "org", "es", "de", "io", "co", "info", "app", "example", "eu", "uk", "us", "me",
    "ly", "dev", "xyz", "shop", "site", "online", "link", "at", "ch",
];

/// The first thing in a text that is out of a receptionist's scope. `known` is what was given: results, profile, the
/// customer's own words.
pub fn beyond(text: &str, known: &[&str]) -> Option<String> {
    if text.chars().count() > LONGEST {
        return Some("too long".to_owned());
    }
    if text.contains("```") || text.contains("</") || text.contains("def ") && text.contains("):") {
        return Some("code".to_owned());
    }
    let addresses = addresses(text);
    let mut known_addresses: Vec<String> = Vec::new();
    let mut known_digits: Vec<String> = Vec::new();
    let numbers = numbers(text);
    if addresses.is_empty() && numbers.is_empty() {
        return None;
    }
    for source in known {
        known_addresses.extend(self::addresses(source));
        known_digits.extend(self::numbers(source));
    }
    let stranger = addresses.into_iter().find(|address| {
        !known_addresses
            .iter()
            .any(|known| known == address || known.trim_end_matches('/') == address.trim_end_matches('/'))
    });
    stranger.or_else(|| {
        numbers.into_iter().find(|number| {
            !known_digits
                .iter()
                .any(|known| known.ends_with(number.as_str()) || number.ends_with(known.as_str()))
        })
    })
}

/// Web and mail addresses, without scheme and `www.`.
fn addresses(text: &str) -> Vec<String> {
    let folded = fold(text);
    folded
        .split(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '<' | '>' | '"' | '|' | '[' | ']')
        })
        .filter_map(|piece| {
            let piece = piece.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
            let bare = piece.strip_prefix("https://").or_else(|| piece.strip_prefix("http://"));
            let schemed = bare.is_some() || piece.contains("://");
            let bare = bare.unwrap_or(piece);
            let bare = bare.strip_prefix("www.").unwrap_or(bare);
            let host = bare.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.rsplit('@').next().unwrap_or_default();
            let named = host.rsplit_once('.').is_some_and(|(name, end)| {
                name.len() >= 2 && name.chars().any(char::is_alphabetic) && ENDS.contains(&end)
            });
            (schemed || named || (bare.contains('@') && bare.contains('.'))).then(|| bare.to_owned())
        })
        .collect()
}

/// Telephone numbers: digits alone. Groups are joined by single spaces, points, hyphens, brackets; a date or a time
/// between them ends a number.
fn numbers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut digits = String::new();
    let mut gap = 0;
    let mut sound = true;
    let mut dated = false;
    for c in text.chars().chain(['\n']) {
        match c {
            '0'..='9' => {
                // `24/11/2026`, `24.11.2026`: what dates are written with.
                sound &= !dated;
                dated = false;
                digits.push(c);
                gap = 0;
            }
            ' ' | '-' | '(' | ')' | '.' | '/' | '\u{a0}' | '‑' if !digits.is_empty() && gap < 2 => {
                dated |= matches!(c, '/' | '.');
                gap += 1;
            }
            ':' | ',' | '€' | '%' => {
                digits.clear();
                (sound, dated, gap) = (true, false, 0);
            }
            _ => {
                if digits.len() >= PHONE && digits.len() <= 15 && sound && !date_like(&digits) {
                    found.push(digits.clone());
                }
                digits.clear();
                (sound, dated, gap) = (true, false, 0);
            }
        }
    }
    found
}

/// `20261124`.
fn date_like(digits: &str) -> bool {
    digits.len() == 8 && digits.starts_with("20")
}

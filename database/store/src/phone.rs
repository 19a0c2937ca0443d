//! Telephone numbers as keys.

/// The canonical key of a number: E.164 with its plus. Accepts a `wa_id` (digits) and what people write
/// (`+55 (11) 98888-7777`); `None` where it cannot be an international number (7 to 15 digits).
///
/// Two numbering plans have a second form that WhatsApp still uses; both forms give one key:
///
/// - Brazil: mobile numbers got a ninth digit; a `wa_id` may lack it (`55 11 8888 7777` is `+5511988887777`).
/// - Mexico: the `1` after the country code was abolished; a `wa_id` may have it (`52 1 55…` is `+5255…`).
///
/// The `wa_id` itself is kept verbatim beside the key: messages are sent to it, never to the key.
pub fn canonical(number: &str) -> Option<String> {
    let mut digits = String::with_capacity(16);
    for c in number.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' | ' ' | '-' | '(' | ')' | '.' | '/' => {}
            _ => return None,
        }
    }
    if !(7..=15).contains(&digits.len()) || digits.starts_with('0') {
        return None;
    }
    let key = match digits.split_at_checked(4) {
        Some((country_area, subscriber))
            if country_area.starts_with("55")
                && subscriber.len() == 8
                && subscriber.starts_with(['6', '7', '8', '9']) =>
        {
            format!("+{country_area}9{subscriber}")
        }
        _ => match digits.strip_prefix("521") {
            Some(national) if national.len() == 10 => format!("+52{national}"),
            _ => format!("+{digits}"),
        },
    };
    Some(key)
}

/// The key under which a `wa_id` is looked up: its canonical form, or where it has none, itself behind `wa:`.
pub fn key(wa_id: &str) -> String {
    canonical(wa_id).unwrap_or_else(|| format!("wa:{wa_id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_number_give_one_key() {
        for (form, key) in [
            ("551188887777", "+5511988887777"),
            ("5511988887777", "+5511988887777"),
            ("+55 (11) 98888-7777", "+5511988887777"),
            ("551133334444", "+551133334444"),
            ("5215512345678", "+525512345678"),
            ("525512345678", "+525512345678"),
            ("491701234567", "+491701234567"),
        ] {
            assert_eq!(canonical(form).as_deref(), Some(key), "{form}");
        }
    }

    #[test]
    fn what_cannot_be_a_number_has_no_key() {
        for text in ["", "123456", "1234567890123456", "0123456789", "BR.1502576394655843", "+49 170 x"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}

//! Times of day as people and models write them.

use super::WhenError;

/// Minutes after midnight, from `15:00`, `9:30`, `15h`, `15h30`, `15`, `3pm` or `3:30 pm`; `24:00` is the end of the
/// day.
pub(super) fn minutes(text: &str) -> Result<u16, WhenError> {
    let wrong = || WhenError::NotATime(text.chars().take(16).collect());
    let lower = text.trim().to_ascii_lowercase();
    let (digits, half) =
        match lower.strip_suffix("am").map(|rest| (rest, 0)).or(lower.strip_suffix("pm").map(|r| (r, 12))) {
            Some((rest, half)) => (rest.trim_end(), Some(half)),
            None => (lower.as_str(), None),
        };
    let (hour, minute) = match digits.split_once([':', 'h']) {
        Some((hour, "")) if digits.ends_with('h') => (hour, "0"),
        Some(parts) => parts,
        None => (digits, "0"),
    };
    let number = |text: &str| -> Option<u16> {
        ((1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse().ok())?
    };
    let (hour, minute) = (number(hour).ok_or_else(wrong)?, number(minute).ok_or_else(wrong)?);
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return Err(wrong()),
    };
    let all = hour * 60 + minute;
    if minute < 60 && all <= 24 * 60 { Ok(all) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        let cases = [
            ("15:00", 900),
            ("9:30", 570),
            ("09:05", 545),
            ("15h", 900),
            ("15h30", 930),
            ("15", 900),
            ("3pm", 900),
            ("3:30 PM", 930),
            ("12am", 0),
            ("12pm", 720),
            (" 8:00 ", 480),
            ("24:00", 1440),
            ("0:00", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(minutes(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "", "25:00", "24:01", "15:60", "três", "13pm", "0am", ":", "h", "1:2:3", "-1:00", "+9", "150",
            "１５",
        ] {
            assert!(minutes(text).is_err(), "{text}");
        }
    }
}

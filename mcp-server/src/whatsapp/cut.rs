//! Shortens what a person reads to what the channel takes: counted in UTF-16 units (the cautious reading of Meta's
//! limits), between words, and never in the middle of a time, a date or an amount.

use std::{ops::Range, sync::LazyLock};

use regex_lite::Regex;

/// Stands where something was cut off; one unit.
const MORE: char = '…';

/// Length as Meta counts it.
pub fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The text itself, trimmed, where it has at most `most` units; else its beginning and `…`.
pub fn cut(text: &str, most: usize) -> String {
    let text = text.trim();
    if units(text) <= most {
        return text.to_owned();
    }
    if most == 0 {
        return String::new();
    }
    let end = fitting(text, most - 1);
    let kept = text[..between_words(text, end)]
        .trim_end_matches(|c: char| c.is_whitespace() || ",;:–-(".contains(c));
    format!("{kept}{MORE}")
}

/// The last place in the text that is within `most` units, and not inside what is drawn as one sign.
fn fitting(text: &str, most: usize) -> usize {
    let mut used = 0;
    let mut end = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        let joined = continues(c) || before == Some(ZERO_WIDTH_JOINER);
        if !joined {
            end = at;
        }
        used += c.len_utf16();
        if used > most {
            return end;
        }
        before = Some(c);
    }
    text.len()
}

const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Whether a character is drawn together with the one before it: accents, variation selectors, skin tones.
fn continues(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{20e3}' | ZERO_WIDTH_JOINER)
}

/// The last place up to `end` where a word ends and nothing that belongs together is torn; `end` itself, or the end of
/// the last whole sign before a time, where the text has no such place.
fn between_words(text: &str, end: usize) -> usize {
    let whole = together(text);
    let torn = |at: usize| whole.iter().find(|span| span.start < at && at < span.end);
    let ends = text[..end].char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at);
    let here = text[end..].starts_with(char::is_whitespace).then_some(end);
    if let Some(at) = ends.chain(here).rfind(|at| *at > 0 && torn(*at).is_none()) {
        return at;
    }
    match torn(end) {
        Some(span) if span.start > 0 => span.start,
        _ => end,
    }
}

/// Times, dates and amounts, in the order they stand in the text.
fn together(text: &str) -> Vec<Range<usize>> {
    // A pattern that does not compile protects nothing; a test looks at every one of them.
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
        const MONTH: &str = r"(jan|fev|feb|mar|mär|abr|apr|mai|may|jun|jul|ago|aug|set|sep|out|oct|okt|nov|dez|dec|dic)[^\s\d,.;:]*\.?";
        Regex::new(&format!(
            r"(?ix)
            \d{{1,2}} (\.|º|st|nd|rd|th)? \s+ (de\s+)? {MONTH} (,?\s+(de\s+)?\d{{4}})?
            | {MONTH} \s+ \d{{1,2}}(st|nd|rd|th)? (,\s*\d{{4}})?
            | \d{{1,2}}\s?[:h]\s?\d{{2}} (\s?(h|Uhr|[ap]\.?m\.?))?
            | \d{{1,2}}([.:]\d{{2}})?\s?(h|Uhr|horas|[ap]\.?m\.?)\b
            | \d{{1,4}}[./-]\d{{1,2}}([./-]\d{{1,4}})?
            | (R\$|US\$|\$|€)\s?\d[\d.,]*
            | \d[\d.,]*\s?(€|EUR|BRL|USD|reais|euros?)
            "
        ))
        .ok()
    });
    PATTERN.iter().flat_map(|pattern| pattern.find_iter(text)).map(|found| found.range()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        assert_eq!(cut("  Corte às 15:00 ", 14), "Corte às 15:00");
        assert_eq!(cut("Corte às 15:00", 13), "Corte às…");
    }

    #[test]
    fn words_times_dates_and_amounts_stay_whole() {
        for (text, most, expected) in [
            ("Haarschnitt und Bart", 16, "Haarschnitt und…"),
            ("Amanhã, 15:00–15:45", 15, "Amanhã…"),
            ("qua., 12 de novembro", 12, "qua.…"),
            ("Mittwoch, 12. November um 15 Uhr", 28, "Mittwoch, 12. November um…"),
            ("Wed 12 November 3:30 pm", 20, "Wed 12 November…"),
            ("hoje 12/11/2026 ou amanhã", 10, "hoje…"),
            ("Corte R$ 80,00", 10, "Corte…"),
            ("Schnitt 80,00 €", 14, "Schnitt…"),
            ("Donaudampfschifffahrt", 10, "Donaudamp…"),
        ] {
            assert_eq!(cut(text, most), expected, "{text}");
        }
    }

    #[test]
    fn signs_of_several_characters_stay_whole() {
        assert_eq!(cut("👩🏽‍🦱👩🏽‍🦱", 10), "👩🏽‍🦱…");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 4), "e\u{301}…");
        assert_eq!(units("💈"), 2);
    }

    proptest! {
        #[test]
        fn nothing_is_ever_too_long(text in ".{0,80}", most in 1_usize..40) {
            prop_assert!(units(&cut(&text, most)) <= most);
        }

        #[test]
        fn a_time_or_a_date_is_there_whole_or_not_at_all(
            before in "[a-zà-ü ]{0,30}", hour in 0_u8..24, minute in 0_u8..60, day in 1_u8..29, month in 1_u8..13,
            after in "[a-z ]{0,30}", most in 12_usize..40,
        ) {
            let (time, date) = (format!("{hour:02}:{minute:02}"), format!("{day:02}/{month:02}"));
            let short = cut(&format!("{before} {date} {time} {after}"), most);
            let digits: String = short.chars().filter(|c| c.is_ascii_digit() || ":/".contains(*c)).collect();
            prop_assert!([String::new(), date.clone(), format!("{date}{time}")].contains(&digits), "{short}");
        }
    }
}

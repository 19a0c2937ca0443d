//! The language a customer writes in, by words and letters that only one of the four has. Deterministic, and silent
//! where it is not sure: `ok` is every language.

use std::{collections::HashSet, sync::LazyLock};

use super::Language;

/// Words that speak for one language, most with many cousins in the others left out. Without accents, in lower case.
const PORTUGUESE: &str = include_str!("detect/pt.txt");
const SPANISH: &str = include_str!("detect/es.txt");
const GERMAN: &str = include_str!("detect/de.txt");
const ENGLISH: &str = include_str!("detect/en.txt");

/// Letters and endings that only one of them writes.
fn letters(language: Language, word: &str) -> u32 {
    let any = |signs: &[&str]| u32::from(signs.iter().any(|sign| word.contains(sign)));
    match language {
        Language::Portuguese => 3 * any(&["ã", "õ", "ç", "ê", "ô", "nh", "lh"]),
        Language::Spanish => 3 * any(&["ñ", "¿", "¡"]),
        Language::German => 3 * any(&["ä", "ö", "ß", "sch", "tz", "ü"]),
        Language::English => 2 * any(&["th", "'t", "'s", "'re", "wh"]),
    }
}

/// A word of one language is worth this.
const WORD: u32 = 6;
/// One word that stands in several lists is worth less the more they are.
fn worth(lists: usize) -> u32 {
    match lists {
        0 => 0,
        1 => WORD,
        2 => 2,
        _ => 1,
    }
}

/// The language of a text; `None` where no language is clearly ahead.
pub fn detect(text: &str) -> Option<Language> {
    const LONGEST: usize = 2000;
    let mut scores = [0_u32; 4];
    let text: String = text.chars().take(LONGEST).collect::<String>().to_lowercase();
    for raw in text.split(|c: char| !(c.is_alphabetic() || matches!(c, '\'' | '’' | '¿' | '¡'))) {
        let word = raw.trim_matches(['\'', '’']);
        if word.is_empty() {
            continue;
        }
        let plain = plain(word);
        let lists: [bool; 4] = std::array::from_fn(|at| {
            LISTS[at].contains(plain.as_str()) && accents_fit(Language::ALL[at], word)
        });
        let count = lists.iter().filter(|listed| **listed).count();
        for ((score, language), listed) in scores.iter_mut().zip(Language::ALL).zip(lists) {
            *score += letters(language, word) + if listed { worth(count) } else { 0 };
        }
    }
    let best = scores.iter().copied().max().unwrap_or(0);
    let second = scores.iter().copied().filter(|score| *score < best).max().unwrap_or(0);
    let tied = scores.iter().filter(|score| **score == best).count() > 1;
    let sure = best >= WORD && !tied && best - second >= 3 && best * 4 >= second * 5;
    let at = scores.iter().position(|score| *score == best)?;
    if sure { Language::ALL.get(at).copied() } else { None }
}

/// The language to speak next: what the new message says if the business speaks it, else what was spoken, else the
/// business's first.
pub fn conversation(text: &str, known: Option<Language>, spoken: &[Language]) -> Language {
    let of_the_business = |language: &Language| spoken.contains(language);
    detect(text)
        .filter(of_the_business)
        .or(known.filter(of_the_business))
        .or(spoken.first().copied())
        .unwrap_or(Language::English)
}

static LISTS: LazyLock<[HashSet<&'static str>; 4]> =
    LazyLock::new(|| [PORTUGUESE, SPANISH, GERMAN, ENGLISH].map(|words| words.split_whitespace().collect()));

/// A word with an accent is no word of a language that does not write it: `está` is not German.
fn accents_fit(language: Language, word: &str) -> bool {
    let known = match language {
        Language::Portuguese => "áàâãéêíóôõúç",
        Language::Spanish => "áéíóúñü¿¡",
        Language::German => "äöüß",
        Language::English => "",
    };
    word.chars().all(|c| c.is_ascii() || c == '’' || known.contains(c))
}

fn plain(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    for c in word.chars() {
        plain.push(match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
            'é' | 'è' | 'ê' => 'e',
            'í' => 'i',
            'ó' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            '’' => '\'',
            '¿' | '¡' => continue,
            other => other,
        });
    }
    plain.replace('ß', "ss")
}

#[cfg(test)]
mod tests;

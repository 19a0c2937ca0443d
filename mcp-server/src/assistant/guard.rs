//! Never say what did not happen: checks a model's text before a customer reads it.
//!
//! Times, dates and prices must stand in what the model was given in this turn (tool results and the profile);
//! words of effect need an effect, and a turn that has one never sends the model's text.

use std::{collections::BTreeSet, sync::LazyLock};

use regex_lite::Regex;

/// What a text says that it must not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lie {
    /// A time of day nobody offered.
    #[error("the time {0} is in no result of this turn")]
    Time(String),
    /// A date nobody offered.
    #[error("the date {0} is in no result of this turn")]
    Date(String),
    /// A price that is not in the profile.
    #[error("the price {0} is not in the profile")]
    Price(String),
    /// A claim that something was done.
    #[error("the text claims that something was done (\"{0}\")")]
    Effect(String),
}

fn regex(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

// `None` cannot happen with these constant patterns; `patterns_are_sound` proves it.
static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"(?i)\b([01]?[0-9]|2[0-3])(?::([0-5][0-9])|\s?h(?:([0-5][0-9])(?:min|m)?\b|(?:oras?|r?s)?\b))\s?([ap]m\b)?",
    )
});
static TWELVE: LazyLock<Option<Regex>> = LazyLock::new(|| regex(r"(?i)\b(1[0-2]|0?[1-9])\s?([ap])\.?m\b"));
static DATE: LazyLock<Option<Regex>> =
    LazyLock::new(|| regex(r"(?:^|[^0-9,.])([0-3]?[0-9])[/.]([01]?[0-9])(?:[/.](?:20)?[0-9]{2})?\b"));
static ISO_DATE: LazyLock<Option<Regex>> =
    LazyLock::new(|| regex(r"\b20[0-9]{2}-([01][0-9])-([0-3][0-9])\b"));
static PRICE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(concat!(
        r"(?i)(?:R\$|US\$|\$|€|\b(?:EUR|BRL|USD))\s?([0-9]{1,3}(?:[.,][0-9]{3})+(?:[.,][0-9]{1,2})?\b|[0-9]+(?:[.,][0-9]{1,2})?)",
        r"|\b([0-9]{1,3}(?:[.,][0-9]{3})+(?:[.,][0-9]{1,2})?|[0-9]+(?:[.,][0-9]{1,2})?)\s?(?:€|reais\b|euros?\b)",
    ))
});
/// A first person who did or will do it: never true of a text without an effect.
static DEED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(concat!(
        r"(?i)\b(?:",
        r"agendei|marquei|reservei|confirmei|cancelei|remarquei|desmarquei|agendamos|marcamos|reservamos|confirmamos|cancelamos|remarcamos|",
        r"(?:vou|vamos|irei)\s+(?:agendar|marcar|reservar|confirmar|cancelar|remarcar|desmarcar)|",
        r"(?:estou|estamos)\s+(?:agendando|marcando|reservando|confirmando|cancelando|remarcando)|",
        r"i(?:'ve| have)?\s+(?:booked|scheduled|reserved|cancell?ed|moved|confirmed)|",
        r"i(?:'ll| will)\s+(?:book|schedule|reserve|cancel|move|confirm)",
        r")\b"
    ))
});
/// A state of an appointment, true only where a negation or a question makes it no claim.
static STATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(concat!(
        r"(?i)\b(?:",
        r"(?:agendad|marcad|reservad|confirmad|cancelad|remarcad|desmarcad)[oa]s?|",
        r"(?:agendamento|reserva|cancelamento|marca[çc][ãa]o|hor[áa]rio)\s+(?:(?:foi|est[áa]|ficou)\s+)?(?:realizad|feit|efetuad|conclu[íi]d|garantid)[oa]|",
        r"booked|scheduled|reserved|cancell?ed|all set",
        r")\b"
    ))
});
static NO_CLAIM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(concat!(
        r"(?i)(?:^|[^a-zà-ú])(?:n[ãa]o|nada|nenhum|nenhuma|nunca|not|never|if|once|assim que|depois que|quando|caso|",
        r"para (?:cancelar|remarcar|desmarcar|mudar|alterar|ver)|(?:esse|este|o|outro) hor[áa]rio j[áa])(?:[^a-zà-ú]|$)"
    ))
});
/// A sentence that says what there is not.
static NO_OFFER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"(?i)(?:^|[^a-zà-ú])(?:n[ãa]o|infelizmente|indispon[íi]vel|ocupad[oa]|not|unavailable|unfortunately)(?:[^a-zà-ú]|$)",
    )
});

/// A sentence that says what there is.
static OFFER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"(?i)(?:^|[^a-zà-ú])(?:tenho|temos|tem|h[áa]|livres?|dispon[íi]ve(?:l|is)|have|available|free)(?:[^a-zà-ú]|$)",
    )
});
/// `25 de novembro`, `25 de nov`, `25 November`, `25. November`, `25th of November`.
static MONTH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"(?i)\b([0-3]?[0-9])(?:(?:º|\.|st|nd|rd|th)?\s(?:of\s)?(janua|februa|märz|march|april|may|mai|june|juni|july|juli|august|septem|o[ck]tober|novem|de[cz]em)|º? de (jan|fev|feb|ene|mar|abr|mai|may|jun|jul|ago|set|sep|out|oct|nov|dez|dic))",
    )
});
/// `November 25`.
static MONTH_FIRST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"(?i)\b(january|february|march|april|may|june|july|august|september|october|november|december)\s([0-3]?[0-9])(?:st|nd|rd|th)?\b",
    )
});
/// `3 da tarde`.
static SPOKEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| regex(r"(?i)\b([01]?[0-9]) (?:horas )?da (manh|tarde|noite)"));

/// Sentences with what ends them. A point between digits ends nothing.
fn sentences(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut found = Vec::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let ends = matches!(c, '!' | '?' | '\n' | ';') || (c == '.' && !digit(at + 1));
        if ends {
            found.push(&text[from..=at]);
            from = at + 1;
        }
    }
    found.push(&text[from..]);
    found
}

/// A claim of effect in a text. What is said of the customer's standing appointments, with their own times, is true.
fn effect(text: &str, standing: &Claims) -> Option<String> {
    if let Some(deed) = DEED.as_ref().and_then(|r| r.find(text)) {
        return Some(deed.as_str().to_owned());
    }
    sentences(text).into_iter().find_map(|sentence| {
        let state = STATE.as_ref()?.find(sentence)?;
        let said = claims(sentence);
        let of_standing = !said.times.is_empty()
            && said.times.is_subset(&standing.times)
            && said.dates.is_subset(&standing.dates);
        let harmless = of_standing
            || sentence.trim_end().ends_with('?')
            || NO_CLAIM.as_ref().is_some_and(|r| r.is_match(&sentence[..state.end()]));
        (!harmless).then(|| state.as_str().to_owned())
    })
}

/// What is said in a text: times as minutes of the day, dates as day and month, prices in cents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Claims {
    times: BTreeSet<u32>,
    dates: BTreeSet<(u32, u32)>,
    prices: BTreeSet<u64>,
}

impl Claims {
    fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.dates.extend(other.dates);
        self.prices.extend(other.prices);
    }
}

fn claims(text: &str) -> Claims {
    let number = |m: Option<regex_lite::Match<'_>>| m.and_then(|m| m.as_str().parse::<u32>().ok());
    let mut found = Claims::default();
    for c in TIME.iter().flat_map(|r| r.captures_iter(text)) {
        let minute = number(c.get(2)).or(number(c.get(3))).unwrap_or(0);
        let hour = number(c.get(1)).unwrap_or(0);
        let hour = half_day(hour, c.get(4).map(|m| m.as_str()));
        found.times.insert(hour * 60 + minute);
    }
    for c in TWELVE.iter().flat_map(|r| r.captures_iter(text)) {
        found.times.insert(half_day(number(c.get(1)).unwrap_or(0), c.get(2).map(|m| m.as_str())) * 60);
    }
    for c in SPOKEN.iter().flat_map(|r| r.captures_iter(text)) {
        let later = c.get(2).is_some_and(|m| !m.as_str().eq_ignore_ascii_case("manh"));
        found.times.insert(half_day(number(c.get(1)).unwrap_or(0), later.then_some("p")) * 60);
    }
    for c in MONTH.iter().flat_map(|r| r.captures_iter(text)) {
        let named = c.get(2).or(c.get(3)).map_or("", |m| m.as_str());
        found.dates.insert((number(c.get(1)).unwrap_or(0), month(named)));
    }
    for c in MONTH_FIRST.iter().flat_map(|r| r.captures_iter(text)) {
        let named = c.get(1).map_or("", |m| m.as_str());
        found.dates.insert((number(c.get(2)).unwrap_or(0), month(named)));
    }
    for c in DATE.iter().flat_map(|r| r.captures_iter(text)) {
        if let (Some(day @ 1..=31), Some(month @ 1..=12)) = (number(c.get(1)), number(c.get(2))) {
            found.dates.insert((day, month));
        }
    }
    for c in ISO_DATE.iter().flat_map(|r| r.captures_iter(text)) {
        found.dates.insert((number(c.get(2)).unwrap_or(0), number(c.get(1)).unwrap_or(0)));
    }
    for c in PRICE.iter().flat_map(|r| r.captures_iter(text)) {
        let amount = c.get(1).or(c.get(2)).map_or("", |m| m.as_str());
        found.prices.insert(cents(amount));
    }
    found
}

/// A month by the first letters of its name in any of the languages.
fn month(name: &str) -> u32 {
    const MONTHS: [&[&str]; 12] = [
        &["jan", "ene"],
        &["fe"],
        &["mar", "mär"],
        &["abr", "apr"],
        &["mai", "may"],
        &["jun"],
        &["jul"],
        &["ago", "aug"],
        &["se"],
        &["o"],
        &["nov"],
        &["de", "di"],
    ];
    let name = name.to_lowercase();
    let starts = |names: &&[&str]| names.iter().any(|start| name.starts_with(start));
    MONTHS.iter().zip(1..).find(|(names, _)| starts(names)).map_or(0, |(_, month)| month)
}

fn half_day(hour: u32, suffix: Option<&str>) -> u32 {
    match suffix.and_then(|s| s.chars().next()).map(|c| c.to_ascii_lowercase()) {
        Some('p') if hour < 12 => hour + 12,
        Some('a') if hour == 12 => 0,
        _ => hour,
    }
}

fn cents(amount: &str) -> u64 {
    let digits = |s: &str| s.chars().filter(char::is_ascii_digit).collect::<String>();
    // The last separator is a decimal one where one or two digits follow it; every other one groups thousands.
    let (whole, part) = match amount.rfind([',', '.']) {
        Some(at) if amount.len() - at <= 3 => (&amount[..at], &amount[at + 1..]),
        _ => (amount, ""),
    };
    let part = format!("{part:0<2}");
    digits(whole).parse::<u64>().unwrap_or(u64::MAX / 200).saturating_mul(100)
        + part.parse::<u64>().unwrap_or(0)
}

/// What a text is held against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    /// Results of this turn and the system instruction.
    pub sources: &'a [&'a str],
    /// What the customer wrote: its times may be repeated where nothing is offered, in a question or to say that
    /// they are not free.
    pub asked: &'a str,
    /// The customer's committed appointments, one per line.
    pub standing: &'a str,
}

/// Whether a text may be sent.
pub fn check(text: &str, given: &Given<'_>) -> Result<(), Lie> {
    let standing = claims(given.standing);
    if let Some(found) = effect(text, &standing) {
        return Err(Lie::Effect(found));
    }
    let mut known = standing;
    for source in given.sources {
        known.add(claims(source));
    }
    let mut known_or_asked = claims(given.asked);
    known_or_asked.add(known.clone());
    for sentence in sentences(text) {
        let said = claims(sentence);
        let finds = |pattern: &Option<Regex>| pattern.as_ref().is_some_and(|r| r.is_match(sentence));
        let harmless = finds(&NO_OFFER) || (sentence.trim_end().ends_with('?') && !finds(&OFFER));
        let known = if harmless { &known_or_asked } else { &known };
        if let Some(time) = said.times.difference(&known.times).next() {
            return Err(Lie::Time(format!("{:02}:{:02}", time / 60, time % 60)));
        }
        if let Some((day, month)) = said.dates.difference(&known.dates).next() {
            return Err(Lie::Date(format!("{day:02}/{month:02}")));
        }
        if let Some(price) = said.prices.difference(&known.prices).next() {
            return Err(Lie::Price(format!("{}.{:02}", price / 100, price % 100)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

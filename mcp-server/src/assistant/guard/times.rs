//! Times of day in a text, in digits and in words, in four languages.

use super::{
    numbers::{number, spelled},
    text::{Kind, Token, before, is, value, word},
};

/// A time of day that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidTime {
    /// Minutes of the day it can mean; two where the half of the day is left open.
    pub minutes: Vec<u32>,
    /// Its first token.
    pub at: usize,
    /// Behind its last token.
    pub end: usize,
}

/// Words before a bare hour.
const AT: [&str; 16] = [
    "pelas", "las", "um", "gegen", "ab", "at", "around", "by", "until", "till", "bis", "from", "before",
    "after", "nach", "vor",
];
/// What may follow a bare hour; a noun would make it a count.
const FOLLOWS: [&str; 87] = [
    "da",
    "de",
    "do",
    "na",
    "no",
    "em",
    "com",
    "para",
    "pra",
    "e",
    "ou",
    "amanha",
    "hoje",
    "esta",
    "tem",
    "posso",
    "serve",
    "ta",
    "pode",
    "con",
    "el",
    "y",
    "o",
    "en",
    "manana",
    "hoy",
    "hay",
    "te",
    "por",
    "tengo",
    "uhr",
    "bei",
    "mit",
    "am",
    "und",
    "oder",
    "ist",
    "passt",
    "geht",
    "frei",
    "wird",
    "morgen",
    "heute",
    "ware",
    "noch",
    "with",
    "on",
    "or",
    "and",
    "tomorrow",
    "today",
    "is",
    "for",
    "if",
    "works",
    "then",
    "in",
    "horas",
    "hora",
    "h",
    "hs",
    "pm",
    "o'clock",
    "oclock",
    "sharp",
    "works",
    "would",
    "will",
    "sim",
    "si",
    "ja",
    "esse",
    "nao",
    "infelizmente",
    "segunda",
    "terca",
    "quarta",
    "quinta",
    "sexta",
    "nachmittags",
    "abends",
    "morgens",
    "vormittags",
    "it",
    "isn't",
    "leider",
    "the",
];
/// Words beside a number of hours that last.
const LASTS: [&str; 36] = [
    "dura",
    "duram",
    "leva",
    "demora",
    "tarda",
    "tardan",
    "duran",
    "cerca",
    "aproximadamente",
    "unas",
    "uns",
    "umas",
    "alrededor",
    "dentro",
    "ate",
    "antecedencia",
    "antelacion",
    "antes",
    "before",
    "vorher",
    "innerhalb",
    "within",
    "notice",
    "depois",
    "takes",
    "take",
    "dauert",
    "about",
    "total",
    "menos",
    "cada",
    "mais",
    "more",
    "least",
    "mindestens",
    "durante",
];

/// The half of the day named after a time, and where the naming ends.
fn half(tokens: &[Token], mut at: usize) -> (Option<bool>, usize) {
    if is(word(tokens, at), &["uhr", "horas", "hora", "h", "hs", "o'clock", "oclock"]) {
        at += 1;
    }
    match (word(tokens, at), word(tokens, at + 1), word(tokens, at + 2)) {
        ("pm" | "nachmittags" | "abends" | "nachmittag" | "abend" | "tonight", _, _) => (Some(true), at + 1),
        ("am", "nachmittag" | "abend", _) | ("da", "tarde" | "noite", _) | ("at", "night", _) => {
            (Some(true), at + 2)
        }
        ("am", "morgen" | "vormittag", _) | ("da", "manha" | "madrugada", _) => (Some(false), at + 2),
        ("am", next, _) if !next.ends_with("tag") && next != "mittwoch" => (Some(false), at + 1),
        ("morgens" | "vormittags" | "fruh", _, _) => (Some(false), at + 1),
        ("de" | "por", "la", "tarde" | "noche") | ("in", "the", "afternoon" | "evening") => {
            (Some(true), at + 3)
        }
        ("de" | "por", "la", "manana" | "madrugada") | ("in", "the", "morning") => (Some(false), at + 3),
        _ => (None, at),
    }
}

/// The minutes a time can mean. Nobody books at three in the night: an early hour without its half is open, one that
/// is written with a zero is not.
fn meant(hour: u32, minute: u32, later: Option<bool>, exact: bool) -> Vec<u32> {
    let at = |hour: u32| hour % 24 * 60 + minute;
    match later {
        Some(true) if hour < 12 => vec![at(hour + 12)],
        Some(false) if hour == 12 => vec![at(0)],
        None if !exact && (1..=7).contains(&hour) => vec![at(hour), at(hour + 12)],
        _ => vec![at(hour)],
    }
}

/// A bare hour may stand here: something says that it is one, or nothing that it is not.
fn led(tokens: &[Token], at: usize) -> bool {
    let lead = before(tokens, at, 1);
    let raw = at.checked_sub(1).and_then(|at| tokens.get(at)).map_or("", |token| token.raw.as_str());
    is(lead, &AT)
        || matches!(raw, "às" | "Às" | "ÀS")
        || (lead == "as" && is(before(tokens, at, 2), &["ate", "para", "das", "pras"]))
        || (lead == "das" && at >= 1)
        || (lead == "la" && before(tokens, at, 2) == "a")
}

fn followed(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_none_or(|next| {
        next.kind == Kind::Sign && !matches!(next.word.as_str(), "€" | "$" | "%" | "/")
            || is(&next.word, &FOLLOWS)
    })
}

fn lasts(tokens: &[Token], at: usize, end: usize) -> bool {
    (1..=3).any(|back| is(before(tokens, at, back), &LASTS))
        || (0..=2).any(|on| is(word(tokens, end + on), &LASTS))
}

/// Minutes after an hour in words: `e meia`, `y cuarto`, `thirty`; negative where the hour is not full yet.
fn part(tokens: &[Token], at: usize) -> Option<(i32, usize)> {
    let (first, second) = (word(tokens, at), word(tokens, at + 1));
    match (first, second) {
        ("e" | "y", "meia" | "media") => return Some((30, 2)),
        ("y" | "e", "cuarto" | "quarto") => return Some((15, 2)),
        ("menos", "cuarto" | "quarto") => return Some((-15, 2)),
        _ => {}
    }
    let signed = |sign: i32, from: usize, used: usize| {
        let (minutes, len) = spelled(tokens, at + from)?;
        (minutes < 60).then(|| (sign * i32::try_from(minutes).unwrap_or(0), used + len))
    };
    match first {
        "menos" => signed(-1, 1, 1),
        "e" | "y" => value(tokens, at + 1)
            .filter(|minutes| (5..60).contains(minutes))
            .filter(|_| !is(word(tokens, at + 2), &["h", "horas", "hs", ":"]))
            .and_then(|minutes| Some((i32::try_from(minutes).ok()?, 2)))
            .or_else(|| signed(1, 1, 1).filter(|(minutes, _)| *minutes >= 5)),
        _ => {
            let (minutes, len) = spelled(tokens, at)?;
            [10, 15, 20, 30, 40, 45, 50]
                .contains(&minutes)
                .then(|| (i32::try_from(minutes).unwrap_or(0), len))
        }
    }
}

fn shifted(hour: u32, by: i32) -> (u32, u32) {
    let total = (i64::from(hour) * 60 + i64::from(by)).rem_euclid(24 * 60);
    let total = u32::try_from(total).unwrap_or(0);
    (total / 60, total % 60)
}

/// `half past four`, `halb vier`, `viertel nach fünf`, `zehn nach drei`, `meio-dia`.
fn phrase(tokens: &[Token], at: usize) -> Option<SaidTime> {
    let (first, second) = (word(tokens, at), word(tokens, at + 1));
    let noon = match (first, second, word(tokens, at + 2)) {
        ("meio", "-", "dia") => Some((12, 3)),
        ("meio", "dia", _) => Some((12, 2)),
        ("noon" | "midday", _, _) => Some((12, 1)),
        ("midnight" | "mitternacht" | "medianoche", _, _) => Some((0, 1)),
        ("meia", "-", "noite") => Some((0, 3)),
        _ => None,
    };
    if let Some((hour, len)) = noon {
        let (by, more) = part(tokens, at + len).filter(|(by, _)| *by == 30).unwrap_or((0, 0));
        let (hour, minute) = shifted(hour, by);
        return Some(SaidTime { minutes: vec![hour * 60 + minute], at, end: at + len + more });
    }
    let (by, hour_at) = match (first, second) {
        ("halb", _) => (-30, at + 1),
        ("dreiviertel", _) => (-15, at + 1),
        ("half", "past") => (30, at + 2),
        ("quarter" | "viertel", "past" | "after" | "nach") => (15, at + 2),
        ("quarter" | "viertel", "to" | "of" | "before" | "vor") => (-15, at + 2),
        (_, "past" | "nach") => (i32::try_from(minute_word(tokens, at)?).ok()?, at + 2),
        (_, "vor") => (-i32::try_from(minute_word(tokens, at)?).ok()?, at + 2),
        _ => return None,
    };
    let (hour, len) = number(tokens, hour_at).filter(|(hour, _)| (1..=24).contains(hour))?;
    let (later, end) = half(tokens, hour_at + len);
    // The hour before midday is told as the last of the twelve.
    let (hour, minute) = shifted(hour, by);
    Some(SaidTime { minutes: meant(hour, minute, later, false), at, end })
}

fn minute_word(tokens: &[Token], at: usize) -> Option<u32> {
    spelled(tokens, at)
        .filter(|(minutes, len)| *len == 1 && [5, 10, 20, 25].contains(minutes))
        .map(|(m, _)| m)
}

/// `15:00`, `15h15`, `10.30 Uhr`, `15h`, `15 Uhr`, `3 pm`, `às 15`, `um vier`, `five thirty`.
fn clock(tokens: &[Token], at: usize, exact_only: bool) -> Option<SaidTime> {
    let digits = tokens.get(at).is_some_and(|token| token.kind == Kind::Number);
    if digits && tokens[at].raw.len() > 2 {
        return None;
    }
    // `a la una`, `à uma`: articles elsewhere.
    let one = is(word(tokens, at), &["una", "uma"])
        && (before(tokens, at, 1) == "la" && before(tokens, at, 2) == "a"
            || at > 0 && tokens[at - 1].raw == "à");
    let read = if one { Some((1, 1)) } else { number(tokens, at) };
    let (hour, len) = read.filter(|(hour, _)| *hour <= 24)?;
    let padded = digits && tokens[at].raw.len() == 2;
    let exact = exact_only || padded;
    let led = led(tokens, at);
    let next = word(tokens, at + len);
    let minute =
        value(tokens, at + len + 1).filter(|minute| *minute < 60 && word(tokens, at + len + 1).len() == 2);
    let glued = tokens.get(at + len + 1).is_some_and(|token| !token.spaced);
    let tail = matches!(before(tokens, at, 1), ":" | "/") && !tokens[at].spaced;
    if digits && !tail {
        let uhr = word(tokens, at + 3) == "uhr" || before(tokens, at, 1) == "um";
        let separated = (next == ":" || next == "h" || next == "." && uhr) && glued;
        if let (true, Some(minute)) = (separated, minute) {
            let in_brackets = before(tokens, at, 1) == "(" && word(tokens, at + 3) == ")";
            if next == "h" && (in_brackets || (hour <= 4 && !led)) {
                return None;
            }
            let mut end = at + 3;
            if is(word(tokens, end), &["min", "m"]) {
                end += 1;
            }
            let (later, end) = half(tokens, end);
            // `7h30` is said on the clock of 24 hours.
            return Some(SaidTime { minutes: meant(hour, minute, later, exact || next == "h"), at, end });
        }
    }
    if digits && tail || next == ":" {
        return None;
    }
    let (by, more) = if digits && !led { (0, 0) } else { part(tokens, at + len).unwrap_or((0, 0)) };
    let end = at + len + more;
    let (later, after) = half(tokens, end);
    let next = word(tokens, end);
    let said = |hour_and: (u32, u32), end: usize| {
        Some(SaidTime { minutes: meant(hour_and.0, hour_and.1, later, exact && by >= 0), at, end })
    };
    if next == "uhr"
        || is(next, &["o'clock", "oclock"])
        || (later.is_some() && hour <= 12 && (!is(next, &["de", "por"]) || led || !digits))
    {
        return said(shifted(hour, by), after.max(end + 1));
    }
    if is(next, &["h", "hs", "hrs", "horas", "hora"]) {
        let time = led || (digits && hour >= 8 && next != "hrs" && !lasts(tokens, at, end + 1));
        let exact = exact || digits && next == "h";
        let minutes = meant(hour, 0, later, exact);
        return time.then_some(SaidTime { minutes, at, end: after.max(end + 1) });
    }
    let clear = more > 0 && (led || !digits) && (1..=12).contains(&hour);
    let listed = !digits && more > 0;
    if (led && followed(tokens, end) && !lasts_after(tokens, end)) || (clear && (led || listed) && hour > 0) {
        return said(shifted(hour, by), end);
    }
    None
}

fn lasts_after(tokens: &[Token], end: usize) -> bool {
    is(word(tokens, end), &["min", "minutos", "minuten", "minutes", "dias", "tage", "days"])
}

/// The times of day in a text. `given` reads what is known: a time there is what it says.
pub fn times(tokens: &[Token], given: bool) -> Vec<SaidTime> {
    let mut found: Vec<SaidTime> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let said = phrase(tokens, at).or_else(|| clock(tokens, at, given));
        let Some(said) = said else {
            at += 1;
            continue;
        };
        if let Some(from) = range_start(tokens, said.at) {
            found.push(from);
        }
        at = said.end.max(at + 1);
        found.push(said);
        while let Some(next) = listed(tokens, at) {
            at = next.end;
            found.push(next);
        }
    }
    found
}

/// A bare hour that goes on a list of times: `9:30, 10:15 or 11`.
fn listed(tokens: &[Token], end: usize) -> Option<SaidTime> {
    let joint = is(word(tokens, end), &["or", "and", "ou", "e", "o", "u", "y", "oder", "und", ","]);
    let (number, after) = (tokens.get(end + 1)?, word(tokens, end + 2));
    let hour = number.value().filter(|hour| (1..=23).contains(hour) && number.raw.len() <= 2)?;
    let glued = tokens.get(end + 3).is_some_and(|token| !token.spaced && token.kind == Kind::Number);
    let exact = matches!(after, ":" | "h" | "." | "/" | ",") && glued;
    let counted = is(after, &["uhr", "h", "am", "pm", "de", "horas", "hs"]);
    (joint && !exact && !counted && followed(tokens, end + 2) && !lasts_after(tokens, end + 2)).then(|| {
        SaidTime { minutes: meant(hour, 0, None, number.raw.starts_with('0')), at: end + 1, end: end + 2 }
    })
}

/// The bare hour a range begins with: `9 às 19h`, `von 9 bis 18 Uhr`.
fn range_start(tokens: &[Token], at: usize) -> Option<SaidTime> {
    let joint = at.checked_sub(1)?;
    let from = joint.checked_sub(1)?;
    let hour = value(tokens, from).filter(|hour| *hour <= 24)?;
    let lead = before(tokens, from, 1);
    let ranged = match word(tokens, joint) {
        "as" | "a" | "bis" | "to" | "until" | "till" => {
            is(lead, &["das", "de", "von", "from", "between", "entre", "zwischen", "desde"])
        }
        "e" | "y" | "und" | "and" | "oder" | "ou" | "o" | "or" => {
            led(tokens, from) || is(lead, &["entre", "between", "zwischen"])
        }
        _ => false,
    };
    ranged.then(|| SaidTime { minutes: meant(hour, 0, None, false), at: from, end: joint })
}

//! Dates, weekdays and relative days in a text, in four languages.

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

use super::{
    numbers::spelled,
    text::{Kind, Token, before, is, value, word},
};

/// A date that is said, as far as it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaidDate {
    /// Day of the month.
    pub day: u32,
    /// Month.
    pub month: Option<u32>,
    /// Year.
    pub year: Option<u32>,
    /// Its first token.
    pub at: usize,
    /// Behind its last token.
    pub end: usize,
}

/// A day that is named without its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// The coming one of that name.
    Weekday(Weekday),
    /// So many days from today.
    FromToday(i32),
}

/// A named day and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaidDay {
    /// Which.
    pub day: Day,
    /// Its first token.
    pub at: usize,
    /// Behind its last token.
    pub end: usize,
}

const MONTHS: [&[&str]; 12] = [
    &["jan", "janeiro", "enero", "ene", "januar", "january"],
    &["fev", "fevereiro", "febrero", "feb", "februar", "february"],
    &["mar", "marco", "marzo", "marz", "march"],
    &["abr", "abril", "apr", "april"],
    &["mai", "maio", "mayo", "may"],
    &["jun", "junho", "junio", "juni", "june"],
    &["jul", "julho", "julio", "juli", "july"],
    &["ago", "agosto", "aug", "august"],
    &["set", "setembro", "septiembre", "setiembre", "sep", "sept", "september"],
    &["out", "outubro", "octubre", "oct", "okt", "oktober", "october"],
    &["nov", "novembro", "noviembre", "november"],
    &["dez", "dezembro", "diciembre", "dic", "dec", "dezember", "december"],
];

/// A month by its name in any of the languages.
fn month(word: &str) -> Option<u32> {
    let at = MONTHS.iter().position(|names| names.contains(&word))?;
    u32::try_from(at + 1).ok()
}

fn weekday(token: &Token) -> Option<Weekday> {
    let found = match token.word.as_str() {
        "segunda" | "lunes" | "montag" | "monday" => Weekday::Monday,
        "terca" | "martes" | "dienstag" | "tuesday" => Weekday::Tuesday,
        "quarta" | "miercoles" | "mittwoch" | "wednesday" => Weekday::Wednesday,
        "quinta" | "jueves" | "donnerstag" | "thursday" => Weekday::Thursday,
        "sexta" | "viernes" | "freitag" | "friday" => Weekday::Friday,
        "sabado" | "samstag" | "sonnabend" | "saturday" => Weekday::Saturday,
        "domingo" | "sonntag" | "sunday" => Weekday::Sunday,
        "mon" if token.capital() => Weekday::Monday,
        "tue" | "tues" if token.capital() => Weekday::Tuesday,
        "wed" if token.capital() => Weekday::Wednesday,
        "thu" | "thur" | "thurs" if token.capital() => Weekday::Thursday,
        "fri" if token.capital() => Weekday::Friday,
        "sat" if token.capital() => Weekday::Saturday,
        "sun" if token.capital() => Weekday::Sunday,
        other => return with_part_of_day(other),
    };
    Some(found)
}

/// `Freitagnachmittag`.
fn with_part_of_day(word: &str) -> Option<Weekday> {
    const GERMAN: [(&str, Weekday); 7] = [
        ("montag", Weekday::Monday),
        ("dienstag", Weekday::Tuesday),
        ("mittwoch", Weekday::Wednesday),
        ("donnerstag", Weekday::Thursday),
        ("freitag", Weekday::Friday),
        ("samstag", Weekday::Saturday),
        ("sonntag", Weekday::Sunday),
    ];
    let parts = ["nachmittag", "vormittag", "morgen", "abend", "mittag"];
    GERMAN
        .into_iter()
        .find(|(name, _)| word.strip_prefix(name).is_some_and(|rest| parts.contains(&rest)))
        .map(|(_, day)| day)
}

/// The days named in tokens. Those that mean every week (`samstags`, `Sundays`) are none.
pub fn days(tokens: &[Token]) -> Vec<SaidDay> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let back = |n: usize| before(tokens, at, n);
        let day = match word(tokens, at) {
            "hoje" | "hoy" | "heute" | "today" | "tonight" => Some(Day::FromToday(0)),
            "amanha" if back(2) == "depois" && back(1) == "de" => Some(Day::FromToday(2)),
            "manana" if back(1) == "pasado" => Some(Day::FromToday(2)),
            "tomorrow" if back(1) == "after" => Some(Day::FromToday(2)),
            "ubermorgen" => Some(Day::FromToday(2)),
            "manana" if matches!(back(1), "la" | "esta") => None,
            "morgen" if matches!(back(1), "guten" | "am" | "jeden" | "schonen") => None,
            "amanha" | "manana" | "morgen" | "tomorrow" => Some(Day::FromToday(1)),
            "terca" | "quarta" | "quinta" | "sexta" | "segunda"
                if matches!(word(tokens, at + 1), "vez" | "opcao" | "visita") =>
            {
                None
            }
            // `los lunes`, `aos sábados`: every week.
            _ if matches!(back(1), "los" | "todos" | "cada" | "toda" | "todo" | "jeden" | "every") => None,
            _ => weekday(&tokens[at]).map(Day::Weekday),
        };
        if let Some(day) = day {
            let feira = word(tokens, at + 1) == "-" && word(tokens, at + 2) == "feira";
            found.push(SaidDay { day, at, end: at + if feira { 3 } else { 1 } });
        }
    }
    found
}

/// The dates said in tokens.
pub fn dates(tokens: &[Token]) -> Vec<SaidDate> {
    let mut found: Vec<SaidDate> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let said = iso(tokens, at)
            .or_else(|| with_signs(tokens, at))
            .or_else(|| with_month(tokens, at))
            .or_else(|| month_first(tokens, at))
            .or_else(|| day_only(tokens, at));
        match said {
            Some(said) => {
                at = said.end.max(at + 1);
                found.push(said);
            }
            None => at += 1,
        }
    }
    found
}

/// `2026-11-24`.
fn iso(tokens: &[Token], at: usize) -> Option<SaidDate> {
    let year = value(tokens, at).filter(|year| (2000..2200).contains(year))?;
    if word(tokens, at + 1) != "-" || word(tokens, at + 3) != "-" {
        return None;
    }
    let (month, day) = (value(tokens, at + 2)?, value(tokens, at + 4)?);
    sound(day, month).then_some(SaidDate { day, month: Some(month), year: Some(year), at, end: at + 5 })
}

fn sound(day: u32, month: u32) -> bool {
    (1..=31).contains(&day) && (1..=12).contains(&month)
}

fn full_year(token: Option<&Token>) -> Option<u32> {
    let token = token?;
    match (token.raw.len(), token.value()?) {
        (2, year) => Some(2000 + year),
        (4, year) if (2000..2200).contains(&year) => Some(year),
        _ => None,
    }
}

/// `24/11`, `24.11.`, `24.11.2026`, `24-11-2026`, `11/24`.
fn with_signs(tokens: &[Token], at: usize) -> Option<SaidDate> {
    let sign = word(tokens, at + 1);
    let (first, second) = (value(tokens, at)?, value(tokens, at + 2)?);
    let short = tokens[at].raw.len() <= 2 && tokens[at + 2].raw.len() <= 2;
    let tight = !tokens[at + 1].spaced && !tokens[at + 2].spaced;
    let inside = matches!(before(tokens, at, 1), "," | "." | "$" | "€" | ":") && !tokens[at].spaced;
    if !short || !tight || inside || !matches!(sign, "/" | "." | "-") {
        return None;
    }
    let again = word(tokens, at + 3) == sign && tokens.get(at + 4).is_some_and(|token| !token.spaced);
    let year = if again { full_year(tokens.get(at + 4)) } else { None };
    let end = if year.is_some() { at + 5 } else { at + 3 };
    let led = is(before(tokens, at, 1), &["am", "vom", "bis", "zum", "den", "der", "dia"]);
    let enough = match sign {
        "/" => true,
        "." => year.is_some() || (word(tokens, at + 3) == "." || led) && word(tokens, at + 3) != "uhr",
        _ => year.is_some(),
    };
    // Where the second cannot be a month it is the day, as in America.
    let (day, month) = if second > 12 && first <= 12 { (second, first) } else { (first, second) };
    (enough && sound(day, month)).then_some(SaidDate { day, month: Some(month), year, at, end })
}

fn day_number(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    if tokens.get(at).is_some_and(|token| token.kind == Kind::Number && token.raw.len() <= 2) {
        return value(tokens, at).map(|day| (day, 1));
    }
    spelled(tokens, at).or_else(|| ordinal(tokens, at)).filter(|(day, _)| (1..=31).contains(day))
}

/// `first`, `vierundzwanzigsten`, `primeiro`.
fn ordinal(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    let word = word(tokens, at);
    let day = match word {
        "primeiro" | "primero" | "first" | "ersten" | "erster" => 1,
        "second" | "zweiten" => 2,
        "third" | "dritten" => 3,
        _ => {
            let stem = word
                .strip_suffix("sten")
                .or_else(|| word.strip_suffix("ten"))
                .or_else(|| word.strip_suffix("th"))?;
            let alone =
                [Token { kind: Kind::Word, raw: stem.to_owned(), word: stem.to_owned(), spaced: true }];
            spelled(&alone, 0)?.0
        }
    };
    Some((day, 1))
}

/// `24 de novembro`, `24. November`, `24th of November 2026`, `vinte e quatro de novembro`.
fn with_month(tokens: &[Token], at: usize) -> Option<SaidDate> {
    if matches!(before(tokens, at, 1), ":" | ",") && !tokens[at].spaced {
        return None;
    }
    let (day, len) = day_number(tokens, at).filter(|(day, _)| (1..=31).contains(day))?;
    let mut end = at + len;
    while is(word(tokens, end), &["de", "of", "th", "st", "nd", "rd", "º", "o", ".", "ten", "del"])
        && end < at + len + 3
    {
        end += 1;
    }
    let month = month(word(tokens, end))?;
    Some(with_year(tokens, SaidDate { day, month: Some(month), year: None, at, end: end + 1 }))
}

/// `November 24th`, `November 24, 2026`.
fn month_first(tokens: &[Token], at: usize) -> Option<SaidDate> {
    let token = tokens.get(at).filter(|token| token.capital() && token.raw.len() >= 3)?;
    let month = month(&token.word)?;
    let the = usize::from(word(tokens, at + 1) == "the");
    let (day, len) = day_number(tokens, at + 1 + the).filter(|(day, _)| (1..=31).contains(day))?;
    let mut end = at + 1 + the + len;
    // `on November 3:15`: a time.
    if word(tokens, end) == ":" {
        return None;
    }
    if is(word(tokens, end), &["th", "st", "nd", "rd"]) {
        end += 1;
    }
    Some(with_year(tokens, SaidDate { day, month: Some(month), year: None, at, end }))
}

fn with_year(tokens: &[Token], mut said: SaidDate) -> SaidDate {
    let skip = usize::from(is(word(tokens, said.end), &["de", "del", ","]));
    let next = tokens.get(said.end + skip).filter(|token| token.raw.len() == 4);
    if let Some(year) = full_year(next) {
        said.year = Some(year);
        said.end += skip + 1;
    }
    said
}

/// `dia 24`, `am 24.`, `the 24th`, `el 24`.
fn day_only(tokens: &[Token], at: usize) -> Option<SaidDate> {
    let day = value(tokens, at).filter(|day| (1..=31).contains(day) && tokens[at].raw.len() <= 2)?;
    let (lead, next) = (before(tokens, at, 1), word(tokens, at + 1));
    let clock = matches!(next, ":" | "h" | "uhr" | "am" | "pm" | "/" | "%" | "€" | "euro" | "euros");
    let found = match lead {
        "dia" | "dias" => !clock,
        "am" | "den" | "zum" | "vom" | "der" => {
            next == "." && !tokens[at + 1].spaced && value(tokens, at + 2).is_none()
        }
        "the" | "on" => is(next, &["th", "st", "nd", "rd"]),
        "el" | "del" | "al" => {
            tokens.get(at + 1).is_none_or(|next| next.kind == Kind::Sign && next.word != "%") && !clock
        }
        _ => false,
    };
    found.then_some(SaidDate { day, month: None, year: None, at, end: at + 1 })
}

/// A calendar date.
pub fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The date of a named day: the coming one, today included.
pub fn resolve(day: Day, today: Date) -> Option<Date> {
    match day {
        Day::FromToday(days) => today.checked_add(days.days()).ok(),
        Day::Weekday(weekday) => {
            let ahead = weekday.since(today.weekday());
            today.checked_add(i32::from(ahead).days()).ok()
        }
    }
}

/// Whether a date falls on a named day: a weekday is every one of its name.
pub fn falls_on(date: Date, day: Day, today: Option<Date>) -> bool {
    match day {
        Day::Weekday(weekday) => date.weekday() == weekday,
        Day::FromToday(_) => today.and_then(|today| resolve(day, today)).is_none_or(|day| day == date),
    }
}

/// The days and dates that stand side by side: `terça, 24/11`, `Dienstag, den 24.11.`, `24/11 (terça)`.
pub fn pairs(tokens: &[Token], days: &[SaidDay], dates: &[SaidDate]) -> Vec<(SaidDay, SaidDate)> {
    let mut found = Vec::new();
    for date in dates {
        let near = |from: usize, to: usize| {
            from <= to
                && to - from <= 3
                && tokens[from..to].iter().all(|token| {
                    is(
                        &token.word,
                        &[",", "dia", "el", "den", "der", "dem", "the", "(", "on", "am", "-", "de", "o", "—"],
                    )
                })
        };
        let day = days
            .iter()
            .find(|day| near(day.end, date.at) || (near(date.end, day.at) && word(tokens, date.end) != "de"));
        found.extend(day.map(|day| (*day, *date)));
    }
    found
}

//! Days and times in short notes of four languages. Texts are folded ([`crate::assistant::plain::phrase::folded`]).

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

/// What a note mentions, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mention {
    /// A local day.
    Day(Date),
    /// A time of day in minutes; whether words before it make it an end.
    Time(u16, bool),
}

const WEEKDAYS: [(Weekday, [&str; 12]); 7] = [
    (
        Weekday::Monday,
        [
            "segunda",
            "segunda-feira",
            "seg",
            "lunes",
            "lun",
            "montag",
            "mo",
            "montags",
            "monday",
            "mon",
            "mondays",
            "2a",
        ],
    ),
    (
        Weekday::Tuesday,
        [
            "terca",
            "terca-feira",
            "ter",
            "martes",
            "mar",
            "dienstag",
            "di",
            "dienstags",
            "tuesday",
            "tue",
            "tuesdays",
            "3a",
        ],
    ),
    (
        Weekday::Wednesday,
        [
            "quarta",
            "quarta-feira",
            "qua",
            "miercoles",
            "mie",
            "mittwoch",
            "mi",
            "mittwochs",
            "wednesday",
            "wed",
            "wednesdays",
            "4a",
        ],
    ),
    (
        Weekday::Thursday,
        [
            "quinta",
            "quinta-feira",
            "qui",
            "jueves",
            "jue",
            "donnerstag",
            "do",
            "donnerstags",
            "thursday",
            "thu",
            "thursdays",
            "5a",
        ],
    ),
    (
        Weekday::Friday,
        [
            "sexta",
            "sexta-feira",
            "sex",
            "viernes",
            "vie",
            "freitag",
            "fr",
            "freitags",
            "friday",
            "fri",
            "fridays",
            "6a",
        ],
    ),
    (
        Weekday::Saturday,
        [
            "sabado",
            "sabados",
            "sab",
            "samstag",
            "sonnabend",
            "sa",
            "samstags",
            "saturday",
            "sat",
            "saturdays",
            "sabado-feira",
            "sabadao",
        ],
    ),
    (
        Weekday::Sunday,
        [
            "domingo",
            "domingos",
            "dom",
            "sonntag",
            "so",
            "sonntags",
            "sunday",
            "sun",
            "sundays",
            "domingao",
            "domingo-feira",
            "sonntag-",
        ],
    ),
];

const MONTHS: [[&str; 6]; 12] = [
    ["janeiro", "enero", "januar", "january", "jan", "janner"],
    ["fevereiro", "febrero", "februar", "february", "feb", "fev"],
    ["marco", "marzo", "marz", "march", "maerz", "mrz"],
    ["abril", "april", "apr", "abr", "april", "apr"],
    ["maio", "mayo", "mai", "may", "mai", "may"],
    ["junho", "junio", "juni", "june", "jun", "jun"],
    ["julho", "julio", "juli", "july", "jul", "jul"],
    ["agosto", "august", "aug", "ago", "august", "aug"],
    ["setembro", "septiembre", "september", "sept", "sep", "set"],
    ["outubro", "octubre", "oktober", "october", "oct", "okt"],
    ["novembro", "noviembre", "november", "nov", "november", "nov"],
    ["dezembro", "diciembre", "dezember", "december", "dec", "dez"],
];

/// Words before a time that make it an end.
const UNTIL: [&str; 6] = ["ate", "hasta", "bis", "until", "till", "til"];
/// Words that make a bare number a day of the month.
const DAY: [&str; 5] = ["dia", "den", "the", "el", "am"];
/// Words between the two ends of days, `24 a 26/12`.
const TO: [&str; 10] = ["a", "ate", "al", "hasta", "bis", "to", "until", "till", "e", "-"];

/// The first day that a note mentions.
pub fn day(text: &str, today: Date) -> Option<Date> {
    mentions(text, today).into_iter().find_map(|mention| match mention {
        Mention::Day(day) => Some(day),
        Mention::Time(..) => None,
    })
}

/// Everything that is mentioned, in order.
pub fn mentions(text: &str, today: Date) -> Vec<Mention> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let before = if at == 0 { "" } else { word(at - 1) };
        // "hasta las 20", "até as 20h": the article says nothing.
        let article = matches!(before, "las" | "la" | "as" | "a") && at > 1 && UNTIL.contains(&word(at - 2));
        let before = if article { word(at - 2) } else { before };
        let earlier = found.iter().rev().find_map(|mention| match mention {
            Mention::Day(day) => Some(*day),
            Mention::Time(..) => None,
        });
        let base = earlier.filter(|_| TO.contains(&before)).unwrap_or(today);
        let (mention, taken) = one(&words[at..], before, base, today);
        found.extend(mention);
        at += taken.max(1);
    }
    found
}

/// What the first words mention, and how many words that takes.
fn one(words: &[&str], before: &str, base: Date, today: Date) -> (Option<Mention>, usize) {
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let ahead = |days: i32| Some(Mention::Day(today.saturating_add(days.days())));
    match (word(0), word(1), word(2)) {
        ("depois", "de", "amanha") | ("day", "after", "tomorrow") => return (ahead(2), 3),
        ("pasado", "manana", _) => return (ahead(2), 2),
        ("ubermorgen" | "uebermorgen", ..) => return (ahead(2), 1),
        // "por la mañana", "am Morgen" are parts of a day.
        (part @ ("manana" | "morgen"), ..) if before == "la" || (part == "morgen" && before == "am") => {
            return (None, 1);
        }
        ("hoje" | "hoy" | "heute" | "today", ..) => return (ahead(0), 1),
        (
            "amanha" | "amnha" | "manana" | "mnana" | "morgen" | "tomorrow" | "tommorow" | "tomorow" | "tmrw",
            ..,
        ) => return (ahead(1), 1),
        _ => {}
    }
    if let Some((weekday, _)) = WEEKDAYS.iter().find(|(_, names)| names.contains(&word(0))) {
        // Short names are words of their own: "do" and "so" are days only where a day is expected.
        if word(0).len() > 2 || matches!(before, "am" | "bis" | "von" | "ab") {
            return (Some(Mention::Day(next(base, *weekday))), 1);
        }
    }
    if let Some(day) = written(word(0), today) {
        return (Some(Mention::Day(day)), 1);
    }
    let number =
        word(0).trim_end_matches("st").trim_end_matches("nd").trim_end_matches("rd").trim_end_matches("th");
    if let Ok(number) = number.parse::<i8>() {
        let of = usize::from(matches!(word(1), "de" | "of"));
        if let Some(month) = month(word(1 + of)) {
            return (dated(number, month, today).map(Mention::Day), 2 + of);
        }
        // "24 a 26/12", "24 to 26 december": the month comes with the end.
        if TO.contains(&word(1))
            && let (Some(Mention::Day(end)), _) =
                one(words.get(2..).unwrap_or_default(), word(1), base, today)
            && word(2).chars().next().is_some_and(|c| c.is_ascii_digit())
            && let Ok(day) = Date::new(end.year(), end.month(), number)
        {
            return (Some(Mention::Day(day)), 1);
        }
        if DAY.contains(&before) && !matches!(word(1), "h" | "uhr" | "horas") {
            return (of_month(number, today).map(Mention::Day), 1);
        }
    }
    if let Some(month) = month(word(0))
        && let Ok(number) = word(1).trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<i8>()
    {
        return (dated(number, month, today).map(Mention::Day), 2);
    }
    let end = UNTIL.contains(&before);
    let late = word(1) == "pm";
    match minute(word(0)) {
        Some(minute) if late && minute < 720 => (Some(Mention::Time(minute + 720, end)), 2),
        Some(minute) => (Some(Mention::Time(minute, end)), 1),
        None => (None, 1),
    }
}

/// The next such weekday, the day itself included.
fn next(from: Date, weekday: Weekday) -> Date {
    let ahead = from.weekday().until(weekday);
    from.saturating_add(i32::from(ahead).days())
}

fn month(word: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|names| names.contains(&word))?;
    i8::try_from(at + 1).ok()
}

/// A day and month, this year's or, where that is over, next year's.
fn dated(day: i8, month: i8, today: Date) -> Option<Date> {
    let of = |year: i16| Date::new(year, month, day).ok();
    of(today.year()).filter(|date| *date >= today).or_else(|| of(today.year() + 1))
}

/// A day of this month or of the next one that has it.
fn of_month(day: i8, today: Date) -> Option<Date> {
    (0..12_i32)
        .filter_map(|ahead| {
            let month = today.first_of_month().saturating_add(ahead.months());
            Date::new(month.year(), month.month(), day).ok()
        })
        .find(|date| *date >= today)
}

/// `24/12`, `24.12.2026`, `2026-12-24`.
fn written(word: &str, today: Date) -> Option<Date> {
    let parts: Vec<&str> = word.split(['/', '.', '-']).collect();
    let number = |text: &str| text.parse::<i16>().ok();
    let small = |text: &str| text.parse::<i8>().ok();
    match parts.as_slice() {
        [year, month, day] if year.len() == 4 => Date::new(number(year)?, small(month)?, small(day)?).ok(),
        [day, month, year] => {
            let year = number(year).map(|year| if year < 100 { year + 2000 } else { year })?;
            Date::new(year, small(month)?, small(day)?).ok()
        }
        [day, month] if !word.contains('-') => dated(small(day)?, small(month)?, today),
        _ => None,
    }
}

/// `20`, `20:30`, `20h`, `20h30`, `8pm`; minutes of the day, 24:00 included.
fn minute(word: &str) -> Option<u16> {
    let (word, late) = match (word.strip_suffix("pm"), word.strip_suffix("am")) {
        (Some(word), _) => (word, true),
        (_, Some(word)) => (word, false),
        _ => (word.trim_end_matches("hs").trim_end_matches("uhr"), false),
    };
    let (hour, minute) = word.split_once([':', 'h']).unwrap_or((word, ""));
    let hour: u16 = hour.parse().ok()?;
    let minute: u16 = if minute.is_empty() { 0 } else { minute.parse().ok()? };
    let hour = if late && hour < 12 { hour + 12 } else { hour };
    let whole = hour * 60 + minute;
    (hour <= 24 && minute < 60 && whole <= 1440).then_some(whole)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::assistant::plain::phrase::folded;

    /// A Monday.
    const TODAY: Date = date(2026, 11, 16);

    fn read(text: &str) -> Vec<Mention> {
        mentions(&folded(text), TODAY)
    }

    #[test]
    fn days_are_read_in_four_languages() {
        let days = [
            ("fechado amanhã", date(2026, 11, 17)),
            ("cerrado mañana", date(2026, 11, 17)),
            ("morgen geschlossen", date(2026, 11, 17)),
            ("depois de amanhã", date(2026, 11, 18)),
            ("übermorgen", date(2026, 11, 18)),
            ("sexta-feira", date(2026, 11, 20)),
            ("el viernes", date(2026, 11, 20)),
            ("am Mo", date(2026, 11, 16)),
            ("24/12", date(2026, 12, 24)),
            ("am 24.12.", date(2026, 12, 24)),
            ("24 de dezembro", date(2026, 12, 24)),
            ("24. Dezember", date(2026, 12, 24)),
            ("December 24th", date(2026, 12, 24)),
            ("dia 10", date(2026, 12, 10)),
            ("1/2/2027", date(2027, 2, 1)),
            ("3 de março", date(2027, 3, 3)),
        ];
        for (text, day) in days {
            assert_eq!(read(text), [Mention::Day(day)], "{text}");
        }
        assert_eq!(read("por la mañana"), []);
    }

    #[test]
    fn ends_of_a_range_share_their_month_and_times_are_no_days() {
        let days = [Mention::Day(date(2026, 12, 24)), Mention::Day(date(2026, 12, 26))];
        for text in [
            "de 24 a 26 de dezembro",
            "del 24 al 26/12",
            "vom 24. bis 26. Dezember",
            "from 24 to 26 december",
            "24/12 a 26/12",
        ] {
            assert_eq!(read(text), days, "{text}");
        }
        let week = [Mention::Day(date(2026, 11, 20)), Mention::Day(date(2026, 11, 23))];
        assert_eq!(read("de sexta a segunda"), week);
        let friday = Mention::Day(date(2026, 11, 20));
        for text in [
            "sexta até as 20h",
            "viernes hasta las 20",
            "Freitag bis 20 Uhr",
            "friday until 8pm",
            "friday until 8 pm",
        ] {
            let found = read(text);
            assert_eq!(found[0], friday, "{text}");
            assert!(matches!(found[1], Mention::Time(1200, _)), "{text}: {found:?}");
        }
        assert_eq!(read("14:30"), [Mention::Time(870, false)]);
    }
}

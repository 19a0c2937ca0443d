//! The day and time a person names, in the fields that a tool takes.

use serde_json::{Map, Value, json};

use super::words::Words;

const WEEKDAYS: [(&str, &[&str]); 7] = [
    ("mon", &["segunda", "lunes", "monday", "montag"]),
    ("tue", &["terca", "martes", "tuesday", "dienstag"]),
    ("wed", &["quarta", "miercoles", "wednesday", "mittwoch"]),
    ("thu", &["quinta", "jueves", "thursday", "donnerstag"]),
    ("fri", &["sexta", "viernes", "friday", "freitag"]),
    ("sat", &["sabado", "saturday", "samstag"]),
    ("sun", &["domingo", "sunday", "sonntag"]),
];
const DAY_AFTER_TOMORROW: [&str; 4] =
    ["depois de amanha", "pasado manana", "day after tomorrow", "ubermorgen"];
const TOMORROW: [&str; 4] = ["amanha", "manana", "tomorrow", "morgen"];
const TODAY: [&str; 4] = ["hoje", "hoy", "today", "heute"];
const NEXT_WEEK: [&str; 6] =
    ["semana que vem", "proxima semana", "semana proxima", "next week", "nachste woche", "nachster woche"];
const GREETINGS: [&str; 12] = [
    "bom dia",
    "boa tarde",
    "boa noite",
    "buenos dias",
    "buenas tardes",
    "buenas noches",
    "good morning",
    "good afternoon",
    "good evening",
    "guten morgen",
    "guten tag",
    "guten abend",
];
/// "mais tarde": later, not in the afternoon.
const NOT_A_PART: [&str; 2] = ["mais tarde", "mas tarde"];
const PARTS: [(&str, &[&str]); 3] = [
    ("morning", &["manha", "morning", "morgens", "vormittag", "vormittags"]),
    ("afternoon", &["tarde", "afternoon", "nachmittag", "nachmittags"]),
    ("evening", &["noite", "noche", "evening", "night", "abend", "abends"]),
];
const MONTHS: [&[&str]; 12] = [
    &["janeiro", "enero", "january", "januar"],
    &["fevereiro", "febrero", "february", "februar"],
    &["marco", "marzo", "march", "marz"],
    &["abril", "april"],
    &["maio", "mayo", "may", "mai"],
    &["junho", "junio", "june", "juni"],
    &["julho", "julio", "july", "juli"],
    &["agosto", "august"],
    &["setembro", "septiembre", "september"],
    &["outubro", "octubre", "october", "oktober"],
    &["novembro", "noviembre", "november"],
    &["dezembro", "diciembre", "december", "dezember"],
];
/// Words before a bare hour: "às 15", "a las 3", "at 3", "um 15".
const BEFORE_HOUR: [&str; 4] = ["as", "las", "at", "um"];
/// Words after a bare hour.
const AFTER_HOUR: [&str; 7] = ["h", "hs", "hrs", "hora", "horas", "uhr", "oclock"];

/// A time of day on a 24-hour clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    pub hour: u8,
    pub minute: u8,
}

impl Clock {
    fn new(hour: u8, minute: u8) -> Option<Self> {
        (hour < 24 && minute < 60).then_some(Self { hour, minute })
    }

    /// `15:00`
    pub fn text(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    fn an_hour_later(self) -> Self {
        if self.hour == 23 { Self { hour: 23, minute: 59 } } else { Self { hour: self.hour + 1, ..self } }
    }
}

/// What was said about day and time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct When {
    pub day: Option<Day>,
    pub part: Option<&'static str>,
    pub time: Option<Clock>,
}

/// A day as a tool names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Day {
    Weekday { name: &'static str, next_week: bool },
    Date { day: u8, month: Option<u8> },
    Ahead(u8),
}

impl When {
    pub fn said_in(words: &Words) -> Self {
        let plain = GREETINGS
            .iter()
            .chain(&NOT_A_PART)
            .find_map(|greeting| words.has_phrase(greeting).then(|| words.without(greeting)));
        let words = plain.as_ref().unwrap_or(words);
        let part = part(words);
        Self { day: day(words), part, time: time(words, part) }
    }

    pub fn nothing(&self) -> bool {
        *self == Self::default()
    }

    /// The fields of `find_available_slots`.
    pub fn arguments(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        match &self.day {
            Some(Day::Weekday { name, next_week }) => {
                put("weekday", json!(name));
                if *next_week {
                    put("week", json!(1));
                }
            }
            Some(Day::Date { day, month }) => {
                put("day", json!(day));
                if let Some(month) = month {
                    put("month", json!(month));
                }
            }
            Some(Day::Ahead(days)) => {
                put("offset_days", json!(days));
            }
            None => {}
        }
        if let Some(time) = self.time {
            put("from", json!(time.text()));
            put("to", json!(time.an_hour_later().text()));
        } else if let Some(part) = self.part {
            put("part_of_day", json!(part));
        }
        fields
    }
}

fn day(words: &Words) -> Option<Day> {
    if let Some(date) = date(words) {
        return Some(date);
    }
    if let Some((name, _)) = WEEKDAYS.iter().find(|(_, names)| words.has_any(names)) {
        return Some(Day::Weekday {
            name,
            next_week: NEXT_WEEK.iter().any(|phrase| words.has_phrase(phrase)),
        });
    }
    if DAY_AFTER_TOMORROW.iter().any(|phrase| words.has_phrase(phrase)) {
        return Some(Day::Ahead(2));
    }
    // "por la mañana" is a part of the day.
    let plain = words.without("la manana");
    if plain.has_any(&TOMORROW) {
        return Some(Day::Ahead(1));
    }
    words.has_any(&TODAY).then_some(Day::Ahead(0))
}

/// `24/11`, `24.11.`, `dia 24`, `24 de novembro`, `24. November`.
fn date(words: &Words) -> Option<Day> {
    let list = words.list();
    for (index, word) in list.iter().enumerate() {
        if let Some((day, month)) = word.split_once(['/', '.'])
            && let (Some(day), Some(month)) = (number(day), number(month.split(['/', '.']).next()?))
            && (1..=31).contains(&day)
            && (1..=12).contains(&month)
        {
            return Some(Day::Date { day, month: Some(month) });
        }
        let Some(day) = number(word).filter(|day| (1..=31).contains(day)) else { continue };
        let after = list.get(index + 1..).unwrap_or_default();
        let after = after.strip_prefix(&["de".to_owned()]).unwrap_or(after);
        if let Some(month) = after.first().and_then(|word| month(word)) {
            return Some(Day::Date { day, month: Some(month) });
        }
        if index.checked_sub(1).and_then(|before| list.get(before)).is_some_and(|before| before == "dia") {
            return Some(Day::Date { day, month: None });
        }
    }
    None
}

fn month(word: &str) -> Option<u8> {
    let index = MONTHS.iter().position(|names| names.contains(&word))?;
    u8::try_from(index + 1).ok()
}

fn part(words: &Words) -> Option<&'static str> {
    if words.has_phrase("la manana") {
        return Some("morning");
    }
    PARTS.iter().find(|(_, names)| words.has_any(names)).map(|(part, _)| *part)
}

fn time(words: &Words, part: Option<&str>) -> Option<Clock> {
    if words.has_phrase("meio dia") || words.has_phrase("mediodia") {
        return Clock::new(12, 0);
    }
    let list = words.list();
    list.iter().enumerate().find_map(|(index, word)| {
        let before = index.checked_sub(1).and_then(|before| list.get(before)).map(String::as_str);
        let after = list.get(index + 1).map(String::as_str);
        let (clock, pm) = written(word)
            .or_else(|| {
                let hour = number(word)?;
                let said = before.is_some_and(|word| BEFORE_HOUR.contains(&word))
                    || after.is_some_and(|word| AFTER_HOUR.contains(&word) || word == "pm" || word == "am");
                said.then(|| Clock::new(hour, 0)).flatten()
            })
            .map(|clock| (clock, after == Some("pm") || word.ends_with("pm")))?;
        // "3 da tarde", "3 pm"
        let later = pm || matches!(part, Some("afternoon" | "evening"));
        if later && clock.hour < 12 { Clock::new(clock.hour + 12, clock.minute) } else { Some(clock) }
    })
}

/// `15:00`, `15:00h`, `15h`, `15h30`, `15hs`, `3pm`.
fn written(word: &str) -> Option<Clock> {
    if let Some(hour) = word.strip_suffix("pm").or_else(|| word.strip_suffix("am")) {
        return number(hour).and_then(|hour| Clock::new(hour, 0)).or_else(|| written(hour));
    }
    let word = word.trim_end_matches("hrs").trim_end_matches("hs");
    if let Some((hour, minute)) = word.split_once(':') {
        return Clock::new(number(hour)?, number(minute.trim_end_matches('h'))?);
    }
    if let Some((hour, minute)) = word.split_once('h') {
        return Clock::new(number(hour)?, if minute.is_empty() { 0 } else { number(minute)? });
    }
    None
}

fn number(text: &str) -> Option<u8> {
    (1..=2).contains(&text.len()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Value {
        Value::Object(When::said_in(&Words::of(text)).arguments())
    }

    #[test]
    fn days_and_times_are_read_as_people_write_them() {
        for (text, expected) in [
            ("terça às 15h", json!({"weekday": "tue", "from": "15:00", "to": "16:00"})),
            ("Sexta-feira à tarde", json!({"weekday": "fri", "part_of_day": "afternoon"})),
            ("amanhã de manhã", json!({"offset_days": 1, "part_of_day": "morning"})),
            ("hoje às 9:30?", json!({"offset_days": 0, "from": "09:30", "to": "10:30"})),
            ("boa tarde, tem vaga depois de amanhã?", json!({"offset_days": 2})),
            ("quarta da semana que vem", json!({"weekday": "wed", "week": 1})),
            ("dia 24 às 10", json!({"day": 24, "from": "10:00", "to": "11:00"})),
            ("24/11 às 15h30", json!({"day": 24, "month": 11, "from": "15:30", "to": "16:30"})),
            ("24 de novembro à noite", json!({"day": 24, "month": 11, "part_of_day": "evening"})),
            ("quinta às 3 da tarde", json!({"weekday": "thu", "from": "15:00", "to": "16:00"})),
            ("el martes a las 10 por la mañana", json!({"weekday": "tue", "from": "10:00", "to": "11:00"})),
            ("mañana por la tarde", json!({"offset_days": 1, "part_of_day": "afternoon"})),
            ("Freitag um 14 Uhr", json!({"weekday": "fri", "from": "14:00", "to": "15:00"})),
            ("am 24.11. nachmittags", json!({"day": 24, "month": 11, "part_of_day": "afternoon"})),
            ("tomorrow at 3pm", json!({"offset_days": 1, "from": "15:00", "to": "16:00"})),
            ("às 23:30", json!({"from": "23:30", "to": "23:59"})),
        ] {
            assert_eq!(arguments(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_that_are_no_times_are_left_alone() {
        for text in ["quero 2 cortes", "custa 80?", "bom dia", "falo mais tarde", "25h"] {
            assert!(When::said_in(&Words::of(text)).nothing(), "{text}");
        }
    }
}

//! Dates and times in the customer's language.
//!
//! Times are on the 24-hour clock in every language, English too: one form that customers in all countries read, that
//! has no am and pm to be mistaken for each other, and that is compared easily with what a model writes. A German time
//! is followed by `Uhr`. Dates carry their weekday; English ones write out the month, because `03/04` is March for one
//! reader and April for another.

use jiff::{
    Zoned,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use crate::when::{Resolved, Window};

/// A language that dates and times are said in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Brazilian Portuguese.
    Portuguese,
    /// Spanish.
    Spanish,
    /// German.
    German,
    /// English, and whatever else is asked for.
    English,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Portuguese, Self::Spanish, Self::German, Self::English];

    /// By BCP 47 tag; only the primary language counts.
    pub fn of(tag: &str) -> Self {
        match tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "pt" => Self::Portuguese,
            "es" => Self::Spanish,
            "de" => Self::German,
            _ => Self::English,
        }
    }

    /// Its BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Portuguese => "pt-BR",
            Self::Spanish => "es",
            Self::German => "de",
            Self::English => "en",
        }
    }

    fn one_of(self, four: [&str; 4]) -> &str {
        let [portuguese, spanish, german, english] = four;
        match self {
            Self::Portuguese => portuguese,
            Self::Spanish => spanish,
            Self::German => german,
            Self::English => english,
        }
    }

    /// `terça-feira`, `martes`, `Dienstag`, `Tuesday`.
    pub fn weekday(self, day: Weekday) -> &'static str {
        let names = match day {
            Weekday::Monday => ["segunda-feira", "lunes", "Montag", "Monday"],
            Weekday::Tuesday => ["terça-feira", "martes", "Dienstag", "Tuesday"],
            Weekday::Wednesday => ["quarta-feira", "miércoles", "Mittwoch", "Wednesday"],
            Weekday::Thursday => ["quinta-feira", "jueves", "Donnerstag", "Thursday"],
            Weekday::Friday => ["sexta-feira", "viernes", "Freitag", "Friday"],
            Weekday::Saturday => ["sábado", "sábado", "Samstag", "Saturday"],
            Weekday::Sunday => ["domingo", "domingo", "Sonntag", "Sunday"],
        };
        let [portuguese, spanish, german, english] = names;
        match self {
            Self::Portuguese => portuguese,
            Self::Spanish => spanish,
            Self::German => german,
            Self::English => english,
        }
    }

    /// `terça-feira, 24/11/2026`, `Dienstag, 24.11.2026`, `Tuesday, 24 November 2026`.
    pub fn date(self, date: Date) -> String {
        let (weekday, day, month, year) =
            (self.weekday(date.weekday()), date.day(), date.month(), date.year());
        match self {
            Self::Portuguese | Self::Spanish => format!("{weekday}, {day:02}/{month:02}/{year}"),
            Self::German => format!("{weekday}, {day:02}.{month:02}.{year}"),
            Self::English => {
                let at = usize::from(month.unsigned_abs()).saturating_sub(1);
                format!("{weekday}, {day} {} {year}", MONTHS.get(at).copied().unwrap_or_default())
            }
        }
    }

    /// `terça-feira, 24/11/2026 às 15:00`, in the zone of `at`.
    pub fn moment(self, at: &Zoned) -> String {
        let join = self.one_of(["às", "a las", "um", "at"]);
        format!("{} {join} {}{}", self.date(at.date()), time(at), self.after_time())
    }

    /// Like [`Language::moment`], with the name of its zone where a reader's clock shows another time then.
    pub fn moment_for(self, at: &Zoned, reader: &TimeZone) -> String {
        format!("{}{}", self.moment(at), zone_for(at, reader))
    }

    /// `terça-feira, 24/11/2026, das 15:00 às 15:45`; two moments where it ends on another day.
    pub fn range(self, from: &Zoned, to: &Zoned) -> String {
        if from.date() != to.date() {
            return format!("{} – {}", self.moment(from), self.moment(to));
        }
        format!("{}, {}", self.date(from.date()), self.between(&time(from), &time(to)))
    }

    /// Like [`Language::range`], with the name of its zone where a reader's clock shows another time then.
    pub fn range_for(self, from: &Zoned, to: &Zoned, reader: &TimeZone) -> String {
        format!("{}{}", self.range(from, to), zone_for(from, reader))
    }

    fn between(self, from: &str, to: &str) -> String {
        match self {
            Self::Portuguese => format!("das {from} às {to}"),
            Self::Spanish => format!("de {from} a {to}"),
            Self::German => format!("von {from} bis {to} Uhr"),
            Self::English => format!("from {from} to {to}"),
        }
    }

    fn after_time(self) -> &'static str {
        if self == Self::German { " Uhr" } else { "" }
    }

    /// A day seen from today: `hoje`, `amanhã`, `em 3 dias`, `há 2 dias`.
    pub fn from_today(self, days: i32) -> String {
        let count = days.unsigned_abs();
        match days {
            0 => self.one_of(["hoje", "hoy", "heute", "today"]).to_owned(),
            1 => self.one_of(["amanhã", "mañana", "morgen", "tomorrow"]).to_owned(),
            -1 => self.one_of(["ontem", "ayer", "gestern", "yesterday"]).to_owned(),
            _ => match (self, days > 0) {
                (Self::Portuguese, true) => format!("em {count} dias"),
                (Self::Portuguese, false) => format!("há {count} dias"),
                (Self::Spanish, true) => format!("en {count} días"),
                (Self::Spanish, false) => format!("hace {count} días"),
                (Self::German, true) => format!("in {count} Tagen"),
                (Self::German, false) => format!("vor {count} Tagen"),
                (Self::English, true) => format!("in {count} days"),
                (Self::English, false) => format!("{count} days ago"),
            },
        }
    }

    /// A day seen from the one that was wanted: `no mesmo dia`, `1 dia depois`, `2 dias antes`.
    pub fn from_wanted(self, days: i32) -> String {
        let count = days.unsigned_abs();
        if count == 0 {
            return self
                .one_of(["no mesmo dia", "el mismo día", "am selben Tag", "on the same day"])
                .to_owned();
        }
        let unit = match (self, count) {
            (Self::Portuguese, 1) => "dia",
            (Self::Portuguese, _) => "dias",
            (Self::Spanish, 1) => "día",
            (Self::Spanish, _) => "días",
            (Self::German, 1) => "Tag",
            (Self::German, _) => "Tage",
            (Self::English, 1) => "day",
            (Self::English, _) => "days",
        };
        let side = if days > 0 {
            self.one_of(["depois", "después", "später", "later"])
        } else {
            self.one_of(["antes", "antes", "früher", "earlier"])
        };
        format!("{count} {unit} {side}")
    }

    /// The days and times of a window: `sexta-feira, 27/11/2026, das 15:00 às 18:00`.
    pub fn window(self, window: &Window) -> String {
        let days = if window.first == window.last {
            self.date(window.first)
        } else {
            let (first, last) = (self.date(window.first), self.date(window.last));
            match self {
                Self::Portuguese => format!("de {first} a {last}"),
                Self::Spanish => format!("del {first} al {last}"),
                Self::German => format!("von {first} bis {last}"),
                Self::English => format!("from {first} to {last}"),
            }
        };
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60 % 24, minute % 60);
        let (from, last) = (clock(window.from), window.to.saturating_sub(1));
        // A window that ends with the day, or at a full hour it does not include, has that hour as its end.
        let to = if last % 60 == 59 { clock(last + 1) } else { clock(last) };
        let times = match (window.from, window.to) {
            (0, Window::DAY) => return days,
            (_, Window::DAY) => match self {
                Self::Portuguese => format!("a partir das {from}"),
                Self::Spanish => format!("desde las {from}"),
                Self::German => format!("ab {from} Uhr"),
                Self::English => format!("from {from} on"),
            },
            (at, end) if end == at.saturating_add(1) => {
                format!("{} {from}{}", self.one_of(["às", "a las", "um", "at"]), self.after_time())
            }
            (0, _) => match self {
                Self::Portuguese => format!("até as {to}"),
                Self::Spanish => format!("hasta las {to}"),
                Self::German => format!("bis {to} Uhr"),
                Self::English => format!("until {to}"),
            },
            _ => self.between(&from, &to),
        };
        format!("{days}, {times}")
    }

    /// Which day and time were meant, with the other reading where the words had two.
    pub fn meant(self, resolved: &Resolved) -> String {
        let meant = self.window(&resolved.window);
        let Some(other) = resolved.other else { return meant };
        let (not, other) = (self.one_of(["não", "no", "nicht", "not"]), self.date(other));
        format!("{meant} ({not} {other})")
    }
}

/// `15:00`, in the zone of `at`.
pub fn time(at: &Zoned) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// ` (America/Sao_Paulo)`, or nothing where the reader's clock shows the same.
fn zone_for(at: &Zoned, reader: &TimeZone) -> String {
    if at.timestamp().to_zoned(reader.clone()).datetime() == at.datetime() {
        return String::new();
    }
    at.time_zone().iana_name().map_or_else(|| format!(" (UTC{})", at.offset()), |name| format!(" ({name})"))
}

#[cfg(test)]
mod tests;

//! Opening hours in the business's local time.

use std::{borrow::Cow, fmt, str::FromStr};

use jiff::civil::{Date, Time, Weekday};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::profile::forms;

/// From one local time of day to another, written `09:00-12:00`. An end at or before the start lies on the
/// following day (`22:00-02:00`); `24:00` as an end is midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Local start.
    pub from: Time,
    /// Local end, exclusive.
    pub to: Time,
}

/// Why a text is not an [`Interval`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an interval of hours: write it like 09:00-12:00")]
pub struct IntervalError(String);

impl Interval {
    /// The same form as the `pattern` in the schema.
    pub const PATTERN: &str = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$";

    /// Whether the end lies on the following day.
    pub fn passes_midnight(self) -> bool {
        self.to <= self.from
    }

    /// Start and end in minutes of the day; the end is above 1440 where the interval passes midnight.
    pub fn minutes(self) -> (i32, i32) {
        let of = |t: Time| i32::from(t.hour()) * 60 + i32::from(t.minute());
        let (from, to) = (of(self.from), of(self.to));
        (from, if to <= from { to + 24 * 60 } else { to })
    }
}

impl FromStr for Interval {
    type Err = IntervalError;

    fn from_str(text: &str) -> Result<Self, IntervalError> {
        let wrong = || IntervalError(text.chars().take(32).collect());
        let time = |part: &str| -> Option<Time> {
            let (hour, minute) = part.split_once(':')?;
            let two = |s: &str| {
                (s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse::<i8>().ok())
            };
            Time::new(two(hour)??, two(minute)??, 0, 0).ok()
        };
        let (from, to) = text.split_once('-').ok_or_else(wrong)?;
        // As in the schema's rule: the whole day is 00:00-24:00, and two equal times are a slip.
        if from == to {
            return Err(wrong());
        }
        let to = if to == "24:00" { "00:00" } else { to };
        Ok(Self { from: time(from).ok_or_else(wrong)?, to: time(to).ok_or_else(wrong)? })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.to == Time::midnight() {
            "24:00".to_owned()
        } else {
            self.to.strftime("%H:%M").to_string()
        };
        write!(f, "{}-{end}", self.from.strftime("%H:%M"))
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Interval {
    fn schema_name() -> Cow<'static, str> {
        "Interval".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Local opening interval, 09:00-12:00; 22:00-02:00 passes midnight.",
            "maxLength": 11,
            "pattern": Interval::PATTERN,
        })
    }
}

/// A shared schema of one weekday: its own CEL rules say what a pattern cannot.
fn day_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 6,
        "items": {"type": "string", "maxLength": 11, "pattern": Interval::PATTERN},
        "x-kubernetes-validations": [
            {
                "rule": "self.all(i, !i.matches('^[0-9:]{5}-[0-9:]{5}$') || i.substring(0, 5) != i.substring(6, 11))",
                "message": "an interval must not be empty: opening and closing time are the same; write 00:00-24:00 for the whole day, or [] for a closed day",
            },
            {
                "rule": "self.all(i, !i.matches('^[0-9:]{5}-[0-9:]{5}$') || self.exists_one(j, j.matches('^[0-9:]{5}-[0-9:]{5}$') && j.substring(0, 5) == i.substring(0, 5)))",
                "message": "two intervals of the same day start at the same time: merge them",
            },
            {
                "rule": "self.all(i, self.all(j, i == j || !i.matches('^[0-9:]{5}-[0-9:]{5}$') || !j.matches('^[0-9:]{5}-[0-9:]{5}$') || i.substring(0, 5) >= j.substring(0, 5) || (i.substring(6, 11) > i.substring(0, 5) && i.substring(6, 11) <= j.substring(0, 5))))",
                "message": "the intervals of a day must not overlap: end one before the next begins, e.g. 09:00-12:00 and 13:00-19:00",
            },
        ],
    })
}

/// Opening hours of a week in LOCAL time. A day that is left out, or is `[]`, is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WeeklyHours {
    /// Monday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "day_schema")]
    pub mon: Vec<Interval>,
    /// Tuesday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "day_schema")]
    pub tue: Vec<Interval>,
    /// Wednesday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "day_schema")]
    pub wed: Vec<Interval>,
    /// Thursday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "day_schema")]
    pub thu: Vec<Interval>,
    /// Friday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "day_schema")]
    pub fri: Vec<Interval>,
    /// Saturday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "day_schema")]
    pub sat: Vec<Interval>,
    /// Sunday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "day_schema")]
    pub sun: Vec<Interval>,
}

impl WeeklyHours {
    /// The intervals that start on a weekday.
    pub fn on(&self, day: Weekday) -> &[Interval] {
        match day {
            Weekday::Monday => &self.mon,
            Weekday::Tuesday => &self.tue,
            Weekday::Wednesday => &self.wed,
            Weekday::Thursday => &self.thu,
            Weekday::Friday => &self.fri,
            Weekday::Saturday => &self.sat,
            Weekday::Sunday => &self.sun,
        }
    }

    /// The seven days with their names in the profile.
    pub fn days(&self) -> [(&'static str, &[Interval]); 7] {
        [
            ("mon", &self.mon),
            ("tue", &self.tue),
            ("wed", &self.wed),
            ("thu", &self.thu),
            ("fri", &self.fri),
            ("sat", &self.sat),
            ("sun", &self.sun),
        ]
    }

    /// Whether no day has an interval.
    pub fn is_always_closed(&self) -> bool {
        self.days().iter().all(|(_, intervals)| intervals.is_empty())
    }
}

/// Whole days on which nothing can be booked, both ends included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "self.from <= self.to",
    "message": "a closure must not end before it begins: `from` is the first closed day, `to` the last"
}]))]
pub struct Closure {
    /// First closed day, `2026-12-24`.
    #[schemars(schema_with = "date_schema")]
    pub from: Date,
    /// Last closed day.
    #[schemars(schema_with = "date_schema")]
    pub to: Date,
    /// What customers are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 120))]
    pub reason: Option<String>,
}

/// A day with hours of its own: they replace the weekly hours of the business, and a closure of that day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Opening {
    /// The local day, `2026-12-20`.
    #[schemars(schema_with = "date_schema")]
    pub date: Date,
    /// When it is open that day.
    #[schemars(schema_with = "day_schema")]
    pub hours: Vec<Interval>,
    /// Ids of the staff who work these hours, whatever their own say; when left out, everyone works as their own
    /// hours allow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 40)))]
    pub staff: Vec<String>,
    /// What customers are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 120))]
    pub reason: Option<String>,
}

fn date_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "description": "A local date, 2026-12-24.",
        "maxLength": 10,
        "pattern": forms::DATE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_may_pass_midnight() {
        let night: Interval = "22:00-02:00".parse().unwrap();
        assert!(night.passes_midnight());
        assert_eq!(night.minutes(), (22 * 60, 26 * 60));
        assert_eq!("00:00-24:00".parse::<Interval>().unwrap().minutes(), (0, 1440));
        assert_eq!("09:00-24:00".parse::<Interval>().unwrap().to_string(), "09:00-24:00");
    }

    #[test]
    fn what_is_not_an_interval_is_refused() {
        for text in [
            "",
            "9:00-12:00",
            "09:00",
            "09:00-25:00",
            "09:00-09:00",
            "09.00-12.00",
            "09:60-10:00",
            "+9:00-12:00",
            "00:00-00:00",
            "24:00-02:00",
            "09:00-12:00 ",
        ] {
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
    }
}

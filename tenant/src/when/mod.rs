//! When somebody wants to come, said by a model or an agent in the customer's own terms.
//!
//! A language model never computes dates: it fills the fields of [`When`], and [`When::resolve`] turns them into local
//! days and times of day of the business's zone. What is ambiguous has a rule, written at [`When::resolve`] and, with
//! its reasons, in `docs/decisions/0006-when.md`; the answer always says which day was meant.

use std::borrow::Cow;

use jiff::civil::{Date, Weekday};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::{Value, json};

mod error;
mod resolve;
mod time;
mod window;

pub use error::{WhenError, WhenReason};
pub use resolve::Resolved;
pub use window::Window;

/// A day of the week as tools take it: `fri` or `friday`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    #[serde(alias = "monday")]
    Mon,
    /// Tuesday.
    #[serde(alias = "tuesday")]
    Tue,
    /// Wednesday.
    #[serde(alias = "wednesday")]
    Wed,
    /// Thursday.
    #[serde(alias = "thursday")]
    Thu,
    /// Friday.
    #[serde(alias = "friday")]
    Fri,
    /// Saturday.
    #[serde(alias = "saturday")]
    Sat,
    /// Sunday.
    #[serde(alias = "sunday")]
    Sun,
}

impl From<Day> for Weekday {
    fn from(day: Day) -> Self {
        match day {
            Day::Mon => Self::Monday,
            Day::Tue => Self::Tuesday,
            Day::Wed => Self::Wednesday,
            Day::Thu => Self::Thursday,
            Day::Fri => Self::Friday,
            Day::Sat => Self::Saturday,
            Day::Sun => Self::Sunday,
        }
    }
}

/// A part of the local day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartOfDay {
    /// Before 12:00.
    Morning,
    /// From 12:00, before 18:00.
    Afternoon,
    /// From 18:00.
    Evening,
}

/// When somebody would like to come, in the words they used. Nothing given means "as soon as possible".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// A weekday by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekday: Option<Day>,
    /// Weeks from this one, which begins on Monday: 0 this, 1 next. With `weekday`, or alone for any day of it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub week: Option<i32>,
    /// Day of the month.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub day: Option<i32>,
    /// Month, with `day`, or alone for any day of it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub month: Option<i32>,
    /// Year, with `month`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub year: Option<i32>,
    /// Days from today: 0 today, 1 tomorrow.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "number")]
    pub offset_days: Option<i32>,
    /// Morning, afternoon or evening.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_of_day: Option<PartOfDay>,
    /// One exact local start, `15:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Earliest local start, `15:00`; alone: open end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Latest local start, `18:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A whole number as models write it: `3`, `3.0` or `"3"`.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = match &value {
        Value::Null => return Ok(None),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let whole = text.strip_suffix(".0").unwrap_or(&text);
    whole.parse().map(Some).map_err(|_| D::Error::custom(format_args!("{value} is not a whole number")))
}

impl When {
    /// A time without a day is one of this day: "at four", about an appointment, means its own day.
    #[must_use]
    pub fn or_on(mut self, date: Date) -> Self {
        let Self { weekday, week, day, month, year, offset_days, part_of_day, at, from, to } = &self;
        let days = [week, day, month, year, offset_days];
        let names_a_day = weekday.is_some() || days.iter().any(|field| field.is_some());
        let names_a_time = part_of_day.is_some() || [at, from, to].iter().any(|field| field.is_some());
        if names_a_time && !names_a_day {
            self.year = Some(date.year().into());
            self.month = Some(date.month().into());
            self.day = Some(date.day().into());
        }
        self
    }

    /// The fields as a tool's parameters, for a tool that takes them beside its own.
    pub fn properties() -> serde_json::Map<String, Value> {
        let properties = json!({
            "weekday": {"type": "string", "enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
            "week": {"type": "integer", "minimum": 0, "maximum": 52, "description": "0 this week, 1 next week; with weekday or alone."},
            "day": {"type": "integer", "minimum": 1, "maximum": 31},
            "month": {"type": "integer", "minimum": 1, "maximum": 12},
            "year": {"type": "integer"},
            "offset_days": {"type": "integer", "minimum": 0, "maximum": 366, "description": "0 today, 1 tomorrow."},
            "part_of_day": {"type": "string", "enum": ["morning", "afternoon", "evening"]},
            "at": {"type": "string", "maxLength": 8, "description": "Exact start, HH:MM."},
            "from": {"type": "string", "maxLength": 8, "description": "Earliest start, HH:MM."},
            "to": {"type": "string", "maxLength": 8, "description": "Latest start, HH:MM."},
        });
        match properties {
            Value::Object(properties) => properties,
            _ => serde_json::Map::new(),
        }
    }

    /// The schema that tools offer: flat, every field optional, nothing a weak model stumbles over.
    pub fn schema() -> Value {
        json!({
            "type": "object",
            "description": "The day and time in the customer's own words; leave out what was not said. Name the day in one way.",
            "properties": Self::properties(),
            "additionalProperties": false,
        })
    }
}

impl JsonSchema for When {
    fn schema_name() -> Cow<'static, str> {
        "When".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Self::schema().try_into().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_weekdays_are_read_as_models_write_them() {
        let read = |text: &str| serde_json::from_str::<When>(text).unwrap();
        let plain = read(r#"{"weekday": "fri", "day": 27, "month": 11}"#);
        assert_eq!(read(r#"{"weekday": "friday", "day": "27", "month": 11.0, "week": null}"#), plain);
        assert!(serde_json::from_str::<When>(r#"{"day": "soon"}"#).is_err());
        assert!(
            serde_json::from_str::<When>(r#"{"date": "2026-11-27"}"#).is_err(),
            "unknown fields are told"
        );
    }

    #[test]
    fn a_time_alone_may_be_about_a_known_day_and_a_named_day_stays() {
        let friday = jiff::civil::date(2026, 11, 27);
        let four = When { at: Some("16:00".into()), ..When::default() };
        let expected = When { year: Some(2026), month: Some(11), day: Some(27), ..four.clone() };
        assert_eq!(four.or_on(friday), expected);
        let others = [
            When::default(),
            When { weekday: Some(Day::Mon), ..When::default() },
            When { offset_days: Some(0), ..When::default() },
            When { week: Some(1), ..When::default() },
            When { month: Some(12), ..When::default() },
        ];
        for when in others {
            assert_eq!(when.clone().or_on(friday), when);
        }
    }

    #[test]
    fn the_schema_is_small_and_flat() {
        let text = When::schema().to_string();
        println!("the schema of When has {} bytes", text.len());
        assert!(text.len() < 1200, "{} bytes", text.len());
        for word in ["oneOf", "anyOf", "allOf", "$ref", "null"] {
            assert!(!text.contains(word), "{word}");
        }
        let fields: Vec<String> = When::properties().keys().cloned().collect();
        let all = When {
            weekday: Some(Day::Mon),
            week: Some(0),
            day: Some(1),
            month: Some(1),
            year: Some(2026),
            offset_days: Some(0),
            part_of_day: Some(PartOfDay::Morning),
            at: Some("1".into()),
            from: Some("1".into()),
            to: Some("1".into()),
        };
        let written = serde_json::to_value(all).unwrap();
        assert_eq!(fields, written.as_object().unwrap().keys().cloned().collect::<Vec<_>>());
    }
}

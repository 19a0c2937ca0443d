//! Times in events: an instant, a local time with a zone, or a whole day.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde_json::Value;

use super::error::CalendarError;

/// The instant that an `EventDateTime` names. A whole day begins at midnight in the calendar's zone where none
/// is given.
pub fn instant(value: &Value, calendar: &TimeZone) -> Result<Timestamp, CalendarError> {
    let wrong = |what: &str| CalendarError::Invalid(format!("{what} in {value}"));
    let zone = match value.get("timeZone").and_then(Value::as_str) {
        Some(name) => Some(TimeZone::get(name).map_err(|_| wrong("Invalid time zone"))?),
        None => None,
    };
    match (value.get("dateTime").and_then(Value::as_str), value.get("date").and_then(Value::as_str)) {
        (Some(_), Some(_)) => Err(wrong("Both date and dateTime")),
        (Some(text), None) => match (text.parse::<Timestamp>(), zone) {
            (Ok(instant), _) => Ok(instant),
            (Err(_), Some(zone)) => {
                let local: DateTime = text.parse().map_err(|_| wrong("Invalid dateTime"))?;
                zone.to_timestamp(local).map_err(|_| wrong("Invalid dateTime"))
            }
            (Err(_), None) => Err(wrong("A dateTime without offset needs a timeZone")),
        },
        (None, Some(text)) => {
            let day: Date = text.parse().map_err(|_| wrong("Invalid date"))?;
            zone.unwrap_or_else(|| calendar.clone())
                .to_timestamp(day.to_datetime(jiff::civil::Time::midnight()))
                .map_err(|_| wrong("Invalid date"))
        }
        (None, None) => Err(CalendarError::Required("date or dateTime")),
    }
}

/// An instant in a query parameter: RFC 3339 with an offset.
pub fn parameter(name: &str, text: &str) -> Result<Timestamp, CalendarError> {
    text.parse()
        .map_err(|_| CalendarError::Invalid(format!("{name} must be an RFC 3339 time with an offset")))
}

//! Free and busy times.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{error::CalendarError, settings::Access, store::Calendars, time};

const MOST_CALENDARS: usize = 50;

/// The busy times of each calendar asked for, overlapping and touching ones joined.
pub(crate) fn answer(calendars: &Calendars, question: &Value) -> Result<Value, CalendarError> {
    let bound = |name: &'static str| {
        let text = question.get(name).and_then(Value::as_str).ok_or(CalendarError::Required(name))?;
        time::parameter(name, text)
    };
    let (from, to) = (bound("timeMin")?, bound("timeMax")?);
    if to <= from {
        return Err(CalendarError::EmptyRange);
    }
    let items = question["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if items.len() > MOST_CALENDARS {
        return Err(CalendarError::Invalid("Too many calendars requested.".to_owned()));
    }
    let mut answers = Map::new();
    for id in items.iter().filter_map(|item| item["id"].as_str()) {
        if calendars.settings(id).access == Access::None {
            let error = json!({"domain": "global", "reason": "notFound"});
            answers.insert(id.to_owned(), json!({"busy": [], "errors": [error]}));
            continue;
        }
        let busy: Vec<Value> = busy(calendars, id, from, to)
            .iter()
            .map(|(start, end)| json!({"start": start, "end": end}))
            .collect();
        answers.insert(id.to_owned(), json!({"busy": busy}));
    }
    Ok(json!({"kind": "calendar#freeBusy", "timeMin": from, "timeMax": to, "calendars": answers}))
}

fn busy(
    calendars: &Calendars,
    calendar: &str,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    let mut spans: Vec<_> = calendars
        .of(calendar)
        .filter(|event| event.opaque() && event.overlaps(from, to))
        .map(|event| (event.start.max(from), event.end.min(to)))
        .collect();
    spans.sort_unstable();
    let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (start, end) in spans {
        match joined.last_mut() {
            Some((_, last)) if start <= *last => *last = end.max(*last),
            _ => joined.push((start, end)),
        }
    }
    joined
}

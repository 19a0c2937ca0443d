//! Events in memory. A calendar exists as soon as it is named.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::{error::CalendarError, settings::CalendarSettings, time};
use crate::state::EventRow;

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// As `get` answers it.
    pub resource: Value,
    pub start: Timestamp,
    pub end: Timestamp,
    /// Counts changes of all calendars; the greatest is the newest.
    pub revision: u64,
    created_count: u32,
    insert_attempts: u32,
}

impl Event {
    pub fn cancelled(&self) -> bool {
        self.resource["status"] == "cancelled"
    }

    /// Whether it makes its time busy.
    pub fn opaque(&self) -> bool {
        !self.cancelled() && self.resource.get("transparency").is_none_or(|kind| kind == "opaque")
    }

    pub fn overlaps(&self, from: Timestamp, to: Timestamp) -> bool {
        self.start < to && from < self.end
    }
}

/// All calendars of a simulator.
#[derive(Debug, Default)]
pub(crate) struct Calendars {
    events: BTreeMap<(String, String), Event>,
    settings: BTreeMap<String, CalendarSettings>,
    revision: u64,
}

impl Calendars {
    /// The newest change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The settings of a calendar.
    pub fn settings(&self, calendar: &str) -> CalendarSettings {
        self.settings.get(calendar).cloned().unwrap_or_default()
    }

    /// Changes the settings of a calendar.
    pub fn configure(&mut self, calendar: &str, change: impl FnOnce(&mut CalendarSettings)) {
        change(self.settings.entry(calendar.to_owned()).or_default());
    }

    /// Makes every sync token of a calendar too old.
    pub fn expire_tokens(&mut self, calendar: &str) {
        self.revision += 1;
        let from = self.revision;
        self.configure(calendar, |settings| settings.tokens_from = from);
    }

    /// The events of one calendar, deleted ones included.
    pub fn of(&self, calendar: &str) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |((of, _), _)| of == calendar).map(|(_, event)| event)
    }

    pub fn rows(&self) -> Vec<EventRow> {
        let row = |((calendar, id), event): (&(String, String), &Event)| EventRow {
            calendar_id: calendar.clone(),
            id: id.clone(),
            status: event.resource["status"].as_str().unwrap_or_default().to_owned(),
            event: event.resource.clone(),
            created_count: event.created_count,
            insert_attempts: event.insert_attempts,
        };
        self.events.iter().map(row).collect()
    }

    pub fn get(&self, calendar: &str, id: &str) -> Result<&Event, CalendarError> {
        self.events.get(&(calendar.to_owned(), id.to_owned())).ok_or(CalendarError::NotFound)
    }

    /// Puts a new event in; `fresh_id` names it if the body does not, `creator` is an e-mail address.
    pub fn insert(
        &mut self,
        calendar: &str,
        mut body: Map<String, Value>,
        fresh_id: String,
        creator: &str,
        now: Timestamp,
    ) -> Result<Value, CalendarError> {
        let id = match body.get("id").and_then(Value::as_str) {
            Some(id) if is_event_id(id) => id.to_owned(),
            Some(_) => return Err(CalendarError::Invalid("Invalid resource id value.".to_owned())),
            None => fresh_id,
        };
        let (start, end) = span(&body, &self.settings(calendar).zone)?;
        if let Some(existing) = self.events.get_mut(&(calendar.to_owned(), id.clone())) {
            existing.insert_attempts += 1;
            return Err(CalendarError::Duplicate);
        }
        for (field, value) in [
            ("kind", json!("calendar#event")),
            ("id", json!(id)),
            ("created", json!(now)),
            ("creator", json!({"email": creator})),
            ("organizer", json!({"email": calendar, "self": true})),
        ] {
            body.insert(field.to_owned(), value);
        }
        for (field, value) in [
            ("status", json!("confirmed")),
            ("iCalUID", json!(format!("{id}@google.com"))),
            ("sequence", json!(0)),
            ("reminders", json!({"useDefault": true})),
            ("eventType", json!("default")),
            ("htmlLink", json!(format!("https://www.google.com/calendar/event?eid={id}"))),
        ] {
            body.entry(field).or_insert(value);
        }
        let event = Event {
            resource: Value::Object(body),
            start,
            end,
            revision: 0,
            created_count: 1,
            insert_attempts: 1,
        };
        Ok(self.put(calendar, id, event, now))
    }

    /// Changes an event: each field of `changes` replaces the old one, `null` removes it, objects are merged.
    pub fn patch(
        &mut self,
        calendar: &str,
        id: &str,
        changes: &Value,
        if_match: Option<&str>,
        now: Timestamp,
    ) -> Result<Value, CalendarError> {
        let mut event = self.matching(calendar, id, if_match)?.clone();
        merge(&mut event.resource, changes);
        event.resource["id"] = json!(id);
        let fields = event.resource.as_object().ok_or(CalendarError::NotFound)?;
        (event.start, event.end) = span(fields, &self.settings(calendar).zone)?;
        Ok(self.put(calendar, id.to_owned(), event, now))
    }

    /// Deletes an event; its id stays taken.
    pub fn delete(
        &mut self,
        calendar: &str,
        id: &str,
        if_match: Option<&str>,
        now: Timestamp,
    ) -> Result<(), CalendarError> {
        let mut event = self.matching(calendar, id, if_match)?.clone();
        if event.cancelled() {
            return Err(CalendarError::Deleted);
        }
        event.resource["status"] = json!("cancelled");
        self.put(calendar, id.to_owned(), event, now);
        Ok(())
    }

    fn matching(&self, calendar: &str, id: &str, if_match: Option<&str>) -> Result<&Event, CalendarError> {
        let event = self.get(calendar, id)?;
        if if_match.is_some_and(|etag| etag != "*" && event.resource["etag"] != etag) {
            return Err(CalendarError::Precondition);
        }
        Ok(event)
    }

    fn put(&mut self, calendar: &str, id: String, mut event: Event, now: Timestamp) -> Value {
        self.revision += 1;
        event.revision = self.revision;
        event.resource["updated"] = json!(now);
        event.resource["etag"] = json!(format!("\"{}\"", self.revision));
        let resource = event.resource.clone();
        self.events.insert((calendar.to_owned(), id), event);
        resource
    }
}

/// base32hex: `0` to `9` and `a` to `v`, 5 to 1024 of them.
fn is_event_id(id: &str) -> bool {
    (5..=1024).contains(&id.len()) && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'v'))
}

fn span(event: &Map<String, Value>, zone: &TimeZone) -> Result<(Timestamp, Timestamp), CalendarError> {
    let start = time::instant(event.get("start").ok_or(CalendarError::Required("start"))?, zone)?;
    let end = time::instant(event.get("end").ok_or(CalendarError::Required("end"))?, zone)?;
    if end <= start {
        return Err(CalendarError::EmptyRange);
    }
    Ok((start, end))
}

fn merge(into: &mut Value, changes: &Value) {
    let (Value::Object(old), Value::Object(new)) = (&mut *into, changes) else {
        *into = changes.clone();
        return;
    };
    for (field, value) in new {
        if value.is_null() {
            old.remove(field);
        } else {
            merge(old.entry(field).or_insert(Value::Null), value);
        }
    }
}

//! Google Calendar v3: the calls that are used, on any calendar the service account may use.

use std::sync::Arc;

use jiff::Timestamp;
use mcp_store::booking::BookingRow;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    CalendarError,
    api::{Api, Ask, Reply, rfc3339},
    event::{EventPage, FIELDS, event, event_id},
};
use crate::breaker::Breaker;

/// The calendars of one service account.
pub struct GoogleCalendar {
    api: Api,
}

/// Which events are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing<'a> {
    /// All of a window.
    Window(Timestamp, Timestamp),
    /// What changed since a synchronisation.
    Since(&'a str),
}

/// What a page of events came to.
#[derive(Debug)]
pub enum Listed {
    /// Events.
    Page(EventPage),
    /// The token is too old; everything is to be listed anew.
    TokenGone,
}

/// A push channel as Google opened it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// The id we gave it.
    pub id: String,
    /// Google's name of what is watched; needed to stop.
    pub resource_id: String,
    /// When it ends, in ms since 1970, as text.
    #[serde(default)]
    pub expiration: String,
}

#[derive(Deserialize)]
struct FreeBusy {
    #[serde(default)]
    calendars: std::collections::BTreeMap<String, FreeBusyCalendar>,
}

#[derive(Deserialize)]
struct FreeBusyCalendar {
    #[serde(default)]
    busy: Vec<Period>,
    #[serde(default)]
    errors: Vec<Value>,
}

#[derive(Deserialize)]
struct Period {
    start: Timestamp,
    end: Timestamp,
}

/// Events asked for at once; Google allows up to 2500.
const PAGE_SIZE: &str = "1000";

impl GoogleCalendar {
    /// Over an authorised client.
    pub fn new(api: Api) -> Self {
        Self { api }
    }

    /// The breaker before Google.
    pub fn breaker(&self) -> Arc<Breaker> {
        self.api.breaker()
    }

    async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Reply, CalendarError> {
        self.api.send(&Ask { method, path, query, body }).await
    }

    /// One page of events, recurring ones expanded, deleted ones included.
    pub async fn page(
        &self,
        calendar: &str,
        listing: &Listing<'_>,
        page_token: Option<&str>,
    ) -> Result<Listed, CalendarError> {
        let window = if let Listing::Window(from, to) = listing {
            [("timeMin", rfc3339(*from)), ("timeMax", rfc3339(*to))].to_vec()
        } else {
            Vec::new()
        };
        let mut query = vec![
            ("singleEvents", "true"),
            ("showDeleted", "true"),
            ("maxResults", PAGE_SIZE),
            ("fields", FIELDS),
        ];
        query.extend(window.iter().map(|(name, value)| (*name, value.as_str())));
        if let Listing::Since(token) = listing {
            query.push(("syncToken", token));
        }
        query.extend(page_token.map(|token| ("pageToken", token)));
        let reply = self.call(Method::GET, &["calendars", calendar, "events"], &query, None).await?;
        match reply.status {
            StatusCode::GONE => Ok(Listed::TokenGone),
            status if status.is_success() => Ok(Listed::Page(reply.read()?)),
            _ => Err(not_there(calendar)),
        }
    }

    /// The busy times of a calendar whose events may not be read. A calendar with an error is no free calendar.
    pub async fn free_busy(
        &self,
        calendar: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Timestamp, Timestamp)>, CalendarError> {
        let question = json!({"timeMin": rfc3339(from), "timeMax": rfc3339(to), "items": [{"id": calendar}]});
        let reply = self.call(Method::POST, &["freeBusy"], &[], Some(&question)).await?;
        if !reply.status.is_success() {
            return Err(not_there(calendar));
        }
        let mut answer: FreeBusy = reply.read()?;
        match answer.calendars.remove(calendar) {
            Some(found) if found.errors.is_empty() => {
                Ok(found.busy.into_iter().map(|period| (period.start, period.end)).collect())
            }
            _ => Err(not_there(calendar)),
        }
    }

    /// Puts the booking's present revision into a calendar; a repeat is harmless.
    pub async fn insert(
        &self,
        calendar: &str,
        row: &BookingRow,
        time_zone: &str,
    ) -> Result<(), CalendarError> {
        let path = ["calendars", calendar, "events"];
        let body = event(row, time_zone);
        let reply = self.call(Method::POST, &path, &[("sendUpdates", "none")], Some(&body)).await?;
        match reply.status {
            status if status.is_success() => Ok(()),
            StatusCode::CONFLICT if self.is_ours(calendar, row).await? => Ok(()),
            StatusCode::CONFLICT => Err(CalendarError::Foreign),
            _ => Err(not_there(calendar)),
        }
    }

    /// Brings the event of the booking's present revision back to what the booking says, also after it was moved or
    /// deleted by hand.
    pub async fn restore(
        &self,
        calendar: &str,
        row: &BookingRow,
        time_zone: &str,
    ) -> Result<(), CalendarError> {
        let id = event_id(&row.booking.id, row.revision);
        let body = event(row, time_zone);
        let path = ["calendars", calendar, "events", &id];
        let reply = self.call(Method::PATCH, &path, &[("sendUpdates", "none")], Some(&body)).await?;
        match reply.status {
            status if status.is_success() => Ok(()),
            // Never mirrored here.
            StatusCode::NOT_FOUND => self.insert(calendar, row, time_zone).await,
            status => Err(CalendarError::NotNow(format!("Google answers {}", status.as_u16()))),
        }
    }

    /// Removes an event; says whether there was one.
    pub async fn delete(&self, calendar: &str, event: &str) -> Result<bool, CalendarError> {
        let path = ["calendars", calendar, "events", event];
        let reply = self.call(Method::DELETE, &path, &[("sendUpdates", "none")], None).await?;
        Ok(reply.status.is_success())
    }

    /// Whether a calendar is there: a missing calendar answers like a missing event.
    pub async fn is_there(&self, calendar: &str) -> Result<bool, CalendarError> {
        let path = ["calendars", calendar, "events"];
        Ok(self.call(Method::GET, &path, &[("maxResults", "1")], None).await?.status.is_success())
    }

    /// What the service account may do in a calendar, as Google calls it: `writer`, `reader`, …
    pub async fn role(&self, calendar: &str) -> Result<Option<String>, CalendarError> {
        let path = ["calendars", calendar, "events"];
        let reply = self.call(Method::GET, &path, &[("maxResults", "1")], None).await?;
        if !reply.status.is_success() {
            return Err(not_there(calendar));
        }
        let page: Value = reply.read()?;
        Ok(page["accessRole"].as_str().map(str::to_owned))
    }

    /// Opens a push channel (`events.watch`).
    pub async fn watch(&self, calendar: &str, channel: &Value) -> Result<Channel, CalendarError> {
        let path = ["calendars", calendar, "events", "watch"];
        let reply = self.call(Method::POST, &path, &[], Some(channel)).await?;
        if reply.status.is_success() { reply.read() } else { Err(not_there(calendar)) }
    }

    /// Closes a push channel; one that is gone already is no error.
    pub async fn stop(&self, channel: &Channel) -> Result<(), CalendarError> {
        let body = json!({"id": channel.id, "resourceId": channel.resource_id});
        self.call(Method::POST, &["channels", "stop"], &[], Some(&body)).await.map(|_| ())
    }

    async fn is_ours(&self, calendar: &str, row: &BookingRow) -> Result<bool, CalendarError> {
        let id = event_id(&row.booking.id, row.revision);
        let reply = self.call(Method::GET, &["calendars", calendar, "events", &id], &[], None).await?;
        if !reply.status.is_success() {
            // Deleted by the owner since: the booking was mirrored once, which is what is asked here.
            return Ok(true);
        }
        let event: Value = reply.read()?;
        Ok(event["extendedProperties"]["private"]["booking_id"].as_str() == Some(&row.booking.id))
    }
}

/// Says that a calendar is unknown to Google, and what to do.
pub fn not_there(calendar: &str) -> CalendarError {
    CalendarError::NotThere(calendar.to_owned())
}

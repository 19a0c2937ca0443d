//! Google Calendar v3: insert one event per booking, list what else there is.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use mcp_store::booking::{BookingRow, BookingState};
use mcp_tenant::slots::Stretch;
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CalendarError, OutsideCalendar, token::TokenSource};
use crate::settings::GoogleSettings;

/// One calendar, used as one service account.
pub struct GoogleCalendar {
    http: reqwest::Client,
    settings: GoogleSettings,
    tokens: TokenSource,
}

/// How long a read before a booking may take.
const READ_LIMIT: Duration = Duration::from_secs(2);
/// Pages of 250 events read for one window.
const MOST_PAGES: usize = 4;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventPage {
    #[serde(default)]
    items: Vec<Event>,
    next_page_token: Option<String>,
    time_zone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    status: String,
    #[serde(default)]
    transparency: String,
    start: Option<EventTime>,
    end: Option<EventTime>,
    #[serde(default)]
    extended_properties: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventTime {
    date_time: Option<Timestamp>,
    date: Option<Date>,
}

impl Event {
    fn is_ours(&self) -> bool {
        self.extended_properties["private"]["booking_id"].is_string()
    }

    fn stretch(&self, zone: &TimeZone) -> Option<Stretch> {
        if self.is_ours() || self.status == "cancelled" || self.transparency == "transparent" {
            return None;
        }
        let at = |time: &EventTime| {
            time.date_time.or_else(|| Some(time.date?.to_zoned(zone.clone()).ok()?.timestamp()))
        };
        Some(Stretch { from: at(self.start.as_ref()?)?, to: at(self.end.as_ref()?)? })
    }
}

impl GoogleCalendar {
    /// One calendar.
    pub fn new(http: reqwest::Client, settings: GoogleSettings, tokens: TokenSource) -> Self {
        Self { http, settings, tokens }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<RequestBuilder, CalendarError> {
        let token = self.tokens.token().await?;
        let mut url = reqwest::Url::parse(&self.settings.calendar_base)
            .map_err(|_| CalendarError::Account("GOOGLE_CALENDAR_BASE is not a URL".into()))?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["calendars", &self.settings.calendar_id, "events"]);
            if !path.is_empty() {
                segments.push(path);
            }
        }
        Ok(self.http.request(method, url).query(query).bearer_auth(token.expose_secret()))
    }

    async fn list(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Stretch>, CalendarError> {
        let (time_min, time_max) = (from.to_string(), to.to_string());
        let mut found = Vec::new();
        let mut page_token = String::new();
        for _ in 0..MOST_PAGES {
            let mut query = vec![
                ("timeMin", time_min.as_str()),
                ("timeMax", time_max.as_str()),
                ("singleEvents", "true"),
            ];
            if !page_token.is_empty() {
                query.push(("pageToken", &page_token));
            }
            let response =
                self.call(Method::GET, "", &query).await?.send().await.map_err(|e| unreachable(&e))?;
            if !response.status().is_success() {
                return Err(self.refusal(response).await);
            }
            let page: EventPage = response.json().await.map_err(|e| unreachable(&e))?;
            let zone =
                page.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
            found.extend(page.items.iter().filter_map(|event| event.stretch(&zone)));
            match page.next_page_token {
                Some(next) => page_token = next,
                None => return Ok(found),
            }
        }
        Err(CalendarError::NotNow("too many events in this window to read in time".into()))
    }

    /// Error body: `{"error":{"code","message","errors":[{"reason"}]}}` (Calendar API, "Handle API errors").
    async fn refusal(&self, response: reqwest::Response) -> CalendarError {
        let status = response.status();
        let body: Value = response.json().await.unwrap_or_default();
        let reason = body["error"]["errors"][0]["reason"].as_str().unwrap_or("unknown").to_owned();
        let rate =
            ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "calendarUsageLimitsExceeded"];
        match status.as_u16() {
            401 => {
                self.tokens.forget().await;
                CalendarError::NotNow("Google refused the access token".into())
            }
            403 if !rate.contains(&reason.as_str()) => CalendarError::Account(format!(
                "Google answers {reason}; share the calendar with the service account, with the right to make changes"
            )),
            404 => CalendarError::Account(format!(
                "Google answers {reason}; check the calendar's id and share it with the service account"
            )),
            code => CalendarError::NotNow(format!("Google answers {code} {reason}")),
        }
    }

    /// Whether the calendar itself is there: a missing calendar answers like a missing event.
    async fn is_reachable(&self) -> Result<bool, CalendarError> {
        let response = self
            .call(Method::GET, "", &[("maxResults", "1")])
            .await?
            .send()
            .await
            .map_err(|e| unreachable(&e))?;
        Ok(response.status().is_success())
    }

    async fn is_ours(&self, event_id: &str, booking_id: &str) -> Result<bool, CalendarError> {
        let response =
            self.call(Method::GET, event_id, &[]).await?.send().await.map_err(|e| unreachable(&e))?;
        if response.status() == StatusCode::NOT_FOUND || response.status() == StatusCode::GONE {
            // Deleted by the owner since: the booking was mirrored once, which is what is asked here.
            return Ok(true);
        }
        if !response.status().is_success() {
            return Err(self.refusal(response).await);
        }
        let event: Value = response.json().await.map_err(|e| unreachable(&e))?;
        Ok(event["extendedProperties"]["private"]["booking_id"].as_str() == Some(booking_id))
    }
}

fn unreachable(error: &reqwest::Error) -> CalendarError {
    let what = if error.is_timeout() { "no answer in time" } else { "no answer" };
    CalendarError::NotNow(what.to_owned())
}

/// The event's id is the booking's and its revision's, so that a repeated insert is refused as a duplicate instead
/// of making a second event. Google allows `[a-v0-9]{5,1024}`.
fn event_id(row: &BookingRow, revision: i64) -> String {
    format!("{}r{revision}", row.booking.id)
}

fn event(row: &BookingRow, time_zone: &str) -> Value {
    let booking = &row.booking;
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let at = |instant: Timestamp| {
        let local = instant.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        json!({"dateTime": local, "timeZone": time_zone})
    };
    json!({
        "id": event_id(row, row.revision),
        "summary": format!("{} – {}", booking.service_names(), booking.customer_name),
        "description": format!("{} · {}", booking.staff_names(), booking.reference),
        "start": at(booking.start()),
        "end": at(booking.end()),
        "status": if booking.state == BookingState::Requested { "tentative" } else { "confirmed" },
        "transparency": "opaque",
        "extendedProperties": {"private": {"booking_id": booking.id, "reference": booking.reference}},
    })
}

#[async_trait]
impl OutsideCalendar for GoogleCalendar {
    async fn busy(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Stretch>, CalendarError> {
        tokio::time::timeout(READ_LIMIT, self.list(from, to))
            .await
            .unwrap_or_else(|_| Err(CalendarError::NotNow("no answer in time".into())))
    }

    async fn put(&self, row: &BookingRow, time_zone: &str) -> Result<(), CalendarError> {
        let request = self.call(Method::POST, "", &[("sendUpdates", "none")]).await?;
        let response = request.json(&event(row, time_zone)).send().await.map_err(|e| unreachable(&e))?;
        match response.status() {
            status if status.is_success() => Ok(()),
            StatusCode::CONFLICT if self.is_ours(&event_id(row, row.revision), &row.booking.id).await? => {
                Ok(())
            }
            StatusCode::CONFLICT => Err(CalendarError::Foreign),
            _ => Err(self.refusal(response).await),
        }
    }

    async fn remove(&self, row: &BookingRow, revision: i64) -> Result<(), CalendarError> {
        let request = self.call(Method::DELETE, &event_id(row, revision), &[("sendUpdates", "none")]).await?;
        let response = request.send().await.map_err(|e| unreachable(&e))?;
        match response.status() {
            status if status.is_success() => Ok(()),
            // Never there, or removed before.
            StatusCode::GONE => Ok(()),
            StatusCode::NOT_FOUND if self.is_reachable().await? => Ok(()),
            _ => Err(self.refusal(response).await),
        }
    }
}

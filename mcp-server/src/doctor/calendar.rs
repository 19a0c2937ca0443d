//! Google Calendar: whether the service account gets a token, sees the calendar, and may write into it.

use std::sync::Arc;

use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{Finding, PATIENCE, said, unreachable};
use crate::{
    calendar::{CalendarError, token::TokenSource},
    clock::SharedClock,
    settings::GoogleSettings,
};

const PROBE: &str = "calendar";

pub(super) async fn look(
    http: &reqwest::Client,
    settings: Option<&GoogleSettings>,
    clock: &SharedClock,
) -> Finding {
    let Some(settings) = settings else {
        return Finding::ok(PROBE, "none outside is set; the built-in one is used");
    };
    let tokens = match TokenSource::new(http.clone(), settings.clone(), Arc::clone(clock)) {
        Ok(tokens) => tokens,
        Err(error) => return Finding::failed(PROBE, error.to_string(), "set GOOGLE_PRIVATE_KEY again"),
    };
    let token = match tokens.token().await {
        Ok(token) => token,
        Err(CalendarError::NotNow(why)) => {
            let next = "try again later, and check GOOGLE_TOKEN_URL and the network";
            return Finding::failed(PROBE, why, next);
        }
        Err(error) => {
            let next = "check GOOGLE_CLIENT_EMAIL, GOOGLE_PRIVATE_KEY and the clock";
            return Finding::failed(PROBE, error.to_string(), next);
        }
    };
    let Some(url) = events(settings) else {
        return Finding::failed(PROBE, "GOOGLE_CALENDAR_BASE is no address", "write it with https://");
    };
    let answer = http
        .get(url)
        .query(&[("maxResults", "1")])
        .bearer_auth(token.expose_secret())
        .timeout(PATIENCE)
        .send()
        .await;
    match answer {
        Err(error) => {
            let next = "check GOOGLE_CALENDAR_BASE, and whether the network lets port 443 out";
            Finding::failed(PROBE, unreachable(&error), next)
        }
        Ok(response) => {
            let status = response.status();
            read(status, &said(response).await, &settings.client_email)
        }
    }
}

fn events(settings: &GoogleSettings) -> Option<reqwest::Url> {
    let mut url = reqwest::Url::parse(&settings.calendar_base).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(["calendars", &settings.calendar_id, "events"]);
    Some(url)
}

fn read(status: StatusCode, body: &Value, account: &str) -> Finding {
    let share = format!("share the calendar with {account}, with the right to make changes to events");
    match (status.as_u16(), body["accessRole"].as_str()) {
        (200, None | Some("owner" | "writer")) => {
            Finding::ok(PROBE, "the service account may read and write the calendar")
        }
        (200, Some(role)) => Finding::failed(PROBE, format!("the service account is only {role}"), share),
        (404, _) => Finding::failed(
            PROBE,
            "there is no such calendar for the service account",
            format!("check GOOGLE_CALENDAR_ID, and {share}"),
        ),
        (401 | 403, _) => Finding::failed(
            PROBE,
            format!("Google answers status {}", status.as_u16()),
            format!("enable the Google Calendar API in the account's project, and {share}"),
        ),
        (429, _) => Finding::failed(PROBE, "Google limits the rate", "try again in a few minutes"),
        (status, _) => Finding::failed(PROBE, format!("Google answers status {status}"), "try again later"),
    }
}

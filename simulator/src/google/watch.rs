//! Push channels: opened, closed, and told of every change of their calendar.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    calendar::{Call, EVENT_SCOPES, Parameters, answer, authorise, parameters, parse},
    error::CalendarError,
};
use crate::shared::App;

/// The longest life of a channel on events.
const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Tries of one notification, and the first pause between them; it doubles.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

/// An open channel.
#[derive(Clone, Debug, Serialize)]
pub struct WatchChannel {
    /// The id it was given.
    pub id: String,
    /// The calendar it tells of.
    pub calendar_id: String,
    /// What stopping it needs.
    pub resource_id: String,
    /// Where it tells.
    pub address: String,
    /// The token it tells with.
    #[serde(skip)]
    token: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Notifications so far.
    pub number: u64,
}

/// A notification.
#[derive(Clone, Debug, Serialize)]
pub struct Push {
    /// The channel.
    pub channel_id: String,
    /// `sync` or `exists`.
    pub state: &'static str,
    /// Its number in the channel.
    pub number: u64,
    /// The last HTTP status, 0 without an answer.
    pub status: u16,
}

/// Channels by id, and where addresses of the world really are.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    pub open: BTreeMap<String, WatchChannel>,
    pub pushes: Vec<Push>,
    /// Addresses that begin with the first go to the second: what an ingress does.
    pub ingress: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stop {
    id: String,
    resource_id: String,
}

/// `POST /calendar/v3/calendars/{calendar}/events/watch`
pub(crate) async fn watch(
    State(app): State<App>,
    Path(calendar): Path<String>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call { method: "watch", calendar: Some(&calendar), event: None };
    let work = async {
        authorise(&app, &headers, &EVENT_SCOPES)?;
        parameters(&app, "watch", &query)?;
        let asked = Value::Object(parse(&body, &app.schemas.channel)?);
        app.with(|state| state.calendars.settings(&calendar).allows_events())?;
        let channel = opened(&app, &calendar, &asked)?;
        let answer = json!({
            "kind": "api#channel",
            "id": channel.id,
            "resourceId": channel.resource_id,
            "resourceUri": resource_uri(&calendar),
            "token": asked.get("token"),
            "expiration": channel.expires_at.as_millisecond().to_string(),
        });
        tell(&app, &channel.id, "sync");
        Ok((StatusCode::OK, Some(answer)))
    };
    answer(&app, &call, work).await
}

/// `POST /calendar/v3/channels/stop`
pub(crate) async fn stop(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let call = Call { method: "stop", calendar: None, event: None };
    let work = async {
        authorise(&app, &headers, &EVENT_SCOPES)?;
        let asked = Value::Object(parse(&body, &app.schemas.channel)?);
        let stop: Stop = serde_json::from_value(asked).map_err(|_| CalendarError::Required("id"))?;
        app.with(|state| match state.channels.open.get(&stop.id) {
            Some(channel) if channel.resource_id == stop.resource_id => {
                state.channels.open.remove(&stop.id);
                Ok(())
            }
            _ => Err(CalendarError::NotFound),
        })?;
        Ok((StatusCode::NO_CONTENT, None))
    };
    answer(&app, &call, work).await
}

fn opened(app: &App, calendar: &str, asked: &Value) -> Result<WatchChannel, CalendarError> {
    let text = |name: &'static str| asked[name].as_str().ok_or(CalendarError::Required(name));
    let (id, address) = (text("id")?, text("address")?);
    if text("type")? != "web_hook" {
        return Err(CalendarError::Invalid("Unknown channel type".to_owned()));
    }
    if id.is_empty() || id.len() > 64 {
        return Err(CalendarError::Invalid("Invalid channel id".to_owned()));
    }
    if !address.starts_with("https://") {
        return Err(CalendarError::NotHttps);
    }
    let now = app.clock.now();
    let asked_end =
        asked["expiration"].as_str().and_then(|ms| Timestamp::from_millisecond(ms.parse().ok()?).ok());
    let channel = WatchChannel {
        id: id.to_owned(),
        calendar_id: calendar.to_owned(),
        resource_id: app.ids.short("resource"),
        address: address.to_owned(),
        token: asked["token"].as_str().unwrap_or_default().to_owned(),
        expires_at: asked_end.map_or(now + LONGEST_LIFE, |end| end.min(now + LONGEST_LIFE)),
        number: 0,
    };
    app.with(|state| {
        if state.channels.open.contains_key(id) {
            return Err(CalendarError::ChannelTaken);
        }
        state.channels.open.insert(id.to_owned(), channel.clone());
        Ok(channel)
    })
}

fn resource_uri(calendar: &str) -> String {
    format!("https://www.googleapis.com/calendar/v3/calendars/{calendar}/events?alt=json")
}

/// Tells every open channel of a calendar that it changed.
pub(crate) fn changed(app: &App, calendar: &str) {
    let now = app.clock.now();
    let open: Vec<String> = app.with(|state| {
        let of =
            state.channels.open.values().filter(|one| one.calendar_id == calendar && one.expires_at > now);
        of.map(|one| one.id.clone()).collect()
    });
    for id in open {
        tell(app, &id, "exists");
    }
}

/// Posts one notification in the background: headers and an empty body. Google tries again where the receiver failed.
fn tell(app: &App, id: &str, what: &'static str) {
    let placed = app.with(|state| {
        let channel = state.channels.open.get_mut(id)?;
        channel.number += 1;
        let push = Push { channel_id: id.to_owned(), state: what, number: channel.number, status: 0 };
        let channel = channel.clone();
        state.channels.pushes.push(push);
        let address =
            state.channels.ingress.iter().find_map(|(public, local)| {
                Some(format!("{local}{}", channel.address.strip_prefix(public)?))
            });
        let address = address.unwrap_or_else(|| channel.address.clone());
        Some((channel, state.channels.pushes.len() - 1, address, state.epoch.clone()))
    });
    let Some((channel, row, address, epoch)) = placed else { return };
    let background = app.clone();
    app.tasks.spawn(async move {
        let mut pause = PAUSE;
        for _ in 0..TRIES {
            let request = background
                .http
                .post(&address)
                .timeout(Duration::from_secs(10))
                .header(header::CONTENT_LENGTH, 0)
                .header("X-Goog-Channel-ID", &channel.id)
                .header("X-Goog-Channel-Token", &channel.token)
                .header("X-Goog-Channel-Expiration", channel.expires_at.to_string())
                .header("X-Goog-Resource-ID", &channel.resource_id)
                .header("X-Goog-Resource-URI", resource_uri(&channel.calendar_id))
                .header("X-Goog-Resource-State", what)
                .header("X-Goog-Message-Number", channel.number);
            let status = tokio::select! {
                () = epoch.cancelled() => return,
                answer = request.send() => answer.map_or(0, |answer| answer.status().as_u16()),
            };
            background.with(|state| {
                if !epoch.is_cancelled()
                    && let Some(push) = state.channels.pushes.get_mut(row)
                {
                    push.status = status;
                }
            });
            if !matches!(status, 500 | 502..=504) {
                return;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    });
}

//! Calendar's methods over HTTP: who asks, what is allowed, what is answered.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use jsonschema::Validator;
use serde_json::{Map, Value};

use super::{error::CalendarError, free_busy, list, watch};
use crate::{
    fault as faults,
    hold::Point,
    schema::first_error,
    shared::{App, Shared},
    state::{AccessToken, CalendarCall, Vendor},
};

/// Query parameters in the order given; some may repeat.
pub(crate) type Parameters = Vec<(String, String)>;

/// Scopes that may read and write events.
pub(crate) const EVENT_SCOPES: [&str; 4] =
    ["calendar", "calendar.events", "calendar.events.owned", "calendar.app.created"];
/// Scopes that may ask for free and busy times.
const FREE_BUSY_SCOPES: [&str; 4] =
    ["calendar", "calendar.readonly", "calendar.freebusy", "calendar.events.freebusy"];

/// One request, for the record.
pub(crate) struct Call<'a> {
    pub method: &'static str,
    pub calendar: Option<&'a str>,
    pub event: Option<&'a str>,
}

pub(crate) type Answer = Result<(StatusCode, Option<Value>), CalendarError>;

/// `POST /calendar/v3/calendars/{calendar}/events`
pub(crate) async fn insert(
    State(app): State<App>,
    Path(calendar): Path<String>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let named = object(&body).ok().and_then(|event| event.get("id")?.as_str().map(str::to_owned));
    let call = Call { method: "insert", calendar: Some(&calendar), event: named.as_deref() };
    let work = async {
        let token = authorise(&app, &headers, &EVENT_SCOPES)?;
        parameters(&app, "insert", &query)?;
        app.holds.pass(Point::CalendarInsertBefore).await;
        let event = parse(&body, &app.schemas.event)?;
        attendees(&event)?;
        let created = app.with(|state| {
            state.calendars.settings(&calendar).allows_events()?;
            state.calendars.insert(&calendar, event, app.ids.event(), &token.client_email, app.clock.now())
        });
        if created.is_ok() {
            watch::changed(&app, &calendar);
        }
        app.holds.pass(Point::CalendarInsertAfter).await;
        Ok((StatusCode::OK, Some(created?)))
    };
    answer(&app, &call, work).await
}

/// `GET /calendar/v3/calendars/{calendar}/events/{event}`
pub(crate) async fn get(
    State(app): State<App>,
    Path((calendar, event)): Path<(String, String)>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let call = Call { method: "get", calendar: Some(&calendar), event: Some(&event) };
    let work = async {
        authorise(&app, &headers, &EVENT_SCOPES)?;
        parameters(&app, "get", &query)?;
        let found = app.with(|state| {
            state.calendars.settings(&calendar).allows_events()?;
            state.calendars.get(&calendar, &event).map(|event| event.resource.clone())
        })?;
        Ok((StatusCode::OK, Some(found)))
    };
    answer(&app, &call, work).await
}

/// `PATCH /calendar/v3/calendars/{calendar}/events/{event}`
pub(crate) async fn patch(
    State(app): State<App>,
    Path((calendar, event)): Path<(String, String)>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call { method: "patch", calendar: Some(&calendar), event: Some(&event) };
    let work = async {
        authorise(&app, &headers, &EVENT_SCOPES)?;
        parameters(&app, "patch", &query)?;
        let changes: Map<String, Value> = object(&body)?;
        attendees(&changes)?;
        let (changes, etag) = (Value::Object(changes), if_match(&headers));
        // A null takes a field away, so it is no value to validate.
        valid(&app.schemas.event, &without_nulls(&changes))?;
        let patched = app.with(|state| {
            state.calendars.settings(&calendar).allows_events()?;
            state.calendars.patch(&calendar, &event, &changes, etag, app.clock.now())
        })?;
        watch::changed(&app, &calendar);
        Ok((StatusCode::OK, Some(patched)))
    };
    answer(&app, &call, work).await
}

/// `DELETE /calendar/v3/calendars/{calendar}/events/{event}`
pub(crate) async fn delete(
    State(app): State<App>,
    Path((calendar, event)): Path<(String, String)>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let call = Call { method: "delete", calendar: Some(&calendar), event: Some(&event) };
    let work = async {
        authorise(&app, &headers, &EVENT_SCOPES)?;
        parameters(&app, "delete", &query)?;
        app.with(|state| {
            state.calendars.settings(&calendar).allows_events()?;
            state.calendars.delete(&calendar, &event, if_match(&headers), app.clock.now())
        })?;
        watch::changed(&app, &calendar);
        Ok((StatusCode::NO_CONTENT, None))
    };
    answer(&app, &call, work).await
}

/// `GET /calendar/v3/calendars/{calendar}/events`
pub(crate) async fn list(
    State(app): State<App>,
    Path(calendar): Path<String>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let call = Call { method: "list", calendar: Some(&calendar), event: None };
    let work = async {
        authorise(&app, &headers, &EVENT_SCOPES)?;
        parameters(&app, "list", &query)?;
        let filter = list::Filter::parse(&query)?;
        let page = app.with(|state| {
            state.calendars.settings(&calendar).allows_events()?;
            list::page(&state.calendars, &calendar, &filter, app.clock.now())
        })?;
        Ok((StatusCode::OK, Some(page)))
    };
    answer(&app, &call, work).await
}

/// `POST /calendar/v3/freeBusy`
pub(crate) async fn busy(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let call = Call { method: "freeBusy", calendar: None, event: None };
    let work = async {
        authorise(&app, &headers, &FREE_BUSY_SCOPES)?;
        let question = parse(&body, &app.schemas.free_busy)?;
        let busy = app.with(|state| free_busy::answer(&state.calendars, &Value::Object(question)))?;
        Ok((StatusCode::OK, Some(busy)))
    };
    answer(&app, &call, work).await
}

/// Runs a method, unless a fault was asked for, and records it.
pub(crate) async fn answer(app: &Shared, call: &Call<'_>, work: impl Future<Output = Answer>) -> Response {
    if let Some(failure) = faults::take(app, Vendor::Calendar).await {
        record(app, call, failure.status());
        return failure;
    }
    let response = match work.await {
        Ok((status, Some(body))) => {
            let schema = match call.method {
                "list" => &app.schemas.events,
                "freeBusy" => &app.schemas.free_busy_answer,
                "watch" => &app.schemas.channel,
                _ => &app.schemas.event,
            };
            app.own_answer(Vendor::Calendar, schema, &body);
            (status, Json(body)).into_response()
        }
        Ok((status, None)) => status.into_response(),
        Err(error) => {
            if let Some(rule) = error.broken_rule() {
                app.violation(Vendor::Calendar, rule, format!("{}: {error}", call.method));
            }
            error.into_response()
        }
    };
    record(app, call, response.status());
    response
}

fn record(app: &Shared, call: &Call<'_>, status: StatusCode) {
    let call = CalendarCall {
        at: app.clock.now(),
        method: call.method,
        calendar_id: call.calendar.map(str::to_owned),
        event_id: call.event.map(str::to_owned),
        status: status.as_u16(),
    };
    app.with(|state| state.calendar_calls.push(call));
}

pub(crate) fn authorise(
    app: &Shared,
    headers: &HeaderMap,
    scopes: &[&str],
) -> Result<AccessToken, CalendarError> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = token else {
        app.violation(Vendor::Calendar, "token", "a request came without a Bearer token");
        return Err(CalendarError::Unauthenticated);
    };
    let token = app
        .with(|state| state.tokens.get(token).cloned())
        .filter(|token| token.expires_at > app.clock.now())
        .ok_or(CalendarError::Unauthenticated)?;
    let allowed = |scope: &str| scope.rsplit('/').next().is_some_and(|name| scopes.contains(&name));
    if token.scope.split(' ').any(allowed) { Ok(token) } else { Err(CalendarError::Scope) }
}

/// Refuses query parameters that the method does not document: a misspelt filter would filter nothing.
pub(crate) fn parameters(app: &Shared, method: &str, query: &Parameters) -> Result<(), CalendarError> {
    let known = app.schemas.calendar_parameters[method].as_array();
    let unknown = |name: &str| known.is_none_or(|known| known.iter().all(|known| known != name));
    match query.iter().find(|(name, _)| unknown(name)) {
        Some((name, _)) => Err(CalendarError::Invalid(format!("Unknown parameter {name}"))),
        None => Ok(()),
    }
}

fn attendees(event: &Map<String, Value>) -> Result<(), CalendarError> {
    let invited = event.get("attendees").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if invited { Err(CalendarError::Attendees) } else { Ok(()) }
}

fn if_match(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok())
}

fn object(body: &[u8]) -> Result<Map<String, Value>, CalendarError> {
    serde_json::from_slice(body).map_err(|error| CalendarError::Invalid(format!("Parse Error: {error}")))
}

pub(crate) fn parse(body: &[u8], schema: &Validator) -> Result<Map<String, Value>, CalendarError> {
    let body = Value::Object(object(body)?);
    valid(schema, &body)?;
    match body {
        Value::Object(body) => Ok(body),
        _ => Err(CalendarError::Invalid("Parse Error".to_owned())),
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        other => other.clone(),
    }
}

fn valid(schema: &Validator, body: &Value) -> Result<(), CalendarError> {
    first_error(schema, body)
        .map_or(Ok(()), |wrong| Err(CalendarError::Invalid(format!("Invalid value at {wrong}"))))
}

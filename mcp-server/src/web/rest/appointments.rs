//! Appointments.

use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use jiff::civil::Date;
use mcp_store::booking::BookingRow;
use mcp_tenant::when::When;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{DOOR, Rest, input};
use crate::{
    booking::scheduler::{Caller, Failure, Filter, Order, Start, Step, page_size},
    token::{Bearer, Scope},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Ids, one after the other, parted by commas.
    service: Option<String>,
    /// Minutes.
    duration: Option<u32>,
    /// A local day.
    date: Option<String>,
    staff: Option<String>,
}

/// `GET /api/v1/appointments/available?date&duration&service&staff`
pub(super) async fn available(
    State(rest): State<Rest>,
    Extension(bearer): Extension<Bearer>,
    uri: Uri,
) -> Response {
    let found = async {
        let caller = Caller::of(&bearer, Scope::BookingRead)?;
        let wanted: Wanted = input::query(&uri)?;
        let services = services(&rest, &wanted)?;
        let services: Vec<(&str, Option<&str>)> =
            services.iter().map(|id| (id.as_str(), wanted.staff.as_deref())).collect();
        let found = rest.scheduler.slots(&caller.principal, &services, &day(wanted.date.as_deref())?).await?;
        Ok(rest.scheduler.found(&found))
    };
    rest.answer(StatusCode::OK, found.await)
}

/// The services that are meant: those named, or the one that lasts so long.
fn services(rest: &Rest, wanted: &Wanted) -> Result<Vec<String>, Failure> {
    let loaded = rest.scheduler.desk.profile();
    let all = &loaded.profile.services;
    let named: Vec<String> =
        wanted.service.iter().flat_map(|ids| ids.split(',')).map(|id| id.trim().to_owned()).collect();
    let Some(minutes) = wanted.duration else {
        return if named.is_empty() {
            Err(Failure::field("service", "pass service: the id of a service, or several parted by commas"))
        } else {
            Ok(named)
        };
    };
    if named.is_empty() {
        let mut fitting = all.iter().filter(|service| service.duration.as_minutes() == minutes);
        return match (fitting.next(), fitting.next()) {
            (Some(one), None) => Ok(vec![one.id.clone()]),
            (Some(_), Some(_)) => {
                Err(Failure::field("service", "several services last so long: pass service as well"))
            }
            (None, _) => Err(Failure::field("duration", "no service lasts so many minutes: pass service")),
        };
    }
    let known = named.iter().filter_map(|id| loaded.profile.service(id));
    if known.map(|service| service.duration.as_minutes()).sum::<u32>() == minutes {
        return Ok(named);
    }
    Err(Failure::field("duration", "duration is not what this service takes: leave it out"))
}

fn day(date: Option<&str>) -> Result<When, Failure> {
    let Some(text) = date else { return Ok(When::default()) };
    let date: Date = text
        .parse()
        .ok()
        .filter(|_| text.len() == 10)
        .ok_or_else(|| Failure::field("date", "date must be a local day like 2026-11-24"))?;
    Ok(When {
        day: Some(date.day().into()),
        month: Some(date.month().into()),
        year: Some(date.year().into()),
        ..When::default()
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Customer {
    name: String,
    phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    slot: Option<String>,
    service: Option<String>,
    services: Option<Vec<String>>,
    start: Option<String>,
    staff: Option<String>,
    customer: Customer,
    /// Only reserve it, for a few minutes.
    #[serde(default)]
    hold: bool,
    /// The id of what is held: it becomes the appointment.
    confirm: Option<String>,
}

/// `POST /api/v1/appointments/create`
pub(super) async fn create(
    State(rest): State<Rest>,
    Extension(bearer): Extension<Bearer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let created = async {
        let caller = Caller::of(&bearer, Scope::BookingWrite)?;
        let key = rest.key(&headers)?;
        let Create { slot, service, services, start, staff, customer, hold, confirm } =
            input::body(body).await?;
        let start = Start { slot, services: together(service, services)?, start, staff };
        let order = Order { start, name: customer.name, phone: customer.phone, key };
        let scheduler = &rest.scheduler;
        let row = match confirm {
            Some(_) if hold => {
                return Err(Failure::field("hold", "pass either hold or confirm, not both"));
            }
            Some(held) => scheduler.confirm(&caller.principal, DOOR, &held, &order).await?,
            None if hold => scheduler.hold(&caller.principal, DOOR, &order).await?,
            None => scheduler.book(&caller.principal, DOOR, &order).await?,
        };
        Ok(rest.shown(&caller, &row))
    };
    rest.answer(StatusCode::CREATED, created.await)
}

fn together(one: Option<String>, several: Option<Vec<String>>) -> Result<Vec<String>, Failure> {
    match (one, several) {
        (Some(_), Some(_)) => Err(Failure::field("services", "pass either service or services, not both")),
        (one, several) => Ok(one.into_iter().chain(several.into_iter().flatten()).collect()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    phone: Option<String>,
    date: Option<String>,
    status: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// `GET /api/v1/appointments/list?phone&date&status&cursor&limit`
pub(super) async fn list(
    State(rest): State<Rest>,
    Extension(bearer): Extension<Bearer>,
    uri: Uri,
) -> Response {
    let listed = async {
        let caller = Caller::of(&bearer, Scope::BookingRead)?;
        let Listed { phone, date, status, cursor, limit } = input::query(&uri)?;
        phone.as_ref().map_or(Ok(()), |_| caller.seeing_customers())?;
        let filter = Filter::read(phone, date.as_deref(), status.as_deref(), cursor, page_size(limit)?)?;
        let page = rest.scheduler.list(&filter).await?;
        let rows: Vec<Value> = page.rows.iter().map(|row| rest.scheduler.booking(&caller, row)).collect();
        Ok(json!({"appointments": rows, "next": page.next}))
    };
    rest.answer(StatusCode::OK, listed.await)
}

/// `GET /api/v1/appointments/{id}`
pub(super) async fn one(
    State(rest): State<Rest>,
    Extension(bearer): Extension<Bearer>,
    Path(id): Path<String>,
) -> Response {
    let found = async {
        let caller = Caller::of(&bearer, Scope::BookingRead)?;
        let row = rest.scheduler.get(&caller.principal, &id).await?;
        Ok(rest.shown(&caller, &row))
    };
    rest.answer(StatusCode::OK, found.await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    slot: Option<String>,
    service: Option<String>,
    services: Option<Vec<String>>,
    start: Option<String>,
    staff: Option<String>,
    status: Option<String>,
    reason: Option<String>,
}

/// `PATCH /api/v1/appointments/{id}`: another slot, or another status.
pub(super) async fn change(
    State(rest): State<Rest>,
    Extension(bearer): Extension<Bearer>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let changed = async {
        let caller = Caller::of(&bearer, Scope::BookingWrite)?;
        let key = rest.key(&headers)?;
        let Changed { slot, service, services, start, staff, status, reason } = input::body(body).await?;
        let start = Start { slot, services: together(service, services)?, start, staff };
        let elsewhere = start.slot.is_some()
            || start.start.is_some()
            || start.staff.is_some()
            || !start.services.is_empty();
        let row = match status {
            Some(_) if elsewhere => {
                return Err(Failure::field("status", "pass either status or another slot, not both"));
            }
            Some(status) => {
                let step = step(&status, reason)?;
                rest.scheduler.step(&caller.principal, DOOR, &id, step, &key).await?
            }
            None if reason.is_some() => {
                return Err(Failure::field("reason", "reason goes with status cancelled or declined"));
            }
            None => rest.scheduler.relocate(&caller.principal, DOOR, &id, &start, &key).await?,
        };
        Ok(rest.shown(&caller, &row))
    };
    rest.answer(StatusCode::OK, changed.await)
}

fn step(status: &str, reason: Option<String>) -> Result<Step, Failure> {
    if reason.is_some() && !matches!(status, "cancelled" | "declined") {
        return Err(Failure::field("reason", "reason goes with status cancelled or declined"));
    }
    match status {
        "cancelled" => Ok(Step::Cancel(reason)),
        "declined" => Ok(Step::Decline(reason)),
        "confirmed" => Ok(Step::Approve),
        "completed" => Ok(Step::Complete),
        "no_show" => Ok(Step::NoShow),
        _ => Err(Failure::field(
            "status",
            "status must be one of confirmed, declined, cancelled, completed, no_show",
        )),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancelled {
    reason: Option<String>,
}

/// `DELETE /api/v1/appointments/{id}?reason`
pub(super) async fn cancel(
    State(rest): State<Rest>,
    Extension(bearer): Extension<Bearer>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let cancelled = async {
        let caller = Caller::of(&bearer, Scope::BookingWrite)?;
        let key = rest.key(&headers)?;
        let Cancelled { reason } = input::query(&uri)?;
        let row = rest.scheduler.step(&caller.principal, DOOR, &id, Step::Cancel(reason), &key).await?;
        Ok(rest.shown(&caller, &row))
    };
    rest.answer(StatusCode::OK, cancelled.await)
}

impl Rest {
    fn shown(&self, caller: &Caller, row: &BookingRow) -> Value {
        json!({"appointment": self.scheduler.booking(caller, row)})
    }
}

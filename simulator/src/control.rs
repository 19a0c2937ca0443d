//! The control API under `/_sim`: what a test does to the world, and what it sees of it.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    fault::Fault,
    gemini::manner::Manner,
    google::settings::Access,
    hold::Point,
    shared::App,
    simulator::{ControlError, Simulator},
    webhook::{Echo, Number, Say},
};

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::UnknownNumber(_) => StatusCode::NOT_FOUND,
            Self::Key(_) | Self::Event(_) => StatusCode::BAD_REQUEST,
        };
        (status, Json(json!({"error": self.to_string()}))).into_response()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    phone_number_id: String,
    body: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GoogleKey {
    client_email: String,
    public_key_pem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerEvent {
    calendar_id: String,
    event: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerChange {
    calendar_id: String,
    event_id: String,
    changes: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerDelete {
    calendar_id: String,
    event_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalendarRules {
    calendar_id: String,
    access: Option<Access>,
    time_zone: Option<String>,
    #[serde(default)]
    expire_sync_tokens: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ingress {
    public: String,
    local: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hold {
    point: Point,
    #[serde(default = "one")]
    count: u32,
}

fn one() -> u32 {
    1
}

/// `{"point": …}`, or `{"all": true}`, which is also what nothing means.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Release {
    point: Option<Point>,
    all: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    replies: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Behaviour {
    manner: Manner,
    #[serde(default)]
    times: Option<u32>,
}

pub(crate) async fn behave(State(app): State<App>, Json(behaviour): Json<Behaviour>) -> Json<Value> {
    Simulator::of(app).behave(behaviour.manner, behaviour.times);
    done()
}

pub(crate) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

pub(crate) async fn state(State(app): State<App>) -> Response {
    Json(app.with(|state| state.snapshot())).into_response()
}

pub(crate) async fn reset(State(app): State<App>) -> Json<Value> {
    app.reset();
    done()
}

pub(crate) async fn register_number(State(app): State<App>, Json(number): Json<Number>) -> Json<Value> {
    Simulator::of(app).register_number(number);
    done()
}

pub(crate) async fn say(State(app): State<App>, Json(say): Json<Say>) -> Result<Response, ControlError> {
    let said = Simulator::of(app).say(say).await?;
    Ok(Json(said).into_response())
}

pub(crate) async fn echo(State(app): State<App>, Json(echo): Json<Echo>) -> Result<Response, ControlError> {
    Ok(Json(Simulator::of(app).echo(echo).await?).into_response())
}

/// `{"mime_type": …, "base64": …}`; answers how a message names the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upload {
    mime_type: String,
    base64: String,
}

pub(crate) async fn media(State(app): State<App>, Json(upload): Json<Upload>) -> Response {
    match STANDARD.decode(upload.base64) {
        Ok(bytes) => Json(Simulator::of(app).put_media(&upload.mime_type, bytes)).into_response(),
        Err(_) => (StatusCode::BAD_REQUEST, Json(json!({"error": "base64 is not base64"}))).into_response(),
    }
}

pub(crate) async fn webhook(
    State(app): State<App>,
    Json(webhook): Json<Webhook>,
) -> Result<Response, ControlError> {
    let Webhook { phone_number_id, body } = webhook;
    let status = Simulator::of(app).post_webhook(&phone_number_id, &body).await?;
    Ok(Json(json!({"status": status})).into_response())
}

pub(crate) async fn register_google_key(
    State(app): State<App>,
    Json(key): Json<GoogleKey>,
) -> Result<Json<Value>, ControlError> {
    Simulator::of(app).register_google_key(&key.client_email, &key.public_key_pem)?;
    Ok(done())
}

pub(crate) async fn insert_event(
    State(app): State<App>,
    Json(event): Json<OwnerEvent>,
) -> Result<Json<Value>, ControlError> {
    Ok(Json(Simulator::of(app).insert_owner_event(&event.calendar_id, event.event)?))
}

pub(crate) async fn change_event(
    State(app): State<App>,
    Json(change): Json<OwnerChange>,
) -> Result<Json<Value>, ControlError> {
    let OwnerChange { calendar_id, event_id, changes } = change;
    Ok(Json(Simulator::of(app).change_owner_event(&calendar_id, &event_id, &changes)?))
}

pub(crate) async fn delete_event(
    State(app): State<App>,
    Json(event): Json<OwnerDelete>,
) -> Result<Json<Value>, ControlError> {
    Simulator::of(app).delete_owner_event(&event.calendar_id, &event.event_id)?;
    Ok(done())
}

pub(crate) async fn configure_calendar(
    State(app): State<App>,
    Json(rules): Json<CalendarRules>,
) -> Result<Json<Value>, ControlError> {
    let sim = Simulator::of(app);
    if let Some(access) = rules.access {
        sim.set_access(&rules.calendar_id, access);
    }
    if let Some(zone) = &rules.time_zone {
        sim.set_calendar_zone(&rules.calendar_id, zone)?;
    }
    if rules.expire_sync_tokens {
        sim.expire_sync_tokens(&rules.calendar_id);
    }
    Ok(done())
}

pub(crate) async fn ingress(State(app): State<App>, Json(ingress): Json<Ingress>) -> Json<Value> {
    Simulator::of(app).route_pushes(&ingress.public, &ingress.local);
    done()
}

pub(crate) async fn hold(State(app): State<App>, Json(hold): Json<Hold>) -> Json<Value> {
    app.holds.arm(hold.point, hold.count);
    done()
}

pub(crate) async fn holds(State(app): State<App>) -> Json<Value> {
    Json(json!({"waiting": app.holds.waiting()}))
}

pub(crate) async fn release(State(app): State<App>, Json(release): Json<Release>) -> Json<Value> {
    let Release { point, all } = release;
    app.holds.release(if all { None } else { point });
    done()
}

pub(crate) async fn fault(State(app): State<App>, Json(fault): Json<Fault>) -> Json<Value> {
    app.with(|state| state.faults.push_back(fault));
    done()
}

pub(crate) async fn script(State(app): State<App>, Json(script): Json<Script>) -> Json<Value> {
    app.with(|state| state.script.extend(script.replies));
    done()
}

fn done() -> Json<Value> {
    Json(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spoken {
    text: String,
}

/// Keeps a recording of these words; answers the message that carries it, for `POST say`.
pub(crate) async fn voice(State(app): State<App>, Json(spoken): Json<Spoken>) -> Json<Value> {
    let recording = crate::gemini::voice::voice(&spoken.text, SECONDS);
    let media = Simulator::of(app).put_media("audio/ogg; codecs=opus", recording);
    Json(json!({
        "type": "audio",
        "audio": {"id": media.id, "mime_type": media.mime_type, "sha256": media.sha256, "voice": true},
    }))
}

/// How long a recording made by hand is said to be.
const SECONDS: u64 = 3;

//! What the Graph API knows of a number besides its messages: where its webhooks go.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{
    broken,
    error::{Problem, RouteError},
    media, supported, token,
};
use crate::{fault as faults, shared::App, state::Vendor};

/// Meta takes no longer address.
const LONGEST_URL: usize = 200;

/// `GET /{version}/{id}`: a file, or a number's `webhook_configuration`.
pub(crate) async fn get(
    State(app): State<App>,
    Path((version, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Some(failure) = faults::take(&app, Vendor::Graph).await {
        return failure;
    }
    let answer = allowed(&app, &version, &id, &headers).and_then(|()| {
        if let Some(about) = media::about(&app, &id) {
            return Ok(about);
        }
        let number =
            app.with(|state| state.numbers.get(&id).cloned()).ok_or(Problem::NoObject(id.clone()))?;
        let mut set = json!({"application": "https://app.example/webhook"});
        if let Some(url) = number.callback_override {
            set["phone_number"] = json!(url);
        }
        Ok(json!({"webhook_configuration": set, "id": id}))
    });
    finish(&app, answer)
}

/// `POST /{version}/{phone_number_id}`: sets where the number's webhooks go, once the address has proved itself.
pub(crate) async fn post(
    State(app): State<App>,
    Path((version, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(failure) = faults::take(&app, Vendor::Graph).await {
        return failure;
    }
    let answer = match allowed(&app, &version, &id, &headers) {
        Ok(()) => set(&app, &id, &body).await,
        Err(problem) => Err(problem),
    };
    finish(&app, answer)
}

async fn set(app: &App, id: &str, body: &[u8]) -> Result<Value, Problem> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| broken(app, "json", Problem::Json(error.to_string())))?;
    let configuration = &body["webhook_configuration"];
    let (url, verify_token) = (
        configuration["override_callback_uri"].as_str().unwrap_or_default().to_owned(),
        configuration["verify_token"].as_str().unwrap_or_default(),
    );
    // Meta wants TLS; a test on this machine has none.
    let sound =
        (url.starts_with("https://") || url.starts_with("http://127.0.0.1")) && url.len() <= LONGEST_URL;
    if !sound || !app.with(|state| state.numbers.contains_key(id)) {
        return Err(broken(app, "callback", Problem::Callback(url)));
    }
    let challenge = app.ids.short("challenge");
    let query =
        [("hub.mode", "subscribe"), ("hub.challenge", &challenge), ("hub.verify_token", verify_token)];
    let answer = app.http.get(&url).query(&query).send().await;
    let repeated = match answer {
        Ok(answer) if answer.status() == 200 => answer.text().await.unwrap_or_default(),
        _ => String::new(),
    };
    if repeated != challenge {
        return Err(Problem::Callback(url));
    }
    app.with(|state| {
        if let Some(number) = state.numbers.get_mut(id) {
            number.webhook_url.clone_from(&url);
            number.callback_override = Some(url);
        }
    });
    Ok(json!({"success": true}))
}

fn allowed(app: &App, version: &str, id: &str, headers: &HeaderMap) -> Result<(), Problem> {
    if !supported(version) {
        return Err(broken(app, "version", Problem::Version(version.to_owned())));
    }
    token(app, id, headers).map(drop)
}

fn finish(app: &App, answer: Result<Value, Problem>) -> Response {
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(problem) => RouteError { problem, trace: app.ids.short("trace") }.into_response(),
    }
}

//! Gemini: whether the key is taken and the model is there. Reading a model's description costs nothing.

use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{Finding, PATIENCE, said, unreachable};
use crate::settings::GeminiSettings;

const PROBE: &str = "gemini";

pub(super) async fn look(http: &reqwest::Client, settings: &GeminiSettings) -> Finding {
    let answer = http
        .get(format!("{}/v1beta/models/{}", settings.base, settings.model))
        .header("x-goog-api-key", settings.api_key.expose_secret())
        .timeout(PATIENCE)
        .send()
        .await;
    match answer {
        Err(error) => Finding::failed(
            PROBE,
            unreachable(&error),
            "check GEMINI_BASE, and whether the network lets port 443 out; until then menus answer",
        ),
        Ok(response) => {
            let status = response.status();
            read(status, &said(response).await, &settings.model)
        }
    }
}

fn read(status: StatusCode, body: &Value, model: &str) -> Finding {
    if status.is_success() {
        let methods = body["supportedGenerationMethods"].as_array();
        return if methods.is_none_or(|methods| methods.iter().any(|method| method == "generateContent")) {
            Finding::ok(PROBE, format!("the key is taken and {model} is there"))
        } else {
            Finding::failed(
                PROBE,
                format!("{model} generates no content"),
                "set GEMINI_MODEL to one that does",
            )
        };
    }
    let named = |reason: &str| {
        let details = body["error"]["details"].as_array();
        details.is_some_and(|details| details.iter().any(|detail| detail["reason"] == reason))
    };
    let seen = format!("Gemini answers status {}", status.as_u16());
    let key = "GEMINI_API_KEY is refused: make a key in a project with billing and set it";
    let next = match status.as_u16() {
        400 if named("API_KEY_INVALID") => key,
        401 | 403 => key,
        404 => "there is no such model for this key: set GEMINI_MODEL",
        429 => "the quota is used up: raise it or wait; until then menus answer",
        400 => "check GEMINI_API_KEY, and that Gemini is offered in the country this runs in",
        _ => "Gemini has trouble: try again later; until then menus answer",
    };
    Finding::failed(PROBE, seen, next)
}

//! Gemini's `generateContent`: the request, and what an answer may be.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::settings::GeminiSettings;

/// One call of the model.
#[derive(Clone, Debug)]
pub struct Ask {
    /// System instruction.
    pub system: String,
    /// The conversation, contents verbatim.
    pub contents: Vec<Value>,
    /// Function declarations.
    pub tools: Vec<Value>,
    /// Whether functions may be called now.
    pub may_call: bool,
}

/// What the model answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Text, and the content to keep verbatim.
    Text {
        /// The text parts joined.
        text: String,
        /// As received.
        content: Value,
    },
    /// Calls, and the content to keep verbatim (thought signatures sit in it).
    Calls {
        /// In the order of the content.
        calls: Vec<Call>,
        /// As received.
        content: Value,
    },
    /// Nothing usable: blocked, empty, malformed.
    Nothing(String),
}

/// One function call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Echoed in the response where present.
    pub id: Option<String>,
    /// Function.
    pub name: String,
    /// Arguments, never trusted.
    pub args: Value,
}

/// Why the model could not be asked.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum GeminiError {
    /// Key, billing or model refused: a person must act.
    #[error("ask the model: Gemini answers {0}; check GEMINI_API_KEY, its billing and GEMINI_MODEL")]
    Account(String),
    /// Worth another try later.
    #[error("ask the model: {0}")]
    NotNow(String),
    /// The request itself was refused.
    #[error("ask the model: Gemini refused the request with {0}")]
    Refused(String),
}

/// The model.
#[derive(Clone)]
pub struct Gemini {
    http: reqwest::Client,
    settings: GeminiSettings,
}

impl Gemini {
    /// One model with one key.
    pub fn new(http: reqwest::Client, settings: GeminiSettings) -> Self {
        Self { http, settings }
    }

    /// Asks; what may pass by itself is tried up to three times.
    pub async fn ask(&self, ask: &Ask) -> Result<Reply, GeminiError> {
        let body = body(ask);
        (|| self.once(&body))
            .retry(
                ExponentialBuilder::default()
                    .with_min_delay(Duration::from_millis(300))
                    .with_max_times(2)
                    .with_jitter(),
            )
            .when(|error| matches!(error, GeminiError::NotNow(_)))
            .await
    }

    async fn once(&self, body: &Value) -> Result<Reply, GeminiError> {
        let url = format!("{}/v1beta/models/{}:generateContent", self.settings.base, self.settings.model);
        let response = self
            .http
            .post(url)
            .header("x-goog-api-key", self.settings.api_key.expose_secret())
            .json(body)
            .send()
            .await
            .map_err(|error| {
                GeminiError::NotNow(if error.is_timeout() { "no answer in time" } else { "no answer" }.into())
            })?;
        let status = response.status();
        let answer: Value = response.json().await.unwrap_or_default();
        if status.is_success() { Ok(read(&answer)) } else { Err(refusal(status, &answer)) }
    }
}

fn body(ask: &Ask) -> Value {
    let mode = if ask.may_call { "VALIDATED" } else { "NONE" };
    json!({
        "systemInstruction": {"parts": [{"text": ask.system}]},
        "contents": ask.contents,
        "tools": [{"functionDeclarations": ask.tools}],
        "toolConfig": {"functionCallingConfig": {"mode": mode}},
        "generationConfig": {"maxOutputTokens": 2048, "thinkingConfig": {"thinkingLevel": "LOW"}},
    })
}

fn read(answer: &Value) -> Reply {
    let Some(candidate) = answer["candidates"].get(0) else {
        let reason = answer["promptFeedback"]["blockReason"].as_str().unwrap_or("no candidate");
        return Reply::Nothing(reason.to_owned());
    };
    let content = &candidate["content"];
    let parts = content["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let calls: Vec<Call> = parts
        .iter()
        .filter_map(|part| {
            let call = &part["functionCall"];
            Some(Call {
                id: call["id"].as_str().map(str::to_owned),
                name: call["name"].as_str()?.to_owned(),
                args: if call["args"].is_object() { call["args"].clone() } else { json!({}) },
            })
        })
        .collect();
    if !calls.is_empty() {
        return Reply::Calls { calls, content: content.clone() };
    }
    let text: String = parts
        .iter()
        .filter(|part| part["thought"] != json!(true))
        .filter_map(|part| part["text"].as_str())
        .collect();
    if text.trim().is_empty() {
        let reason = candidate["finishReason"].as_str().unwrap_or("empty answer");
        return Reply::Nothing(reason.to_owned());
    }
    match candidate["finishReason"].as_str() {
        // Cut off in the middle: half a sentence is worse than none.
        Some(reason) if reason != "STOP" => Reply::Nothing(reason.to_owned()),
        _ => Reply::Text { text: text.trim().to_owned(), content: content.clone() },
    }
}

/// Error body: `{"error":{"code","message","status"}}`. The message may repeat parts of the request, so only the
/// status word is kept.
fn refusal(status: StatusCode, answer: &Value) -> GeminiError {
    let reason = answer["error"]["details"]
        .as_array()
        .and_then(|details| details.iter().find_map(|detail| detail["reason"].as_str()));
    let word = answer["error"]["status"].as_str().unwrap_or("an error without a status");
    let what = format!("{} {}", status.as_u16(), reason.unwrap_or(word));
    match status.as_u16() {
        401 | 403 | 404 => GeminiError::Account(what),
        400 if reason == Some("API_KEY_INVALID") || word == "FAILED_PRECONDITION" => {
            GeminiError::Account(what)
        }
        429 | 500..=599 => GeminiError::NotNow(what),
        _ => GeminiError::Refused(what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_every_shape_are_told_apart() {
        let text = read(&json!({"candidates": [{"content": {"role": "model", "parts": [
            {"text": "thinking", "thought": true}, {"text": " Olá "}]}}]}));
        assert!(matches!(text, Reply::Text { text, .. } if text == "Olá"));
        let call = read(&json!({"candidates": [{"content": {"parts": [
            {"functionCall": {"name": "f", "id": "1"}, "thoughtSignature": "s"}, {"text": "x"}]}}]}));
        let Reply::Calls { calls, content } = call else { panic!("{call:?}") };
        assert_eq!((calls[0].name.as_str(), &calls[0].args), ("f", &json!({})));
        assert_eq!(content["parts"][0]["thoughtSignature"], "s");
        for nothing in [
            json!({}),
            json!({"promptFeedback": {"blockReason": "SAFETY"}}),
            json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]}),
            json!({"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}]}),
            json!({"candidates": [{"content": {"parts": [{"text": "Tenho às"}]}, "finishReason": "MAX_TOKENS"}]}),
        ] {
            assert!(matches!(read(&nothing), Reply::Nothing(_)), "{nothing}");
        }
    }

    #[test]
    fn refusals_say_whether_to_wait_or_to_act() {
        let with = |code: u16, body: Value| refusal(StatusCode::from_u16(code).unwrap(), &body);
        assert!(matches!(with(503, json!({})), GeminiError::NotNow(_)));
        assert!(matches!(
            with(429, json!({"error": {"status": "RESOURCE_EXHAUSTED"}})),
            GeminiError::NotNow(_)
        ));
        let key =
            json!({"error": {"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}});
        assert!(matches!(with(400, key), GeminiError::Account(_)));
        assert!(matches!(
            with(400, json!({"error": {"status": "INVALID_ARGUMENT"}})),
            GeminiError::Refused(_)
        ));
    }
}

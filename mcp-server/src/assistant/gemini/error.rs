//! Why the model could not be asked, and what another try would change.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

/// Why the model could not be asked. No text repeats a part of the request.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum GeminiError {
    /// Key or billing refused: a person must act, and no other model of the chain will do better.
    #[error("ask the model: Gemini answers {0}; check GEMINI_API_KEY and its billing")]
    Account(String),
    /// This model is withdrawn or not open to this key.
    #[error("ask the model {model}: Gemini answers {what}; check GEMINI_MODEL")]
    Gone {
        /// The model's id.
        model: String,
        /// Status and reason.
        what: String,
    },
    /// Worth another try later.
    #[error("ask the model: {what}")]
    NotNow {
        /// Status and reason, or that no answer came.
        what: String,
        /// The wait Gemini asked for (`Retry-After`, `RetryInfo.retryDelay`).
        after: Option<Duration>,
    },
    /// No answer in the time that was left.
    #[error("ask the model: no answer in time")]
    Slow,
    /// The request itself was refused. Asked again it is refused again, unless something of it is left out.
    #[error("ask the model: Gemini refused the request with {0}")]
    Refused(String),
}

impl GeminiError {
    /// Something that may pass by itself.
    pub fn not_now(what: impl Into<String>) -> Self {
        Self::NotNow { what: what.into(), after: None }
    }

    /// Whether the quota is used up, or too much was asked at once.
    pub fn is_quota(&self) -> bool {
        matches!(self, Self::NotNow { what, .. } if what.starts_with("429"))
    }

    /// Whether the service is to blame, and not the request.
    pub fn is_of_the_service(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }

    /// Whether another model may do better now.
    pub fn is_of_this_model(&self) -> bool {
        matches!(self, Self::Gone { .. } | Self::NotNow { .. } | Self::Slow)
    }
}

/// Reads an error body: `{"error":{"code","message","status","details"}}`. The message may repeat parts of the request,
/// so only the status word and the reason are kept. `retry_after` is the header, in seconds.
pub fn refusal(model: &str, status: StatusCode, retry_after: Option<&str>, answer: &Value) -> GeminiError {
    let details = answer["error"]["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reason = details.iter().find_map(|detail| detail["reason"].as_str());
    let word = answer["error"]["status"].as_str().unwrap_or("an error without a status");
    let what = format!("{} {}", status.as_u16(), reason.unwrap_or(word));
    match status.as_u16() {
        404 => GeminiError::Gone { model: model.to_owned(), what },
        401 | 403 => GeminiError::Account(what),
        400 if reason == Some("API_KEY_INVALID") || word == "FAILED_PRECONDITION" => {
            GeminiError::Account(what)
        }
        408 | 429 | 500..=599 => {
            let told = details.iter().find_map(|detail| detail["retryDelay"].as_str());
            let after = told.and_then(seconds).or_else(|| retry_after.and_then(seconds));
            GeminiError::NotNow { what, after }
        }
        _ => GeminiError::Refused(what),
    }
}

/// `7s`, `0.5s` (a protobuf duration in JSON) or `7` (a header).
fn seconds(text: &str) -> Option<Duration> {
    let number: f64 = text.trim().trim_end_matches('s').parse().ok()?;
    Duration::try_from_secs_f64(number).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(code: u16, header: Option<&str>, body: &Value) -> GeminiError {
        refusal("gemini-3.8-flash", StatusCode::from_u16(code).unwrap(), header, body)
    }

    #[test]
    fn refusals_say_whether_to_wait_to_change_model_or_to_act() {
        assert!(matches!(with(503, None, &json!({})), GeminiError::NotNow { after: None, .. }));
        let key =
            json!({"error": {"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}});
        assert!(matches!(with(400, None, &key), GeminiError::Account(_)));
        let refused = with(400, None, &json!({"error": {"status": "INVALID_ARGUMENT"}}));
        assert!(matches!(refused, GeminiError::Refused(_)) && !refused.is_of_this_model());
        let gone = with(404, None, &json!({"error": {"status": "NOT_FOUND"}}));
        assert!(gone.is_of_this_model() && gone.to_string().contains("GEMINI_MODEL"), "{gone}");
    }

    #[test]
    fn the_wait_that_google_asks_for_is_read_from_body_and_header() {
        let told = json!({"error": {"status": "RESOURCE_EXHAUSTED", "details": [
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7.5s"}]}});
        let after = |error| match error {
            GeminiError::NotNow { after, .. } => after,
            other => panic!("{other}"),
        };
        assert_eq!(after(with(429, None, &told)), Some(Duration::from_millis(7500)));
        assert_eq!(after(with(429, Some("3"), &json!({}))), Some(Duration::from_secs(3)));
        assert_eq!(after(with(429, Some("Wed, 21 Oct 2026 07:28:00 GMT"), &json!({}))), None);
        assert_eq!(after(with(503, Some("-1"), &json!({}))), None);
    }
}

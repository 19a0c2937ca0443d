//! The Graph API's one call: send a message.

use mcp_store::{inbox::Sender, outbox::ClaimedOutgoing};
use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::settings::WhatsAppSettings;

/// How the channel answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Taken, with Meta's id.
    Sent(String),
    /// Surely not sent; worth another try after a while.
    NotNow(Trouble),
    /// Surely not sent, and no other try will help.
    Never(Trouble),
    /// Nobody knows whether it was sent.
    Unknown(Trouble),
}

/// What went wrong, without any part of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// For logs and `/status`.
    pub why: String,
    /// The credentials or the account are refused: every message will fail until a person acts.
    pub account: bool,
}

/// The Graph API for one number.
#[derive(Clone)]
pub struct Graph {
    http: reqwest::Client,
    settings: WhatsAppSettings,
}

impl Graph {
    /// For one number.
    pub fn new(http: reqwest::Client, settings: WhatsAppSettings) -> Self {
        Self { http, settings }
    }

    /// Sends a message. There is no idempotency key: a lost answer may be a message that was delivered.
    pub async fn send(&self, message: &ClaimedOutgoing) -> Answer {
        let url = format!("{}/{}/messages", self.settings.graph_base, self.settings.phone_number_id);
        let request = self.http.post(url).bearer_auth(self.settings.api_token.expose_secret()).json(&body(
            &message.body,
            &message.recipient,
            &message.id,
        ));
        match request.send().await {
            Ok(response) => {
                let status = response.status();
                match response.bytes().await {
                    Ok(bytes) => classify(status, &bytes),
                    Err(_) => Answer::Unknown(trouble("the answer broke off")),
                }
            }
            // No connection, no request: surely not sent.
            Err(error) if error.is_connect() => Answer::NotNow(trouble("the Graph API cannot be reached")),
            Err(error) if error.is_builder() => Answer::Never(trouble("the request cannot be built")),
            Err(_) => Answer::Unknown(trouble("no answer came")),
        }
    }
}

fn trouble(why: impl Into<String>) -> Trouble {
    Trouble { why: why.into(), account: false }
}

fn body(message: &Value, recipient: &Sender, id: &str) -> Value {
    let mut body = message.clone();
    body["messaging_product"] = json!("whatsapp");
    body["recipient_type"] = json!("individual");
    match (&recipient.wa_id, &recipient.user_id) {
        (Some(wa_id), _) => body["to"] = json!(wa_id),
        (None, user_id) => body["recipient"] = json!(user_id),
    }
    body["biz_opaque_callback_data"] = json!(id);
    body
}

/// Meta asks to build on `code` (developers.facebook.com, WhatsApp Cloud API error codes).
fn classify(status: StatusCode, bytes: &[u8]) -> Answer {
    let answer: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if status.is_success() {
        return match answer["messages"][0]["id"].as_str() {
            Some(id) => Answer::Sent(id.to_owned()),
            None => Answer::Unknown(trouble("an answer without a message id")),
        };
    }
    let Some(code) = answer["error"]["code"].as_i64() else {
        // Not Meta's JSON but a page of something between: only where Meta cannot have had the message is it not sent.
        let why = format!("status {} without an error code", status.as_u16());
        return match status.as_u16() {
            408 | 425 | 429 => Answer::NotNow(trouble(why)),
            401 | 403 | 407 => Answer::NotNow(Trouble { why, account: true }),
            400..=499 => Answer::Never(trouble(why)),
            _ => Answer::Unknown(trouble(why)),
        };
    };
    let why = format!("Graph API error {code}");
    match code {
        0 | 3 | 10 | 190 | 200..=299 | 368 | 130_497 | 131_005 | 131_031 | 131_042 | 133_010 => {
            Answer::NotNow(Trouble { why, account: true })
        }
        1 | 2 | 4 | 80_007 | 130_429 | 131_000 | 131_016 | 131_048 | 131_056 | 131_057 | 133_016 => {
            Answer::NotNow(trouble(why))
        }
        _ if status.is_server_error() => Answer::Unknown(trouble(why)),
        _ => Answer::Never(trouble(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, code: i64) -> Answer {
        classify(
            StatusCode::from_u16(status).unwrap(),
            json!({"error": {"code": code}}).to_string().as_bytes(),
        )
    }

    #[test]
    fn every_class_of_answer_has_its_action() {
        let ok = classify(StatusCode::OK, br#"{"messages":[{"id":"wamid.1"}]}"#);
        assert_eq!(ok, Answer::Sent("wamid.1".into()));
        assert!(matches!(error(401, 190), Answer::NotNow(Trouble { account: true, .. })));
        assert!(matches!(error(400, 131_056), Answer::NotNow(Trouble { account: false, .. })));
        assert!(matches!(error(500, 131_000), Answer::NotNow(_)));
        assert!(matches!(error(400, 131_047), Answer::Never(_)));
        assert!(matches!(classify(StatusCode::BAD_GATEWAY, b"<html>"), Answer::Unknown(_)));
        assert!(matches!(classify(StatusCode::OK, b"{}"), Answer::Unknown(_)));
        assert!(matches!(classify(StatusCode::TOO_MANY_REQUESTS, b""), Answer::NotNow(_)));
        assert!(matches!(
            classify(StatusCode::FORBIDDEN, b"<html>"),
            Answer::NotNow(Trouble { account: true, .. })
        ));
        assert!(matches!(error(500, 999_999), Answer::Unknown(_)));
    }

    #[test]
    fn a_customer_without_a_phone_is_reached_by_the_user_id() {
        let message = json!({"type": "text", "text": {"body": "oi"}});
        let by_phone = body(
            &message,
            &Sender { wa_id: Some("55".into()), user_id: Some("BR.1".into()), name: None },
            "o",
        );
        assert_eq!((by_phone["to"].as_str(), by_phone.get("recipient")), (Some("55"), None));
        let by_id = body(&message, &Sender { wa_id: None, user_id: Some("BR.1".into()), name: None }, "o");
        assert_eq!((by_id.get("to"), by_id["recipient"].as_str()), (None, Some("BR.1")));
        assert_eq!(by_id["biz_opaque_callback_data"], "o");
    }
}

//! The Graph API for one number: send a message, mark one as read, and see and set where the webhook goes.

use std::time::Duration;

use jiff::Timestamp;
use mcp_store::inbox::Sender;
use reqwest::{RequestBuilder, header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Class, Trouble, of_error, of_send},
    template::FOR_TEMPLATE,
};
use crate::{
    http_client::{self, MOST_ABOUT_ONE},
    look::PATIENCE,
    settings::WhatsAppSettings,
};

/// What is asked about a number.
const ABOUT: &str = "id,display_phone_number,verified_name,quality_rating,webhook_configuration";

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

    /// Sends a message under our id. There is no idempotency key: a lost answer may be a message that was delivered.
    pub async fn send(&self, id: &str, recipient: &Sender, message: &Value) -> Answer {
        let request = self.messages().bearer_auth(self.settings.api_token.expose_secret());
        let request = request.json(&body(message, recipient, id));
        match request.send().await {
            Ok(response) => {
                let (status, wait) = (response.status(), retry_after(&response));
                match http_client::body(response, MOST_ABOUT_ONE).await {
                    Ok(bytes) => of_send(status, wait, &bytes),
                    Err(error) => Answer::Unknown(Trouble::new(Class::Transient, error.to_string())),
                }
            }
            // No connection, no request: surely not sent.
            Err(error) if error.is_connect() => {
                Answer::Refused(Trouble::new(Class::Transient, "the Graph API cannot be reached"))
            }
            Err(error) if error.is_builder() => {
                Answer::Refused(Trouble::new(Class::Request, "the request cannot be built"))
            }
            Err(_) => Answer::Unknown(Trouble::new(Class::Transient, "no answer came")),
        }
    }

    /// Marks a customer's message as read and shows "typing…" (until an answer, at most 25 s).
    pub async fn read_and_typing(&self, message_id: &str) -> Result<(), Trouble> {
        let body = json!({
            "messaging_product": "whatsapp", "status": "read", "message_id": message_id,
            "typing_indicator": {"type": "text"},
        });
        self.ask(self.messages().json(&body).timeout(Duration::from_secs(5))).await.map(drop)
    }

    /// Whether Meta itself answers, whatever it says. Nothing is done by asking.
    pub async fn answers(&self) -> bool {
        let request = self.http.get(self.path()).query(&[("fields", "id")]).timeout(Duration::from_secs(5));
        match self.ask(request).await {
            Ok(_) => true,
            Err(trouble) => trouble.class != Class::Transient,
        }
    }

    /// What Meta knows of our number, where its deliveries go included, and Meta's time. Nothing is done by asking.
    pub async fn number(&self) -> (Option<Timestamp>, Result<Value, Trouble>) {
        let request = self.http.get(self.path()).query(&[("fields", ABOUT)]).timeout(PATIENCE);
        let mut date = None;
        let answer = self.ask_at(request, &mut date).await;
        (date, answer)
    }

    /// Has deliveries of our number go to this address. Meta asks the address for the verify token before it agrees.
    pub async fn set_callback(&self, url: &str) -> Result<(), Trouble> {
        let body = json!({"webhook_configuration": {
            "override_callback_uri": url, "verify_token": self.settings.verify_token.expose_secret(),
        }});
        self.ask(self.http.post(self.path()).json(&body)).await.map(drop)
    }

    fn path(&self) -> String {
        format!("{}/{}", self.settings.graph_base, self.settings.phone_number_id)
    }

    fn messages(&self) -> RequestBuilder {
        self.http.post(format!("{}/messages", self.path()))
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value, Trouble> {
        self.ask_at(request, &mut None).await
    }

    /// Asks, and notes the time of the answer by Meta's clock.
    async fn ask_at(&self, request: RequestBuilder, date: &mut Option<Timestamp>) -> Result<Value, Trouble> {
        let request = request.bearer_auth(self.settings.api_token.expose_secret());
        let no_answer = |why: &str| Trouble::new(Class::Transient, why);
        let response = request.send().await.map_err(|error| no_answer(http_client::why(&error)))?;
        *date = http_client::date(&response);
        let (status, wait) = (response.status(), retry_after(&response));
        let bytes = http_client::body(response, MOST_ABOUT_ONE).await;
        let bytes = bytes.map_err(|error| no_answer(&error.to_string()))?;
        let answer = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() { Ok(answer) } else { Err(of_error(status, wait, &answer).0) }
    }
}

fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(Duration::from_hours(1)))
}

fn body(message: &Value, recipient: &Sender, id: &str) -> Value {
    let mut body = message.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove(FOR_TEMPLATE);
    }
    body["messaging_product"] = json!("whatsapp");
    body["recipient_type"] = json!("individual");
    match (&recipient.wa_id, &recipient.user_id) {
        (Some(wa_id), _) => body["to"] = json!(wa_id),
        (None, user_id) => body["recipient"] = json!(user_id),
    }
    body["biz_opaque_callback_data"] = json!(id);
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_client::tests::{Endless, http};

    fn settings(url: &str) -> WhatsAppSettings {
        WhatsAppSettings {
            graph_base: format!("{url}/v26.0"),
            api_token: "canary".to_owned().into(),
            phone_number_id: "77".into(),
            business_account_id: None,
            messages_per_second: 80,
            templates: crate::whatsapp::template::Templates::default(),
            app_secrets: Vec::new(),
            verify_token: "v".to_owned().into(),
        }
    }

    #[tokio::test]
    async fn an_answer_without_an_end_leaves_it_open_whether_a_message_was_sent() {
        let sender = Sender { wa_id: Some("55".into()), user_id: None, name: None };
        for status in [reqwest::StatusCode::OK, reqwest::StatusCode::INTERNAL_SERVER_ERROR] {
            let flood = Endless::flood(status).await;
            let graph = Graph::new(http(), settings(&flood.url));
            let answer = graph.send("o", &sender, &json!({})).await;
            assert!(
                matches!(&answer, Answer::Unknown(Trouble { class: Class::Transient, .. })),
                "{answer:?}"
            );
            assert_eq!(graph.number().await.1.unwrap_err().class, Class::Transient);
            assert!(flood.was_cut_off());
        }
    }

    #[test]
    fn a_customer_without_a_phone_is_reached_by_the_user_id() {
        let message = json!({"type": "text", "text": {"body": "oi"}, FOR_TEMPLATE: {"parameters": []}});
        let sender = |wa_id: Option<&str>| Sender {
            wa_id: wa_id.map(Into::into),
            user_id: Some("BR.1".into()),
            name: None,
        };
        let by_phone = body(&message, &sender(Some("55")), "o");
        assert_eq!((by_phone["to"].as_str(), by_phone.get("recipient")), (Some("55"), None));
        let by_id = body(&message, &sender(None), "o");
        assert_eq!((by_id.get("to"), by_id["recipient"].as_str()), (None, Some("BR.1")));
        assert_eq!((&by_id["biz_opaque_callback_data"], by_id.get(FOR_TEMPLATE)), (&json!("o"), None));
    }
}

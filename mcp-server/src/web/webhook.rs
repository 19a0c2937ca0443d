//! Meta's webhook: verification, and deliveries. A delivery is answered 200 when it is on disk, and no model and no
//! network is asked before.

use std::sync::Arc;

use axum::{
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    clock::SharedClock,
    metrics::Metrics,
    profile_file::ProfileWatch,
    traces::Traces,
    web::body::BodyReader,
    whatsapp::{
        envelope::{self, Ours, Parsed},
        intake::Intake,
        signature::Verifier,
    },
};

/// What the webhook works with.
pub struct Webhook {
    /// Reads bodies within bounds.
    pub bodies: BodyReader,
    /// Checks signatures.
    pub verifier: Verifier,
    /// Token Meta repeats.
    pub verify_token: SecretString,
    /// Our number.
    pub phone_number_id: String,
    /// Our business account, where the settings name it.
    pub business_account_id: Option<String>,
    /// The business: how long the assistant is silent after a person wrote.
    pub profile: ProfileWatch,
    /// Keeps deliveries.
    pub intake: Intake,
    /// Time.
    pub clock: SharedClock,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Where deliveries are traced.
    pub traces: Traces,
}

impl Webhook {
    fn ours(&self) -> Ours {
        Ours {
            phone_number_id: self.phone_number_id.clone(),
            business_account_id: self.business_account_id.clone(),
            silence: self.profile.borrow().profile.assistant.handover.silence.as_duration(),
        }
    }

    fn count(&self, parsed: &Parsed) {
        let delivery = &parsed.delivery;
        for (outcome, count) in [
            ("foreign", parsed.foreign),
            ("unknown", parsed.unknown),
            ("ignored", parsed.ignored),
            ("error", parsed.errors.len()),
            ("repaired", usize::from(parsed.repaired)),
            ("dead", delivery.dead.len()),
            ("status", delivery.statuses.len()),
            ("echo", delivery.echoes.len()),
            ("identity", delivery.identities.len()),
        ] {
            self.metrics.webhook(outcome, count);
        }
        for status in &delivery.statuses {
            self.metrics.delivery_status(&status.status);
        }
        for code in &parsed.errors {
            tracing::warn!(code, "Meta reports an error of the number");
        }
    }
}

/// A header that is there once. Two signatures are an attempt to have two readers look at different ones.
fn the_only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// Query of a verification request.
#[derive(Deserialize)]
pub struct Challenge {
    #[serde(rename = "hub.mode", default)]
    mode: String,
    #[serde(rename = "hub.challenge", default)]
    repeat: String,
    #[serde(rename = "hub.verify_token", default)]
    token: String,
}

/// Answers Meta's verification (Graph API, "Create a webhook endpoint").
pub async fn verify(
    State(webhook): State<Arc<Webhook>>,
    Query(challenge): Query<Challenge>,
) -> Result<String, (StatusCode, &'static str)> {
    let expected = webhook.verify_token.expose_secret().as_bytes();
    let same =
        aws_lc_rs::constant_time::verify_slices_are_equal(expected, challenge.token.as_bytes()).is_ok();
    if challenge.mode == "subscribe" && same {
        Ok(challenge.repeat)
    } else {
        Err((
            StatusCode::FORBIDDEN,
            "hub.verify_token is not WHATSAPP_WEBHOOK_VERIFY_TOKEN, or hub.mode is not subscribe\n",
        ))
    }
}

/// Takes a delivery.
pub async fn receive(State(webhook): State<Arc<Webhook>>, request: Request) -> (StatusCode, &'static str) {
    let answer = webhook.take(request).await;
    webhook.metrics.acknowledged(answer.0.as_u16());
    answer
}

impl Webhook {
    async fn take(&self, request: Request) -> (StatusCode, &'static str) {
        let began = self.clock.now();
        let (parts, body) = request.into_parts();
        let headers = parts.headers;
        let body = match self.bodies.read(&headers, body).await {
            Ok(body) => body,
            Err(status) => {
                self.metrics.webhook("not_read", 1);
                return (status, "not read, deliver again\n");
            }
        };
        if !self.verifier.accepts(the_only(&headers, "x-hub-signature-256"), &body) {
            self.metrics.webhook("bad_signature", 1);
            return (
                StatusCode::UNAUTHORIZED,
                "X-Hub-Signature-256 does not sign this body with a configured app secret\n",
            );
        }
        let parsed = envelope::parse(&body, &self.ours(), self.clock.now());
        self.count(&parsed);
        if parsed.delivery == mcp_store::inbox::Delivery::default() {
            return (StatusCode::OK, "");
        }
        // Anything but a 200 makes Meta deliver again, which is what is wanted: nothing is lost.
        let ids: Vec<String> = if self.traces.on() {
            parsed.delivery.messages.iter().map(|message| message.id.clone()).collect()
        } else {
            Vec::new()
        };
        let kept = self.intake.keep(parsed.delivery).await;
        self.traces.delivered(&ids, began, self.clock.now(), kept.is_ok());
        let Ok(accepted) = kept else {
            self.metrics.webhook("not_kept", 1);
            return (StatusCode::SERVICE_UNAVAILABLE, "not kept, deliver again\n");
        };
        self.metrics.webhook("message", accepted.messages);
        self.metrics.webhook("duplicate", accepted.duplicates);
        (StatusCode::OK, "")
    }
}

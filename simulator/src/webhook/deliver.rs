//! Posting webhooks until they are accepted.

use std::time::Duration;

use axum::http::header;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{payload, signature};
use crate::{
    schema::first_error,
    shared::{App, Shared},
    state::{Delivery, SentMessage, Vendor},
};

/// The first pause; it doubles up to [`LONGEST_PAUSE`]. Meta's are longer: a test should not have to wait.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// Posts until a delivery is given up: a good ten minutes.
const MOST_ATTEMPTS: u32 = 160;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long after `sent` a message is reported `delivered`.
const DELIVERY_TIME: Duration = Duration::from_millis(150);

/// A webhook that has a place in the state.
struct Outgoing {
    phone_number_id: String,
    row: usize,
    body: String,
    /// Ends it: the simulator stops, or forgets.
    epoch: CancellationToken,
}

/// Posts `body` once and returns the HTTP status (0 if there was no answer); unless it was 200, goes on trying in
/// the background.
pub(crate) async fn deliver(app: &App, phone_number_id: &str, kind: &str, wamid: &str, body: &Value) -> u16 {
    let Some(outgoing) = register(app, phone_number_id, kind, wamid, body) else { return 0 };
    let status = outgoing.post(app).await;
    if status != 200 {
        let background = app.clone();
        app.tasks.spawn(async move { outgoing.retry(&background).await });
    }
    status
}

/// Posts any body once, valid or not, and returns the HTTP status (0 if there was no answer).
pub(crate) async fn once(app: &App, phone_number_id: &str, body: &Value) -> u16 {
    match place(app, phone_number_id, "body", "", body) {
        Some(outgoing) => outgoing.post(app).await,
        None => 0,
    }
}

/// Reports a message as sent, and a little later as delivered, if its number is registered.
pub(crate) fn report(app: &App, sent: &SentMessage) {
    let Some(number) = app.with(|state| state.numbers.get(&sent.phone_number_id).cloned()) else { return };
    let conversation = app.ids.short("conversation");
    for (status, after) in [("sent", Duration::ZERO), ("delivered", DELIVERY_TIME)] {
        let body = payload::status(&number, sent, status, &conversation, app.clock.now().as_second());
        let Some(outgoing) = register(app, &sent.phone_number_id, status, &sent.wamid, &body) else { return };
        let background = app.clone();
        app.tasks.spawn(async move {
            tokio::time::sleep(after).await;
            if outgoing.post(&background).await != 200 {
                outgoing.retry(&background).await;
            }
        });
    }
}

fn register(
    shared: &Shared,
    phone_number_id: &str,
    kind: &str,
    wamid: &str,
    body: &Value,
) -> Option<Outgoing> {
    // Our own mistake, not one of the program under test; it must not go unseen either.
    if payload::is_published(body)
        && let Some(wrong) = first_error(&shared.schemas.webhook, &payload::as_published(body))
    {
        shared.violation(Vendor::Webhook, "schema", wrong);
    }
    place(shared, phone_number_id, kind, wamid, body)
}

fn place(shared: &Shared, phone_number_id: &str, kind: &str, wamid: &str, body: &Value) -> Option<Outgoing> {
    shared.with(|state| {
        state.numbers.get(phone_number_id)?;
        state.deliveries.push(Delivery {
            phone_number_id: phone_number_id.to_owned(),
            kind: kind.to_owned(),
            wamid: wamid.to_owned(),
            attempts: 0,
            last_status: 0,
        });
        Some(Outgoing {
            phone_number_id: phone_number_id.to_owned(),
            row: state.deliveries.len() - 1,
            body: signature::meta_json(body),
            epoch: state.epoch.clone(),
        })
    })
}

impl Outgoing {
    async fn retry(&self, shared: &Shared) {
        let mut pause = FIRST_PAUSE;
        for _ in 1..MOST_ATTEMPTS {
            tokio::select! {
                () = self.epoch.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            if self.post(shared).await == 200 {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        tracing::warn!(phone_number_id = self.phone_number_id, "webhook given up: nothing accepted it");
    }

    /// Posts once to where the number's webhooks go now; 0 stands for no answer.
    async fn post(&self, shared: &Shared) -> u16 {
        let Some(number) = shared.with(|state| state.numbers.get(&self.phone_number_id).cloned()) else {
            return 0;
        };
        let request = shared
            .http
            .post(&number.webhook_url)
            .timeout(ANSWER_TIMEOUT)
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-Hub-Signature-256", signature::sign(&number.app_secret, self.body.as_bytes()))
            .body(self.body.clone());
        let status = tokio::select! {
            () = self.epoch.cancelled() => return 0,
            answer = request.send() => match answer {
                Ok(answer) => answer.status().as_u16(),
                Err(error) => {
                    tracing::debug!(%error, "webhook not answered");
                    0
                }
            },
        };
        shared.with(|state| {
            // After a reset the row belongs to something else.
            if self.epoch.is_cancelled() {
                return;
            }
            if let Some(row) = state.deliveries.get_mut(self.row) {
                row.attempts += 1;
                row.last_status = status;
            }
        });
        status
    }
}

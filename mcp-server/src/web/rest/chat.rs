//! Chat for programs: one message of a user of theirs through the same inbox, turn and outbox as on `WhatsApp`.

use std::time::Duration;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use mcp_store::{
    StoreError,
    inbox::{Delivery, IncomingMessage},
    outbox::{NewOutgoing, OutgoingKind},
    sha256,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::oneshot, time::Instant};

use super::{
    DOOR, Rest, input,
    waiting::{self, answer_to, is_silence},
};
use crate::{
    booking::{
        Principal,
        scheduler::{Caller, Failure, FailureCode},
    },
    token::{Bearer, Scope},
    web::programs::AtWork,
    whatsapp::interactive::{self, readable},
};

/// How long an answer is waited for: a burst's end, a turn with the model, and some air.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether another replica has sent the answer, or a person took over.
const LOOK: Duration = Duration::from_millis(250);
/// How long it is waited after a takeover for an answer that was on its way.
const HANDOVER: Duration = Duration::from_secs(3);
/// Longest message, in characters, as on `WhatsApp`.
const LONGEST: usize = 4096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// What the user wrote.
    message: Option<String>,
    /// The `id` of an action of an earlier answer that the user chose instead.
    action: Option<String>,
    /// The program's own name for its user.
    user_id: String,
    /// Whether a customer on `WhatsApp` gets the answer's text too.
    #[serde(default)]
    send_whatsapp: bool,
    /// Who.
    whatsapp_number: Option<String>,
}

/// `POST /api/v1/chat`
pub(super) async fn chat(
    State(rest): State<Rest>,
    Extension(bearer): Extension<Bearer>,
    work: Option<Extension<AtWork>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let work = work.map(|Extension(work)| work).unwrap_or_default();
    let answered = async {
        let caller = Caller::of(&bearer, Scope::BookingWrite)?;
        let key = rest.key(&headers)?;
        let said: Said = input::body(body).await?;
        check(&said)?;
        if said.send_whatsapp {
            Caller::of(&bearer, Scope::ConversationReply)?;
        }
        rest.talk(&caller.principal, &key, said, &work).await
    };
    rest.answer(StatusCode::OK, answered.await)
}

fn check(said: &Said) -> Result<(), Failure> {
    let wrong = |field: &str, message: &str| Err(Failure::field(field, message));
    let user = said.user_id.trim();
    if user.is_empty() || user.len() > 128 || user.chars().any(char::is_control) {
        return wrong("user_id", "user_id must have 1 to 128 characters");
    }
    match (&said.message, &said.action) {
        (Some(_), Some(_)) | (None, None) => {
            return wrong("message", "pass message, or action, and not both");
        }
        (Some(text), None) if text.trim().is_empty() || text.chars().count() > LONGEST => {
            return wrong("message", "message must have 1 to 4096 characters");
        }
        (None, Some(id)) if id.is_empty() || id.len() > 256 => {
            return wrong("action", "action must be the id of an action of an answer");
        }
        _ => {}
    }
    match &said.whatsapp_number {
        None if said.send_whatsapp => wrong("whatsapp_number", "send_whatsapp needs whatsapp_number"),
        Some(number) if mcp_store::phone::canonical(number).is_none() => wrong(
            "whatsapp_number",
            "whatsapp_number must be a number in international form, like +55 11 98888-7777",
        ),
        _ => Ok(()),
    }
}

/// What came of a message.
enum Heard {
    /// This was said.
    Body(Value),
    /// Nothing is said: a person answers, or there was nothing to answer.
    Silence,
}

impl Rest {
    async fn talk(
        &self,
        principal: &Principal,
        key: &str,
        said: Said,
        work: &AtWork,
    ) -> Result<Value, Failure> {
        let (store, now) = (&self.scheduler.desk.store, self.scheduler.desk.clock.now());
        let failed = |error: StoreError| Failure::of_reading(&error);
        let sender = waiting::sender(principal, said.user_id.trim());
        let customer = store.identify(&sender, now).await.map_err(failed)?;
        let conversation = store.conversation_of(customer.id).await.map_err(failed)?;
        let id = format!("{DOOR}:{}:{key}", conversation.id);
        let kept = format!("chat:{id}");
        // A digest stays for a day; it must not be readable.
        let asked =
            format!("{:?}~{:?}~{}~{:?}", said.message, said.action, said.send_whatsapp, said.whatsapp_number);
        let digest = sha256::hex_of(&[asked.as_bytes()]);
        let of_key = |error: StoreError| match error {
            StoreError::KeyReused => Failure::new(
                FailureCode::Conflict,
                "this idempotency key was used for another message: use a new one",
            ),
            error => Failure::of_reading(&error),
        };
        if let Some(answer) = store.recall(&kept, &digest, now).await.map_err(of_key)? {
            return Ok(answer);
        }
        let turns = store.turns(conversation.id, 1).await.map_err(failed)?;
        let before = turns.first().map_or(-1, |turn| turn.epoch);
        // The first try says which turn was the last one before the message.
        let since = store.remember(&format!("chat-since:{id}"), &digest, &json!(before), now).await;
        let before = since.map_err(of_key)?.as_i64().unwrap_or(before);
        let answer = self.waiting.of(&id);
        let (kind, text, raw) = content(&said, &id, now.as_second());
        let message = IncomingMessage { id: id.clone(), sender, kind, text, sent_at: now, raw };
        let delivery = Delivery { messages: vec![message], ..Delivery::default() };
        self.intake.keep(delivery).await.map_err(|_| {
            Failure::new(FailureCode::ServiceUnavailable, "the message is not kept: send it again")
        })?;
        work.only_waits();
        let heard = self.hear(&id, conversation.id, before, answer).await?;
        let mut value = match &heard {
            Heard::Body(body) => {
                json!({"answer": readable(body), "actions": actions(body), "state": "answered"})
            }
            Heard::Silence => json!({"answer": null, "actions": [], "state": "silent"}),
        };
        if let (true, Some(number)) = (said.send_whatsapp, &said.whatsapp_number) {
            value["whatsapp"] = self.pass_on(number, &value["answer"], &id).await.map_err(failed)?;
        }
        match store.remember(&kept, &digest, &value, self.scheduler.desk.clock.now()).await {
            Ok(first) => Ok(first),
            // It was answered, and that is what counts.
            Err(_) => Ok(value),
        }
    }

    /// What came of the message with this id: told by the sender of this process, or kept by whoever sent it.
    async fn hear(
        &self,
        message: &str,
        conversation: i64,
        before: i64,
        mut answer: oneshot::Receiver<Value>,
    ) -> Result<Heard, Failure> {
        let desk = &self.scheduler.desk;
        let failed = |error: StoreError| Failure::of_reading(&error);
        let heard = |body: Value| if is_silence(&body) { Heard::Silence } else { Heard::Body(body) };
        let end = Instant::now() + PATIENCE;
        let mut taken_over: Option<Instant> = None;
        while Instant::now() < end {
            let look = self.waiting.look().await;
            if let Some(body) = answer_to(&*desk.store, &*desk.clock, message).await.map_err(failed)? {
                return Ok(heard(body));
            }
            drop(look);
            tokio::select! {
                body = &mut answer => match body {
                    Ok(body) => return Ok(heard(body)),
                    Err(_) => answer = self.waiting.of(message),
                },
                () = tokio::time::sleep(LOOK) => {}
            }
            let _look = self.waiting.look().await;
            // A person who takes over while a turn runs ends it without a word, not even one for a program.
            let turns = desk.store.turns(conversation, 1).await.map_err(failed)?;
            if turns.first().is_some_and(|turn| turn.epoch > before && turn.effect == "taken_over")
                && taken_over.get_or_insert_with(Instant::now).elapsed() >= HANDOVER
            {
                return Ok(Heard::Silence);
            }
        }
        Err(Failure::new(
            FailureCode::ServiceUnavailable,
            "there is no answer yet: repeat the request with the same Idempotency-Key",
        ))
    }

    /// Gives the answer's words to a customer who wrote to the business within the last day; says what came of it.
    async fn pass_on(&self, number: &str, answer: &Value, id: &str) -> Result<Value, StoreError> {
        let (desk, now) = (&self.scheduler.desk, self.scheduler.desk.clock.now());
        let no = |code: &str, why: &str| json!({"sent": false, "code": code, "detail": why});
        let Some(text) = answer.as_str() else { return Ok(no("not_found", "there is nothing to send")) };
        let Some(customer) = desk.store.customer_by_phone(number).await? else {
            return Ok(no("not_found", "nobody with this number has written to the business"));
        };
        let conversation = desk.store.conversation_of(customer.id).await?;
        if conversation.window_until.is_none_or(|until| until <= now) {
            return Ok(no(
                "outside_hours",
                "this customer has not written for a day: WhatsApp allows templates only",
            ));
        }
        let message = NewOutgoing {
            id: desk.ids.id(),
            kind: OutgoingKind::Person,
            dedupe_key: Some(format!("chat:{id}")),
            body: interactive::text(text),
        };
        desk.store.enqueue(conversation.id, &message, now).await?;
        self.scheduler.wake.outbox.notify_one();
        Ok(json!({"sent": true}))
    }
}

/// The message as the channel would have brought it.
fn content(said: &Said, id: &str, second: i64) -> (String, Option<String>, Value) {
    let mut raw = json!({"id": id, "timestamp": second.to_string()});
    if let Some(action) = &said.action {
        raw["type"] = json!("interactive");
        raw["interactive"] = json!({"type": "button_reply", "button_reply": {"id": action, "title": ""}});
        return ("interactive".to_owned(), None, raw);
    }
    let text = said.message.as_deref().unwrap_or_default().trim().to_owned();
    raw["type"] = json!("text");
    raw["text"] = json!({"body": text});
    ("text".to_owned(), Some(text), raw)
}

/// The buttons and rows of an answer: what a program can offer its user to choose.
fn actions(body: &Value) -> Vec<Value> {
    let action = &body["interactive"]["action"];
    let buttons = action["buttons"].as_array().into_iter().flatten().map(|button| button["reply"].clone());
    let sections = action["sections"].as_array().into_iter().flatten();
    let rows = sections.flat_map(|section| section["rows"].as_array().into_iter().flatten()).cloned();
    buttons.chain(rows).collect()
}

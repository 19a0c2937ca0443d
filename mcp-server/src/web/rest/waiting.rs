//! Answers to programs: messages of conversations that no channel leads to are handed to whoever waits for the answer to
//! just these messages.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    Store, StoreError,
    inbox::Sender,
    outbox::{ClaimedOutgoing, NewOutgoing, SendEnd},
    turn::{ClaimedTurn, Effect},
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{assistant::Decided, booking::Principal, clock::Clock, telemetry};

/// User ids that begin like this were made here, and by no channel.
const PREFIX: &str = "rest:";

/// How a user of a program is known: nobody but this program can be this user.
pub fn sender(program: &Principal, user: &str) -> Sender {
    let actor = program.actor();
    Sender { user_id: Some(format!("{PREFIX}{}:{actor}:{user}", actor.len())), wa_id: None, name: None }
}

/// Whether a sender is a user of a program.
pub fn is_program(sender: &Sender) -> bool {
    sender.wa_id.is_none() && sender.user_id.as_deref().is_some_and(|id| id.starts_with(PREFIX))
}

/// Where an answer to a program says which messages it answers. Committed with the answer, and taken off before anybody
/// reads it: a request gets the answer to its own message and no other one, however late that comes.
const ANSWERS: &str = "answers_messages";
/// What is said where nothing is: whoever waits is to hear of it.
const SILENCE: &str = "silence";

/// What a turn decided for a user of a program, with the messages it answers written beside it. Silence is written down
/// as well. Turns of a channel stay as they are.
#[must_use]
pub fn addressed(turn: &ClaimedTurn, mut decided: Decided) -> Decided {
    if !is_program(&turn.sender) {
        return decided;
    }
    let messages: Value = turn.messages.iter().map(|message| message.id.as_str()).collect();
    let silence = || {
        let id = format!("{PREFIX}{SILENCE}:{}.{}", turn.conversation.id, turn.epoch);
        NewOutgoing::answer(id, json!({"type": SILENCE, ANSWERS: messages}))
    };
    match &mut decided.result.effect {
        Effect::Answer(message) | Effect::GiveUp { answer: Some(message), .. } => {
            message.body[ANSWERS] = messages;
        }
        Effect::GiveUp { answer: nothing, .. } => *nothing = Some(silence()),
        effect @ Effect::Silence => *effect = Effect::Answer(silence()),
        Effect::Book(_) | Effect::Change(_) => {
            let render = decided.render;
            decided.render = Box::new(move |outcome| {
                let (mut message, history) = render(outcome);
                message.body[ANSWERS] = messages.clone();
                (message, history)
            });
        }
    }
    decided
}

/// Whether an answer is that nothing is said.
pub fn is_silence(body: &Value) -> bool {
    body["type"] == SILENCE
}

/// Under which key the answer to a message is kept for a day, for whoever asks again and for other replicas.
fn key(message: &str) -> String {
    format!("chat-answer:{message}")
}

/// The message's id says all there is to compare.
const NO_DIGEST: &str = "";

/// The answer to a message, where there is one.
pub async fn answer_to(
    store: &dyn Store,
    clock: &dyn Clock,
    message: &str,
) -> Result<Option<Value>, StoreError> {
    store.recall(&key(message), NO_DIGEST, clock.now()).await
}

/// Who waits in this process.
#[derive(Debug, Default)]
pub struct Waiting {
    /// By the message that is to be answered.
    all: Mutex<HashMap<String, Vec<oneshot::Sender<Value>>>>,
    looks: tokio::sync::Mutex<()>,
}

impl Waiting {
    /// Looks into the database are taken one after the other: hundreds who wait are no more load than one, and look less
    /// often. Whoever is answered by this process hears of it without looking.
    pub async fn look(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.looks.lock().await
    }

    /// Waits for the answer to a message.
    pub fn of(&self, message: &str) -> oneshot::Receiver<Value> {
        let (reply, answer) = oneshot::channel();
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        // Who was not waited for to the end is forgotten by the next one to come.
        all.retain(|_, waiting| {
            waiting.retain(|one| !one.is_closed());
            !waiting.is_empty()
        });
        all.entry(message.to_owned()).or_default().push(reply);
        answer
    }

    fn give(&self, message: &str, body: &Value) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        for reply in all.remove(message).unwrap_or_default() {
            // Who has gone finds the answer under its key.
            let _ = reply.send(body.clone());
        }
    }

    /// Takes a message that is for a program: its answer is kept and handed over, and the message counts as sent; no
    /// channel ever sees it. Says whether it was one.
    pub async fn take(&self, store: &dyn Store, clock: &dyn Clock, message: &ClaimedOutgoing) -> bool {
        if !is_program(&message.recipient) {
            return false;
        }
        let end = match self.answer(store, clock, message.body.clone()).await {
            Ok(()) => SendEnd::Sent { wamid: format!("{PREFIX}{}", message.id) },
            Err(error) => {
                let at = clock.now().saturating_add(SignedDuration::from_secs(2)).unwrap_or(Timestamp::MAX);
                SendEnd::Retry { at, why: telemetry::chain(&error) }
            }
        };
        match store.sent(message, end, clock.now()).await {
            Ok(_) | Err(StoreError::Stale) => {}
            Err(error) => tracing::error!(
                outbox.id = message.id,
                error = telemetry::chain(&error),
                "an answer to a program could not be recorded as given"
            ),
        }
        true
    }

    async fn answer(&self, store: &dyn Store, clock: &dyn Clock, mut body: Value) -> Result<(), StoreError> {
        let answered = body.as_object_mut().and_then(|fields| fields.remove(ANSWERS)).unwrap_or_default();
        for message in answered.as_array().into_iter().flatten().filter_map(Value::as_str) {
            let kept = store.remember(&key(message), NO_DIGEST, &body, clock.now()).await?;
            self.give(message, &kept);
        }
        Ok(())
    }
}

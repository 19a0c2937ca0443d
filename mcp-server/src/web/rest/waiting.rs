//! Answers to programs: messages of conversations that no channel leads to are handed to whoever waits for them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use mcp_store::{
    Store, StoreError,
    inbox::Sender,
    outbox::{ClaimedOutgoing, OutgoingKind, SendEnd},
};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{booking::Principal, clock::Clock, telemetry};

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

/// Who waits in this process, by conversation.
#[derive(Debug, Default)]
pub struct Waiting(Mutex<HashMap<i64, Vec<oneshot::Sender<Value>>>>);

impl Waiting {
    /// Waits for the next answer of a conversation.
    pub fn next(&self, conversation: i64) -> oneshot::Receiver<Value> {
        let (reply, answer) = oneshot::channel();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = all.entry(conversation).or_default();
        waiting.retain(|one| !one.is_closed());
        waiting.push(reply);
        answer
    }

    fn give(&self, conversation: i64, body: &Value) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for reply in all.remove(&conversation).unwrap_or_default() {
            // Who has gone finds the answer in the conversation.
            let _ = reply.send(body.clone());
        }
    }

    /// Takes a message that is for a program: its answer is handed over and the message counts as sent; no channel ever
    /// sees it. Says whether it was one.
    pub async fn take(&self, store: &dyn Store, clock: &dyn Clock, message: &ClaimedOutgoing) -> bool {
        if !is_program(&message.recipient) {
            return false;
        }
        if message.kind == OutgoingKind::Answer {
            self.give(message.conversation_id, &message.body);
        }
        let end = SendEnd::Sent { wamid: format!("{PREFIX}{}", message.id) };
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
}

//! Messages of many customers, one after the other or at fixed instants.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::header;
use reqwest::Client;
use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until},
};

use super::outcome::Answer;
use crate::{
    clock::Clock,
    ids::Ids,
    webhook::{Number, Say, payload, signature},
};

/// A request without an answer after this is counted as failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whose messages, and how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// How many customers write.
    pub customers: u64,
    /// How many messages each of them writes in a row.
    pub burst: u64,
    /// No more messages than this …
    pub messages: u64,
    /// … and none after this.
    pub duration: Duration,
}

pub(super) struct Sender {
    pub client: Client,
    pub ids: Ids,
    pub clock: Clock,
    pub number: Number,
    pub plan: Plan,
    pub next: AtomicU64,
}

impl Sender {
    /// So many requests under way at once, each begun when another one has its answer.
    pub async fn closed(self: Arc<Self>, connections: usize) -> Result<Vec<Answer>, JoinError> {
        let end = Instant::now() + self.plan.duration;
        let mut senders = JoinSet::new();
        for _ in 0..connections {
            let sender = Arc::clone(&self);
            senders.spawn(async move {
                let mut answers = Vec::new();
                while Instant::now() < end {
                    let count = sender.next.fetch_add(1, Ordering::Relaxed);
                    if count >= sender.plan.messages {
                        break;
                    }
                    answers.push(sender.send(count, Instant::now()).await);
                }
                answers
            });
        }
        let mut answers = Vec::new();
        while let Some(sent) = senders.join_next().await {
            answers.extend(sent?);
        }
        Ok(answers)
    }

    /// A request at every tick, whether earlier ones have their answers or not. How long an answer took counts from
    /// the tick: a server that stands still for a second is seen by everything that was due in it, not by one request.
    pub async fn open(self: Arc<Self>, tick: Duration) -> Result<Vec<Answer>, JoinError> {
        let begin = Instant::now();
        let (mut sent, mut answers) = (JoinSet::new(), Vec::new());
        let mut due = begin;
        for count in 0..self.plan.messages {
            if due >= begin + self.plan.duration {
                break;
            }
            sleep_until(due).await;
            let sender = Arc::clone(&self);
            sent.spawn(async move { sender.send(count, due).await });
            while let Some(answer) = sent.try_join_next() {
                answers.push(answer?);
            }
            due += tick;
        }
        while let Some(answer) = sent.join_next().await {
            answers.push(answer?);
        }
        Ok(answers)
    }

    async fn send(&self, count: u64, due: Instant) -> Answer {
        let wamid = self.ids.wamid();
        let from = format!("55119{:08}", count / self.plan.burst % self.plan.customers);
        let say = Say::text(&self.number.phone_number_id, &from, "Carga", &format!("mensagem {wamid}"));
        let body = payload::message(&self.number, &say, &wamid, self.clock.now().as_second());
        let body = signature::meta_json(&body);
        let request = self
            .client
            .post(&self.number.webhook_url)
            .timeout(PATIENCE)
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-Hub-Signature-256", signature::sign(&self.number.app_secret, body.as_bytes()))
            .body(body);
        let answer = request.send().await.ok()?;
        let ok = answer.status().as_u16() == 200;
        // Read to the end, so that the connection is used again.
        answer.bytes().await.ok()?;
        ok.then(|| due.elapsed())
    }
}

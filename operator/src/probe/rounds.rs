//! Asks round after round: who is due, a few at a time.

use std::sync::Arc;

use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{MOST_AT_ONCE, answer::Answer, ask::Ask, board::Board};
use crate::{metrics::Metrics, stores::Trigger};

/// Asks until `stop`. A pass is asked for where a condition would change, and nowhere else.
pub async fn run(
    board: Arc<Board>,
    ask: Arc<dyn Ask>,
    trigger: Trigger,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) {
    let mut asking = JoinSet::new();
    loop {
        while asking.len() < MOST_AT_ONCE
            && let Some(question) = board.take(Instant::now())
        {
            let answer = ask.ask(Arc::clone(&question.target));
            asking.spawn(async move { (question, answer.await) });
        }
        // With all hands full the next one waits for a hand, not for its time.
        let next = board.next_due().filter(|_| asking.len() < MOST_AT_ONCE);
        tokio::select! {
            () = stop.cancelled() => return,
            () = board.changed() => {}
            () = at(next) => {}
            Some(done) = asking.join_next() => {
                let Ok((question, answer)) = done else { continue };
                metrics.probed(matches!(answer, Answer::Said(_)));
                if board.conclude(&question, answer, Instant::now()) {
                    tracing::info!(namespace = %question.target.namespace, "what the server says has changed");
                    trigger.client(&question.target.owner);
                }
            }
        }
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;

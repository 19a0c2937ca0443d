//! Asks the database again and again whether it answers.

use std::{sync::Arc, time::Duration};

use mcp_store::{Store, StoreError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Watchdog, longest};

/// Several questions in the time in which one must be answered.
fn every() -> Duration {
    Duration::from_secs(longest()) / 9
}

/// Asks the writer and the readers until stopped.
pub fn ask(watchdog: &Watchdog, store: &Arc<dyn Store>, tasks: &TaskTracker, stop: &CancellationToken) {
    let asked = Arc::clone(store);
    let writer = move || {
        let store = Arc::clone(&asked);
        async move { store.writer_answers().await }
    };
    tasks.spawn(again(watchdog.clone(), "the database's writer", writer, stop.clone()));
    let asked = Arc::clone(store);
    let readers = move || {
        let store = Arc::clone(&asked);
        async move { store.readers_answer().await }
    };
    tasks.spawn(again(watchdog.clone(), "the database's readers", readers, stop.clone()));
}

/// Asks one thing. Whatever it says is an answer, but that no connection is to be had: all of them are held by work that
/// does not end.
pub(super) async fn again<F: Future<Output = Result<(), StoreError>>>(
    watchdog: Watchdog,
    what: &'static str,
    question: impl Fn() -> F,
    stop: CancellationToken,
) {
    let pulse = watchdog.watch(what);
    loop {
        let answer = tokio::select! {
            () = stop.cancelled() => return,
            answer = question() => answer,
        };
        match answer {
            Err(StoreError::NoConnection) => {
                tracing::warn!(what, "no connection is to be had: work that does not end holds all of them");
            }
            Ok(()) | Err(_) => pulse.beat(),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every()) => {}
        }
    }
}

//! Turns what the watches see into passes, with a bound on how many run at once.

use std::{future::Future, sync::Arc, time::Duration};

use futures::{Stream, StreamExt};
use kube::{
    ResourceExt,
    runtime::{
        Controller,
        controller::{self, Action},
        reflector::ObjectRef,
    },
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    api::Category,
    client::reconcile::{ReconcileError, reconcile, reconcile_invalid},
    context::Context,
    stores::{Guarded, Listed},
};

/// Most passes at once.
const CONCURRENCY: u16 = 16;
/// How long events are gathered before a pass: the echoes of a pass's own writes come in a burst.
const DEBOUNCE: Duration = Duration::from_millis(50);

/// Runs passes until `stop`; those that run then come to their end. `listed` is when every client was seen.
pub async fn run(
    controller: Controller<Guarded>,
    listed: Listed,
    triggers: impl Stream<Item = ObjectRef<Guarded>> + Send + 'static,
    context: Arc<Context>,
    stop: CancellationToken,
) {
    let passes = controller
        .with_config(controller::Config::default().concurrency(CONCURRENCY).debounce(DEBOUNCE))
        .reconcile_on(triggers)
        .graceful_shutdown_on(stop.clone().cancelled_owned())
        .run(pass, pause, context)
        .for_each(|result| async {
            match result {
                Ok((client, _)) => tracing::debug!(%client, "looked at"),
                // It was deleted while its turn had not come.
                Err(controller::Error::ObjectNotFound(_)) => {}
                Err(error) => tracing::warn!(%error, "a pass failed and will be tried again"),
            }
        });
    to_their_end(passes, listed, stop).await;
}

/// Waits for passes to come to their end. Told to stop before it has seen every client, a controller stops looking and waits
/// for what it would have seen; but then no pass has begun.
async fn to_their_end(passes: impl Future<Output = ()>, listed: Listed, stop: CancellationToken) {
    let never_began = async {
        stop.cancelled().await;
        if listed.is_so() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = passes => {}
        () = never_began => {}
    }
}

async fn pass(guarded: Arc<Guarded>, context: Arc<Context>) -> Result<Action, ReconcileError> {
    let began = Instant::now();
    context.metrics.running.inc();
    let result = match &guarded.0 {
        Ok(client) => reconcile(&context, client).await,
        Err(invalid) => reconcile_invalid(&context, invalid).await,
    };
    context.metrics.running.dec();
    match &result {
        Ok(_) => {
            context.failures.clear(&name(&guarded));
            context.metrics.reconciled(began.elapsed());
        }
        Err(error) => context.metrics.failed(Category::of(error), began.elapsed()),
    }
    result
}

#[expect(clippy::needless_pass_by_value, reason = "the controller calls it so")]
fn pause(guarded: Arc<Guarded>, _: &ReconcileError, context: Arc<Context>) -> Action {
    Action::requeue(context.failures.pause_after_another(&name(&guarded)))
}

fn name(guarded: &Guarded) -> String {
    format!("{}/{}", guarded.namespace().unwrap_or_default(), guarded.name_any())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it ends although no pass does.
    async fn ends(listed: bool) -> bool {
        let stop = CancellationToken::new();
        stop.cancel();
        let (_sender, listed) = Listed::new(listed);
        let waits = to_their_end(std::future::pending(), listed, stop);
        tokio::time::timeout(Duration::from_mins(1), waits).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_told_to_stop_waits_for_passes_and_not_for_a_list() {
        assert!(ends(false).await, "waits for a list that nobody reads any more");
        assert!(!ends(true).await, "leaves passes that run");
    }
}

//! Turns what the watches see into passes, with a bound on how many run at once.

use std::{sync::Arc, time::Duration};

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
    stores::Guarded,
};

/// Most passes at once.
const CONCURRENCY: u16 = 16;
/// How long events are gathered before a pass: the echoes of a pass's own writes come in a burst.
const DEBOUNCE: Duration = Duration::from_millis(50);

/// Runs passes until `stop`; those that run then come to their end.
pub async fn run(
    controller: Controller<Guarded>,
    triggers: impl Stream<Item = ObjectRef<Guarded>> + Send + 'static,
    context: Arc<Context>,
    stop: CancellationToken,
) {
    controller
        .with_config(controller::Config::default().concurrency(CONCURRENCY).debounce(DEBOUNCE))
        .reconcile_on(triggers)
        .graceful_shutdown_on(stop.cancelled_owned())
        .run(pass, pause, context)
        .for_each(|result| async {
            match result {
                Ok((client, _)) => tracing::debug!(%client, "looked at"),
                // It was deleted while its turn had not come.
                Err(controller::Error::ObjectNotFound(_)) => {}
                Err(error) => tracing::warn!(%error, "a pass failed and will be tried again"),
            }
        })
        .await;
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

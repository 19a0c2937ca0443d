//! From the webhook to the disk: deliveries that wait are kept in one transaction (group commit), and each waiter
//! hears of the commit it was in. Nobody answers 200 before that.

use std::sync::Arc;

use mcp_store::{
    Store, StoreError,
    inbox::{Accepted, Delivery},
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::SharedClock,
    failpoint::{Point, reached},
    status::StatusBoard,
    telemetry,
    wake::Wake,
    watchdog::Pulse,
};

/// Deliveries that may wait; beyond that the sender is told to come again.
const QUEUE: usize = 1024;
/// Deliveries in one transaction.
const BATCH: usize = 256;

struct Waiting {
    delivery: Delivery,
    reply: oneshot::Sender<Option<Accepted>>,
}

/// Where deliveries are handed in.
#[derive(Clone)]
pub struct Intake {
    queue: mpsc::Sender<Waiting>,
}

/// A delivery is not kept; the sender must deliver it again.
#[derive(Debug, thiserror::Error)]
#[error("keep the delivery: the database cannot be written now")]
pub struct NotKept;

impl Intake {
    /// An intake and the task that writes for it.
    pub fn start(
        store: Arc<dyn Store>,
        clock: SharedClock,
        wake: Arc<Wake>,
        board: Arc<StatusBoard>,
        pulse: Pulse,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()>) {
        let (queue, waiting) = mpsc::channel(QUEUE);
        (Self { queue }, write(waiting, store, clock, wake, board, pulse, stop))
    }

    /// Returns when the delivery is on disk.
    pub async fn keep(&self, delivery: Delivery) -> Result<Accepted, NotKept> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Waiting { delivery, reply }).await.map_err(|_| NotKept)?;
        answer.await.ok().flatten().ok_or(NotKept)
    }
}

async fn write(
    mut waiting: mpsc::Receiver<Waiting>,
    store: Arc<dyn Store>,
    clock: SharedClock,
    wake: Arc<Wake>,
    board: Arc<StatusBoard>,
    pulse: Pulse,
    stop: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        pulse.rest();
        let got = tokio::select! {
            () = stop.cancelled() => { waiting.close(); waiting.recv_many(&mut batch, BATCH).await }
            got = waiting.recv_many(&mut batch, BATCH) => got,
        };
        if got == 0 {
            return;
        }
        pulse.beat();
        let (deliveries, replies): (Vec<_>, Vec<_>) = batch.drain(..).map(|w| (w.delivery, w.reply)).unzip();
        reached(Point::IntakeBefore);
        match pulse.answered("accept", store.accept(&deliveries, clock.now())).await {
            Ok(accepted) => {
                board.wrote(true);
                reached(Point::IntakeAfter);
                if accepted.iter().any(|one| one.messages > 0) {
                    wake.turns.notify_one();
                }
                // A status may free a message that waits behind one whose outcome was unknown, and who is who may
                // change what waits. A customer's message does neither.
                if deliveries.iter().any(|one| !one.statuses.is_empty() || !one.identities.is_empty()) {
                    wake.outbox.notify_one();
                }
                for (reply, one) in replies.into_iter().zip(accepted) {
                    let _ = reply.send(Some(one));
                }
            }
            Err(error) => {
                board.wrote(false);
                board.missed_deliveries();
                one_by_one(&*store, &clock, &pulse, &deliveries, replies, &error).await;
                wake.turns.notify_one();
                wake.outbox.notify_one();
            }
        }
    }
}

/// A delivery that cannot be kept must not keep the others of its batch from being kept.
async fn one_by_one(
    store: &dyn Store,
    clock: &SharedClock,
    pulse: &Pulse,
    deliveries: &[Delivery],
    replies: Vec<oneshot::Sender<Option<Accepted>>>,
    error: &StoreError,
) {
    tracing::error!(
        error = telemetry::chain(error),
        deliveries = deliveries.len(),
        "deliveries could not be kept together"
    );
    for (delivery, reply) in deliveries.iter().zip(replies) {
        let kept = store.accept(std::slice::from_ref(delivery), clock.now());
        let kept = pulse.answered("accept", kept).await;
        pulse.beat();
        let _ = reply.send(kept.ok().and_then(|accepted| accepted.first().copied()));
    }
}

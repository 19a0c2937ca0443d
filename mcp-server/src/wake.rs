//! Wakes the workers when there is something to do.

use tokio::sync::Notify;

/// One bell per worker loop. A ring before the wait is not lost.
#[derive(Debug, Default)]
pub struct Wake {
    /// A message arrived.
    pub turns: Notify,
    /// Something is to be said.
    pub outbox: Notify,
    /// A booking changed.
    pub mirror: Notify,
}

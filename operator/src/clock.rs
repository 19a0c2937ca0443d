//! The one place that reads the time.

use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time; tests hand in their own.
pub trait Clock: Send + Sync {
    /// The instant it is.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The clock of the machine.
#[derive(Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed in everywhere else")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

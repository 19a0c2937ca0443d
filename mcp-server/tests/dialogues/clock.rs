//! A clock that begins where a dialogue says and goes on as fast as the machine's, and can be put forward.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use mcp_server::clock::Clock;
use tokio::time::Instant;

#[derive(Clone)]
pub struct Moving {
    base: Timestamp,
    began: Instant,
    ahead_ms: Arc<AtomicI64>,
}

impl Moving {
    pub fn from(base: Timestamp) -> Self {
        Self { base, began: Instant::now(), ahead_ms: Arc::new(AtomicI64::new(0)) }
    }

    /// Puts the clock forward.
    pub fn forward(&self, by: SignedDuration) {
        self.ahead_ms.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Moving {
    fn now(&self) -> Timestamp {
        let gone = SignedDuration::try_from(self.began.elapsed()).unwrap();
        self.base + gone + SignedDuration::from_millis(self.ahead_ms.load(Ordering::SeqCst))
    }
}

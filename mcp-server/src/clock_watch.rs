//! Notices that the machine's clock was set: what waits by the clock of before must not wait for an hour that comes
//! twice.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mcp_store::{Store, maintenance::Waits};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{assistant::BURST, clock::SharedClock, telemetry, wake::Wake, whatsapp::sender::UNKNOWN_WAIT};

/// How often the clock is compared with the time that has passed.
const EVERY: Duration = Duration::from_secs(1);
/// Differences below this are a busy machine, or a clock that is brought to the right time slowly.
const SMALL: SignedDuration = SignedDuration::from_secs(2);

/// What the watch works with.
pub struct ClockWatch {
    /// The tenant's database.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: SharedClock,
    /// Rings for everybody who waits for an instant.
    pub wake: Arc<Wake>,
}

impl ClockWatch {
    /// Runs until stopped.
    pub async fn run(self, stop: CancellationToken) {
        let mut before = (Instant::now(), self.clock.now());
        let mut behind = false;
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            let present = (Instant::now(), self.clock.now());
            let jump = jump(before, present);
            before = present;
            if jump.abs() > SMALL {
                tracing::warn!(seconds = jump.as_secs(), "this machine's clock was set");
            }
            behind |= jump < -SMALL;
            if behind {
                behind = !self.set_back().await;
            }
            if jump.abs() > SMALL {
                self.wake.all();
            }
        }
    }

    /// Whether the database knows.
    async fn set_back(&self) -> bool {
        let waits = Waits { lease: BURST.lease, unknown: UNKNOWN_WAIT };
        let done = self.store.clock_set_back(&waits, self.clock.now()).await;
        if let Err(error) = &done {
            tracing::warn!(
                error = telemetry::chain(error),
                "what waits by the clock of before could not be corrected; it is tried again"
            );
        }
        self.wake.all();
        done.is_ok()
    }
}

/// By how much the clock was set between two looks.
fn jump(before: (Instant, Timestamp), present: (Instant, Timestamp)) -> SignedDuration {
    let passed = SignedDuration::try_from(present.0.duration_since(before.0)).unwrap_or(SignedDuration::MAX);
    present.1.duration_since(before.1).saturating_sub(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_jump_is_what_the_clock_shows_beyond_the_time_that_passed() {
        let (start, at) = (Instant::now(), Timestamp::UNIX_EPOCH);
        tokio::time::advance(Duration::from_secs(1)).await;
        for (shows, jumped) in [(1, 0), (3, 2), (7201, 7200), (-3599, -3600)] {
            let later = (Instant::now(), at + SignedDuration::from_secs(shows));
            assert_eq!(jump((start, at), later).as_secs(), jumped, "{shows}");
        }
    }
}

//! Keeps the mirrors of the calendars up to date: by time, and when Google says that something changed.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{calendars::Calendars, confirm::Confirmer};
use crate::{
    clock::SharedClock,
    ids::{SharedIds, share},
    telemetry,
    wake::Wake,
};

/// What the loop works with.
pub struct PollLoop {
    /// The calendars.
    pub calendars: Arc<Calendars>,
    /// Takes up what could not be confirmed.
    pub confirmer: Confirmer,
    /// Rings when something changed in a calendar.
    pub wake: Arc<Wake>,
    /// Time.
    pub clock: SharedClock,
    /// For the jitter.
    pub ids: SharedIds,
    /// How often, without being rung for.
    pub every: Duration,
}

/// A change seldom comes alone, and our own bookings ring as well.
const GATHER: Duration = Duration::from_millis(500);

impl PollLoop {
    /// Runs until stopped.
    pub async fn run(self, stop: CancellationToken) {
        let mut taken_up = false;
        while !stop.is_cancelled() {
            let began = self.clock.now();
            if let Err(error) = self.calendars.refresh().await {
                // The board says it to people; this is for who looks for the cause.
                tracing::debug!(error = telemetry::chain(&error), "a calendar was not read");
            }
            let passed = async {
                if !taken_up {
                    self.confirmer.take_up().await?;
                    taken_up = true;
                }
                self.confirmer.pass(began).await
            };
            if let Err(error) = passed.await {
                tracing::error!(
                    error = telemetry::chain(&error),
                    "requested bookings could not be looked at"
                );
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(self.nap()) => {}
                () = self.wake.calendar.notified() => tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(GATHER) => {}
                },
            }
        }
    }

    /// Between 0.9 and 1.1 times the interval: hundreds of tenants do not ask at once.
    fn nap(&self) -> Duration {
        self.every.mul_f64(0.9 + 0.2 * share(&*self.ids))
    }
}

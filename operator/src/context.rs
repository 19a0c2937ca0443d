//! What every reconcile shares.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kube::{Client, runtime::events::Recorder};

use crate::{
    asleep::Sleepers,
    client::{database::Databases, holdings::Holdings},
    clock::Clock,
    memory::Memory,
    metrics::Metrics,
    probe::board::Board,
    render::Platform,
    rollout::Rollouts,
    shared::Shared,
    stores::Stores,
    watches::TenantWatches,
};

/// What every reconcile shares.
pub struct Context {
    /// The API server.
    pub client: Client,
    /// Settings and what they name.
    pub platform: Platform,
    /// The picture of the cluster.
    pub stores: Stores,
    /// The watches inside tenants' namespaces.
    pub watches: Arc<TenantWatches>,
    /// What the running servers say.
    pub servers: Arc<Board>,
    /// Which revision of what the platform gives each environment may have.
    pub rollouts: Arc<Rollouts>,
    /// The watches over the whole cluster.
    pub shared: Arc<Shared>,
    /// What was applied.
    pub memory: Arc<Memory>,
    /// The addresses that are served.
    pub holdings: Arc<Holdings>,
    /// The schemas that were made.
    pub databases: Databases,
    /// The tenants that sleep.
    pub sleepers: Arc<Sleepers>,
    /// Writes Events.
    pub recorder: Recorder,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// How often each client's reconcile failed in a row.
    pub failures: Failures,
}

/// Counts failures in a row, for the pause after them.
#[derive(Debug, Default)]
pub struct Failures(Mutex<HashMap<String, u32>>);

impl Failures {
    /// Longest pause.
    const LONGEST: Duration = Duration::from_mins(1);

    /// Counts one more failure and says how long to wait: twice as long each time, from one second to a minute.
    pub fn pause_after_another(&self, object: &str) -> Duration {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(object.to_owned()).or_default();
        let pause = Duration::from_secs(1 << (*count).min(6)).min(Self::LONGEST);
        *count += 1;
        pause
    }

    /// Forgets the failures of an object.
    pub fn clear(&self, object: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(object);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_begin_anew_after_a_success() {
        let failures = Failures::default();
        let pauses: Vec<u64> = (0..8).map(|_| failures.pause_after_another("a").as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        failures.clear("a");
        assert_eq!(failures.pause_after_another("a").as_secs(), 1);
    }
}

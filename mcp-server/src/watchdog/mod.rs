//! Ends a process that hangs: its restart is right at any instruction, and a process that waits for ever is silent.
//!
//! Three things hang without a word. A connection to the database died, or work that never ends holds all of them: the
//! database is asked every few seconds, its writer and its readers, and a call that a loop cannot go on without is watched
//! until it is answered. A loop stands still though nothing of the database does: each shows at every round, and in every
//! wait that is meant, that it is alive. The runtime itself is blocked: then the questions stop as well. That is why the
//! watchdog has a thread of its own.
//!
//! An error is an answer: a database that is away, full or locked by another program (a restore, a migration) is no reason
//! to end. Time is counted in the thread's own seconds, one at a time: a machine that slept, a frozen container or a clock
//! that was set adds at most one.

mod probe;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use probe::ask;

/// Exit code of a process that hangs (`EX_SOFTWARE`); who runs it starts it again.
const HANGS: i32 = 70;
/// Longer than any statement may take, with its locks and its connection, in seconds.
const LONGEST: u64 = 90;

#[cfg(feature = "failpoints")]
fn longest() -> u64 {
    std::env::var("MCP_HUNG_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(LONGEST)
}

#[cfg(not(feature = "failpoints"))]
fn longest() -> u64 {
    LONGEST
}

/// Watches what must not stand still.
#[derive(Clone, Debug, Default)]
pub struct Watchdog {
    kept: Arc<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Seconds that the thread has counted.
    second: AtomicU64,
    watched: Mutex<(u64, BTreeMap<u64, Watched>)>,
}

#[derive(Clone, Copy, Debug)]
struct Watched {
    what: &'static str,
    /// The second of its last sign; none while it waits for something that is meant to take long.
    since: Option<u64>,
}

/// Something that is watched until this is dropped.
#[derive(Debug)]
pub struct Pulse {
    kept: Arc<Kept>,
    number: u64,
}

/// What stands still, and for how many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hung {
    /// What was watched.
    pub what: &'static str,
    /// Seconds without a sign.
    pub seconds: u64,
}

impl Watchdog {
    /// Watches this from now on; [`Pulse::beat`] is its sign of life.
    pub fn watch(&self, what: &'static str) -> Pulse {
        Pulse::begin(&self.kept, what)
    }

    /// Begins to count, and ends the process when something stands still for too long.
    pub fn start(&self) -> std::io::Result<()> {
        let (kept, longest) = (Arc::downgrade(&self.kept), longest());
        let count = move || {
            loop {
                std::thread::sleep(Duration::from_secs(1));
                let Some(kept) = kept.upgrade() else { return };
                if let Some(Hung { what, seconds }) = kept.tick(longest) {
                    tracing::error!(what, seconds, "{what} gave no answer: the process ends");
                    std::process::exit(HANGS);
                }
            }
        };
        std::thread::Builder::new().name("watchdog".to_owned()).stack_size(256 * 1024).spawn(count).map(drop)
    }
}

impl Kept {
    fn watched(&self) -> std::sync::MutexGuard<'_, (u64, BTreeMap<u64, Watched>)> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One second more; what stood still for longer than `longest`.
    fn tick(&self, longest: u64) -> Option<Hung> {
        let now = self.second.fetch_add(1, Ordering::Relaxed) + 1;
        let watched = self.watched();
        let signs = watched.1.values().filter_map(|watched| Some((watched.since?, watched.what)));
        let (since, what) = signs.min_by_key(|(since, _)| *since)?;
        let seconds = now.saturating_sub(since);
        (seconds > longest).then_some(Hung { what, seconds })
    }
}

impl Pulse {
    fn begin(kept: &Arc<Kept>, what: &'static str) -> Self {
        let since = Some(kept.second.load(Ordering::Relaxed));
        let mut watched = kept.watched();
        watched.0 += 1;
        let number = watched.0;
        watched.1.insert(number, Watched { what, since });
        drop(watched);
        Self { kept: Arc::clone(kept), number }
    }

    /// It is alive.
    pub fn beat(&self) {
        self.set(Some(self.kept.second.load(Ordering::Relaxed)));
    }

    /// It waits until there is something to do: no sign is expected before the next one.
    pub fn rest(&self) {
        self.set(None);
    }

    /// Waits for work that must be answered, be it by an error.
    pub async fn answered<T>(&self, what: &'static str, work: impl Future<Output = T>) -> T {
        let _pulse = Self::begin(&self.kept, what);
        work.await
    }

    fn set(&self, since: Option<u64>) {
        if let Some(watched) = self.kept.watched().1.get_mut(&self.number) {
            watched.since = since;
        }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.kept.watched().1.remove(&self.number);
    }
}

#[cfg(test)]
mod tests;

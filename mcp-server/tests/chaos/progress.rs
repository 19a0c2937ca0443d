//! How far a long run is, in a line every ten seconds.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mcp_simulator::Simulator;

const EVERY: Duration = Duration::from_secs(10);

/// What was counted so far.
pub struct Progress {
    customers: usize,
    began: Instant,
    said: Instant,
    taken: Arc<AtomicUsize>,
    ends: usize,
}

impl Progress {
    pub fn new(customers: usize) -> Self {
        let now = Instant::now();
        Self { customers, began: now, said: now, taken: Arc::default(), ends: 0 }
    }

    /// Counts customers whose message was taken with a 200.
    pub fn taken(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.taken)
    }

    /// Whether everybody's message was taken.
    pub fn poured(&self) -> bool {
        self.taken.load(Ordering::Relaxed) >= self.customers
    }

    /// The process ended at a step, or was never there.
    pub fn ended(&mut self, died: bool) {
        self.ends += usize::from(died);
    }

    /// A line, if the last one is old. What the model was asked is of no use here and large.
    pub fn say(&mut self, sim: &Simulator) {
        if self.said.elapsed() < EVERY {
            return;
        }
        self.said = Instant::now();
        sim.forget_model_calls();
        println!(
            "{:>4} s: {} of {} messages taken, {} answered, {} ends",
            self.began.elapsed().as_secs(),
            self.taken.load(Ordering::Relaxed).min(self.customers),
            self.customers,
            sim.sent_to().len(),
            self.ends,
        );
    }

    /// The last line.
    pub fn report(&self, ended: &BTreeMap<(&'static str, u32), bool>) {
        let never: Vec<_> = ended.iter().filter(|(_, died)| !**died).map(|(key, _)| key).collect();
        println!(
            "{} customers in {} s; the process ended {} times, at {} of {} steps; not at {never:?}",
            self.customers,
            self.began.elapsed().as_secs(),
            self.ends,
            ended.len() - never.len(),
            ended.len()
        );
    }
}

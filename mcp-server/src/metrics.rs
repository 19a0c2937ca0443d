//! Counters for Prometheus. No customer data, bounded labels.

use std::sync::Mutex;

use mcp_store::outbox::SendEnd;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// The process's counters.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    webhooks: Family<Outcome, Counter>,
    sends: Family<Outcome, Counter>,
    turns: Family<Outcome, Counter>,
    bookings: Family<Outcome, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("mcp");
        let mut family = |name: &str, help: &str| {
            let family = Family::<Outcome, Counter>::default();
            registry.register(name, help, family.clone());
            family
        };
        Self {
            webhooks: family("webhook_items", "What webhook deliveries held, by what became of it"),
            sends: family("sends", "Tries to send a message, by how they ended"),
            turns: family("turns", "Turns of the assistant, by how they ended"),
            bookings: family("bookings", "Requests to book, by what came of them"),
            registry: Mutex::new(registry),
        }
    }
}

impl Metrics {
    /// Counts parts of a webhook delivery.
    pub fn webhook(&self, outcome: &'static str, count: usize) {
        if count > 0 {
            self.webhooks.get_or_create(&Outcome { outcome }).inc_by(count as u64);
        }
    }

    /// Counts a try to send.
    pub fn sent(&self, end: &SendEnd) {
        let outcome = match end {
            SendEnd::Sent { .. } => "sent",
            SendEnd::Retry { .. } => "retry",
            SendEnd::Failed { .. } => "failed",
            SendEnd::Unknown { .. } => "unknown",
        };
        self.sends.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts a turn.
    pub fn turn(&self, outcome: &'static str) {
        self.turns.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts a request to book.
    pub fn booking(&self, outcome: &'static str) {
        self.bookings.get_or_create(&Outcome { outcome }).inc();
    }

    /// The `OpenMetrics` text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Writing into a String does not fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

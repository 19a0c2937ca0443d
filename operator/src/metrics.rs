//! What the operator counts, in the text form Prometheus reads.

use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Every counter of the process.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Reconciles that came to their end.
    pub reconciles_ok: Counter,
    /// Reconciles that will be tried again.
    pub reconciles_failed: Counter,
    /// Requests that change something.
    pub writes: Counter,
    /// Requests that read once.
    pub reads: Counter,
    /// Requests that begin to watch.
    pub watches: Counter,
}

impl Metrics {
    /// A fresh set, to be shared.
    pub fn shared() -> Arc<Self> {
        Arc::default()
    }

    /// The text form, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let mut family = |name: &str, help: &str, label: &str, samples: &[(&str, &Counter)]| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
            for (value, counter) in samples {
                let _ = writeln!(text, "{name}{{{label}=\"{value}\"}} {}", counter.get());
            }
        };
        family(
            "mcp_operator_reconciles_total",
            "Reconciles by how they ended.",
            "result",
            &[("ok", &self.reconciles_ok), ("failed", &self.reconciles_failed)],
        );
        family(
            "mcp_operator_api_requests_total",
            "Requests to the API server by kind.",
            "kind",
            &[("write", &self.writes), ("read", &self.reads), ("watch", &self.watches)],
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_written_as_prometheus_reads_them() {
        let metrics = Metrics::default();
        metrics.writes.add_one();
        metrics.writes.add_one();
        let text = metrics.render();
        assert!(text.contains("# TYPE mcp_operator_api_requests_total counter\n"), "{text}");
        assert!(text.contains("\nmcp_operator_api_requests_total{kind=\"write\"} 2\n"), "{text}");
    }
}

//! Counters for Prometheus. No customer data, bounded labels.

use std::sync::Mutex;

use mcp_store::{outbox::SendEnd, usage::Usage};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::queues::{Gauges, Queues};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tool {
    tool: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Direction {
    direction: &'static str,
}
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    code: &'static str,
}

/// The stable error codes; anything else counts as `internal`, so that labels stay bounded.
const CODES: [&str; 17] = [
    "validation",
    "not_found",
    "slot_taken",
    "outside_hours",
    "notice_too_short",
    "limit_reached",
    "not_yours",
    "conflict",
    "unauthorized",
    "forbidden",
    "rate_limited",
    "configuration",
    "service_unavailable",
    "booking_failed",
    "update_failed",
    "cancellation_failed",
    "internal",
];

/// The process's counters.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    webhooks: Family<Outcome, Counter>,
    sends: Family<Outcome, Counter>,
    turns: Family<Outcome, Counter>,
    bookings: Family<Outcome, Counter>,
    answers: Family<Outcome, Counter>,
    menus: Family<Outcome, Counter>,
    tools: Family<Tool, Counter>,
    tokens: Family<Direction, Counter>,
    audio_seconds: Counter,
    handovers: Counter,
    refusals: Family<Refusal, Counter>,
    queues: Gauges,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("mcp");
        let refusals = Family::default();
        registry.register("refusals", "What was refused, by stable error code", refusals.clone());
        let queues = Gauges::register(&mut registry);
        let mut family = |name: &str, help: &str| {
            let family = Family::<Outcome, Counter>::default();
            registry.register(name, help, family.clone());
            family
        };
        let (answers, menus) = (
            family("model_answers", "Answers of the model, by what became of them"),
            family("menus", "Turns that a menu answered in the model's place, by why"),
        );
        let (webhooks, sends, turns, bookings) = (
            family("webhook_items", "What webhook deliveries held, by what became of it"),
            family("sends", "Tries to send a message, by how they ended"),
            family("turns", "Turns of the assistant, by how they ended"),
            family("bookings", "Requests to book, by what came of them"),
        );
        let (tools, tokens) = (Family::default(), Family::default());
        let (audio_seconds, handovers) = (Counter::default(), Counter::default());
        registry.register(
            "tool_calls",
            "Functions the model called, by how they ended",
            Family::clone(&tools),
        );
        registry.register("model_tokens", "Tokens given to the model and by it", Family::clone(&tokens));
        registry.register(
            "audio_seconds",
            "Seconds of voice notes that were listened to",
            audio_seconds.clone(),
        );
        registry.register("handovers", "Conversations handed over to a person", handovers.clone());
        Self {
            webhooks,
            sends,
            turns,
            bookings,
            answers,
            menus,
            tools,
            tokens,
            audio_seconds,
            handovers,
            refusals,
            queues,
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

    /// Counts an answer of the model: `sent`, `lie`, `blocked`, `unusable`.
    pub fn model_answer(&self, outcome: &'static str) {
        self.answers.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts a turn that a menu answered in the model's place.
    pub fn menu(&self, why: &'static str) {
        self.menus.get_or_create(&Outcome { outcome: why }).inc();
    }

    /// Counts a call of a function: `done`, `staged`, `refused`.
    pub fn tool(&self, tool: &'static str, outcome: &'static str) {
        self.tools.get_or_create(&Tool { tool, outcome }).inc();
    }

    /// Counts what a turn has used up.
    pub fn used(&self, usage: &Usage) {
        self.tokens.get_or_create(&Direction { direction: "in" }).inc_by(usage.tokens_in);
        self.tokens.get_or_create(&Direction { direction: "out" }).inc_by(usage.tokens_out);
        self.audio_seconds.inc_by(usage.audio_seconds);
    }

    /// Counts a conversation that a person takes over.
    pub fn handed_over(&self) {
        self.handovers.inc();
    }

    /// Counts a refusal by its stable code.
    pub fn refused(&self, code: &str) {
        let code = CODES.into_iter().find(|known| *known == code).unwrap_or("internal");
        self.refusals.get_or_create(&Refusal { code }).inc();
    }

    /// Shows what waits.
    pub fn waiting(&self, queues: &Queues) {
        self.queues.set(queues);
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

#[cfg(test)]
mod tests {
    use mcp_store::outbox::OutgoingState;

    use super::*;

    #[test]
    fn a_code_nobody_knows_makes_no_new_label() {
        let metrics = Metrics::default();
        metrics.refused("slot_taken");
        metrics.refused("+55 11 99999-0001");
        let text = metrics.render();
        assert!(text.contains(r#"mcp_refusals_total{code="slot_taken"} 1"#), "{text}");
        assert!(text.contains(r#"mcp_refusals_total{code="internal"} 1"#), "{text}");
    }

    #[test]
    fn what_no_longer_waits_is_no_longer_shown() {
        let metrics = Metrics::default();
        let some = Queues { outbox: vec![(OutgoingState::Parked, 2)], turns_late: 7, ..Queues::default() };
        metrics.waiting(&some);
        let text = metrics.render();
        assert!(text.contains(r#"mcp_outbox_messages{state="parked"} 2"#), "{text}");
        assert!(text.contains("mcp_turns_late_seconds 7"), "{text}");
        metrics.waiting(&Queues::default());
        let text = metrics.render();
        assert!(!text.contains("parked") && text.contains("mcp_turns_late_seconds 0"), "{text}");
    }
}

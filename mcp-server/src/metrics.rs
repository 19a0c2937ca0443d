//! Counters for Prometheus. No customer data, bounded labels.

use std::sync::Mutex;

use mcp_store::{
    booking::{Booking, BookingState},
    outbox::SendEnd,
    usage::Usage,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::{
    booking::scheduler::FailureCode,
    queues::{Gauges, Queues},
};

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

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Currency {
    currency: String,
}

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
    agent_tools: Family<Tool, Counter>,
    acks: Family<Answered, Counter>,
    statuses: Family<Outcome, Counter>,
    tokens: Family<Direction, Counter>,
    audio_seconds: Counter,
    cost: Family<Currency, Counter<f64, std::sync::atomic::AtomicU64>>,
    unpriced: Counter,
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
        let statuses = family("delivery_statuses", "What the channel says became of messages to customers");
        let (webhooks, sends, turns, bookings) = (
            family("webhook_items", "What webhook deliveries held, by what became of it"),
            family("sends", "Tries to send a message, by how they ended"),
            family("turns", "Turns of the assistant, by how they ended"),
            family("bookings", "Requests to book, by what came of them"),
        );
        let (tools, agent_tools, tokens, acks) =
            (Family::default(), Family::default(), Family::default(), Family::default());
        let (audio_seconds, handovers) = (Counter::default(), Counter::default());
        registry.register(
            "tool_calls",
            "Functions the model called, by how they ended",
            Family::clone(&tools),
        );
        registry.register(
            "agent_tool_calls",
            "Tools that agents called over MCP, by how they ended",
            Family::clone(&agent_tools),
        );
        registry.register(
            "webhook_answers",
            "Answers to webhook deliveries, by status: 200 is an acknowledgement",
            Family::clone(&acks),
        );
        registry.register("model_tokens", "Tokens given to the model and by it", Family::clone(&tokens));
        registry.register(
            "audio_seconds",
            "Seconds of voice notes that were listened to",
            audio_seconds.clone(),
        );
        let (cost, unpriced) = (Family::default(), Counter::default());
        registry.register(
            "model_cost",
            "What the model has cost where its price is known, by currency",
            Family::clone(&cost),
        );
        registry.register(
            "model_unpriced_tokens",
            "Tokens of models without a price: what they cost is not known",
            unpriced.clone(),
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
            agent_tools,
            acks,
            statuses,
            tokens,
            audio_seconds,
            cost,
            unpriced,
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

    /// Counts a try to send, and says how it ended: `sent`, `retry`, `failed`, `unknown`.
    pub fn sent(&self, end: &SendEnd) -> &'static str {
        let outcome = match end {
            SendEnd::Sent { .. } => "sent",
            SendEnd::Retry { .. } => "retry",
            SendEnd::Failed { .. } => "failed",
            SendEnd::Unknown { .. } => "unknown",
        };
        self.sends.get_or_create(&Outcome { outcome }).inc();
        outcome
    }

    /// Counts a turn.
    pub fn turn(&self, outcome: &'static str) {
        self.turns.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts a booking that was made, or a slot that was only reserved.
    pub fn booked(&self, booking: &Booking) {
        self.booking(if booking.state == BookingState::Held { "held" } else { "booked" });
    }

    /// Counts a request to book or to change that was refused: `conflict` where somebody else was first.
    pub fn booking_refused(&self, code: &str) {
        self.booking(if code == FailureCode::SlotTaken.as_str() { "conflict" } else { "refused" });
    }

    /// Counts what the channel says became of our messages.
    pub fn delivery_status(&self, status: &str) {
        let outcome = ["sent", "delivered", "read", "failed"].into_iter().find(|known| *known == status);
        self.statuses.get_or_create(&Outcome { outcome: outcome.unwrap_or("other") }).inc();
    }

    /// Counts a request to book: `held`, `booked`, `changed`.
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

    /// Counts what a turn has used up, its price by currency.
    pub fn used(&self, usage: &Usage) {
        self.tokens.get_or_create(&Direction { direction: "in" }).inc_by(usage.tokens_in);
        self.tokens.get_or_create(&Direction { direction: "out" }).inc_by(usage.tokens_out);
        self.audio_seconds.inc_by(usage.audio_seconds);
        self.unpriced.inc_by(usage.tokens_unpriced());
        for (currency, priced) in usage.costs.iter().filter(|(_, priced)| priced.nanos > 0) {
            #[expect(
                clippy::cast_precision_loss,
                reason = "exact up to nine million units; the rows are exact"
            )]
            let cost = priced.nanos as f64 / 1e9;
            self.cost.get_or_create(&Currency { currency: currency.clone() }).inc_by(cost);
        }
    }

    /// Counts a conversation that a person takes over.
    pub fn handed_over(&self) {
        self.handovers.inc();
    }

    /// Counts a refusal of a program's request by its stable code.
    pub fn refused(&self, code: FailureCode) {
        self.refusals.get_or_create(&Refusal { code: code.as_str() }).inc();
    }

    /// Counts a tool that an agent called: `done`, `refused`.
    pub fn agent_tool(&self, tool: &'static str, outcome: &'static str) {
        self.agent_tools.get_or_create(&Tool { tool, outcome }).inc();
    }

    /// Counts what a webhook delivery was answered with.
    pub fn acknowledged(&self, status: u16) {
        self.acks.get_or_create(&Answered { status }).inc();
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
    fn every_stable_code_has_its_own_count() {
        let metrics = Metrics::default();
        for code in FailureCode::ALL {
            metrics.refused(code);
        }
        let text = metrics.render();
        for code in FailureCode::ALL {
            let line = format!(r#"mcp_refusals_total{{code="{}"}} 1"#, code.as_str());
            assert!(text.contains(&line), "{line}: {text}");
        }
    }

    #[test]
    fn what_has_a_price_is_a_cost_and_the_rest_is_said_to_have_none() {
        let metrics = Metrics::default();
        metrics.used(&Usage { tokens_in: 5, tokens_out: 2, ..Usage::default() });
        let text = metrics.render();
        assert!(
            text.contains("mcp_model_unpriced_tokens_total 7") && !text.contains("model_cost_total{"),
            "{text}"
        );
        let cost = mcp_store::usage::Priced { nanos: 1_500_000_000, tokens: 5 };
        let costs = [("USD".to_owned(), cost)].into();
        metrics.used(&Usage { tokens_in: 5, costs, ..Usage::default() });
        let text = metrics.render();
        assert!(text.contains(r#"mcp_model_cost_total{currency="USD"} 1.5"#), "{text}");
        assert!(text.contains("mcp_model_unpriced_tokens_total 7"), "{text}");
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

    #[test]
    fn what_alerts_and_dashboard_ask_of_a_tenant_is_told() {
        fn metrics_in(text: &str) -> std::collections::BTreeSet<String> {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let ours = words.filter(|word| word.starts_with("mcp_") && !word.starts_with("mcp_operator"));
            ours.map(str::to_owned).collect()
        }
        let metrics = Metrics::default();
        metrics.turn("answered");
        metrics.menu("budget");
        metrics.booking("created");
        metrics.acknowledged(200);
        metrics.refused(FailureCode::SlotTaken);
        metrics.sent(&SendEnd::Sent { wamid: String::new() });
        metrics.used(&Usage { tokens_in: 1, tokens_out: 1, ..Usage::default() });
        let some = Queues { dead: [("turn", 1); 3], owner: 1, ..Queues::default() };
        metrics.waiting(&some);
        let told = metrics_in(&metrics.render());
        for (file, text) in [
            ("alerts.yaml", include_str!("../../charts/mcp-platform/files/alerts.yaml")),
            ("dashboard.json", include_str!("../../charts/mcp-platform/files/dashboard.json")),
        ] {
            let asked = metrics_in(text);
            assert!(asked.len() > 5, "{file}: {asked:?}");
            let unknown: Vec<_> = asked.difference(&told).collect();
            assert!(unknown.is_empty(), "{file} asks for {unknown:?}, which nothing tells");
        }
    }
}

//! What a turn uses up and what happens in it, to be counted when it is over.

use mcp_store::usage::{Priced, Usage};

use super::{gemini::Spent, plain::MenuReason};
use crate::{metrics::Metrics, traces::ToolCall};

/// What a turn uses up and what happens in it.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    /// Tokens, seconds and messages.
    pub usage: Usage,
    answers: Vec<&'static str>,
    /// How the turn ended; empty where it is to be tried again.
    pub end: &'static str,
    tools: Vec<ToolCall>,
    menus: Vec<MenuReason>,
}

impl Meter {
    /// One call of a model.
    pub fn add(&mut self, spent: Spent) {
        let (usage, tokens) = (&mut self.usage, spent.tokens);
        usage.tokens_in = usage.tokens_in.saturating_add(tokens.input);
        usage.tokens_out = usage.tokens_out.saturating_add(tokens.output);
        if let Some(nanos) = spent.nanos {
            let tokens = tokens.input.saturating_add(tokens.output);
            usage.costs.entry(spent.currency).or_default().add(Priced { nanos, tokens });
        }
    }

    /// What became of an answer: `sent`, `lie`, `blocked`, `unusable`.
    pub fn answer(&mut self, outcome: &'static str) {
        self.answers.push(outcome);
    }

    /// How a call of a function ended: `done`, `staged`, `refused`.
    pub fn tool(&mut self, call: ToolCall) {
        self.tools.push(call);
    }

    /// The calls of functions, in order.
    pub fn tools(&self) -> &[ToolCall] {
        &self.tools
    }

    /// A menu answers.
    pub fn menu(&mut self, why: MenuReason) {
        self.menus.push(why);
    }

    /// Counts all of it.
    pub fn count(&self, metrics: &Metrics) {
        metrics.used(&self.usage);
        self.answers.iter().for_each(|outcome| metrics.model_answer(outcome));
        self.tools.iter().for_each(|call| metrics.tool(call.tool, call.outcome));
        for why in &self.menus {
            metrics.menu(match why {
                MenuReason::ModelDown => "model_down",
                MenuReason::ModelSlow => "model_slow",
                MenuReason::OverBudget => "over_budget",
                MenuReason::Blocked => "blocked",
                MenuReason::Late => "late",
            });
        }
    }
}

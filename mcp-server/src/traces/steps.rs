//! The steps that are traced.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use mcp_store::{
    outbox::ClaimedOutgoing,
    turn::{ClaimedTurn, Effect},
};

use super::{Place, Span, Traces, Value};
use crate::assistant::Decided;

/// A call of a function that is over.
#[derive(Clone, Copy, Debug)]
pub struct ToolCall {
    /// Which.
    pub tool: &'static str,
    /// `done`, `staged`, `refused`.
    pub outcome: &'static str,
    /// When it began.
    pub began: Timestamp,
    /// When it was over.
    pub ended: Timestamp,
}

/// The outbox id of what a turn says, once it is rendered.
pub type SaidId = Arc<Mutex<Option<String>>>;

impl Traces {
    /// A delivery was kept; each message of it begins a trace.
    pub fn delivered(&self, messages: &[String], began: Timestamp, ended: Timestamp, kept: bool) {
        let Some(inner) = &self.0 else { return };
        for message in messages {
            self.end(Span {
                place: inner.root(message),
                parent: None,
                name: "webhook",
                began,
                ended,
                failed: !kept,
                attributes: vec![("mcp.messages", number(messages.len()))],
            });
        }
    }

    /// Has the id of what a turn says noted when it is known.
    pub fn listening(&self, mut decided: Decided) -> (Decided, SaidId) {
        let said = SaidId::default();
        if !self.on() {
            return (decided, said);
        }
        match &decided.result.effect {
            Effect::Answer(message) | Effect::GiveUp { answer: Some(message), .. } => {
                *said.lock().unwrap_or_else(PoisonError::into_inner) = Some(message.id.clone());
            }
            Effect::Book(_) | Effect::Change(_) => {
                let (render, said) = (decided.render, Arc::clone(&said));
                decided.render = Box::new(move |outcome| {
                    let rendered = render(outcome);
                    *said.lock().unwrap_or_else(PoisonError::into_inner) = Some(rendered.0.id.clone());
                    rendered
                });
            }
            Effect::Silence | Effect::GiveUp { answer: None, .. } => {}
        }
        (decided, said)
    }

    /// A turn is over. It belongs to the trace of its first message.
    pub fn turned(
        &self,
        turn: &ClaimedTurn,
        began: Timestamp,
        ended: Timestamp,
        end: &'static str,
        tools: &[ToolCall],
    ) {
        let (Some(inner), Some(place)) = (&self.0, self.turn(turn)) else { return };
        let parent = turn.messages.first().map(|first| inner.root(&first.id));
        self.end(Span {
            place,
            parent,
            name: "turn",
            began,
            ended,
            failed: matches!(end, "failed" | "given_up"),
            attributes: vec![
                ("mcp.outcome", Value::Word(end)),
                ("mcp.attempt", Value::Number(turn.attempt.into())),
                ("mcp.messages", number(turn.messages.len())),
            ],
        });
        for (nth, call) in tools.iter().enumerate() {
            self.end(Span {
                place: inner.below(place, &format!("tool {nth}")),
                parent: Some(place),
                name: "tool",
                began: call.began,
                ended: call.ended,
                failed: false,
                attributes: vec![
                    ("mcp.tool", Value::Word(call.tool)),
                    ("mcp.outcome", Value::Word(call.outcome)),
                ],
            });
        }
    }

    /// What a turn says is on its way.
    pub fn said(&self, turn: &ClaimedTurn, said: &SaidId) {
        let id = said.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(id), Some(place)) = (id, self.turn(turn)) {
            self.remember(id, place);
        }
    }

    /// A try to send is over.
    pub fn sent(&self, message: &ClaimedOutgoing, began: Timestamp, ended: Timestamp, outcome: &'static str) {
        let Some(inner) = &self.0 else { return };
        let parent = self.remembered(&message.id);
        let above = parent.unwrap_or_else(|| inner.root(&message.id));
        self.end(Span {
            place: inner.below(above, &format!("send {}", message.attempt)),
            parent,
            name: "send",
            began,
            ended,
            failed: matches!(outcome, "failed" | "unknown"),
            attributes: vec![
                ("mcp.outcome", Value::Word(outcome)),
                ("mcp.kind", Value::Word(message.kind.as_str())),
                ("mcp.attempt", Value::Number(message.attempt.into())),
            ],
        });
    }

    fn turn(&self, turn: &ClaimedTurn) -> Option<Place> {
        let inner = self.0.as_ref()?;
        let first = inner.root(&turn.messages.first()?.id);
        Some(inner.below(first, &format!("turn {}", turn.epoch)))
    }
}

fn number(count: usize) -> Value {
    Value::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

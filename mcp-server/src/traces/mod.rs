//! Traces for an OpenTelemetry collector: a customer's message through webhook, turn, tools and send. Off unless the
//! settings name a collector, and then every call here does nothing.
//!
//! The queues between the steps carry no trace: which one a step belongs to follows from the message's id, digested with
//! the tenant's key, so that replicas and restarts agree and nobody can read an id out of it. Attributes are words of
//! this program and numbers; their type takes nothing that came from outside.

mod otlp;
mod steps;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::hmac;
use jiff::Timestamp;
use tokio::sync::mpsc;

pub use otlp::Exporter;
pub use steps::{SaidId, ToolCall};

/// Spans that wait for the exporter; more are left out.
const WAITING: usize = 4096;
/// Messages whose turn is known while they wait to be sent; a send that was forgotten begins a trace of its own.
const REMEMBERED: usize = 1024;

/// Where a span is: in which trace, under which id (W3C Trace Context).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    trace: [u8; 16],
    span: [u8; 8],
}

/// What a span says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A word of this program.
    Word(&'static str),
    /// A number.
    Number(i64),
}

/// A step that is over.
#[derive(Clone, Debug)]
pub struct Span {
    place: Place,
    parent: Option<Place>,
    name: &'static str,
    began: Timestamp,
    ended: Timestamp,
    failed: bool,
    attributes: Vec<(&'static str, Value)>,
}

/// Takes spans; a clone takes them for the same collector.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Inner>>);

struct Inner {
    key: hmac::Key,
    spans: mpsc::Sender<Span>,
    said: Mutex<Said>,
}

/// Which turn said which message of the outbox.
#[derive(Default)]
struct Said {
    places: HashMap<String, Place>,
    order: VecDeque<String>,
}

impl Said {
    fn keep(&mut self, id: String, place: Place) {
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.places.remove(&oldest);
        }
        self.order.push_back(id.clone());
        self.places.insert(id, place);
    }
}

impl Traces {
    /// Traces, and where their spans come out.
    fn new(secret: &[u8]) -> (Self, mpsc::Receiver<Span>) {
        let (spans, out) = mpsc::channel(WAITING);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        (Self(Some(Arc::new(Inner { key, spans, said: Mutex::default() }))), out)
    }

    /// Whether anybody listens.
    pub fn on(&self) -> bool {
        self.0.is_some()
    }

    fn end(&self, span: Span) {
        if let Some(inner) = &self.0 {
            // A collector that is slow or gone costs spans, never a customer's time.
            let _ = inner.spans.try_send(span);
        }
    }

    fn remember(&self, outgoing: String, place: Place) {
        if let Some(inner) = &self.0 {
            inner.said.lock().unwrap_or_else(PoisonError::into_inner).keep(outgoing, place);
        }
    }

    fn remembered(&self, outgoing: &str) -> Option<Place> {
        let inner = self.0.as_ref()?;
        inner.said.lock().unwrap_or_else(PoisonError::into_inner).places.get(outgoing).copied()
    }
}

impl Inner {
    fn digest<const N: usize>(&self, what: &str, of: &str) -> [u8; N] {
        let tag = hmac::sign(&self.key, format!("{what}\0{of}").as_bytes());
        let mut short = [0; N];
        for (to, from) in short.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        short
    }

    /// Where a trace begins, by what begins it.
    fn root(&self, of: &str) -> Place {
        Place { trace: self.digest("trace", of), span: self.digest("span", of) }
    }

    /// A step below another one; `which` tells it from its siblings.
    fn below(&self, parent: Place, which: &str) -> Place {
        Place {
            trace: parent.trace,
            span: self.digest("span", &format!("{}/{which}", hex::encode(parent.span))),
        }
    }
}

#[cfg(test)]
mod tests;

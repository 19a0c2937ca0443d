//! What stands beside the chat: the agenda, and how the newest turns came about.

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{shared::App, state::Snapshot};

/// What a host of the simulator knows better than the simulator. Without one, the page shows the events of the
/// Calendar stand-in and the calls of the Gemini stand-in.
#[async_trait]
pub trait Panels: Send + Sync {
    /// Appointments in order of time: `[{"day": "2026-11-24", "time": "15:00", "what": …, "who": …, "state": …}]`.
    async fn agenda(&self) -> Value;

    /// Steps of a customer's newest turns, oldest first: `[{"kind": "said" | "called" | "found" | "answered" | "did",
    /// "text": …}]`.
    async fn trace(&self, phone: &str) -> Value;
}

/// Panels over what the stand-ins recorded.
pub(crate) struct Recorded(pub App);

#[async_trait]
impl Panels for Recorded {
    async fn agenda(&self) -> Value {
        agenda(&self.0.with(|state| state.snapshot()))
    }

    async fn trace(&self, _phone: &str) -> Value {
        trace(&self.0.with(|state| state.snapshot()))
    }
}

fn agenda(snapshot: &Snapshot) -> Value {
    let mut rows: Vec<Value> = snapshot
        .events
        .iter()
        .filter(|row| row.status != "cancelled")
        .map(|row| {
            let start = row.event["start"]["dateTime"].as_str().unwrap_or_default();
            let (day, time) = start.split_once('T').unwrap_or((start, ""));
            let time: String = time.chars().take(5).collect();
            json!({"day": day, "time": time, "what": row.event["summary"], "who": "", "state": row.status})
        })
        .collect();
    rows.sort_by_key(|row| format!("{} {}", row["day"], row["time"]));
    Value::Array(rows)
}

/// The newest calls that are shown.
const NEWEST: usize = 12;

fn trace(snapshot: &Snapshot) -> Value {
    let skipped = snapshot.gemini.len().saturating_sub(NEWEST);
    let parts = snapshot.gemini.iter().skip(skipped).flat_map(|call| {
        let parts = call.response.pointer("/candidates/0/content/parts").and_then(Value::as_array);
        parts.cloned().unwrap_or_default()
    });
    let step = |part: Value| match part.get("functionCall") {
        Some(call) => {
            json!({"kind": "called", "text": format!("{} {}", call["name"].as_str().unwrap_or("?"), call["args"])})
        }
        None => json!({"kind": "answered", "text": part["text"]}),
    };
    Value::Array(parts.map(step).collect())
}

//! Points at which a request can be kept waiting, so that a test can kill or race the caller there.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Where a request can be held. `Before`: received, nothing recorded. `After`: recorded, the reply withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Point {
    /// Before a WhatsApp message is accepted.
    #[serde(rename = "graph.before")]
    GraphBefore,
    /// After a WhatsApp message was accepted.
    #[serde(rename = "graph.after")]
    GraphAfter,
    /// Before the model answers.
    #[serde(rename = "gemini.before")]
    GeminiBefore,
    /// After the model answered.
    #[serde(rename = "gemini.after")]
    GeminiAfter,
    /// Before an event is inserted.
    #[serde(rename = "calendar.insert.before")]
    CalendarInsertBefore,
    /// After an event was inserted.
    #[serde(rename = "calendar.insert.after")]
    CalendarInsertAfter,
    /// After an access token was issued.
    #[serde(rename = "token.after")]
    TokenAfter,
}

/// How many requests wait at a point, and how many more would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The point.
    pub point: Point,
    /// Requests held there now; one whose client has gone is not counted.
    pub n: u32,
    /// Requests that will still be held when they come.
    pub armed: u32,
}

#[derive(Debug, Default)]
struct Gate {
    armed: u32,
    waiting: u32,
    /// Counts releases; a held request goes on when it grows.
    released: watch::Sender<u64>,
}

/// All points of one simulator.
#[derive(Debug, Default)]
pub struct Holds {
    gates: Mutex<BTreeMap<Point, Gate>>,
}

impl Holds {
    /// Keeps the next `count` requests at `point` waiting until [`Holds::release`].
    pub fn arm(&self, point: Point, count: u32) {
        self.with(|gates| gates.entry(point).or_default().armed += count);
    }

    /// Lets everything at `point` (at every point, if none) go on, and holds nothing more there.
    pub fn release(&self, point: Option<Point>) {
        self.with(|gates| {
            for (_, gate) in gates.iter_mut().filter(|(at, _)| point.is_none_or(|point| point == **at)) {
                gate.armed = 0;
                gate.released.send_modify(|count| *count += 1);
            }
        });
    }

    /// The points that hold something or would.
    pub fn waiting(&self) -> Vec<Waiting> {
        self.with(|gates| {
            gates
                .iter()
                .map(|(point, gate)| Waiting { point: *point, n: gate.waiting, armed: gate.armed })
                .filter(|at| at.n > 0 || at.armed > 0)
                .collect()
        })
    }

    /// Passes `point`: at once if nothing is armed there, otherwise when it is released.
    pub async fn pass(&self, point: Point) {
        let held = self.with(|gates| {
            let gate = gates.get_mut(&point).filter(|gate| gate.armed > 0)?;
            gate.armed -= 1;
            gate.waiting += 1;
            let released = gate.released.subscribe();
            let seen = *released.borrow();
            Some((released, seen))
        });
        let Some((mut released, seen)) = held else { return };
        // Dropped when the client has gone, too: the server drops the whole request then.
        let _counted = Counted { holds: self, point };
        // The sender lives as long as the gate, and gates are never removed.
        let _ = released.wait_for(|count| *count > seen).await;
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<Point, Gate>) -> T) -> T {
        work(&mut self.gates.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Counted<'a> {
    holds: &'a Holds,
    point: Point,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.holds.with(|gates| {
            if let Some(gate) = gates.get_mut(&self.point) {
                gate.waiting -= 1;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[tokio::test]
    async fn only_as_many_requests_are_held_as_were_asked_for() {
        let holds = Holds::default();
        holds.arm(Point::GraphAfter, 1);
        let mut first = Box::pin(holds.pass(Point::GraphAfter));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(holds.pass(Point::GraphAfter).now_or_never().is_some());
        assert!(holds.pass(Point::GeminiAfter).now_or_never().is_some());
        holds.release(Some(Point::GraphAfter));
        assert!(first.now_or_never().is_some());
        assert_eq!(holds.waiting(), []);
    }

    #[tokio::test]
    async fn a_request_whose_client_has_gone_is_no_longer_counted() {
        let holds = Holds::default();
        holds.arm(Point::TokenAfter, 2);
        let mut held = Box::pin(holds.pass(Point::TokenAfter));
        assert!(held.as_mut().now_or_never().is_none());
        assert_eq!(holds.waiting(), [Waiting { point: Point::TokenAfter, n: 1, armed: 1 }]);
        drop(held);
        assert_eq!(holds.waiting(), [Waiting { point: Point::TokenAfter, n: 0, armed: 1 }]);
    }

    #[tokio::test]
    async fn a_release_disarms_what_was_not_used() {
        let holds = Holds::default();
        holds.arm(Point::GeminiBefore, 5);
        holds.release(None);
        assert!(holds.pass(Point::GeminiBefore).now_or_never().is_some());
    }
}

//! What an owner changes while the business runs: "closed tomorrow", "Ana works until eight on Friday".

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::hours::Interval;

/// A dated change of hours or closures. It replaces what the profile says of its target on each of its days, special
/// openings and vacations included; where two cover a day, the one made later holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Adjustment {
    /// Id, unique in the tenant.
    pub id: String,
    /// First local day.
    pub first: Date,
    /// Last local day, included.
    pub last: Date,
    /// Whose hours change.
    pub target: Target,
    /// To what.
    pub change: Change,
    /// What customers may be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whose hours an [`Adjustment`] changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// The business's: weekly hours, closures and special openings of those days do not count.
    Business,
    /// One person's, by id: own hours, vacations and being named in an opening do not count. The business must still
    /// be open.
    Staff(String),
    /// One resource's, by id: its own hours and closures do not count. The business must still be open.
    Resource(String),
}

/// What an [`Adjustment`] sets on each of its days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// Nothing begins: no interval of these days counts.
    Closed,
    /// These intervals and no others.
    Hours(Vec<Interval>),
}

impl Adjustment {
    /// Whether a day is one of its days.
    pub fn covers(&self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adjustment_survives_being_kept_as_json() {
        let texts = [
            r#"{"id":"a1","first":"2026-12-24","last":"2026-12-26","target":"business","change":"closed","reason":"Natal"}"#,
            r#"{"id":"a2","first":"2026-12-27","last":"2026-12-27","target":{"staff":"ana"},"change":{"hours":["09:00-12:00","22:00-02:00"]}}"#,
            r#"{"id":"a3","first":"2026-12-27","last":"2026-12-27","target":{"resource":"chair"},"change":{"hours":[]}}"#,
        ];
        for text in texts {
            let adjustment: Adjustment = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&adjustment).unwrap(), text);
        }
    }
}

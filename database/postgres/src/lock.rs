//! Advisory locks, held until the transaction ends. They keep transactions that would only collide one after the
//! other; what must hold is held by constraints, not by them.

use std::collections::BTreeSet;

use mcp_store::sha256;

use crate::PostgresStore;

/// Locks to take, in one order for everybody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(BTreeSet<i64>);

impl Keys {
    /// The statement that takes them, made of numbers only; empty for no locks.
    pub fn sql(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let calls: Vec<String> = self.0.iter().map(|key| format!("pg_advisory_xact_lock({key})")).collect();
        // The calls of one SELECT are made from left to right.
        format!("SELECT {}", calls.join(", "))
    }

    /// With others.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// For binding as an array that a statement locks in order.
    pub fn into_vec(self) -> Vec<i64> {
        self.0.into_iter().collect()
    }
}

impl PostgresStore {
    /// Keys by what they are about: `lane`, `key`, `holder`, `customer`, `inbox`, `audit`, …, and which one.
    pub(crate) fn locks<'a>(&self, wanted: impl IntoIterator<Item = (&'a str, &'a str)>) -> Keys {
        Keys(wanted.into_iter().map(|(what, which)| sha256::key(&[&self.schema, what, which])).collect())
    }
}

//! What was used up on one local day.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageKind {
    /// Tokens given to the model.
    TokensIn,
    /// Tokens the model gave.
    TokensOut,
    /// Messages sent to customers.
    Messages,
    /// Seconds of voice notes that were listened to.
    AudioSeconds,
}

impl UsageKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::TokensIn, Self::TokensOut, Self::Messages, Self::AudioSeconds];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokensIn => "tokens_in",
            Self::TokensOut => "tokens_out",
            Self::Messages => "messages",
            Self::AudioSeconds => "audio_seconds",
        }
    }

    /// From storage.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What the model has cost in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priced {
    /// Billionths of the currency.
    pub nanos: u64,
    /// Tokens that this is the price of.
    pub tokens: u64,
}

impl Priced {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.nanos = self.nanos.saturating_add(other.nanos);
        self.tokens = self.tokens.saturating_add(other.tokens);
    }
}

/// What was used up on one local day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens given to the model.
    pub tokens_in: u64,
    /// Tokens the model gave.
    pub tokens_out: u64,
    /// Messages sent to customers.
    pub messages: u64,
    /// Seconds of voice notes that were listened to.
    pub audio_seconds: u64,
    /// What the model has cost where its price is known, by currency: no sum is of two.
    pub costs: BTreeMap<String, Priced>,
}

/// As stored, before a colon and the currency.
const COST: &str = "cost_nanos";
const PRICED: &str = "tokens_priced";

impl Usage {
    /// One kind of it.
    pub fn of(&self, kind: UsageKind) -> u64 {
        match kind {
            UsageKind::TokensIn => self.tokens_in,
            UsageKind::TokensOut => self.tokens_out,
            UsageKind::Messages => self.messages,
            UsageKind::AudioSeconds => self.audio_seconds,
        }
    }

    /// One kind of it, to change.
    pub fn of_mut(&mut self, kind: UsageKind) -> &mut u64 {
        match kind {
            UsageKind::TokensIn => &mut self.tokens_in,
            UsageKind::TokensOut => &mut self.tokens_out,
            UsageKind::Messages => &mut self.messages,
            UsageKind::AudioSeconds => &mut self.audio_seconds,
        }
    }
}

impl Usage {
    /// All tokens, in and out.
    pub fn tokens(&self) -> u64 {
        self.tokens_in.saturating_add(self.tokens_out)
    }

    /// Tokens that cost nobody knows what.
    pub fn tokens_unpriced(&self) -> u64 {
        let priced = self.costs.values().fold(0_u64, |sum, priced| sum.saturating_add(priced.tokens));
        self.tokens().saturating_sub(priced)
    }

    /// The amounts as stored, by their kind; what is nothing is left out.
    pub fn rows(&self) -> Vec<(String, u64)> {
        let plain = UsageKind::ALL.map(|kind| (kind.as_str().to_owned(), self.of(kind)));
        let costs = self.costs.iter().flat_map(|(currency, priced)| {
            [(format!("{COST}:{currency}"), priced.nanos), (format!("{PRICED}:{currency}"), priced.tokens)]
        });
        plain.into_iter().chain(costs).filter(|(_, amount)| *amount > 0).collect()
    }

    /// From storage. Kinds that are not known are left out: a newer program may count more. So is what an older one
    /// counted without a currency: its tokens have no known price.
    pub fn from_rows(rows: impl IntoIterator<Item = (String, u64)>) -> Self {
        let mut usage = Self::default();
        for (kind, amount) in rows {
            match kind.split_once(':') {
                Some((COST, currency)) => usage.costs.entry(currency.to_owned()).or_default().nanos = amount,
                Some((PRICED, currency)) => {
                    usage.costs.entry(currency.to_owned()).or_default().tokens = amount;
                }
                Some(_) => {}
                None => {
                    if let Some(kind) = UsageKind::parse(&kind) {
                        *usage.of_mut(kind) = amount;
                    }
                }
            }
        }
        usage
    }
}

/// Counters per local day of the business. The caller says which day it is. Adding is exact under concurrency.
#[async_trait]
pub trait UsageStore: Send + Sync {
    /// Adds to the day's sums, and where a customer is named to that customer's own; returns the day's sums. A sum
    /// beyond 2^63 - 1 stays there. A customer's own sums are removed with the customer.
    async fn add_usage(
        &self,
        day: Date,
        customer_id: Option<i64>,
        amounts: &Usage,
    ) -> Result<Usage, StoreError>;

    /// One customer's sums of the day.
    async fn usage_of(&self, customer_id: i64, day: Date) -> Result<Usage, StoreError>;

    /// The day's sums: what is checked before a call.
    async fn usage(&self, day: Date) -> Result<Usage, StoreError>;

    /// Adds `amount` of one kind only if the sum stays within `limit`; says whether it did. For what must not pass
    /// its budget even when several ask at once.
    async fn spend(&self, day: Date, kind: UsageKind, amount: u64, limit: u64) -> Result<bool, StoreError>;
}

//! What was used up on one local day.

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
    /// What the model has cost where its price is known, in billionths of the settings' currency.
    CostNanos,
    /// Tokens whose price is known.
    TokensPriced,
}

impl UsageKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::TokensIn,
        Self::TokensOut,
        Self::Messages,
        Self::AudioSeconds,
        Self::CostNanos,
        Self::TokensPriced,
    ];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokensIn => "tokens_in",
            Self::TokensOut => "tokens_out",
            Self::Messages => "messages",
            Self::AudioSeconds => "audio_seconds",
            Self::CostNanos => "cost_nanos",
            Self::TokensPriced => "tokens_priced",
        }
    }

    /// From storage.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What was used up on one local day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens given to the model.
    pub tokens_in: u64,
    /// Tokens the model gave.
    pub tokens_out: u64,
    /// Messages sent to customers.
    pub messages: u64,
    /// Seconds of voice notes that were listened to.
    pub audio_seconds: u64,
    /// What the model has cost where its price is known, in billionths of the settings' currency.
    pub cost_nanos: u64,
    /// Tokens whose price is known.
    pub tokens_priced: u64,
}

impl Usage {
    /// One kind of it.
    pub fn of(&self, kind: UsageKind) -> u64 {
        match kind {
            UsageKind::TokensIn => self.tokens_in,
            UsageKind::TokensOut => self.tokens_out,
            UsageKind::Messages => self.messages,
            UsageKind::AudioSeconds => self.audio_seconds,
            UsageKind::CostNanos => self.cost_nanos,
            UsageKind::TokensPriced => self.tokens_priced,
        }
    }

    /// One kind of it, to change.
    pub fn of_mut(&mut self, kind: UsageKind) -> &mut u64 {
        match kind {
            UsageKind::TokensIn => &mut self.tokens_in,
            UsageKind::TokensOut => &mut self.tokens_out,
            UsageKind::Messages => &mut self.messages,
            UsageKind::AudioSeconds => &mut self.audio_seconds,
            UsageKind::CostNanos => &mut self.cost_nanos,
            UsageKind::TokensPriced => &mut self.tokens_priced,
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
        self.tokens().saturating_sub(self.tokens_priced)
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

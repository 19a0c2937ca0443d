//! The whole of `/status`, as `docs/status.md` and `docs/status.schema.json` describe it.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use mcp_store::usage::Usage;
use serde::{Deserialize, Serialize};

use super::known::{Known, Reason, State};
use crate::assistant::gemini::prices::decimal;

/// What the process knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The client's name.
    pub client: String,
    /// The environment's name.
    pub environment: String,
    /// The program's version.
    pub version: String,
    /// When the process started.
    #[cfg_attr(test, schemars(with = "String", extend("format" = "date-time")))]
    pub started: Timestamp,
    /// The process's time when it answered.
    #[cfg_attr(test, schemars(with = "String", extend("format" = "date-time")))]
    pub now: Timestamp,
    /// The business as data.
    pub profile: ProfileStatus,
    /// The tenant's database.
    pub database: DatabaseStatus,
    /// Third parties.
    pub dependencies: Dependencies,
    /// What the business's present day has used up; `null` where the database does not answer.
    pub usage: Option<UsageStatus>,
    /// Messages to customers by state; states without any are left out.
    pub outbox: BTreeMap<String, u64>,
    /// What a person has to look at, by where it came from; at most 1000 altogether.
    pub dead_letters: BTreeMap<String, u64>,
    /// Questions and news that did not reach the owner.
    pub owner_messages_waiting: u64,
    /// How late the oldest of what waits is.
    pub late_seconds: Late,
    /// What a person should do now, a sentence each; empty where all is well.
    pub next: Vec<String>,
}

/// The profile in use, and its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProfileStatus {
    /// Hash of what is in use.
    pub hash: String,
    /// Why the file as it is now is not in use.
    pub refused: Option<String>,
    /// Fields this program does not know.
    pub ignored_fields: Vec<String>,
    /// What is odd about it.
    pub warnings: Vec<String>,
}

/// The tenant's database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DatabaseStatus {
    /// Whether it can be used: `ok` or `failing`.
    pub state: State,
    /// `works` or `unusable`.
    pub reason: Reason,
    /// When it was tried: just now.
    #[cfg_attr(test, schemars(with = "String", extend("format" = "date-time")))]
    pub checked_at: Timestamp,
    /// Why it cannot be used.
    pub message: Option<String>,
}

/// Third parties, each always listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Dependencies {
    /// The channel: the token, and the number it sends from.
    pub whatsapp: Known,
    /// Where the channel delivers to.
    pub webhook: Known,
    /// The model.
    pub gemini: Known,
    /// The outside calendar.
    pub calendar: Known,
}

/// What one local day of the business has used up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UsageStatus {
    /// The day.
    #[cfg_attr(test, schemars(with = "String", extend("format" = "date")))]
    pub day: Date,
    /// Tokens given to the model.
    pub tokens_in: u64,
    /// Tokens the model gave.
    pub tokens_out: u64,
    /// Turns with an answer to customers.
    pub messages: u64,
    /// Seconds of voice notes that were listened to.
    pub audio_seconds: u64,
    /// What the model has cost. Never a part of it: `null` where any token of the day has no known price, or where it was
    /// paid in several currencies.
    pub cost: Option<Cost>,
    /// Where it was paid in several currencies, each of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<Cost>,
    /// Tokens without a known price (`GEMINI_PRICES`).
    pub unpriced_tokens: u64,
}

impl UsageStatus {
    /// What the rows of a day say; what cost nothing cost it in this currency.
    pub fn of(day: Date, used: &Usage, currency: &str) -> Self {
        let unpriced_tokens = used.tokens_unpriced();
        let cost =
            |(currency, nanos): (&str, u64)| Cost { amount: decimal(nanos), currency: currency.to_owned() };
        let paid = used.costs.iter().map(|(currency, priced)| (currency.as_str(), priced.nanos));
        let mut costs: Vec<Cost> = paid.map(cost).collect();
        if costs.is_empty() && !currency.is_empty() {
            costs.push(cost((currency, 0)));
        }
        let whole = if costs.len() == 1 { costs.pop().filter(|_| unpriced_tokens == 0) } else { None };
        Self {
            day,
            tokens_in: used.tokens_in,
            tokens_out: used.tokens_out,
            messages: used.messages,
            audio_seconds: used.audio_seconds,
            cost: whole,
            costs,
            unpriced_tokens,
        }
    }
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cost {
    /// Decimal, `0.018350`.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
}

/// Seconds since the oldest of what waits could have been done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Late {
    /// Bursts of messages.
    pub turns: i64,
    /// Messages to customers.
    pub outbox: i64,
}

#[cfg(test)]
mod tests;

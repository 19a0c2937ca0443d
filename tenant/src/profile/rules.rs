//! What holds for every booking: when it may be made, changed, and what the business spends on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounded;
use crate::scalar::Span;

/// When and how far ahead a customer may book, and what holds afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Rules {
    /// Shortest time between booking and start.
    pub minimum_notice: Span,
    /// How far ahead bookings are taken; longer than the minimum notice.
    #[schemars(schema_with = "bounded::some_time")]
    pub horizon: Span,
    /// Starts lie this far apart; from 1m to 24h.
    #[schemars(schema_with = "bounded::within_a_day")]
    pub slot_step: Span,
    /// From where the steps are counted.
    pub alignment: Alignment,
    /// How long a slot stays reserved for a customer who has chosen it and not confirmed yet; from 1m to 1h.
    #[schemars(schema_with = "bounded::within_an_hour")]
    pub hold: Span,
    /// Most open bookings one customer may have.
    #[schemars(range(min = 1, max = 100))]
    pub max_open_per_customer: u32,
    /// Most bookings of the whole business that begin on one local day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub max_per_day: Option<u32>,
    /// Until how long before the start a customer may cancel.
    pub cancel_notice: Span,
    /// Until how long before the start a customer may move a booking.
    pub move_notice: Span,
    /// Whether a booking stands at once.
    pub confirmation: Confirmation,
}

/// From where slot steps are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alignment {
    /// From local midnight: with 30m, on the hour and the half hour.
    #[default]
    Midnight,
    /// From the beginning of each opening interval: with 40m from 09:00, 09:00, 09:40, 10:20.
    Opening,
}

/// Whether a booking stands at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmation {
    /// It is confirmed when it is made.
    #[default]
    Automatic,
    /// It stays requested until the owner approves it.
    OwnerApproves,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            minimum_notice: Span::hours(1),
            horizon: Span::days(60),
            slot_step: Span::minutes(15),
            alignment: Alignment::default(),
            hold: Span::minutes(5),
            max_open_per_customer: 3,
            max_per_day: None,
            cancel_notice: Span::hours(2),
            move_notice: Span::hours(2),
            confirmation: Confirmation::default(),
        }
    }
}

/// A message that reminds a customer of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reminder {
    /// How long before the start it is sent.
    #[schemars(schema_with = "bounded::some_time")]
    pub before: Span,
}

/// What may be used up in one local day; without a number, no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Budgets {
    /// Tokens of the language model. When they are used up, menus answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub tokens_per_day: Option<u64>,
    /// Messages sent to customers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub messages_per_day: Option<u32>,
    /// Seconds of voice notes that are listened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub audio_seconds_per_day: Option<u32>,
}

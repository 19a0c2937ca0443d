//! What can be booked, and what it occupies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Localized, bounded, forms, is_one, one};
use crate::{
    hours::{Closure, WeeklyHours},
    scalar::{Money, Span},
};

/// Something that can be booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Stable id, unique among services.
    #[schemars(length(min = 1, max = 40), regex(pattern = forms::ID))]
    pub id: String,
    /// Name by language.
    #[schemars(schema_with = "bounded::needed_texts::<60>")]
    pub name: Localized,
    /// What it is, by language, in a sentence or two.
    #[serde(default, skip_serializing_if = "Localized::is_empty")]
    #[schemars(schema_with = "bounded::texts::<500>")]
    pub description: Localized,
    /// How long it takes; from 1m to 24h.
    #[schemars(schema_with = "bounded::within_a_day")]
    pub duration: Span,
    /// What it costs, in the business's currency.
    pub price: Money,
    /// Time kept free before it; at most 24h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounded::buffer")]
    pub buffer_before: Option<Span>,
    /// Time kept free after it; at most 24h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounded::buffer")]
    pub buffer_after: Option<Span>,
    /// Ids of the staff who can do it; everyone when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 40)))]
    pub staff: Vec<String>,
    /// Ids of the resources it occupies, one unit of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 1, max = 40)))]
    pub requires: Vec<String>,
    /// How many customers one appointment takes: 1 for an appointment of one's own, more for a class.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 200))]
    pub capacity: u32,
    /// Shortest time between booking and start; the one of `rules` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_notice: Option<Span>,
    /// How far ahead it can be booked; the one of `rules` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "bounded::some_time")]
    pub horizon: Option<Span>,
    /// Most bookings of it that begin on one local day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_per_day: Option<u32>,
}

/// Something services occupy: a room, a chair, a device. Each unit of its capacity is a lane of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Stable id, unique among resources.
    #[schemars(length(min = 1, max = 40), regex(pattern = forms::ID))]
    pub id: String,
    /// Name for people of the business; the id when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 60))]
    pub name: Option<String>,
    /// How many there are: two chairs take two bookings at one time.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 100))]
    pub capacity: u32,
    /// When it can be used; those of the business when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WeeklyHours>,
    /// Days on which none of it can be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub closures: Vec<Closure>,
}

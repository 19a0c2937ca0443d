//! The business as data: the file a tenant reads and the `spec.profile` of an `McpClient`.
//!
//! Rules that a schema can carry travel in it (`x-kubernetes-validations` are CEL rules that the API server
//! evaluates); what needs the whole profile at once is in [`crate::validate`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod assistant;
mod bounded;
mod business;
pub mod forms;
mod hint;
mod located;
mod read;
mod rules;
mod schema;
mod service;
mod staff;

pub use assistant::{Assistant, Fact, Handover, OffTopic, Tone};
pub use business::{Business, BusinessType, Contact};
pub use read::{Mode, Read, ReadError};
pub use rules::{Alignment, Budgets, Confirmation, Reminder, Rules};
pub use schema::{schema, schema_json};
pub use service::{Resource, Service};
pub use staff::Staff;

use crate::hours::{Closure, Opening, WeeklyHours};

/// A text in one or several languages, keyed by BCP 47 tag: `{pt-BR: Corte, en: Haircut}`.
pub type Localized = BTreeMap<String, String>;

/// The text for a language: the exact tag, then the same primary language, then the first one there is.
pub fn localized<'a>(texts: &'a Localized, language: &str) -> &'a str {
    let primary = |tag: &str| tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
    texts
        .get(language)
        .or_else(|| texts.iter().find(|(tag, _)| primary(tag) == primary(language)).map(|(_, text)| text))
        .or_else(|| texts.values().next())
        .map_or("", String::as_str)
}

/// One business: what it is, what can be booked, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Version of this format. The only one today is 1.
    #[schemars(range(min = 1, max = 1))]
    pub schema_version: u32,
    /// What the business is.
    pub business: Business,
    /// What can be booked.
    #[schemars(length(min = 1, max = 100), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"]))]
    pub services: Vec<Service>,
    /// Who does it.
    #[schemars(length(min = 1, max = 50), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"]))]
    pub staff: Vec<Staff>,
    /// What services occupy besides people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"]))]
    pub resources: Vec<Resource>,
    /// Opening hours of the business in local time.
    pub hours: WeeklyHours,
    /// Days without bookings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub closures: Vec<Closure>,
    /// Days with other hours than the week's; they come before weekly hours and closures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub openings: Vec<Opening>,
    /// When and how far ahead a customer may book.
    #[serde(default)]
    pub rules: Rules,
    /// How the assistant speaks and what it knows.
    #[serde(default)]
    pub assistant: Assistant,
    /// Messages that remind customers of a booking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4))]
    pub reminders: Vec<Reminder>,
    /// What may be used up in one day.
    #[serde(default)]
    pub budgets: Budgets,
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_one(count: &u32) -> bool {
    *count == 1
}

impl Profile {
    /// The preferred language.
    pub fn language(&self) -> &str {
        self.business.languages.first().map_or("pt-BR", String::as_str)
    }

    /// A service by id.
    pub fn service(&self, id: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.id == id)
    }

    /// A staff member by id.
    pub fn staff_member(&self, id: &str) -> Option<&Staff> {
        self.staff.iter().find(|staff| staff.id == id)
    }

    /// A resource by id.
    pub fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.id == id)
    }

    /// Who can do a service, in the profile's order.
    pub fn staff_for<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a Staff> {
        self.staff.iter().filter(|staff| service.staff.is_empty() || service.staff.contains(&staff.id))
    }
}

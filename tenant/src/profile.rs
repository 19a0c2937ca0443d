//! The business as data: the file a tenant reads and the `spec.profile` of an `McpClient`.
//!
//! Rules that a schema can carry travel in it (`x-kubernetes-validations` are CEL rules that the API server
//! evaluates); what needs the whole profile at once is in [`crate::validate`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    hours::{Closure, WeeklyHours},
    scalar::{Money, Span},
};

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
    /// Opening hours of the business in local time.
    pub hours: WeeklyHours,
    /// Days without bookings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub closures: Vec<Closure>,
    /// When and how far ahead a customer may book.
    #[serde(default)]
    pub rules: Rules,
    /// How the assistant speaks and what it knows.
    #[serde(default)]
    pub assistant: Assistant,
}

/// The kind of business; it colours the assistant's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BusinessType {
    /// A barbershop.
    Barbershop,
    /// A hair or beauty salon.
    Salon,
    /// A clinic or practice.
    Clinic,
    /// A spa.
    Spa,
    /// A shop.
    Shop,
    /// Anything else.
    Other,
}

/// What the business is and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Business {
    /// The kind of business.
    #[serde(rename = "type")]
    pub kind: BusinessType,
    /// Name customers know.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// IANA time zone, `America/Sao_Paulo`. All hours are local to it.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$"))]
    pub time_zone: String,
    /// Languages the assistant answers in, the preferred one first.
    #[schemars(
        length(min = 1, max = 8),
        inner(length(min = 2, max = 12), regex(pattern = r"^[a-z]{2,3}(-[A-Z]{2})?$"))
    )]
    pub languages: Vec<String>,
    /// ISO 4217 code, `BRL`.
    #[schemars(length(min = 3, max = 3), regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: String,
    /// Street address as customers are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub address: Option<String>,
    /// How to reach a person.
    #[serde(default)]
    pub contact: Contact,
}

/// Ways to a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Telephone number in international form, `+55 11 3333-4444`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), regex(pattern = r"^\+[0-9][0-9 ()-]{5,30}$"))]
    pub phone: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 254), regex(pattern = r"^[^@ ]+@[^@ ]+$"))]
    pub email: Option<String>,
}

/// Something that can be booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Stable id, unique among services.
    #[schemars(length(min = 1, max = 40), regex(pattern = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))]
    pub id: String,
    /// Name by language.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 8), inner(length(min = 1, max = 60)))]
    pub name: Localized,
    /// How long it takes.
    pub duration: Span,
    /// What it costs, in the business's currency.
    pub price: Money,
    /// Time kept free before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_before: Option<Span>,
    /// Time kept free after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_after: Option<Span>,
    /// Ids of the staff who can do it; everyone when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(max = 40)))]
    pub staff: Vec<String>,
}

/// A person who does services. One person does one booking at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Staff {
    /// Stable id, unique among staff.
    #[schemars(length(min = 1, max = 40), regex(pattern = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))]
    pub id: String,
    /// Name customers know.
    #[schemars(length(min = 1, max = 60))]
    pub name: String,
    /// Own working hours; those of the business when left out. Both must be open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WeeklyHours>,
}

/// When and how far ahead a customer may book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rules {
    /// Shortest time between booking and start.
    #[serde(default = "Rules::default_minimum_notice")]
    pub minimum_notice: Span,
    /// How far ahead bookings are taken.
    #[serde(default = "Rules::default_horizon")]
    pub horizon: Span,
    /// Starts lie this far apart, counted from local midnight.
    #[serde(default = "Rules::default_slot_step")]
    pub slot_step: Span,
    /// Most open bookings one customer may have.
    #[serde(default = "Rules::default_max_open_per_customer")]
    #[schemars(range(min = 1, max = 100))]
    pub max_open_per_customer: u32,
}

impl Rules {
    fn default_minimum_notice() -> Span {
        Span::hours(1)
    }

    fn default_horizon() -> Span {
        Span::days(60)
    }

    fn default_slot_step() -> Span {
        Span::minutes(15)
    }

    fn default_max_open_per_customer() -> u32 {
        3
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            minimum_notice: Self::default_minimum_notice(),
            horizon: Self::default_horizon(),
            slot_step: Self::default_slot_step(),
            max_open_per_customer: Self::default_max_open_per_customer(),
        }
    }
}

/// How the assistant speaks and what it knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assistant {
    /// Who the assistant is, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub persona: Option<String>,
    /// Questions customers ask, with the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub facts: Vec<Fact>,
    /// How a customer reaches a person when the assistant cannot help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub handover: Option<String>,
}

/// A question customers ask, with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// The question.
    #[schemars(length(min = 1, max = 300))]
    pub question: String,
    /// The answer.
    #[schemars(length(min = 1, max = 1000))]
    pub answer: String,
}

/// Why a profile could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// More than [`Profile::MAX_BYTES`].
    #[error("the profile has {0} bytes; at most {max} are allowed", max = Profile::MAX_BYTES)]
    TooLarge(usize),
    /// Not YAML (or JSON), or not of this shape; the message carries line and column.
    #[error("the profile cannot be read: {0}")]
    Malformed(String),
}

impl Profile {
    /// Largest profile that is read, in bytes.
    pub const MAX_BYTES: usize = 128 * 1024;

    /// Reads YAML or JSON. Unknown fields are ignored, so that an older binary can read a newer profile.
    pub fn from_yaml(text: &str) -> Result<Self, ReadError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ReadError::TooLarge(text.len()));
        }
        serde_yaml::from_str(text).map_err(|error| ReadError::Malformed(error.to_string()))
    }

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

    /// Who can do a service, in the profile's order.
    pub fn staff_for<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a Staff> {
        self.staff.iter().filter(|staff| service.staff.is_empty() || service.staff.contains(&staff.id))
    }
}

//! What the business is and where.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::forms;

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

impl BusinessType {
    /// Every type there is.
    pub const ALL: [Self; 6] =
        [Self::Barbershop, Self::Salon, Self::Clinic, Self::Spa, Self::Shop, Self::Other];
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
    #[schemars(length(min = 1, max = 64), regex(pattern = forms::ZONE))]
    pub time_zone: String,
    /// Languages the assistant answers in, the preferred one first.
    #[schemars(
        length(min = 1, max = 8),
        inner(length(min = 2, max = 12), regex(pattern = forms::LANGUAGE))
    )]
    pub languages: Vec<String>,
    /// ISO 4217 code, `BRL`.
    #[schemars(length(min = 3, max = 3), regex(pattern = forms::CURRENCY))]
    pub currency: String,
    /// Street address as customers are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 300))]
    pub address: Option<String>,
    /// How to reach a person.
    #[serde(default)]
    pub contact: Contact,
    /// WhatsApp numbers of the people who run the business, `+55 11 99999-4444`: they are asked and told, and may give
    /// instructions from them. The first one is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5), inner(length(min = 1, max = 32), regex(pattern = forms::PHONE)))]
    pub owners: Vec<String>,
}

/// Ways to a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Telephone number in international form, `+55 11 3333-4444`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = forms::PHONE))]
    pub phone: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 254), regex(pattern = forms::EMAIL))]
    pub email: Option<String>,
    /// Page on the web, `https://bella-salon.example`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 254), regex(pattern = forms::WEBSITE))]
    pub website: Option<String>,
}

//! The channel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The WhatsApp number customers write to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Whatsapp {
    /// Meta's id of the number (not the number itself): digits only. It belongs to one environment of one client in
    /// the whole cluster; who had it first keeps it.
    #[schemars(length(min = 5, max = 20), regex(pattern = r"^[0-9]{5,20}$"))]
    pub phone_number_id: String,
    /// Meta's id of the WhatsApp business account the number belongs to. Where it is given, deliveries for another
    /// account are dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 5, max = 21), regex(pattern = r"^[0-9]{5,21}$"))]
    pub business_account_id: Option<String>,
    /// Templates Meta approved. Without one, nothing is sent to a customer who has not written for 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templates: Option<Templates>,
    /// Messages a second that the number may send. 80 when left out; 20 beside the WhatsApp Business app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub messages_per_second: Option<u32>,
}

impl Whatsapp {
    /// A number, and nothing else said.
    pub fn new(phone_number_id: impl Into<String>) -> Self {
        Self {
            phone_number_id: phone_number_id.into(),
            business_account_id: None,
            templates: None,
            messages_per_second: None,
        }
    }
}

/// Templates by what they are for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Templates {
    /// Reminds of an appointment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder: Option<Template>,
    /// Brings any other news: a cancellation by the business, an offer of the waitlist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Template>,
}

/// A template as Meta approved it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Its name at Meta, e.g. `appointment_reminder`.
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[a-z0-9_]+$"))]
    pub name: String,
    /// Its language as Meta writes it, e.g. `pt_BR`.
    #[schemars(length(min = 2, max = 8), regex(pattern = r"^[a-z]{2,3}(_[A-Z]{2,3})?$"))]
    pub language: String,
    /// How many parameters its body has.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 20))]
    pub parameters: u32,
    /// How many quick replies it has.
    #[serde(default)]
    #[schemars(range(min = 0, max = 10))]
    pub buttons: u32,
}

const fn one() -> u32 {
    1
}

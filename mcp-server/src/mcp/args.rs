//! What agents pass to the tools, with the schema they read.

use mcp_tenant::when::When;
use schemars::JsonSchema;
use serde::Deserialize;

/// `list_services` takes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoArgs {}

/// What to look for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindArgs {
    /// Id of the service, from `list_services`.
    #[schemars(length(min = 1, max = 40))]
    pub service: String,
    /// Id of the staff member; leave out for anyone.
    #[serde(default)]
    #[schemars(length(max = 40))]
    pub staff: Option<String>,
    /// Which day and time, in words or numbers; leave out for the next two weeks.
    #[serde(default)]
    pub when: When,
}

/// What to book, for whom.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BookArgs {
    /// `slot` of a result of `find_available_slots`. Either this, or `service` and `start`.
    #[serde(default)]
    #[schemars(length(max = 1200))]
    pub slot: Option<String>,
    /// Id of the service, with `start`.
    #[serde(default)]
    #[schemars(length(max = 40))]
    pub service: Option<String>,
    /// Start: `2026-11-24T15:00` in the business's local time, or with an offset.
    #[serde(default)]
    #[schemars(length(max = 40))]
    pub start: Option<String>,
    /// Id of the staff member, with `start`; leave out for anyone.
    #[serde(default)]
    #[schemars(length(max = 40))]
    pub staff: Option<String>,
    /// Who comes.
    pub customer: CustomerArgs,
    /// A key of your own for this booking: repeating the call with it books once.
    #[schemars(length(min = 1, max = 128))]
    pub idempotency_key: String,
}

/// Who comes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerArgs {
    /// Name.
    #[schemars(length(min = 1, max = 60))]
    pub name: String,
    /// Telephone number in international form.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub phone: Option<String>,
}

/// A booking that stands, by what it is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetArgs {
    /// `id` of a result of this server, or the code the customer quotes.
    #[schemars(length(min = 1, max = 200))]
    pub booking: String,
}

/// Which bookings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListArgs {
    /// Of the customer with this number, in international form. Needs the scope `customer:read`.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub phone: Option<String>,
    /// That begin on this local day, `2026-11-24`; from today on where left out.
    #[serde(default)]
    #[schemars(length(max = 10))]
    pub date: Option<String>,
    /// In this state: requested, confirmed, completed, cancelled or `no_show`.
    #[serde(default)]
    #[schemars(length(max = 12))]
    pub state: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub cursor: Option<String>,
    /// How many, 1 to 100.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// What to move, and where to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveArgs {
    /// `id` of the booking, or the code the customer quotes.
    #[schemars(length(min = 1, max = 200))]
    pub booking: String,
    /// `slot` of a result of `find_available_slots`. Either this, or `start`.
    #[serde(default)]
    #[schemars(length(max = 1200))]
    pub slot: Option<String>,
    /// Start: `2026-11-24T15:00` in the business's local time, or with an offset. The services stay.
    #[serde(default)]
    #[schemars(length(max = 40))]
    pub start: Option<String>,
    /// Id of the staff member, with `start`; leave out to keep them.
    #[serde(default)]
    #[schemars(length(max = 40))]
    pub staff: Option<String>,
    /// A key of your own for this change: repeating the call with it moves once.
    #[schemars(length(min = 1, max = 128))]
    pub idempotency_key: String,
}

/// What to cancel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelArgs {
    /// `id` of the booking, or the code the customer quotes.
    #[schemars(length(min = 1, max = 200))]
    pub booking: String,
    /// Why, for the customer.
    #[serde(default)]
    #[schemars(length(max = 300))]
    pub reason: Option<String>,
    /// A key of your own for this change: repeating the call with it cancels once.
    #[schemars(length(min = 1, max = 128))]
    pub idempotency_key: String,
}

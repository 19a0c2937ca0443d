//! The language model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The language model that reads and writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.thinking)",
    "message": "model.thinking is not carried out yet and would change nothing: remove it",
    "fieldPath": ".thinking",
}]))]
pub struct Model {
    /// Name of the model at its provider. The plan's when left out, or gemini-3.8-flash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    pub name: Option<String>,
    /// Models asked in its place where it is down, slow or withdrawn, in this order. The last one is the cheapest: it
    /// answers when a day's budget is nearly used up. The plan's when both are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 4),
        inner(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9][a-z0-9._-]*$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub fallback: Vec<String>,
    /// How long the model thinks before it answers. Refused for now: nothing would follow from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<Thinking>,
    /// What may be used up in a day. It takes the place of the profile's own budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<ModelBudget>,
}

impl Model {
    /// The model of clients that name none and whose plan names none.
    pub const DEFAULT: &str = "gemini-3.8-flash";
}

/// How long a model thinks before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Thinking {
    /// As little as the model allows.
    Low,
    /// In between.
    Medium,
    /// As long as it likes.
    High,
}

/// What may be used up in one day of the business's time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelBudget {
    /// Tokens. When they are used up, menus answer until midnight.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub tokens_per_day: u64,
}

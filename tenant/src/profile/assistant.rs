//! How the assistant speaks and what it knows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Localized, bounded};
use crate::scalar::Span;

/// How the assistant speaks and what it knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assistant {
    /// Who the assistant is, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000))]
    pub persona: Option<String>,
    /// Questions customers ask, with the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub facts: Vec<Fact>,
    /// How it addresses customers.
    #[serde(default)]
    pub tone: Tone,
    /// What a new customer reads first, by language.
    #[serde(default, skip_serializing_if = "Localized::is_empty")]
    #[schemars(schema_with = "bounded::texts::<500>")]
    pub greeting: Localized,
    /// What a new customer is told once about their data, by language.
    #[serde(default, skip_serializing_if = "Localized::is_empty")]
    #[schemars(schema_with = "bounded::texts::<500>")]
    pub privacy_notice: Localized,
    /// What it does with questions that have nothing to do with the business.
    #[serde(default)]
    pub off_topic: OffTopic,
    /// How a customer reaches a person when the assistant cannot help.
    #[serde(default)]
    pub handover: Handover,
}

/// How customers are addressed: `tu`/`você`, `tú`/`usted`, `du`/`Sie`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// As among acquaintances.
    #[default]
    Informal,
    /// As among strangers.
    Formal,
}

/// What becomes of questions that have nothing to do with the business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OffTopic {
    /// It says politely that it only helps with the business.
    #[default]
    Decline,
    /// It answers in one sentence and comes back to the business.
    AnswerBriefly,
}

/// How a customer reaches a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Handover {
    /// What the customer reads, by language; the business's contact when left out.
    #[serde(skip_serializing_if = "Localized::is_empty")]
    #[schemars(schema_with = "bounded::texts::<300>")]
    pub message: Localized,
    /// How long the assistant is silent in a conversation that a person has taken over.
    pub silence: Span,
}

impl Default for Handover {
    fn default() -> Self {
        Self { message: Localized::new(), silence: Span::hours(12) }
    }
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

//! What Meta refuses although the request is well formed: outside the 24-hour window, too fast to one customer, and
//! templates that are not approved. Only where the number asks for it.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::Problem;
use crate::shared::Shared;

const WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// One message to a customer in so many milliseconds, after a burst of so many.
const PAIR_MILLIS: i64 = 6_000;
const PAIR_BURST: i64 = 45;

/// An approved template.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Its language, `pt_BR`.
    pub language: String,
    /// How many parameters its body has.
    #[serde(default)]
    pub parameters: usize,
    /// How many quick replies it has.
    #[serde(default)]
    pub buttons: usize,
}

/// Checks a send that is well formed.
pub(super) fn check(
    shared: &Shared,
    phone_number_id: &str,
    kind: &str,
    body: &Map<String, Value>,
) -> Result<(), Problem> {
    let Some(number) = shared.with(|state| state.numbers.get(phone_number_id).cloned()) else {
        return Ok(());
    };
    if kind == "template"
        && let Some(approved) = &number.templates
    {
        template(approved, &body["template"])?;
    }
    let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let customer =
        if field("to").is_empty() { field("recipient") } else { field("to").trim_start_matches('+') };
    let key = (phone_number_id.to_owned(), customer.to_owned());
    let now = shared.clock.now();
    if number.window && kind != "template" {
        let open = shared
            .with(|state| state.heard.get(&key).is_some_and(|heard| now.duration_since(*heard) < WINDOW));
        if !open {
            return Err(Problem::Window);
        }
    }
    if number.pair_rate {
        let millis = now.as_millisecond();
        let fits = shared.with(|state| {
            let full_at = state.pairs.entry(key).or_default();
            let after = (*full_at).max(millis) + PAIR_MILLIS;
            let fits = after - PAIR_MILLIS * PAIR_BURST <= millis;
            if fits {
                *full_at = after;
            }
            fits
        });
        if !fits {
            return Err(Problem::Pair);
        }
    }
    Ok(())
}

fn template(approved: &[Template], sent: &Value) -> Result<(), Problem> {
    let (name, language) = (&sent["name"], &sent["language"]["code"]);
    let template = approved
        .iter()
        .find(|template| *name == template.name && *language == template.language)
        .ok_or_else(|| Problem::NoTemplate(format!("{name} in {language}")))?;
    let components: Vec<&Value> = sent["components"].as_array().into_iter().flatten().collect();
    let body = components.iter().filter(|component| component["type"] == "body");
    let parameters: Vec<&Value> =
        body.flat_map(|component| component["parameters"].as_array().into_iter().flatten()).collect();
    let buttons = components.iter().filter(|component| component["type"] == "button").count();
    if parameters.len() != template.parameters || buttons > template.buttons {
        return Err(Problem::TemplateParameters);
    }
    let one_line = |parameter: &&Value| {
        let text = parameter["text"].as_str().unwrap_or_default();
        !text.trim().is_empty() && !text.contains(['\n', '\t']) && !text.contains("     ")
    };
    if parameters.iter().all(one_line) { Ok(()) } else { Err(Problem::TemplateText) }
}

//! Schemas with bounds that a derive cannot write: lengths of time, and texts by language. A schema of texts has no least and greatest: what a pattern can tell of
//! them stands in CEL rules for an API server, and [`crate::validate`] checks the bounds themselves.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::scalar::Span;

fn span(generator: &mut SchemaGenerator, rules: &[(&str, &str)]) -> Schema {
    let mut schema = Span::json_schema(generator);
    let rules: Vec<Value> =
        rules.iter().map(|(rule, message)| json!({"rule": rule, "message": message})).collect();
    schema.insert("x-kubernetes-validations".to_owned(), json!(rules));
    schema
}

const AT_LEAST_A_MINUTE: (&str, &str) = ("self.matches('[1-9]')", "must be at least one minute, e.g. 30m");
const AT_MOST_A_DAY: (&str, &str) = (
    "!self.matches('^0*([2-9]|[1-9][0-9]+)d|([3-9][0-9]|2[5-9]|[1-9][0-9][0-9])h|[2-9][0-9][0-9][0-9]m')",
    "must be at most one day, 24h",
);
const AT_MOST_AN_HOUR: (&str, &str) = (
    "!self.matches('[1-9][0-9]*d|([2-9]|[1-9][0-9]+)h|([7-9][0-9]|6[1-9]|[1-9][0-9][0-9]+)m')",
    "must be at most one hour, e.g. 5m",
);

/// At least a minute.
pub(super) fn some_time(generator: &mut SchemaGenerator) -> Schema {
    span(generator, &[AT_LEAST_A_MINUTE])
}

/// From a minute to a day.
pub(super) fn within_a_day(generator: &mut SchemaGenerator) -> Schema {
    span(generator, &[AT_LEAST_A_MINUTE, AT_MOST_A_DAY])
}

/// From nothing to a day.
pub(super) fn buffer(generator: &mut SchemaGenerator) -> Schema {
    span(generator, &[AT_MOST_A_DAY])
}

/// From a minute to an hour.
pub(super) fn within_an_hour(generator: &mut SchemaGenerator) -> Schema {
    span(generator, &[AT_LEAST_A_MINUTE, AT_MOST_AN_HOUR])
}

/// Texts by language, each of at most so many characters; none at all will do.
pub(super) fn texts<const MOST: usize>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 8,
        "additionalProperties": {"type": "string", "minLength": 1, "maxLength": MOST},
    })
}

/// Texts by language, at least one.
pub(super) fn needed_texts<const MOST: usize>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = texts::<MOST>(generator);
    schema.insert("minProperties".to_owned(), json!(1));
    schema
}
